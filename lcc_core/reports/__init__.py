"""Drawings and files to take away: HTML reports, maps, and the colours of both."""
