"""How far each pack is on its way to the cloud, and what it has been through. In memory only: after a restart the
server tells what it holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from frameferry_station.backoff import Backoff, Uniform
from frameferry_station.pack_folder import QueuedPack

UNPROVED_FIRST_S = 10.0
UNPROVED_LONGEST_S = 3600.0


@dataclass
class Way:
    """A pack waits for a place; with a `url` it waits to be put; once it is sent, for its receipt.

    `pack` is the pack as it is now: one that is written anew begins its way again, but not its patience.
    """

    pack: QueuedPack
    unproved: Backoff
    url: str | None = field(default=None, repr=False)
    expires_at_s: float = -math.inf
    is_sent: bool = False
    is_being_put: bool = False
    not_before_s: float = -math.inf
    refusals: int = 0
    conflicts: int = 0
    is_receipt_reported: bool = False

    def has_place(self, now_s: float) -> bool:
        return self.url is not None and (self.is_being_put or now_s < self.expires_at_s)

    def wants_place(self, now_s: float) -> bool:
        return not self.is_sent and not self.has_place(now_s) and self.not_before_s <= now_s

    def wants_receipt(self, now_s: float) -> bool:
        return self.is_sent and self.not_before_s <= now_s

    def begin_again(self) -> None:
        """Whatever was said about its place or receipt is void."""
        self.url, self.is_sent = None, False


class Ways:
    """Of all packs in the queue, in its order. Not thread-safe."""

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self._ways: dict[str, Way] = {}

    def of(self, packs: Iterable[QueuedPack]) -> list[Way]:
        """The ways of these packs, which are all there are."""
        self._ways = {pack.name: self._way(pack) for pack in packs}
        return list(self._ways.values())

    def find(self, pack: QueuedPack) -> Way | None:
        """None where the pack is not, or not any more, as it was."""
        way = self._ways.get(pack.name)
        return way if way is not None and way.pack == pack else None

    def all(self) -> Iterable[Way]:
        return self._ways.values()

    def _way(self, pack: QueuedPack) -> Way:
        way = self._ways.get(pack.name)
        if way is None:
            return Way(pack, Backoff(self._uniform, UNPROVED_FIRST_S, UNPROVED_LONGEST_S))
        if way.pack != pack:
            way.pack = pack
            way.begin_again()
        return way
