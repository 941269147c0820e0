"""All lanes: which source's photos go where, and what is told of them."""

from __future__ import annotations

import errno
import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from frameferry_station.captures import CaptureMeta
from frameferry_station.control import CommandFailed
from frameferry_station.errors import PackGone
from frameferry_station.lanes import whole_jpeg
from frameferry_station.lanes.budget import MOST_GIVEN_UP_FOR_OTHERS, DiskBudget, Holder, OtherHolder
from frameferry_station.lanes.lane import Lane
from frameferry_station.lanes.news import CloudCounts, News
from frameferry_station.lanes.pauses import LocalPauses
from frameferry_station.lanes.surroundings import Surroundings
from frameferry_station.packs import CaptureRecord, PackDamaged
from frameferry_station.photos import (
    STATION,
    Accepted,
    NoSpace,
    PhotoRefused,
    SinkCounts,
    SourceName,
    SourceNews,
    SourcePaused,
    SourceUnpaired,
    source_name,
)
from frameferry_station.settings import DiskSettings
from frameferry_station.sinks.shelf import left_behind
from frameferry_station.sinks.taker import Taker

_MEASURED_EVERY_S = 30.0

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Lanes:
    """Implements `photos.DatedPhotos` and `photos.StationReport`. Opens all lanes that there are; `step` does what time
    brings, and wants to be called every few seconds; `workers` brings the photos to the cloud.

    Raises OSError where the state folder is of no use.
    """

    def __init__(self, around: Surroundings, takers: Sequence[Taker], disk: DiskSettings) -> None:
        self._around = around
        self._takers = tuple(takers)
        self._clock = around.boot.clock
        self._lock = threading.Lock()
        """Of the maps below; nothing else is locked or waited for inside."""
        self._opening = threading.Lock()
        self._news = News()
        self._cloud = CloudCounts()
        self._asked: dict[SourceName, Callable[[], None]] = {}
        self._used: tuple[float, int] | None = None
        self._disk = disk
        self.local_pauses = LocalPauses(around.folder / "pauses.json", around.files, self._clock)
        self._budget = DiskBudget(
            disk, self._measured, lambda: around.space()[0], self._holders, self._clock.monotonic_s
        )
        self._left_behind = left_behind(around.folder / "sinks", around.files, [taker.name for taker in takers])
        self._others: list[OtherHolder] = []
        self._lanes: dict[SourceName, Lane] = {}
        around.files.make_folder(around.folder / "lanes")
        for name in sorted(around.files.folders(around.folder / "lanes")):
            with suppress(ValueError):
                self.open(source_name(name))

    def accept(self, source: SourceName, jpeg: bytes, taken: CaptureMeta | None = None) -> Accepted:
        try:
            whole_jpeg.check(jpeg)
            paused = self.pause_of(source)
            if paused:
                raise paused
            accepted = self._accepted(source, jpeg, taken)
        except PhotoRefused as refused:
            self._news.refused(source, None if isinstance(refused, SourcePaused) else f"{refused}")
            raise
        if accepted.is_duplicate:
            self._news.duplicate(source)
        else:
            self._news.accepted(source, jpeg, self._clock.utc())
        return accepted

    def pause_of(self, source: SourceName) -> SourcePaused | None:
        local = self.local_pauses.of(source)
        lane = self.lane_of(source)
        if local or lane is None:
            return local
        settings = lane.state.settings.settings
        if not settings.is_paused(self._clock.utc()):
            return None
        return SourcePaused(None if settings.paused else settings.paused_until)

    def interval_s(self, source: SourceName) -> float | None:
        lane = self.lane_of(source)
        return float(lane.state.settings.settings.interval_s) if lane and lane.is_paired else None

    def tell(self, source: SourceName, kind: str, message: str | None = None) -> None:
        if kind == "error":
            self._news.failed(source, message or "failed")
            _log.warning("%s: %s", source, message)
        self._add_event(source, kind, message)

    def tell_over(self, source: SourceName, message: str) -> None:
        self._news.recovered(source)
        _log.info("%s: %s", source, message)
        # The cloud has no kind of its own for good news of this sort.
        self._add_event(source, "error", message)

    def _add_event(self, source: SourceName, kind: str, message: str | None) -> None:
        lane = self.lane_of(source)
        if lane and lane.uplink:
            lane.state.outbox.add(kind, message if lane.name == source else f"{source}: {message or kind}")

    def on_capture_now(self, source: SourceName, act: Callable[[], None]) -> None:
        self._news.know(source)
        with self._lock:
            self._asked[source] = act

    def sources(self) -> list[SourceNews]:
        return [self._placed(news) for news in self._news.all()]

    def sinks(self) -> list[SinkCounts]:
        others = [replace(counts, evicted=counts.evicted + self._never_taken(counts.name)) for counts in self._counts()]
        return [*([self._cloud_counts()] if self._around.api_url else []), *others]

    def disk(self) -> tuple[int, int, int]:
        now_s = self._clock.monotonic_s()
        if self._used is None or now_s - self._used[0] >= _MEASURED_EVERY_S:
            self._used = now_s, self._measured()
        return self._used[1], self._disk.budget_bytes, self._around.space()[0]

    def step(self) -> None:
        for lane in self.all():
            lane.step()

    def also_held_by(self, holder: OtherHolder) -> None:
        """It keeps something in the state folder, too, which goes by the same budget and by the owner's wish."""
        self._others.append(holder)

    def make_room(self, wanted_bytes: int) -> None:
        """For what such a holder is to keep, as far as there is something older to give up."""
        self._budget.make_room(wanted_bytes)

    def all(self) -> list[Lane]:
        with self._lock:
            return list(self._lanes.values())

    def find(self, name: SourceName) -> Lane | None:
        with self._lock:
            return self._lanes.get(name)

    def open(self, name: SourceName, *, anew: bool = False) -> Lane:
        """`anew` where its identity has changed. Raises OSError; then a lane that was to be opened anew is closed, and
        opened for the next photo."""
        with self._opening:
            old = self.find(name)
            if old and not (anew or old.is_closed):
                return old
            if old:
                old.close()
            lane = Lane(
                name,
                self._around,
                self._takers,
                self._left_behind,
                observe=lambda step: self._cloud.step(name, step),
                capture_now=lambda: self._capture_now(name),
                is_paused=lambda: self.pause_of(name) is not None,
                forget_elsewhere=lambda is_forgotten: self._forget_elsewhere(name, is_forgotten),
            )
            with self._lock:
                self._lanes[name] = lane
            return lane

    def lane_of(self, source: SourceName) -> Lane | None:
        """Where its photos go: its own lane, else that of the station. None where there is none yet."""
        own = self.find(source)
        if not self._around.api_url or (own and own.is_paired):
            return own
        station = self.find(STATION)
        return station if station and station.is_paired else None

    def is_unpaired(self, source: SourceName) -> bool:
        """The cloud wants its photos, and it has no way there."""
        return self._around.api_url is not None and self.lane_of(source) is None

    def _accepted(self, source: SourceName, jpeg: bytes, taken: CaptureMeta | None) -> Accepted:
        sha256 = hashlib.sha256(jpeg).hexdigest()
        while True:
            lane = self._lane_for(source)
            with lane.lock:
                if not lane.is_closed:  # as it is in the moment in which it is paired
                    return self._kept_once(lane, source, jpeg, sha256, taken)

    def _kept_once(
        self, lane: Lane, source: SourceName, jpeg: bytes, sha256: str, taken: CaptureMeta | None
    ) -> Accepted:
        known = lane.recent.find(source, sha256)
        if known is not None:
            return Accepted(known, is_duplicate=True)
        self._with_room(lambda: self._budget.make_room(lane.queue.grows_by(len(jpeg))))
        return Accepted(self._with_room(lambda: lane.put(source, jpeg, taken)))

    def _lane_for(self, source: SourceName) -> Lane:
        lane = self.lane_of(source)
        if lane and not lane.is_closed:
            return lane
        if lane is None and self._around.api_url:
            raise SourceUnpaired(f"neither {source} nor the station is paired: frameferry-station pair {source} CODE")
        return self._with_room(lambda: self.open(lane.name if lane else source))

    def _with_room(self, act: Callable[[], T]) -> T:
        """What a full disk refuses is tried again while there are packs to give up. Raises NoSpace."""
        for _ in range(MOST_GIVEN_UP_FOR_OTHERS):
            try:
                return act()
            except OSError as error:
                if not self._has_made_room(error):
                    break
        raise NoSpace("the disk is full, and not of photos")

    def _has_made_room(self, error: OSError) -> bool:
        """Raises NoSpace where room is not what it wants."""
        try:
            if error.errno == errno.ENOSPC:
                return self._budget.give_up_one()
        except OSError as broken:
            error = broken
        raise NoSpace(f"the disk does not take it: {error.strerror}") from None

    def _capture_now(self, lane: SourceName) -> None:
        with self._lock:
            asked = list(self._asked.items())
        acts = [act for source, act in asked if self._goes_to(source, lane)]
        if not acts:
            raise CommandFailed("no camera here can be asked for a photo")
        for act in acts:
            act()

    def _forget_elsewhere(self, lane: SourceName, is_forgotten: Callable[[CaptureRecord], bool]) -> None:
        """The pictures that are shown go whenever they were taken: the next ones come soon. Raises OSError."""
        sources = [news.source for news in self._news.all() if self._goes_to(news.source, lane)]
        self._news.forget_latest(sources)
        for other in self._others:
            other.forget({lane, *sources}, is_forgotten)

    def _goes_to(self, source: SourceName, lane: SourceName) -> bool:
        found = self.lane_of(source)
        return found is not None and found.name == lane

    def _holders(self) -> list[Holder]:
        return [*self.all(), *self._takers, *self._left_behind, *self._others]

    def _measured(self) -> int:
        return self._around.files.used_bytes(self._around.folder)

    def _counts(self) -> list[SinkCounts]:
        return [taker.counts() for taker in self._takers]

    def _never_taken(self, sink: str) -> int:
        return sum(lane.handing.never_taken.get(sink, 0) for lane in self.all())

    def _placed(self, news: SourceNews) -> SourceNews:
        lane = self.lane_of(news.source)
        error = news.error or (lane.refused_because if lane else None)
        return replace(news, lane=lane.name if lane else news.source, paused=self.pause_of(news.source), error=error)

    def _cloud_counts(self) -> SinkCounts:
        lanes = [lane for lane in self.all() if lane.uplink]
        totals = self._cloud.totals
        return SinkCounts(
            name="cloud",
            delivered=totals.delivered,
            failures=totals.failures,
            waiting=sum(len(lane.queue) for lane in lanes),
            waiting_bytes=sum(lane.queue.size_bytes for lane in lanes),
            oldest_at=min((at for lane in lanes if (at := _oldest_at(lane))), default=None),
            evicted=totals.evicted,
            last_error=totals.last_error,
            stuck=sum(lane.uplink.stuck for lane in lanes if lane.uplink),
            stuck_because=totals.deferred_because,
        )


def _oldest_at(lane: Lane) -> datetime | None:
    """When the first waiting photo of which that is known was taken."""
    for pack in lane.queue.packs()[:1]:
        with suppress(PackGone, PackDamaged):
            return next((entry.record.captured_at for entry in lane.queue.entries(pack)), None)
    return None
