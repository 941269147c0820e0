"""What a function loads before its first request: every import is paid for by whoever waits for a cold start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("boto3", "botocore", "PIL", "jwt", "cryptography", "aws_lambda_powertools")


def test_importing_the_app_loads_nothing_that_only_some_requests_need() -> None:
    program = f"import app, sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []
