"""A sink as the station has it, but for what lies beyond the network."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from frameferry_station.boot import Boot
from frameferry_station.captures import Seq
from frameferry_station.files import Files
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord
from frameferry_station.photos import SinkCounts, SourceName
from frameferry_station.sinks.photo import Photo
from frameferry_station.sinks.photo_times import Boots, PhotoTimes
from frameferry_station.sinks.shelf import Shelf
from frameferry_station.sinks.taker import Waiting
from frameferry_station.sinks.worker import SinkWorker

from tests.station.samples import FakeTime, longest

FOLDER = Path("station/sinks")


class ShelfTaker:
    """`received` is what lies beyond the network: by lane and seq, it outlives this program."""

    def __init__(self, files: Files, name: str, received: dict[tuple[str, int], bytes], time: FakeTime) -> None:
        self.name = name
        self.received = received
        self.is_failing = False
        boots = Boots(FOLDER / f"{name}-boots.json", files, Boot("00000000000000b1", time, 0.0), lambda: True)
        self._worker = SinkWorker(
            name,
            Shelf(FOLDER / name, files, _damaged),
            self,
            PhotoTimes(boots, FOLDER / name / "undated.json", files),
            clock=time,
            uniform=longest,
            tell=lambda lane, kind, message: _damaged(lane, message),
        )

    def take(self, lane: SourceName, path: Path, pack: QueuedPack) -> None:
        if self.is_failing:
            raise OSError(errno.EMLINK, "too many links")
        self._worker.take(lane, path, pack)

    def taken_up_to(self, lane: SourceName) -> Seq | None:
        return self._worker.taken_up_to(lane)

    def oldest(self) -> Waiting | None:
        return self._worker.oldest()

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        return self._worker.give_up_oldest(offered)

    def forget(self, lane: SourceName, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        return self._worker.forget(lane, is_forgotten)

    def counts(self) -> SinkCounts:
        return self._worker.counts()

    def deliver(self, photo: Photo | None = None) -> None:
        """One photo beyond the network; without one, all that waits."""
        if photo is None:
            while not self._worker.step():
                pass
            assert not self.counts().waiting, self.counts()
            return
        held = self.received.setdefault((photo.source, photo.seq), photo.jpeg)
        assert held == photo.jpeg, "one name for two photos"


def _damaged(lane: SourceName, message: str) -> None:
    raise AssertionError(f"{lane}: {message}")
