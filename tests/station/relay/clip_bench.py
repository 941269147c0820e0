"""A station's clips in a test's hands, and a network that breaks for some of them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from frameferry_station import ffmpeg
from frameferry_station.errors import NoAnswer
from frameferry_station.files import DiskFiles
from frameferry_station.http import Answer, Content
from frameferry_station.lanes.singles import Singles
from frameferry_station.photos import STATION
from frameferry_station.relay.clips import Clips

from tests.station.cameras.fake_photos import FakePhotos
from tests.station.fake_cloud import FakeCloud
from tests.station.fake_network import DirectSender
from tests.station.lanes.stations import GARDEN, Station
from tests.station.samples import START, longest


class FullForDocuments(DiskFiles):
    """A disk that takes a clip, and then nothing more while it `is_full`."""

    is_full = True

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        if self.is_full and ".json" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(path, parts)


@dataclass
class Bench:
    """A station's clips: its lanes in memory, its clips in a folder."""

    folder: Path
    segment: Path
    cloud: FakeCloud
    synced: bool = True
    photos: FakePhotos = field(default_factory=FakePhotos)
    room: list[int] = field(default_factory=list)
    program: str = "ffmpeg"
    disk: DiskFiles = field(default_factory=DiskFiles)
    is_broken: bool = False
    breaks_for: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.station = Station(cloud=self.cloud, sinks=(), clock_is_synced=lambda: self.synced, connect=lambda: self)
        self.station.pair(STATION)
        self.clips = self.opened()

    def opened(self) -> Clips:
        return Clips(
            self.folder / "clips",
            Singles(self.station.lanes, self.station.around),
            self.photos,
            lambda arguments, *, folder: ffmpeg.started(arguments, program=self.program, folder=folder),
            files=self.disk,
            clock=self.station.time,
            uniform=longest,
            make_room=self.make_room,
        )

    def make_room(self, size_bytes: int) -> None:
        if self.is_broken:
            raise RuntimeError("a mistake of the program")
        self.room.append(size_bytes)

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        if method == "PUT" and any(f"_{seq:06d}.mp4" in url for seq in self.breaks_for):
            raise NoAnswer("the connection breaks")
        return DirectSender(self.cloud).send(method, url, headers, content)

    def record(self, second: int = 0, name: str | None = None) -> Path:
        """A segment that began at this second and lasted three, and has just ended. `name` is what the clock said when
        it began."""
        path = self.folder / "target" / (name or f"2026-05-04T12-00-{second:02d}Z.mp4")
        path.parent.mkdir(exist_ok=True)
        shutil.copy(self.segment, path)
        at_s = START.timestamp() + second + 3
        os.utime(path, (at_s, at_s))
        self.station.time.elapsed_s = max(self.station.time.elapsed_s, second + 3.0)
        self.clips.announce(GARDEN, path)
        os.utime(self.folder / "clips/to-do" / GARDEN / path.name, (at_s, at_s))
        return path

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "clips").rglob("*") if path.is_file())
