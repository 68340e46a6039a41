"""What the analyst sees."""
