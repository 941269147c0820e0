"""Cameras that are asked for photos."""
