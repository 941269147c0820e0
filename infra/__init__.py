"""The stack: what is made in AWS, and the same on one machine (`infra.local`)."""

import sys

if sys.version_info < (3, 12):
    found = "%d.%d" % sys.version_info[:2]  # noqa: UP031
    sys.exit("Frameferry needs Python 3.12 or newer; found " + found + ". Set PYTHON=/path/to/python3")
