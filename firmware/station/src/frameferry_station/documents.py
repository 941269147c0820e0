"""Small JSON files of a device's state, each written whole and durably, each with a checksum."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from frameferry_station.errors import StateDamaged
from frameferry_station.files import TEMPORARY, Files, write_durably

MAX_BYTES = 4 * 2**20


def load(path: Path, files: Files) -> dict[str, Any] | None:
    """What a JsonFile saved, for who only reads it: another process may be saving. Raises as `JsonFile.load`."""
    try:
        checksum, _, body = files.read(path, 0, MAX_BYTES).partition(b"\n")
    except FileNotFoundError:
        return None
    if checksum != _checksum(body):
        raise StateDamaged(f"{path.name} is damaged")
    loaded: dict[str, Any] = json.loads(body)
    return loaded


class JsonFile:
    """One JSON object on disk; after a crash it is the old one or the new one."""

    def __init__(self, path: Path, files: Files) -> None:
        self._path = path
        self._files = files
        files.make_folder(path.parent)
        files.remove(path.with_name(path.name + TEMPORARY))

    def load(self) -> dict[str, Any] | None:
        """None where nothing was ever saved. Raises StateDamaged where the file is not what was saved."""
        return load(self._path, self._files)

    def save(self, content: dict[str, Any]) -> None:
        """Raises OSError."""
        body = json.dumps(content, separators=(",", ":")).encode()
        write_durably(self._files, self._path, (_checksum(body), b"\n", body))

    def remove(self) -> None:
        self._files.remove(self._path)


def _checksum(body: bytes) -> bytes:
    return f"crc32 {zlib.crc32(body):08x}".encode()
