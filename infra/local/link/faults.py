"""What befalls single connections of a link, planned one by one or by chance."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.local.link.profile import LinkProfile

Direction = Literal["up", "down"]
Server = Literal["api", "s3"]


@dataclass(frozen=True)
class Refusal:
    """The connection is reset as soon as it is there."""


@dataclass(frozen=True)
class Drop:
    """The connection ends when `after_bytes` of its TCP payload have gone that way; TLS counts as payload.

    Both ends get a reset; where it is `silent` nobody hears anything, and the connection just carries no more.
    """

    direction: Direction
    after_bytes: int
    silent: bool = False


@dataclass(frozen=True)
class Stall:
    """That way nothing goes for `seconds` before the first byte after `after_bytes`."""

    direction: Direction
    after_bytes: int
    seconds: float


Fault = Refusal | Drop | Stall
FaultSource = Callable[[Server], Sequence[Fault]]
"""Says, once for each new connection, what will befall it. Called in the link's thread."""


class FaultPlan:
    """A FaultSource that says what it was told, in that order and for each server; then nothing. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: dict[Server, deque[Sequence[Fault]]] = {"api": deque(), "s3": deque()}

    def add(self, server: Server, *faults: Fault) -> None:
        """For the next connection to it that has no plan yet; without faults that one is left in peace."""
        with self._lock:
            self._planned[server].append(faults)

    def __call__(self, server: Server) -> Sequence[Fault]:
        with self._lock:
            return self._planned[server].popleft() if self._planned[server] else ()


def faults_by_chance(profile: LinkProfile, chance: random.Random) -> Sequence[Fault]:
    """As often as the profile says, at any byte and in any direction."""
    faults: list[Fault] = []
    if _one_in(profile.connections_per_stall, chance):
        faults.append(Stall(_direction(chance), chance.randrange(profile.fault_within_bytes), profile.stall_s))
    if _one_in(profile.connections_per_drop, chance):
        silent = chance.random() < 0.5
        faults.append(Drop(_direction(chance), chance.randrange(profile.fault_within_bytes), silent))
    return faults


def _one_in(count: int | None, chance: random.Random) -> bool:
    return count is not None and chance.randrange(count) == 0


def _direction(chance: random.Random) -> Direction:
    return chance.choice(("up", "down"))
