"""`python -m infra.local`. The version is checked first, in words that an old Python understands."""

import signal
import sys

if sys.version_info < (3, 12):  # noqa: UP036
    sys.exit("Frameferry needs Python 3.12 or newer; this is %d.%d." % sys.version_info[:2])  # noqa: UP031

# The imports below take a second or two, and a Ctrl-C may come in it.
for _number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_number, lambda *_: sys.exit(0))

from infra.local.run import main  # noqa: E402

sys.exit(main())
