"""One direction of a link: which flow sends next, how long that takes, and when it arrives.

It reckons on a virtual clock that follows the real one: who asks late gets everything that was due by then, at the
times when it was due. So nothing is lost to a machine that is busy, and a test needs no clock at all.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from infra.local.link.flow import Flow
from infra.local.link.profile import LinkProfile

_BURST_S = 0.001
"""Segments are sent one by one where one takes longer than this, else as many as fit in it."""
_UNLIMITED_BURST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Arrival:
    """The next `size_bytes` of a flow are at its other end; `is_cut` where nothing will come after them."""

    at_s: float
    flow: Flow
    size_bytes: int
    wire_bytes: int
    is_cut: bool


class Bottleneck:
    """Serves its flows in turns, a burst each, and never rests while one of them can send.

    There is no queue in it: what cannot be sent waits with its sender, so an idle flow's first byte waits for at most
    one burst of each other flow. Times must not go back from call to call.
    """

    def __init__(self, bit_s: float | None, profile: LinkProfile) -> None:
        self._flows: list[Flow] = []
        self._arrivals: deque[Arrival] = deque()
        self._free_at_s = -math.inf
        self._is_asleep = False
        self.become(bit_s, profile)

    def become(self, bit_s: float | None, profile: LinkProfile) -> None:
        """For all that has not been sent yet."""
        self._profile = profile
        self._byte_s = 8 / bit_s if bit_s else 0.0
        self._one_way_s = profile.rtt_s / 2
        segments = max(1, int(_BURST_S / self._byte_s / profile.segment_bytes)) if bit_s else 0
        self._burst_bytes = segments * profile.segment_bytes or _UNLIMITED_BURST_BYTES

    def add(self, flow: Flow) -> None:
        self._flows.append(flow)

    def remove(self, flow: Flow) -> None:
        """What it has on its way still arrives."""
        if flow in self._flows:
            self._flows.remove(flow)

    def offer(self, flow: Flow, size_bytes: int, at_s: float) -> None:
        """More bytes of a flow; `at_s` may be earlier than what was asked for before, and then counts from now."""
        self._send_until(at_s)
        flow.offer(size_bytes, at_s)

    def sleep(self, at_s: float) -> None:
        """From now on nothing is sent."""
        self._send_until(at_s)
        self._is_asleep = True

    def wake(self, at_s: float) -> None:
        self._is_asleep = False
        self._free_at_s = max(self._free_at_s, at_s)

    def arrived_until(self, now_s: float) -> list[Arrival]:
        """Those that were not given before, in order."""
        self._send_until(now_s)
        arrived = []
        while self._arrivals and self._arrivals[0].at_s <= now_s:
            arrived.append(self._arrivals.popleft())
        return arrived

    def next_look_s(self, within_s: float = 0.0) -> float:
        """When to ask for arrivals again: at the first one, or the last one `within_s` of it; or when the next byte
        can leave. Infinity where nothing will happen by itself.
        """
        if not self._arrivals:
            return self._next()[0]
        first_s = look_s = self._arrivals[0].at_s
        for arrival in self._arrivals:
            if arrival.at_s > first_s + within_s:
                break
            look_s = arrival.at_s
        return look_s

    def _next(self) -> tuple[float, Flow | None]:
        at_s, chosen = math.inf, None
        if not self._is_asleep:
            for flow in self._flows:
                ready_s = flow.ready_at_s(self._free_at_s)
                if ready_s < at_s:
                    at_s, chosen = ready_s, flow
        return at_s, chosen

    def _send_until(self, now_s: float) -> None:
        while True:
            at_s, flow = self._next()
            if flow is None or at_s > now_s:
                return
            self._send(flow, at_s)

    def _send(self, flow: Flow, at_s: float) -> None:
        size_bytes = flow.next_burst_bytes(at_s, self._burst_bytes)
        wire_bytes = self._profile.wire_bytes(size_bytes)
        self._free_at_s = at_s + wire_bytes * self._byte_s
        arrives_at_s = self._free_at_s + self._one_way_s
        if self._arrivals:
            arrives_at_s = max(arrives_at_s, self._arrivals[-1].at_s)
        flow.sent(size_bytes, at_s, arrives_at_s + self._one_way_s)
        self._arrivals.append(Arrival(arrives_at_s, flow, size_bytes, wire_bytes, flow.is_cut))
        # To the end of the row.
        self._flows.remove(flow)
        if flow.is_cut:
            flow.is_blocked = True
        self._flows.append(flow)
