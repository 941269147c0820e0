"""What lives in the link's event loop: the two bottlenecks, the open connections, and the next look at them."""

from __future__ import annotations

import asyncio
import math

from infra.local.link.bottleneck import Bottleneck
from infra.local.link.connection import Connection
from infra.local.link.faults import Server
from infra.local.link.flow import Flow
from infra.local.link.profile import LinkProfile
from infra.local.link.traffic import Count, LinkStats

_LOOK_TOGETHER_S = 0.002
"""Arrivals this near to each other are handed over together: waking up for each would cost more than carrying it."""


class Carrier:
    """The `Link` of every connection. Everything here runs in the loop's thread."""

    def __init__(self, profile: LinkProfile, loop: asyncio.AbstractEventLoop) -> None:
        self.up = Bottleneck(profile.up_bit_s, profile)
        self.down = Bottleneck(profile.down_bit_s, profile)
        self._profile = profile
        self._loop = loop
        self._of_flow: dict[Flow, Connection] = {}
        self._open: set[Connection] = set()
        self._transports: set[asyncio.Transport] = set()
        self._forgotten: set[Connection] = set()
        self._is_asleep = False
        self._used_at_s = loop.time()
        self._next_look: asyncio.TimerHandle | None = None
        self._is_looking = False
        self.counts: dict[Server, Count] = {"api": Count(), "s3": Count()}
        self._most_open = 0
        self._sleeps = 0

    def now_s(self) -> float:
        return self._loop.time()

    def opened(self, transport: asyncio.Transport) -> None:
        self._transports.add(transport)

    def closed(self, transport: asyncio.Transport) -> None:
        self._transports.discard(transport)

    def began(self, connection: Connection) -> None:
        self._open.add(connection)
        self._most_open = max(self._most_open, len(self._open))
        self._of_flow |= {connection.up: connection, connection.down: connection}
        self.up.add(connection.up)
        self.down.add(connection.down)

    def ended(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._forgotten.discard(connection)
        for flow in (connection.up, connection.down):
            self._of_flow.pop(flow, None)
            self.up.remove(flow)
            self.down.remove(flow)

    def look(self) -> None:
        if self._is_looking:
            return
        self._is_looking = True
        try:
            while self._hand_over():
                pass
        finally:
            self._is_looking = False
        self._look_later()

    def _hand_over(self) -> bool:
        now_s = self.now_s()
        arrivals = self.up.arrived_until(now_s) + self.down.arrived_until(now_s)
        for arrival in sorted(arrivals, key=lambda arrival: arrival.at_s):
            self._used_at_s = now_s
            if (connection := self._of_flow.get(arrival.flow)) is not None:
                connection.arrived(arrival)
        return bool(arrivals)

    def _look_later(self) -> None:
        at_s = min(self.up.next_look_s(_LOOK_TOGETHER_S), self.down.next_look_s(_LOOK_TOGETHER_S))
        if self._next_look is not None:
            if self._next_look.when() == at_s and not self._next_look.cancelled():
                return
            self._next_look.cancel()
        self._next_look = None if math.isinf(at_s) else self._loop.call_at(at_s, self._look_now)

    def _look_now(self) -> None:
        self._next_look = None
        self.look()

    def become(self, profile: LinkProfile) -> None:
        self._profile = profile
        self.up.become(profile.up_bit_s, profile)
        self.down.become(profile.down_bit_s, profile)
        self.look()

    def was_used(self) -> None:
        now_s, idle_s = self.now_s(), self._profile.sleeps_after_idle_s
        if idle_s is not None and not self._is_asleep and now_s - self._used_at_s > idle_s:
            self.sleep()
            self._loop.call_later(self._profile.wakes_in_s, self.wake)
        self._used_at_s = now_s

    def sleep(self) -> None:
        if self._is_asleep:
            return
        self._is_asleep = True
        self._sleeps += 1
        self._forgotten = set(self._open)
        now_s = self.now_s()
        self.up.sleep(now_s)
        self.down.sleep(now_s)

    def wake(self) -> None:
        if not self._is_asleep:
            return
        self._is_asleep = False
        for connection in tuple(self._forgotten):
            connection.reset()
        now_s = self.now_s()
        self.up.wake(now_s)
        self.down.wake(now_s)
        self.look()

    def stats(self) -> LinkStats:
        return LinkStats(self.counts["api"].traffic, self.counts["s3"].traffic, self._most_open, self._sleeps)

    def reset_stats(self) -> None:
        for count in self.counts.values():
            count.reset()
        self._most_open = len(self._open)
        self._sleeps = 0

    async def stop(self) -> None:
        """Reset what is open, and wait until its sockets are closed."""
        for connection in tuple(self._open):
            connection.reset()
        if self._next_look is not None:
            self._next_look.cancel()
        while self._transports:
            for transport in self._transports:
                transport.abort()
            await asyncio.sleep(0)
