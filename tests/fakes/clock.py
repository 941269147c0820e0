"""Time and randomness that a test decides."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

START = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


class FakeClock:
    """A Clock that stands still until it is told to move."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class FakeEntropy:
    """An Entropy that gives the same bytes for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def __call__(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)
