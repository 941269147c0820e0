"""Files that cannot be sent, kept beside the queue, each with the reason why."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from frameferry_station.files import Files

_REASON = ".reason"


class SetAside:
    """A folder; the file whose name comes first is the first to be given up. The queue's lock is around it."""

    def __init__(self, folder: Path, files: Files) -> None:
        files.make_folder(folder)
        self._folder = folder
        self._files = files
        self._sizes = {name: size for name, size in files.sizes(folder).items() if not name.endswith(_REASON)}

    @property
    def size_bytes(self) -> int:
        return sum(self._sizes.values())

    def take(self, path: Path, size_bytes: int, reason: str, name: str | None = None) -> None:
        """Under its own name, or another. Not synced: a file that is back in the queue after a power cut is set aside
        once more. Raises OSError."""
        name = name or path.name
        with suppress(OSError):  # the reason is a courtesy
            self._files.write(self._folder / (name + _REASON), (reason.encode(),))
        self._files.replace(path, self._folder / name)
        self._sizes[name] = size_bytes

    def all(self) -> list[tuple[Path, int]]:
        """With their sizes in bytes; the first is the first to be given up."""
        return [(self._folder / name, self._sizes[name]) for name in sorted(self._sizes)]

    def keep_names(self) -> None:
        """What came and what went is so after a power cut too. Raises OSError."""
        self._files.sync_folder(self._folder)

    def drop(self, path: Path) -> None:
        """Raises OSError."""
        self._files.remove(path)
        self._files.remove(path.with_name(path.name + _REASON))
        del self._sizes[path.name]
