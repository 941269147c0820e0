"""What a function loads before its first request: every import is paid for by whoever waits for a cold start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("boto3", "botocore", "PIL", "jwt", "cryptography", "aws_lambda_powertools")


def test_importing_the_app_loads_nothing_that_only_some_requests_need() -> None:
    assert not loaded_with("app") & set(HEAVY)


def test_importing_the_app_loads_no_use_case_but_to_tell_devices_apart() -> None:
    services = {name for name in loaded_with("app") if name.startswith("chalicelib.services.")}

    assert services == {"chalicelib.services.devices", "chalicelib.services.ports"}


def test_a_use_case_is_loaded_when_it_is_first_asked_for() -> None:
    assert "chalicelib.services.gallery" in loaded_with("app", then="chalicelib.services.gallery")


def loaded_with(module: str, then: str = "None") -> set[str]:
    """The modules that a fresh interpreter holds after it has imported that one, and looked at an attribute."""
    program = f"import {module}, chalicelib.services, sys; {then}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())
