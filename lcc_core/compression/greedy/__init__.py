"""The greedy search: one layer after the other, as far as it goes."""
