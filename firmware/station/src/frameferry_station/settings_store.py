"""The owner's settings on disk, so that a pause outlasts a reboot without network."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from frameferry_station import protocol
from frameferry_station.clock import to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.protocol import Fields, Settings

_LONGEST_REQUEST = timedelta(minutes=1)
"""A server notes the time of a command before it changes the settings with it, and the time of an answer after it has
read them: a gateway gives each of the two half a minute."""


class SettingsStore:
    """What is kept and cannot be read counts as a pause: a camera that should not look must not."""

    def __init__(self, path: Path, files: Files) -> None:
        self._file = JsonFile(path, files)
        self._version: int | None = None
        try:
            stored = Fields(self._file.load() or {})
            self._settings = protocol.settings(stored)
            self._version = stored.find("version", int)
        except (StateDamaged, protocol.Malformed):
            self._settings = Settings(paused=True)
        self._told = self._settings
        self._confirmed_at: datetime | None = None

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def version(self) -> int | None:
        """The server's number for these settings; None where they are not exactly its own."""
        return self._version

    @property
    def told(self) -> Settings:
        """The server's own, the latest that it told; until it has, those that were kept."""
        return self._told

    def confirmed(self, server_time: datetime) -> None:
        """So they were when the server answered at this time."""
        self._confirmed_at = server_time

    def know_of(self, server_time: datetime) -> bool:
        """What the server told last has in it whatever was changed at this time."""
        return self._confirmed_at is not None and server_time < self._confirmed_at - _LONGEST_REQUEST

    def change(self, settings: Settings, version: int | None) -> None:
        """In force even if the disk is full; then only until the next start. Without a version they are not the
        server's."""
        if version is not None:
            self._told = settings
        if (settings, version) == (self._settings, self._version):
            return
        self._settings, self._version = settings, version
        until = settings.paused_until
        with suppress(OSError):
            stored = vars(settings) | {"paused_until": to_text(until) if until else None, "version": version}
            self._file.save(stored)
