"""The firmware as a camera of `make run`: its program for this machine, and the photos that it looks at."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from frameferry_station.scene import Scene

_ROOT = Path(__file__).resolve().parents[2]
_BUILD = _ROOT / ".local" / "firmware"
_PHOTOS = 12
_BETWEEN = timedelta(minutes=2)


class CannotBuild(Exception):
    """The message names what is missing or what the compiler said."""


def program(kind: str = "device") -> Path:
    """frameferry-device; as `build`."""
    return build(kind, "frameferry-device")


def build(kind: str, target: str) -> Path:
    """A program, built if it is not there or its sources have changed. `kind` as of tools/build-firmware.

    Raises CannotBuild.
    """
    command = [str(_ROOT / "tools" / "build-firmware"), kind, target]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        raise CannotBuild(built.stderr.strip())
    return _BUILD / kind / target


def write_photos(folder: Path, seed: int) -> None:
    """A folder of JPEGs of one landscape; its boat moves from one to the next."""
    folder.mkdir(parents=True)
    scene, now = Scene(seed), datetime.now(UTC)
    for number in range(_PHOTOS):
        (folder / f"{number:02}.jpg").write_bytes(scene.take(now + number * _BETWEEN))
