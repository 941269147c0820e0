"""The command line, and what starts what."""
