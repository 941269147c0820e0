"""Streams that are passed on."""
