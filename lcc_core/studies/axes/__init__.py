"""What a study can vary: one file an axis. A new axis is a new file here."""
