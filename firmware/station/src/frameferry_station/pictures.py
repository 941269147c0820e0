"""Where pictures come from, other than from a camera."""

from __future__ import annotations

from datetime import datetime
from itertools import cycle
from pathlib import Path

from frameferry_station.device import CameraFailed, PictureSource

_SUFFIXES = {".jpg", ".jpeg"}


class FolderPictures:
    """The JPEGs of a folder as they are, by name, over and over. Raises ValueError where there is none."""

    def __init__(self, folder: Path) -> None:
        found = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
        if not found:
            raise ValueError(f"no JPEG in {folder}")
        self._paths = cycle(found)

    def take(self, at: datetime) -> bytes:
        path = next(self._paths)
        try:
            return path.read_bytes()
        except OSError as error:
            raise CameraFailed(f"{path.name}: {error.strerror}") from error


class FirstPictures:
    """The first `count` pictures of a source, then no more."""

    def __init__(self, source: PictureSource, count: int) -> None:
        self._source = source
        self._left = count

    def take(self, at: datetime) -> bytes | None:
        if self._left <= 0:
            return None
        picture = self._source.take(at)
        self._left -= 1
        return picture
