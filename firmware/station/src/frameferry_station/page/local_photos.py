"""Photos that are on this machine, for who has no internet: by day, newest first."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from frameferry_station.captures import Seq
from frameferry_station.errors import PackGone
from frameferry_station.files import DiskFiles, Files
from frameferry_station.lanes.lane import Lane
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import PackDamaged, PackedEntry
from frameferry_station.photos import SourceName, source_name

UNDATED: Final = "undated"
MAX_PHOTO_BYTES: Final = 16 * 2**20

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|undated", re.ASCII)
_FILE = re.compile(
    r"([a-z0-9-]{1,40})/(?:(\d{4})/(\d{2})/(\d{2})|undated)/(?:(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)_)?\d+(?:-[0-9a-f]{12})?\.jpg",
    re.ASCII,
)


@dataclass(frozen=True)
class LocalPhoto:
    """`photo_id` has letters, digits, dashes, dots, underscores and slashes. `at` is None where no clock was set."""

    photo_id: str
    source: str
    at: datetime | None


class LocalPhotos(Protocol):
    """Thread-safe."""

    def days(self) -> list[str]:
        """`2026-05-04`, the newest first, and `undated` last, where there are such photos."""

    def of_day(self, day: str, offset: int, limit: int) -> list[LocalPhoto]:
        """Newest first. Empty for a day that is none."""

    def jpeg(self, photo_id: str) -> bytes | None:
        """None for an id that names none, or none any more."""

    def has(self, photo_id: str) -> bool:
        """Without reading it."""


class FolderPhotos:
    """Of the folder that the filesystem sink fills."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def days(self) -> list[str]:
        found: set[str] = set()
        for source in self._sources():
            for year in _folders(self._folder / source):
                if year == UNDATED:
                    found.add(UNDATED)
                    continue
                for month in _folders(self._folder / source / year):
                    found.update(f"{year}-{month}-{day}" for day in _folders(self._folder / source / year / month))
        return _newest_first(day for day in found if _DAY.fullmatch(day))

    def of_day(self, day: str, offset: int, limit: int) -> list[LocalPhoto]:
        if not _DAY.fullmatch(day):
            return []
        names = []
        for source in self._sources():
            folder = f"{source}/{day.replace('-', '/')}"
            with suppress(OSError), os.scandir(self._folder / folder) as entries:
                names += [f"{folder}/{entry.name}" for entry in entries]
        names.sort(key=lambda name: name.rpartition("/")[2], reverse=True)
        photos = (_photo_of_file(match) for name in names if (match := _FILE.fullmatch(name)))
        return list(islice(photos, offset, offset + limit))

    def jpeg(self, photo_id: str) -> bytes | None:
        if not _FILE.fullmatch(photo_id):
            return None
        try:
            descriptor = os.open(self._folder / photo_id, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with open(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_PHOTO_BYTES:
                return None
            return file.read()

    def has(self, photo_id: str) -> bool:
        try:
            return bool(_FILE.fullmatch(photo_id)) and stat.S_ISREG((self._folder / photo_id).lstat().st_mode)
        except OSError:
            return False

    def _sources(self) -> list[str]:
        return [name for name in _folders(self._folder) if not name.startswith(".")]


class LanePhotos:
    """What waits in the sealed packs of lanes."""

    def __init__(self, lanes: Lanes, files: Files | None = None) -> None:
        self._lanes = lanes
        self._files = files or DiskFiles()
        self._days: dict[tuple[SourceName, str], frozenset[str]] = {}
        """Of each pack: so that not every one is read each time."""

    def days(self) -> list[str]:
        packs = [(lane, pack) for lane in self._lanes.all() for pack in lane.queue.packs()]
        found = {(lane.name, pack.name): self._days_of(lane, pack) for lane, pack in packs}
        self._days = found
        return _newest_first(set().union(*found.values()))

    def of_day(self, day: str, offset: int, limit: int) -> list[LocalPhoto]:
        photos = []
        for lane in self._lanes.all():
            photos += list(islice(self._of_lane(lane, day), offset + limit))
        photos.sort(key=lambda photo: (photo.at or datetime.min.replace(tzinfo=UTC), photo.photo_id), reverse=True)
        return photos[offset : offset + limit]

    def jpeg(self, photo_id: str) -> bytes | None:
        found = self._found(photo_id)
        return self._read(*found) if found else None

    def has(self, photo_id: str) -> bool:
        return self._found(photo_id) is not None

    def _found(self, photo_id: str) -> tuple[Lane, QueuedPack, PackedEntry] | None:
        lane_name, _, rest = photo_id.partition("/")
        pack_name, _, seq_text = rest.partition("/")
        try:
            lane, seq = self._lanes.find(source_name(lane_name)), Seq(int(seq_text))
        except ValueError:
            return None
        if lane is None or not (seq_text.isascii() and seq_text.isdigit()):
            return None
        pack = next((pack for pack in lane.queue.packs() if pack.name == pack_name), None)
        entries = _entries(lane, pack) if pack else ()
        entry = next((entry for entry in entries if entry.seq == seq), None)
        return (lane, pack, entry) if pack and entry else None

    def _read(self, lane: Lane, pack: QueuedPack, entry: PackedEntry) -> bytes | None:
        try:
            return self._files.read(lane.queue.path(pack), entry.offset, entry.size_bytes)
        except OSError:
            return None

    def _of_lane(self, lane: Lane, day: str) -> Iterator[LocalPhoto]:
        for pack in reversed(lane.queue.packs()):
            if day in self._days_of(lane, pack):
                for entry in reversed(_entries(lane, pack)):
                    if _day(entry) == day:
                        photo_id = f"{lane.name}/{pack.name}/{entry.seq}"
                        yield LocalPhoto(photo_id, lane.name, entry.record.captured_at)

    def _days_of(self, lane: Lane, pack: QueuedPack) -> frozenset[str]:
        known = self._days.get((lane.name, pack.name))
        return known if known is not None else frozenset(map(_day, _entries(lane, pack)))


def _entries(lane: Lane, pack: QueuedPack) -> Sequence[PackedEntry]:
    try:
        return [entry for entry in lane.queue.entries(pack) if not entry.is_erased]
    except (PackGone, PackDamaged, OSError):
        return []


def _day(entry: PackedEntry) -> str:
    at = entry.record.captured_at
    return f"{at.astimezone(UTC):%Y-%m-%d}" if at else UNDATED


def _photo_of_file(match: re.Match[str]) -> LocalPhoto:
    try:
        at = datetime.strptime(match[5], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC) if match[5] else None
    except ValueError:
        at = None
    return LocalPhoto(match[0], match[1], at)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _newest_first(days: Iterator[str] | set[str]) -> list[str]:
    found = set(days)
    return sorted(found - {UNDATED}, reverse=True) + [UNDATED for _ in found & {UNDATED}]
