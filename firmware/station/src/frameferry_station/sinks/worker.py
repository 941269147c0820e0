"""One sink at work: photo by photo, oldest first, whatever becomes of the others."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from frameferry_station.backoff import Backoff, Uniform
from frameferry_station.captures import Seq
from frameferry_station.clock import Clock
from frameferry_station.errors import Busy, PackGone, Refusal, Trouble
from frameferry_station.loops import repeat
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord, PackDamaged, PackedEntry
from frameferry_station.photos import SinkCounts, SourceName
from frameferry_station.sinks.photo import Destination, NotAsConfigured, Photo
from frameferry_station.sinks.photo_times import ClockAwaited, PhotoTimes
from frameferry_station.sinks.shelf import HeldPack, Shelf
from frameferry_station.sinks.taker import Waiting

TRIES = 3
REFUSED_WAIT_S = 600.0
"""Between the tries of one photo, while others are delivered."""
REFUSED_IN_A_ROW = 3
"""Different photos after which it is not the photo that is wrong, but the sink."""
SERVER_ERRORS_IN_A_ROW = 3
"""For one photo, after which others are tried for a while: it may be this one that the server trips over."""
CONFIGURED_WRONG_WAIT_S = 600.0
UNREADABLE_WAIT_S = 60.0
_LOOK_S = 1.0
_SERVER_ERRORS = frozenset({500, 502, 504})
_log = logging.getLogger(__name__)

Tell = Callable[[SourceName, str, str], None]
"""`tell(lane, "error", message)`: an event for the owner."""


@dataclass
class _Trial:
    """Of a photo that was refused, that the server tripped over, or that the card did not give back."""

    tries: int
    delivered_before: int
    not_before_s: float


class SinkWorker:
    """A `Taker` that delivers. `step` does one thing and says how long to wait; `run` calls it until it is stopped.

    A photo is set aside once it was refused three times while others were taken in between. Where all are refused it is
    the sink that is wrong: it is tried again, more and more seldom, and nothing is set aside.
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
        self._trials: dict[tuple[Path, Seq], _Trial] = {}
        self._refused_in_a_row = 0
        self._server_errors_in_a_row = 0
        self._opened: tuple[HeldPack, dict[Seq, PackedEntry]] | None = None
        self._oldest_at: datetime | None = None
        self._delivered = 0
        self._failures = 0
        self._last_error: str | None = None
        self._wake = threading.Event()

    def take(self, lane: SourceName, path: Path, pack: QueuedPack) -> None:
        self._shelf.take(lane, path, pack)
        self._wake.set()

    def taken_up_to(self, lane: SourceName) -> Seq | None:
        return self._shelf.taken_up_to(lane)

    def oldest(self) -> Waiting | None:
        return self._shelf.oldest()

    def give_up_oldest(self) -> int:
        return self._shelf.give_up_oldest()

    def forget(self, lane: SourceName, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        return self._shelf.forget(lane, is_forgotten)

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
        )

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; a delivery under way is not cut off."""

        def guarded() -> float:
            try:
                return self.step()
            except Exception as error:
                # A bug in one sink must end neither it for years nor the others.
                _log.exception("%s: a photo could not be delivered", self.name)
                return self._failed(type(error).__name__)

        repeat(guarded, self._wake, self._clock, stop.is_set, look_s=_LOOK_S)

    def step(self) -> float:
        """Deliver a photo. Gives seconds until there may be more to do: 0 after a delivery, infinite where nothing
        waits."""
        rest_s = self._ready_at_s - self._clock.monotonic_s()
        if rest_s > 0:
            return rest_s
        try:
            with suppress(OSError):  # it is asked for again where a photo needs it
                self._times.note()
            return self._next()
        except ClockAwaited as awaited:
            return awaited.seconds
        except NotAsConfigured as error:
            return self._failed(str(error), CONFIGURED_WRONG_WAIT_S)
        except Trouble as trouble:
            return self._failed(trouble.reason, trouble.retry_after_s)
        except OSError as error:
            return self._failed(f"the station's own disk: {error.strerror or type(error).__name__}")

    def _next(self) -> float:
        soonest_s = math.inf
        has_waiting = False
        for pack, seq in self._candidates():
            has_waiting = True
            trial = self._trials.get((pack.path, seq))
            rest_s = trial.not_before_s - self._clock.monotonic_s() if trial else 0.0
            if rest_s <= 0:
                return self._tried(pack, seq)
            soonest_s = min(soonest_s, rest_s)
        if not has_waiting:
            self._trials.clear()  # of packs that were given up
        return soonest_s

    def _candidates(self) -> Iterator[tuple[HeldPack, Seq]]:
        """Oldest first. Where several were refused in a row, every other try is with the newest: if that is taken, they
        were to blame, and they hold up nothing."""
        waiting = ((pack, seq) for pack, seqs in self._shelf.waiting() for seq in seqs)
        is_probe = self._refused_in_a_row >= REFUSED_IN_A_ROW and self._refused_in_a_row % 2 == 1
        return reversed(list(waiting)) if is_probe else waiting

    def _tried(self, pack: HeldPack, seq: Seq) -> float:
        try:
            return self._try(pack, seq)
        except PackGone:
            self._opened = None
            self._shelf.is_gone(pack)
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
        self._oldest_at = captured_at
        try:
            self._destination.deliver(photo)
        except Refusal as refusal:
            return self._refused(pack, entry.record, photo, refusal)
        except Busy as busy:
            if busy.status in _SERVER_ERRORS:
                self._tripped_over(pack, seq)
            raise
        self._taken(pack, seq)
        return 0.0

    def _entries(self, pack: HeldPack) -> dict[Seq, PackedEntry]:
        if self._opened is None or self._opened[0] is not pack:
            self._opened = pack, self._shelf.entries(pack)
        return self._opened[1]

    def _taken(self, pack: HeldPack, seq: Seq) -> None:
        self._shelf.took(pack, seq)
        self._trials.pop((pack.path, seq), None)
        self._delivered += 1
        self._refused_in_a_row = self._server_errors_in_a_row = 0
        self._backoff.succeeded()
        if self._last_error is not None:
            _log.info("%s takes photos again", self.name)
            self._last_error = None

    def _refused(self, pack: HeldPack, record: CaptureRecord, photo: Photo, refusal: Refusal) -> float:
        trial = self._trials.get((pack.path, record.seq))
        # Where nothing else is taken meanwhile, nobody knows whether the photo is to blame.
        tries = 1 if trial is None else trial.tries + (self._delivered > trial.delivered_before)
        if tries >= TRIES:
            self._shelf.set_aside(pack, record, photo.jpeg, refusal.reason)
            self._given_up(pack, record.seq, f"refused photo {record.seq} and it is set aside: {refusal.reason}")
            return 0.0
        not_before_s = self._clock.monotonic_s() + REFUSED_WAIT_S
        self._trials[pack.path, record.seq] = _Trial(tries, self._delivered, not_before_s)
        self._refused_in_a_row += 1
        return self._failed(f"photo {record.seq} of {pack.lane} is refused: {refusal.reason}", refusal.retry_after_s)

    def _tripped_over(self, pack: HeldPack, seq: Seq) -> None:
        """No number of server errors sets a photo aside."""
        self._server_errors_in_a_row += 1
        if self._server_errors_in_a_row % SERVER_ERRORS_IN_A_ROW == 0:
            trial = self._trials.get((pack.path, seq))
            not_before_s = self._clock.monotonic_s() + REFUSED_WAIT_S
            self._trials[pack.path, seq] = _Trial(trial.tries if trial else 0, self._delivered, not_before_s)

    def _unreadable(self, pack: HeldPack, seq: Seq) -> float:
        """A card may give back later what it does not now."""
        self._opened = None
        trial = self._trials.get((pack.path, seq))
        tries = trial.tries + 1 if trial else 1
        if tries >= TRIES:
            self._shelf.took(pack, seq)
            self._given_up(pack, seq, f"never got photo {seq}: it is damaged on the card")
            return 0.0
        not_before_s = self._clock.monotonic_s() + UNREADABLE_WAIT_S
        self._trials[pack.path, seq] = _Trial(tries, self._delivered, not_before_s)
        self._failures += 1
        return 0.0

    def _given_up(self, pack: HeldPack, seq: Seq, message: str) -> None:
        self._trials.pop((pack.path, seq), None)
        self._failures += 1
        _log.warning("%s of %s %s", self.name, pack.lane, message)
        self._tell(pack.lane, "error", f"{self.name} {message}"[:200])

    def _failed(self, reason: str, at_least_s: float | None = None) -> float:
        if not self._backoff.is_failing:
            _log.warning("%s: %s", self.name, reason)
        self._failures += 1
        self._last_error = reason
        wait_s = self._backoff.failed(at_least_s)
        self._ready_at_s = self._clock.monotonic_s() + wait_s
        return wait_s
