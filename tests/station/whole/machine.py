"""The clock and the disk of the machine that the program runs on, in the test's hands."""

from __future__ import annotations

import struct
import subprocess
import time
from datetime import datetime
from pathlib import Path

_SOURCE = Path(__file__).with_name("machine.cpp")
_CONTROL = struct.Struct("=qqq")
_SYNCS = struct.Struct("=q")


class Machine:
    """For processes that are started with `variables`. Its clock is right, and set, and its
    disk has room, until the test says otherwise."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "machine.so"
        self._control = folder / "machine"
        compiler = ["g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run([*compiler, "-o", self._library, _SOURCE], check=True)
        self._ahead_ns = 0
        self._clock_is_set = True
        self._disk_is_full = False
        self._control.write_bytes(bytes(_CONTROL.size + _SYNCS.size))
        self._say()

    @property
    def variables(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "FAKE_MACHINE": str(self._control)}

    def clock_is_set(self) -> None:
        """Somebody sets it right."""
        self._ahead_ns, self._clock_is_set = 0, True
        self._say()

    def clock_is_not_set(self, now: datetime) -> None:
        """It runs, and tells this time now."""
        self._ahead_ns, self._clock_is_set = int(now.timestamp() * 1e9) - time.time_ns(), False
        self._say()

    def disk_is_full(self, is_full: bool) -> None:
        """Others fill it wholly, whatever is deleted: no file grows."""
        self._disk_is_full = is_full
        self._say()

    @property
    def syncs(self) -> int:
        """How often something was synced to the disk so far."""
        return int(_SYNCS.unpack_from(self._control.read_bytes(), _CONTROL.size)[0])

    def _say(self) -> None:
        # In place: whoever runs has it mapped.
        with self._control.open("r+b") as file:
            file.write(_CONTROL.pack(self._ahead_ns, self._clock_is_set, self._disk_is_full))
