"""What the station shows of itself."""
