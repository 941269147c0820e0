"""How often something may be tried, counted for each key by itself."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from frameferry_station.clock import Clock

_MOST_KEYS = 1024
"""The key that was tried least recently is forgotten first."""


class Allowances:
    """`burst` tries at once for each key, and one more every `every_s` seconds. Thread-safe."""

    def __init__(self, clock: Clock, *, burst: int, every_s: float) -> None:
        self._clock = clock
        self._burst = burst
        self._every_s = every_s
        self._lock = threading.Lock()
        self._spent: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """0 where a try was left and is taken, else seconds until there is one."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            spent = self._now_spent(key, now_s)
            if spent > self._burst - 1:
                return (spent - (self._burst - 1)) * self._every_s
            self._keep(key, spent + 1, now_s)
            return 0.0

    def give_back(self, key: Hashable) -> None:
        """The try that was taken last does not count."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._keep(key, max(0.0, self._now_spent(key, now_s) - 1), now_s)

    def _now_spent(self, key: Hashable, now_s: float) -> float:
        spent, at_s = self._spent.get(key, (0.0, now_s))
        return max(0.0, spent - (now_s - at_s) / self._every_s)

    def _keep(self, key: Hashable, spent: float, now_s: float) -> None:
        self._spent[key] = (spent, now_s)
        self._spent.move_to_end(key)
        if len(self._spent) > _MOST_KEYS:
            self._spent.popitem(last=False)
