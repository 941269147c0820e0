"""The privacy lock that somebody at the station sets, beside the one that the owner sets in the cloud."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from frameferry_station.clock import Clock, from_text, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.photos import STATION, SourceName, SourcePaused


class LocalPauses:
    """By source, on disk; that of STATION holds for all. Thread-safe. A file that cannot be read pauses everything,
    each source until it is resumed: a camera that should not look must not.
    """

    def __init__(self, path: Path, files: Files, clock: Clock) -> None:
        self._file = JsonFile(path, files)
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, str | None] = {}
        self._all_but: list[str] | None = None
        """Where the file could not be read: what was resumed since."""
        try:
            stored = self._file.load() or {"until": {}}
            self._until, self._all_but = stored["until"], stored.get("all_but")
        except (StateDamaged, KeyError):
            self._all_but = []

    def of(self, source: SourceName) -> SourcePaused | None:
        """The one that holds longest."""
        with self._lock:
            if self._all_but is not None and source not in self._all_but:
                return SourcePaused(None)
            texts = [self._until[name] for name in (source, STATION) if name in self._until]
        now = self._clock.utc()
        untils = [from_text(text) if text else None for text in texts]
        if None in untils:
            return SourcePaused(None)
        until = max((until for until in untils if until and now < until), default=None)
        return SourcePaused(until) if until else None

    def pause(self, source: SourceName, until: datetime | None) -> None:
        """In force even where the disk does not take it, which raises OSError."""
        with self._lock:
            self._until[source] = to_text(until) if until else None
            self._save()

    def resume(self, source: SourceName) -> None:
        """What was paused by this name. Raises OSError; then it is paused again after a restart."""
        with self._lock:
            self._until.pop(source, None)
            if source == STATION:
                self._all_but = None
            elif self._all_but is not None:
                self._all_but = [*self._all_but, source]
            self._save()

    def _save(self) -> None:
        self._file.save({"until": self._until, "all_but": self._all_but})
