"""Handing a lane's sealed packs to every other sink, in the order of their seqs, before they may leave the lane."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

from frameferry_station.errors import PackGone
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import MAX_CAPTURES
from frameferry_station.photos import SourceName
from frameferry_station.queue import PackQueue
from frameferry_station.sinks.taker import Taker


class Handing:
    """Of one lane. What was handed over is asked of the sinks, which keep it on disk: a pack that the cloud had
    renumbered keeps its file's name, and so is not handed over again. Calls may overlap: a sink takes a pack once.
    """

    def __init__(self, lane: SourceName, takers: Sequence[Taker], sync: Callable[[Path], None]) -> None:
        self._lane = lane
        self._takers = takers
        self._sync = sync
        self._durable: set[str] = set()
        """Names of packs whose directory is surely on the disk, among those that are still to be handed over."""
        self.error: str | None = None
        """Why a sink could not take a pack the last time."""
        self.never_taken = {taker.name: 0 for taker in takers}
        """Photos that were evicted before a sink had them."""

    def free_seq(self, next_seq: int) -> int:
        """From where on seqs are free, for a lane that would give this one next: one that has lost its counter begins
        above all that a sink has had."""
        taken_up_to = max((self._taken_up_to(taker) for taker in self._takers), default=-1)
        return next_seq if next_seq > taken_up_to else taken_up_to + MAX_CAPTURES

    def sealed(self, pack: QueuedPack) -> None:
        """By this run. What an earlier one sealed may have been killed before it was synced."""
        if pack.sha256:
            self._durable.add(pack.name)

    def hand_over(self, queue: PackQueue) -> bool:
        """Every sink has every sealed pack. Where one fails to take one, it is tried again the next time."""
        self.error = None
        for taker in self._takers:
            for pack in self._due(queue, taker):
                if not self._took(queue, taker, pack):
                    break
        if self.error is None:
            self._durable.clear()
        return self.error is None

    def is_handed(self, pack: QueuedPack) -> bool:
        return all(_seq_of_name(pack) <= self._taken_up_to(taker) for taker in self._takers)

    def check(self, queue: PackQueue, pack: QueuedPack) -> None:
        """Raises OSError unless every sink has it."""
        if not self.is_handed(pack):
            self.hand_over(queue)
        if not self.is_handed(pack):
            raise OSError(errno.EBUSY, self.error or "a sink has no link to it")

    def given_up(self, pack: QueuedPack) -> int:
        """It goes for want of space. Gives how many sinks had not taken it."""
        behind = [taker for taker in self._takers if _seq_of_name(pack) > self._taken_up_to(taker)]
        self._durable.discard(pack.name)
        for taker in behind:
            self.never_taken[taker.name] += pack.captures
        return len(behind)

    def _due(self, queue: PackQueue, taker: Taker) -> list[QueuedPack]:
        taken_up_to = self._taken_up_to(taker)
        due: list[QueuedPack] = []
        for pack in reversed(queue.packs()):
            if _seq_of_name(pack) <= taken_up_to:
                break
            due.append(pack)
        return due[::-1]

    def _took(self, queue: PackQueue, taker: Taker, pack: QueuedPack) -> bool:
        try:
            # One that could not be sealed for want of space is sealed, or written anew, before another has it.
            whole = queue.prepared(pack)
            if pack.name not in self._durable:
                self._sync(queue.path(pack))
                self._durable.add(pack.name)
            taker.take(self._lane, queue.path(pack), whole)
        except PackGone:
            self.error = f"{taker.name}: a pack was damaged"
            return False
        except OSError as error:
            self.error = f"{taker.name}: {error.strerror or type(error).__name__}"
            return False
        return True

    def _taken_up_to(self, taker: Taker) -> int:
        seq = taker.taken_up_to(self._lane)
        return -1 if seq is None else seq


def _seq_of_name(pack: QueuedPack) -> int:
    return int(pack.name[:16])
