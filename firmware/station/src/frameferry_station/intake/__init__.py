"""Sketches on the LAN that POST photos."""
