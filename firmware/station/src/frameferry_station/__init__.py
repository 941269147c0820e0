"""The station: a device of Frameferry in Python. It captures, keeps, uploads, and deletes on a receipt only."""

__version__ = "0.1.0"
