"""How long to wait after a failure: full jitter, doubling (AWS Architecture Blog, "Exponential Backoff And Jitter")."""

from __future__ import annotations

import math
from collections.abc import Callable

from frameferry_station.clock import Clock
from frameferry_station.errors import Trouble

FIRST_S = 2.0
LONGEST_S = 300.0
LONGEST_ASKED_S = 600.0
"""The most of a server's Retry-After that is honoured."""

Uniform = Callable[[float, float], float]
"""`uniform(low, high)` gives a random number between the two (`random.uniform` outside tests)."""


class Backoff:
    """Counts failures in a row of one kind of work."""

    def __init__(self, uniform: Uniform, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self._uniform = uniform
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def failed(self, retry_after_s: float | None = None) -> float:
        """Seconds to wait: random up to a bound that doubles, but never less than the server asked for."""
        bound_s = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return max(self._uniform(0.0, bound_s), min(retry_after_s or 0.0, LONGEST_ASKED_S))

    def succeeded(self) -> None:
        self._failures = 0

    @property
    def is_failing(self) -> bool:
        """The last try failed."""
        return self._failures > 0


class Lane:
    """One kind of work over the network, which rests after it has failed. Not thread-safe."""

    def __init__(self, clock: Clock, uniform: Uniform) -> None:
        self._clock = clock
        self._backoff = Backoff(uniform)
        self._ready_at_s = -math.inf

    @property
    def rests_for_s(self) -> float:
        """0 where it can go on."""
        return max(0.0, self._ready_at_s - self._clock.monotonic_s())

    @property
    def is_failing(self) -> bool:
        """The last try failed, whether or not the next one is due."""
        return self._backoff.is_failing

    def failed(self, trouble: Trouble) -> float:
        """Seconds that it rests."""
        wait_s = self._backoff.failed(trouble.retry_after_s)
        self._ready_at_s = self._clock.monotonic_s() + wait_s
        return wait_s

    def succeeded(self) -> None:
        self._backoff.succeeded()
