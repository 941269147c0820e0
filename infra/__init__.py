"""The stack: what is made in AWS, and the same on one machine (`infra.local`)."""

import sys

if sys.version_info < (3, 12):
    sys.exit("Frameferry needs Python 3.12 or newer; found " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3")
