"""One sink at work: photo by photo, oldest first, whatever becomes of the others."""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from frameferry_station.backoff import LONGEST_ASKED_S, Backoff, Uniform
from frameferry_station.captures import Seq
from frameferry_station.clock import Clock
from frameferry_station.errors import PackGone, Refusal, Trouble
from frameferry_station.loops import repeat
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord, PackDamaged, PackedEntry
from frameferry_station.photos import SinkCounts, SourceName
from frameferry_station.rotation import Rotation
from frameferry_station.sinks.photo import Destination, NotAsConfigured, Photo
from frameferry_station.sinks.photo_times import ClockAwaited, PhotoTimes
from frameferry_station.sinks.shelf import HeldPack, Shelf
from frameferry_station.sinks.taker import Waiting

TRIES = 3
REFUSED_WAIT_S = 600.0
"""Between the tries of one photo, while others are delivered."""
CONFIGURED_WRONG_WAIT_S = 600.0
"""Once two photos in a row were answered so."""
UNREADABLE_WAIT_S = 60.0
_LOOK_S = 1.0
_log = logging.getLogger(__name__)

Tell = Callable[[SourceName, str, str], None]
"""`tell(lane, "error", message)`: an event for the owner."""


Waits = tuple[HeldPack, Seq]
"""A photo that waits."""


class SinkWorker:
    """A `Taker` that delivers. `step` does one thing and says how long to wait; `run` calls it until it is stopped.

    A photo that does not get through while others do goes to the back, and is tried for as long as it takes. Only one
    that was refused three times while others were taken in between is set aside. Where none is taken it is the sink
    that is wrong: it is tried again, more and more seldom, and the order stays.
    """

    def __init__(
        self,
        name: str,
        shelf: Shelf,
        destination: Destination,
        times: PhotoTimes,
        *,
        clock: Clock,
        uniform: Uniform,
        tell: Tell,
    ) -> None:
        self.name = name
        self._shelf = shelf
        self._destination = destination
        self._times = times
        self._clock = clock
        self._tell = tell
        self._backoff = Backoff(uniform)
        self._ready_at_s = -math.inf
        self._rotation: Rotation[Waits] = Rotation(clock, _name)
        self._trying: Waits | None = None
        self._refusals: Counter[tuple[Path, Seq]] = Counter()
        self._unread: Counter[tuple[Path, Seq]] = Counter()
        self._has_shrunk = False
        """Something was given up or forgotten, so that it does not wait any more."""
        self._opened: tuple[HeldPack, dict[Seq, PackedEntry]] | None = None
        self._oldest_at: datetime | None = None
        self._delivered = 0
        self._failures = 0
        self._last_error: str | None = None
        self._stuck = 0
        self._stuck_because: str | None = None
        self._wake = threading.Event()

    def take(self, lane: SourceName, path: Path, pack: QueuedPack) -> None:
        self._shelf.take(lane, path, pack)
        self._wake.set()

    def taken_up_to(self, lane: SourceName) -> Seq | None:
        return self._shelf.taken_up_to(lane)

    def oldest(self) -> Waiting | None:
        return self._shelf.oldest()

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        freed_bytes = self._shelf.give_up_oldest(offered)
        self._has_shrunk = True
        return freed_bytes

    def forget(self, lane: SourceName, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        forgotten = self._shelf.forget(lane, is_forgotten)
        self._has_shrunk = True
        return forgotten

    def counts(self) -> SinkCounts:
        waiting, waiting_bytes = self._shelf.size()
        return SinkCounts(
            name=self.name,
            delivered=self._delivered,
            failures=self._failures,
            waiting=waiting,
            waiting_bytes=waiting_bytes,
            oldest_at=self._oldest_at if waiting else None,
            evicted=self._shelf.evicted,
            last_error=self._last_error,
            stuck=self._stuck,
            stuck_because=self._stuck_because,
        )

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; a delivery under way is not cut off."""

        repeat(self.guarded_step, self._wake, self._clock, stop.is_set, look_s=_LOOK_S)

    def guarded_step(self) -> float:
        """As `step`. A bug in one sink must end neither it for years nor the others."""
        try:
            return self.step()
        except Exception as error:
            _log.error("%s: a photo could not be delivered", self.name, exc_info=not self._backoff.is_failing)
            return self._failed(type(error).__name__)

    def step(self) -> float:
        """Deliver a photo. Gives seconds until there may be more to do: 0 after a delivery, infinite where nothing
        waits."""
        rest_s = self._ready_at_s - self._clock.monotonic_s()
        if rest_s > 0:
            return rest_s
        self._trying = None
        try:
            with suppress(OSError):  # it is asked for again where a photo needs it
                self._times.note()
            return self._next()
        except ClockAwaited as awaited:
            return awaited.seconds
        except NotAsConfigured as error:
            return self._failed(str(error), is_answer=True)
        except Trouble as trouble:
            return self._failed(trouble.reason, trouble.retry_after_s)
        except OSError as error:
            return self._failed(f"the station's own disk: {error.strerror or type(error).__name__}")

    def _next(self) -> float:
        if self._has_shrunk:
            self._has_shrunk = False
            self._keep_only_waiting()
        self._trying = self._rotation.next(self._waiting())
        if self._trying is None:
            return self._rotation.due_in_s(self._waiting())
        return self._tried(*self._trying)

    def _waiting(self) -> Iterator[Waits]:
        """Oldest first."""
        return ((pack, seq) for pack, seqs in self._shelf.waiting() for seq in seqs)

    def _keep_only_waiting(self) -> None:
        names = {_name(each) for each in self._waiting()}
        self._rotation.keep_only(names)
        for counter in (self._refusals, self._unread):
            for name in counter.keys() - names:
                del counter[name]
        self._note_stuck()

    def _tried(self, pack: HeldPack, seq: Seq) -> float:
        try:
            return self._try(pack, seq)
        except PackGone:
            self._opened = None
            self._shelf.is_gone(pack)
            self._has_shrunk = True
            return 0.0

    def _try(self, pack: HeldPack, seq: Seq) -> float:
        entry = self._entries(pack).get(seq)
        file = self._shelf.file(pack)
        if entry is None or file is None:
            return self._unreadable(pack, seq)
        captured_at = self._times.of(entry.record)
        try:
            photo = Photo(pack.lane, seq, captured_at, entry.sha256, file.jpeg(entry))
        except PackDamaged:
            return self._unreadable(pack, seq)
        if next(self._waiting(), None) == (pack, seq):
            self._oldest_at = captured_at
        try:
            self._destination.deliver(photo)
        except Refusal as refusal:
            return self._refused(pack, entry.record, photo, refusal)
        self._taken(pack, seq)
        return 0.0

    def _entries(self, pack: HeldPack) -> dict[Seq, PackedEntry]:
        if self._opened is None or self._opened[0] is not pack:
            self._opened = pack, self._shelf.entries(pack)
        return self._opened[1]

    def _taken(self, pack: HeldPack, seq: Seq) -> None:
        self._shelf.took(pack, seq)
        self._rotation.taken((pack, seq))
        self._let_go(pack, seq)
        self._delivered += 1
        self._backoff.succeeded()
        if self._last_error is not None:
            _log.info("%s takes photos again", self.name)
            self._last_error = None

    def _refused(self, pack: HeldPack, record: CaptureRecord, photo: Photo, refusal: Refusal) -> float:
        name = (pack.path, record.seq)
        is_to_blame = self._rotation.failed((pack, record.seq), rests_s=REFUSED_WAIT_S) is not None
        # Where nothing else is taken meanwhile, nobody knows whether the photo is to blame.
        self._refusals[name] = self._refusals[name] + is_to_blame if name in self._refusals else 1
        if self._refusals[name] >= TRIES:
            self._shelf.set_aside(pack, record, photo.jpeg, refusal.reason)
            self._given_up(pack, record.seq, f"refused photo {record.seq} and it is set aside: {refusal.reason}")
            return 0.0
        self._failures += 1
        return self._rest(f"photo {record.seq} of {pack.lane} is refused: {refusal.reason}", refusal.retry_after_s)

    def _unreadable(self, pack: HeldPack, seq: Seq) -> float:
        """A card may give back later what it does not now."""
        self._opened = None
        self._unread[pack.path, seq] += 1
        if self._unread[pack.path, seq] >= TRIES:
            self._shelf.took(pack, seq)
            self._given_up(pack, seq, f"never got photo {seq}: it is damaged on the card")
            return 0.0
        self._rotation.rest((pack, seq), UNREADABLE_WAIT_S)
        self._failures += 1
        return 0.0

    def _given_up(self, pack: HeldPack, seq: Seq, message: str) -> None:
        self._rotation.drop((pack, seq))
        self._let_go(pack, seq)
        self._failures += 1
        _log.warning("%s of %s %s", self.name, pack.lane, message)
        self._tell(pack.lane, "error", f"{self.name} {message}"[:200])

    def _let_go(self, pack: HeldPack, seq: Seq) -> None:
        self._refusals.pop((pack.path, seq), None)
        self._unread.pop((pack.path, seq), None)
        self._note_stuck()

    def _failed(self, reason: str, asked_s: float | None = None, *, is_answer: bool = False) -> float:
        self._failures += 1
        if self._trying and self._rotation.failed(self._trying, is_answer=is_answer) is not None:
            return self._stuck_again(self._trying, reason, asked_s)
        is_of_all = is_answer and self._rotation.failed_in_a_row > 1 and not self._stuck
        return self._rest(reason, max(asked_s or 0.0, CONFIGURED_WRONG_WAIT_S) if is_of_all else asked_s)

    def _stuck_again(self, photo: Waits, reason: str, asked_s: float | None) -> float:
        """The others go on at once, unless the server has named a time."""
        was_stuck = self._stuck
        self._note_stuck()
        if self._stuck:
            self._stuck_because = reason
        if self._stuck and not was_stuck:
            pack, seq = photo
            _log.warning("%s takes others, but not photo %d of %s: %s", self.name, seq, pack.lane, reason)
        wait_s = min(asked_s or 0.0, LONGEST_ASKED_S)
        self._ready_at_s = self._clock.monotonic_s() + wait_s
        return wait_s

    def _note_stuck(self) -> None:
        self._stuck = len(self._rotation.stuck)
        if not self._stuck:
            self._stuck_because = None

    def _rest(self, reason: str, at_least_s: float | None) -> float:
        if not self._backoff.is_failing:
            _log.warning("%s: %s", self.name, reason)
        self._last_error = reason
        wait_s = self._backoff.failed(at_least_s)
        self._ready_at_s = self._clock.monotonic_s() + wait_s
        return wait_s


def _name(photo: Waits) -> tuple[Path, Seq]:
    pack, seq = photo
    return pack.path, seq
