"""Packs of cameras in which something is no photo: kept as they came, until the space is wanted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

from frameferry_station.files import Files, write_durably
from frameferry_station.pack_file import PackFile
from frameferry_station.packs import CaptureRecord
from frameferry_station.photos import SourceName
from frameferry_station.sinks.taker import SET_ASIDE_S, Waiting

MOST_OF_A_CAMERA = 8
"""Then its oldest goes."""
_FOLDER = "set-aside"

_log = logging.getLogger(__name__)


class PacksAside:
    """Of all cameras, by their folders in `folder`. A Holder of the disk budget. Thread-safe. `source_of` gives the
    source of a device; `make_room` is told the bytes of a pack before it is written."""

    def __init__(
        self,
        folder: Path,
        files: Files,
        source_of: Callable[[str], SourceName],
        make_room: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._files = files
        self._source_of = source_of
        self._make_room = make_room
        self._lock = threading.RLock()

    def keep(self, device_id: str, name: str, size_bytes: int, chunks: Iterable[bytes]) -> None:
        """Durable once this returns. Raises OSError."""
        self._make_room(size_bytes)  # which asks for `oldest`, and so without the lock
        with self._lock:
            folder = self._folder / device_id / _FOLDER
            self._files.make_folder(folder)
            write_durably(self._files, folder / name, chunks)
            for path in self._oldest_first(folder)[:-MOST_OF_A_CAMERA]:
                self._files.remove(path)

    def oldest(self) -> Waiting | None:
        with self._lock, suppress(OSError):
            path = self._oldest()
            if path is not None:
                size_bytes = self._files.facts(path).size_bytes
                return Waiting(self._source_of(path.parent.parent.name), path.name, size_bytes, SET_ASIDE_S)
        return None

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        """As a Holder does."""
        with self._lock:
            waiting, path = self.oldest(), self._oldest()
            if waiting is None or path is None or (offered and not offered.is_same(waiting)):
                return None
            self._files.remove(path)
        _log.warning("%s: a pack with what is no photo was set aside, and went for want of space", waiting.lane)
        return waiting.size_bytes

    def forget(self, sources: Collection[SourceName], is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        """Packs in which such a photo is, or may be: the lane has what is whole in them. Raises OSError."""
        with self._lock:
            ids = [each for each in self._files.folders(self._folder) if self._source_of(each) in sources]
            gone = [path for each in ids for path in self._of(each) if self._may_have(path, each, is_forgotten)]
            for path in gone:
                self._files.remove(path)
            for folder in {path.parent for path in gone}:
                self._files.sync_folder(folder)
            return len(gone)

    def _may_have(self, path: Path, device_id: str, is_forgotten: Callable[[CaptureRecord], bool]) -> bool:
        found = PackFile(path, self._files.facts(path).size_bytes, device_id, self._files).scanned(0)
        records = [entry.record for entry in found.entries] if found else []
        return not records or any(record.captured_at is None or is_forgotten(record) for record in records)

    def _oldest(self) -> Path | None:
        """Raises OSError."""
        found = [path for name in self._files.folders(self._folder) for path in self._of(name)]
        return min(found, key=self._written_at_s, default=None)

    def _of(self, device_id: str) -> list[Path]:
        if _FOLDER not in self._files.folders(self._folder / device_id):
            return []
        return self._oldest_first(self._folder / device_id / _FOLDER)

    def _oldest_first(self, folder: Path) -> list[Path]:
        return sorted((folder / name for name in self._files.sizes(folder)), key=self._written_at_s)

    def _written_at_s(self, path: Path) -> float:
        return self._files.facts(path).written_at_s
