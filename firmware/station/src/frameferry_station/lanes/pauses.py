"""The privacy lock that somebody at the station sets, beside the one that the owner sets in the cloud."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from frameferry_station.clock import Clock, from_text, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.photos import SourceName, SourcePaused


class LocalPauses:
    """By source, on disk. Thread-safe. A file that cannot be read pauses everything: a camera that should not look must
    not.
    """

    def __init__(self, path: Path, files: Files, clock: Clock) -> None:
        self._file = JsonFile(path, files)
        self._clock = clock
        self._lock = threading.Lock()
        self._is_damaged = False
        self._until: dict[str, str | None] = {}
        try:
            self._until = (self._file.load() or {"until": {}})["until"]
        except (StateDamaged, KeyError):
            self._is_damaged = True

    def of(self, source: SourceName) -> SourcePaused | None:
        with self._lock:
            if self._is_damaged:
                return SourcePaused(None)
            if source not in self._until:
                return None
            text = self._until[source]
        until = from_text(text) if text else None
        return SourcePaused(until) if until is None or self._clock.utc() < until else None

    def pause(self, source: SourceName, until: datetime | None) -> None:
        """In force even where the disk does not take it, which raises OSError."""
        with self._lock:
            self._until[source] = to_text(until) if until else None
            self._save()

    def resume(self, source: SourceName) -> None:
        """Raises OSError; then it is paused again after a restart."""
        with self._lock:
            self._is_damaged = False
            self._until.pop(source, None)
            self._save()

    def _save(self) -> None:
        self._file.save({"until": self._until})
