"""When it is a camera's turn to be asked."""

from __future__ import annotations

import hashlib
import math

from frameferry_station.backoff import Backoff, Uniform
from frameferry_station.clock import Clock

MIN_INTERVAL_S = 1.0
_SPREAD_S = 30.0
"""The first pictures come within that, whatever the interval."""
_JITTER = 0.05
_MAX_JITTER_S = 2.0


class Turns:
    """Slots, an interval apart; each camera's begin at a time of their own, by its name, and each picture is taken a
    random moment after its slot, so that ten cameras do not fire at once. A camera that is late keeps its slots and
    does not catch up. After a failure it is tried again out of turn, with full jitter, up to five minutes later.
    """

    def __init__(self, name: str, interval_s: float, *, clock: Clock, uniform: Uniform) -> None:
        self._clock = clock
        self._uniform = uniform
        self._backoff = Backoff(uniform)
        self._interval_s = max(interval_s, MIN_INTERVAL_S)
        phase = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
        self._slot_s = clock.monotonic_s() + phase * min(self._interval_s, _SPREAD_S)
        self._jitter_s = 0.0
        self._retry_at_s: float | None = None
        self._rests_until_s = -math.inf

    def due_in_s(self, interval_s: float, *, is_wanted: bool) -> float:
        """0 where it is due. `is_wanted`: the owner wants a picture at once; a camera that must rest still rests."""
        self._interval_s = max(interval_s, MIN_INTERVAL_S)
        now_s = self._clock.monotonic_s()
        # The owner may have shortened the interval.
        self._slot_s = min(self._slot_s, now_s + self._interval_s)
        at_s = self._slot_s + self._jitter_s if self._retry_at_s is None else self._retry_at_s
        return max(0.0, self._rests_until_s - now_s if is_wanted else at_s - now_s)

    def asked(self) -> None:
        """It answered, with something new or not."""
        self._backoff.succeeded()
        self._retry_at_s = None
        self._rests_until_s = -math.inf
        self._go_on()

    def failed(self, at_least_s: float) -> float:
        """Seconds until it is tried again."""
        wait_s = self._backoff.failed(at_least_s)
        now_s = self._clock.monotonic_s()
        self._retry_at_s = now_s + wait_s
        self._rests_until_s = now_s + at_least_s
        return wait_s

    def paused(self) -> None:
        """Slots pass unused."""
        self._retry_at_s = None
        self._go_on()

    def _go_on(self) -> None:
        late_s = self._clock.monotonic_s() - self._slot_s
        if late_s >= 0:
            self._slot_s += self._interval_s * (math.floor(late_s / self._interval_s) + 1)
            self._jitter_s = self._uniform(0.0, min(self._interval_s * _JITTER, _MAX_JITTER_S))
