"""Frameferry's app. Floors, from the top: api, wiring and settings, services, stores, wire, domain."""

import sys

if sys.version_info < (3, 12):
    sys.exit(
        "Frameferry needs Python 3.12 or newer; found " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3"
    )
