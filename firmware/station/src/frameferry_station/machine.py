"""The machine that the station runs on: its boot, the time since it, and whether its clock can be believed."""

from __future__ import annotations

import ctypes
import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

from frameferry_station.boot import Boot

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
TIMESYNCD_FILE = Path("/run/systemd/timesync/synchronized")
MAX_ERROR_US = 16_000_000
"""The kernel's own bound: a clock that nobody disciplines is beyond it (adjtimex(2); systemd takes the same)."""
_TIMEX_BYTES = 1024
"""More than a `struct timex` has on any architecture."""


class MachineClock:
    """Counts from the machine's boot, its sleep included, so that a restart of the program is no reboot."""

    def monotonic_s(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def utc(self) -> datetime:
        return datetime.now(UTC)


def boot(clock: MachineClock, boot_id_file: Path = BOOT_ID_FILE) -> Boot:
    """The machine's boot. Raises OSError."""
    kernel_id = boot_id_file.read_text(encoding="ascii").strip()
    return Boot(hashlib.sha256(kernel_id.encode()).hexdigest()[:16], clock, 0.0)


def clock_is_synced(timesyncd_file: Path = TIMESYNCD_FILE) -> bool:
    """Somebody has set the system's clock since it was switched on. False where that cannot be known."""
    return _kernel_says_so() or timesyncd_file.exists()


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, as the C library's `adjtimex` fills it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * _TIMEX_BYTES),
    )


def _kernel_says_so() -> bool:
    timex = _Timex()
    try:
        result = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return False
    return int(result) >= 0 and int(timex.maxerror) < MAX_ERROR_US
