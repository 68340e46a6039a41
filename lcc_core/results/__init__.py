"""Measured rows: stored by content, read as tables, compared, trimmed and shipped."""
