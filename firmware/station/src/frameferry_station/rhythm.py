"""When the next picture is due, whatever the network does."""

from __future__ import annotations

import math
from collections.abc import Callable

from frameferry_station.clock import Clock


class Rhythm:
    """`interval_s` is asked each time: its owner may change it at any time. Not thread-safe."""

    def __init__(self, clock: Clock, first_at_s: float, interval_s: Callable[[], float]) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._due_at_s = first_at_s

    def due_in_s(self) -> float:
        """0 where it is due. An interval that was shortened counts from now."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._due_at_s:
            return 0.0
        self._due_at_s = min(self._due_at_s, now_s + self._interval_s())
        return self._due_at_s - now_s

    def rest(self) -> None:
        """No picture is wanted now; once one is, it is due at once."""
        self._due_at_s = max(self._due_at_s, self._clock.monotonic_s())

    def taken(self) -> float:
        """Seconds until the next. A camera that is late keeps its rhythm, but does not catch up."""
        interval_s = self._interval_s()
        late_s = self._clock.monotonic_s() - self._due_at_s
        self._due_at_s += interval_s * max(1, math.ceil(late_s / interval_s))
        return max(0.0, self._due_at_s - self._clock.monotonic_s())
