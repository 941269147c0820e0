"""One disk budget for all lanes and sinks: the oldest packs go, whoever has them."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Protocol

from frameferry_station.errors import StationError
from frameferry_station.packs import CaptureRecord
from frameferry_station.photos import SourceName
from frameferry_station.settings import DiskSettings
from frameferry_station.sinks.taker import Waiting

MOST_GIVEN_UP_FOR_OTHERS = 8
"""Packs for one new one, where the budget would do and others fill the disk."""
MOST_IN_VAIN = 2
"""Packs that go one after the other and give the disk nothing back."""
IN_VAIN_REST_S = 600.0
_MOST_GONE_MEANWHILE = 8
"""Each costs a walk over all packs."""

_log = logging.getLogger(__name__)


class Holder(Protocol):
    """A lane or a sink."""

    def oldest(self) -> Waiting | None: ...

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        """Bytes that the disk has back; None where the oldest is not, or not any more, what was `offered`: then it
        stays. Raises OSError."""


class OtherHolder(Holder, Protocol):
    """Neither a lane nor a sink, though it keeps what cameras took."""

    def forget(self, sources: Collection[SourceName], is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        """What the owner wants nowhere, of these sources, goes. Gives how many files. Raises OSError."""


class DiskBudget:
    """`used_bytes` measures what photos take, `free_bytes` what the disk has left; `now_s` only ever rises. Where packs
    go in vain, because snapshots hold what was deleted or another program takes the room at once, the others stay for
    a while. Thread-safe.
    """

    def __init__(
        self,
        settings: DiskSettings,
        used_bytes: Callable[[], int],
        free_bytes: Callable[[], int],
        holders: Callable[[], Iterable[Holder]],
        now_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._used_bytes = used_bytes
        self._free_bytes = free_bytes
        self._holders = holders
        self._now_s = now_s
        self._in_vain = 0
        self._rests_until_s = -math.inf
        self._lock = threading.Lock()
        self._at_most_bytes: int | None = None
        """Of what is used: it was measured, and what was begun since is added. Measuring walks over all packs."""

    def make_room(self, wanted_bytes: int) -> None:
        """For a new pack, as far as there is something to give up."""
        if not wanted_bytes:
            return
        with self._lock:
            self._keep_to_the_budget(wanted_bytes)
            for _ in range(MOST_GIVEN_UP_FOR_OTHERS):
                has_room = self._free_bytes() - wanted_bytes >= self._settings.keep_free_bytes
                if has_room or not self._give_up_for_others():
                    break

    def give_up_one(self) -> bool:
        """The oldest pack goes everywhere. False where there is none, or lately it was in vain. Raises OSError."""
        with self._lock:
            return self._give_up_for_others()

    def _give_up_for_others(self) -> bool:
        if self._now_s() < self._rests_until_s:
            return False
        free_bytes = self._free_bytes()
        try:
            if self._give_up() is None:
                return False
        except _HasGoneMeanwhile:
            return True
        self._in_vain = 0 if self._free_bytes() > free_bytes else self._in_vain + 1
        if self._in_vain == MOST_IN_VAIN:
            self._in_vain = 0
            self._rests_until_s = self._now_s() + IN_VAIN_REST_S
            _log.error("the disk is full, and has no more room after %d packs were given up", MOST_IN_VAIN)
        return True

    def _keep_to_the_budget(self, wanted_bytes: int) -> None:
        if self._at_most_bytes is None or self._at_most_bytes + wanted_bytes > self._settings.budget_bytes:
            self._at_most_bytes = self._used_bytes()
        self._at_most_bytes += wanted_bytes
        meanwhile = 0
        while self._at_most_bytes > self._settings.budget_bytes and meanwhile < _MOST_GONE_MEANWHILE:
            try:
                freed_bytes = self._give_up()
            except _HasGoneMeanwhile:
                meanwhile += 1
                self._at_most_bytes = self._used_bytes() + wanted_bytes
                continue
            if freed_bytes is None:
                return
            self._at_most_bytes -= freed_bytes

    def _give_up(self) -> int | None:
        """Gives the bytes that the disk has back; None where nothing went. What does not go holds up nothing else: the
        last pack of a lane stays on a wholly full disk, for its seqs could not be noted. Raises _HasGoneMeanwhile."""
        offers = [(waiting, holder) for holder in self._holders() if (waiting := holder.oldest())]
        for oldest, _ in sorted(offers, key=lambda offer: offer[0].since_s):
            freed_bytes = _given_up((holder, waiting) for waiting, holder in offers if waiting.is_same(oldest))
            if freed_bytes is not None:
                _log.warning("the disk is full: gave up %s of %s", oldest.name, oldest.lane)
                return freed_bytes
        return None


class _HasGoneMeanwhile(StationError):
    """What was to be given up was delivered since it was offered: perhaps that made room enough."""


def _given_up(offers: Iterable[tuple[Holder, Waiting]]) -> int | None:
    """None where nobody could. Raises _HasGoneMeanwhile."""
    freed: list[int | None] = []
    for holder, offered in offers:
        with suppress(OSError):
            freed.append(holder.give_up_oldest(offered))
    if freed and all(each is None for each in freed):
        raise _HasGoneMeanwhile
    return sum(each or 0 for each in freed) if freed else None
