"""`python -m infra.local`. The version is checked first, in words that an old Python understands."""

import sys

if sys.version_info < (3, 12):  # noqa: UP036
    sys.exit("Frameferry needs Python 3.12 or newer; this is %d.%d." % sys.version_info[:2])  # noqa: UP031

from infra.local.run import main

sys.exit(main())
