"""The owner's settings on disk, so that a pause outlasts a reboot without network."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from frameferry_station import protocol
from frameferry_station.clock import to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.protocol import Fields, Settings


class SettingsStore:
    """What is kept and cannot be read counts as a pause: a camera that should not look must not."""

    def __init__(self, path: Path, files: Files) -> None:
        self._file = JsonFile(path, files)
        try:
            stored = self._file.load()
            self._settings = protocol.settings(Fields(stored)) if stored else Settings()
        except (StateDamaged, protocol.Malformed):
            self._settings = Settings(paused=True)

    @property
    def settings(self) -> Settings:
        return self._settings

    def change(self, settings: Settings) -> None:
        """In force even if the disk is full; then only until the next start."""
        if settings == self._settings:
            return
        self._settings = settings
        until = settings.paused_until
        with suppress(OSError):
            self._file.save(vars(settings) | {"paused_until": to_text(until) if until else None})
