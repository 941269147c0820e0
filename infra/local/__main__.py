"""`python -m infra.local`. `infra` itself has checked Python's version by now."""

import signal
import sys

# The imports below take a second or two, and a Ctrl-C may come in it.
for _number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_number, lambda *_: sys.exit(0))

from infra.local.run import main  # noqa: E402

sys.exit(main())
