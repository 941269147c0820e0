"""One direction of one connection as its TCP sees it: what waits, what is on its way, and how much may be."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """How much a sender may have on its way, in bytes: `initial`, doubled in each round trip up to `limit`.

    It is `initial` again after more than `restart_after_idle_s` without anything sent; None is never.
    """

    initial: int
    limit: int
    restart_after_idle_s: float | None = None


class Flow:
    """Times are seconds on one clock; none may go back. Only a Bottleneck sends.

    `opens_at_s` is when the first byte may leave. `stalls` are bytes after which the sender pauses, with the seconds;
    nothing is sent after byte `cut_after`. `is_blocked` holds everything back as long as it is set.
    """

    def __init__(
        self,
        window: Window,
        opens_at_s: float = 0.0,
        *,
        stalls: Iterable[tuple[int, float]] = (),
        cut_after: int | None = None,
    ) -> None:
        self.waiting_bytes = 0
        self.in_flight_bytes = 0
        self.sent_bytes = 0
        self.is_blocked = False
        self.cut_after = cut_after
        self._rules = window
        self._window_bytes = min(window.initial, window.limit)
        self._opens_at_s = opens_at_s
        self._offered_at_s = opens_at_s
        self._last_sent_s = opens_at_s
        self._acks: deque[tuple[float, int]] = deque()
        self._stalls = deque(sorted(stalls))
        self._stalled = 0

    @property
    def is_cut(self) -> bool:
        """There is a byte after which nothing is sent, and it was sent."""
        return self.cut_after is not None and self.sent_bytes >= self.cut_after

    def offer(self, size_bytes: int, at_s: float) -> None:
        if not self.waiting_bytes:
            self._offered_at_s = at_s
        self.waiting_bytes += size_bytes

    def hold_until(self, at_s: float) -> None:
        self._opens_at_s = max(self._opens_at_s, at_s)

    def take_stalled(self) -> int:
        """How many stalls there have been since this was asked last."""
        stalled, self._stalled = self._stalled, 0
        return stalled

    def ready_at_s(self, not_before_s: float) -> float:
        """When the next byte could leave; infinity where nothing waits or may go."""
        if not self.waiting_bytes or self.is_blocked:
            return math.inf
        at_s = max(not_before_s, self._offered_at_s, self._opens_at_s)
        if self._stalls and self._stalls[0][0] <= self.sent_bytes:
            self.hold_until(at_s + self._stalls.popleft()[1])
            self._stalled += 1
            return self.ready_at_s(not_before_s)
        self._take_acks(at_s)
        return at_s if self.in_flight_bytes < self._window_bytes else self._acks[0][0]

    def next_burst_bytes(self, at_s: float, most_bytes: int) -> int:
        """What leaves at `at_s`, which `ready_at_s` gave."""
        self._take_acks(at_s)
        idle_s = self._rules.restart_after_idle_s
        if idle_s is not None and not self.in_flight_bytes and at_s - self._last_sent_s > idle_s:
            self._window_bytes = min(self._window_bytes, self._rules.initial)
        size = min(most_bytes, self.waiting_bytes, self._window_bytes - self.in_flight_bytes)
        marks = [after for after, _ in self._stalls] + ([] if self.cut_after is None else [self.cut_after])
        return min([size, *(mark - self.sent_bytes for mark in marks)])

    def sent(self, size_bytes: int, at_s: float, acknowledged_at_s: float) -> None:
        self.waiting_bytes -= size_bytes
        self.in_flight_bytes += size_bytes
        self.sent_bytes += size_bytes
        self._last_sent_s = at_s
        self._acks.append((acknowledged_at_s, size_bytes))

    def _take_acks(self, until_s: float) -> None:
        """RFC 5681 section 3.1: in slow start every acknowledged byte opens the window by one."""
        while self._acks and self._acks[0][0] <= until_s:
            size_bytes = self._acks.popleft()[1]
            self.in_flight_bytes -= size_bytes
            self._window_bytes = min(self._window_bytes + size_bytes, self._rules.limit)
