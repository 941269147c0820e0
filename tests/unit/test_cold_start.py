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


SYNC_AFTER_OTHERS = """
import sys
import app
from chalicelib import wiring
from chalicelib.api import device_routes
from chalicelib.wire.requests import HeartbeatRequest, UploadUrlRequest
from chalicelib.wire.sync import ObjectOffer, SyncRequest
from tests.fakes.world import FakeWorld
from tests.services.conftest import new_device

world = FakeWorld.new()
wiring.install(world)
device, _ = new_device(world)
named = {"sha256": "ab" * 32, "size_bytes": 5, "seq": 7}
device_routes.heartbeat(device, HeartbeatRequest())
device_routes.upload_url(device, UploadUrlRequest(filename="a.jpg", content_type="image/jpeg", **named))
before = set(sys.modules)
device_routes.sync(device, SyncRequest(objects=[ObjectOffer(**named)]))
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("chalicelib.")))
print(*(name for name in ("botocore", "concurrent.futures", "nacl") if name in sys.modules))
"""


def test_a_sync_loads_no_more_than_the_single_routes_that_it_stands_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SYNC_AFTER_OTHERS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == []
