"""The clock of the machine that the program runs on, in the test's hands."""

from __future__ import annotations

import struct
import subprocess
import time
from datetime import datetime
from pathlib import Path

_SOURCE = Path(__file__).with_name("machine_clock.cpp")
_CONTROL = struct.Struct("=qq")


class MachineClock:
    """For processes that are started with `variables`. It is right, and set, until the test says otherwise."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "machine_clock.so"
        self._control = folder / "clock"
        compiler = ["g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run([*compiler, "-o", self._library, _SOURCE], check=True)
        self.right()

    @property
    def variables(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "FAKE_CLOCK": str(self._control)}

    def right(self) -> None:
        """Somebody sets it."""
        self._say(0, is_set=True)

    def not_set(self, now: datetime) -> None:
        """It runs, and tells this time now; nobody has set it."""
        self._say(int(now.timestamp() * 1e9) - time.time_ns(), is_set=False)

    def _say(self, ahead_ns: int, *, is_set: bool) -> None:
        # In place: whoever runs has it mapped.
        mode = "r+b" if self._control.exists() else "wb"
        with self._control.open(mode) as file:
            file.write(_CONTROL.pack(ahead_ns, is_set))
