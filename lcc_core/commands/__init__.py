"""What each ``lcc`` command does. Each file adds its commands and imports torch only in them."""
