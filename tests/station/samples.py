"""Photos, times and chance as the tests of the device want them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from frameferry_station.captures import CaptureMeta

from chalicelib.domain.ids import DeviceId

DEVICE_ID = DeviceId("5f0c7a52-6f1e-4a0f-9d51-2f6f3a1c9b11")
START = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
META = CaptureMeta(START, ntp_synced=True)


def jpeg(number: int, size_bytes: int = 600) -> bytes:
    """Different bytes for each number; a JPEG for those who look at its ends only."""
    filling = hashlib.shake_128(str(number).encode()).digest(size_bytes - 4)
    return b"\xff\xd8" + filling + b"\xff\xd9"


def longest(low: float, high: float) -> float:
    """Jitter at its worst."""
    return high


class FakeTime:
    """A Clock that moves only when told."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.elapsed_s)

    def advance(self, seconds: float) -> None:
        self.elapsed_s += seconds
