"""The disk as the queue uses it: few operations, each of which a power cut may come before or after.

What a file holds and how long it is are durable once it is synced, a name (made, replaced or removed) once its folder
is.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from frameferry_station.errors import StateInUse

TEMPORARY = ".tmp"
"""What names of unfinished files end with."""


@dataclass(frozen=True)
class FileFacts:
    """`written_at_s` is when it was last written, in seconds since 1970 by the clock of then; all names of a file share
    it. `names` is how many it has."""

    size_bytes: int
    written_at_s: float
    names: int


class Files(Protocol):
    """All raise OSError."""

    def make_folder(self, folder: Path) -> None:
        """With its parents, readable by this user only; no error where it exists."""

    def sizes(self, folder: Path) -> dict[str, int]:
        """Names of the files in a folder, with their size in bytes."""

    def folders(self, folder: Path) -> list[str]:
        """Names of the folders in a folder."""

    def facts(self, path: Path) -> FileFacts:
        """Raises FileNotFoundError."""

    def used_bytes(self, folder: Path) -> int:
        """What the files below a folder take on the disk, those of several names once."""

    def read(self, path: Path, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer at the end of the file."""

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        """A new file of mode 0600, or the whole content of an old one anew. Not durable yet."""

    def create(self, path: Path, size_bytes: int) -> None:
        """A new file of mode 0600 in place of an old one, with its space taken; any bytes may be in it. Not durable."""

    def write_at(self, path: Path, offset: int, parts: Iterable[bytes]) -> None:
        """Over what is in an existing file. Not durable yet."""

    def trim(self, path: Path, size_bytes: int) -> None:
        """Cut a file off. Not durable yet."""

    def sync(self, path: Path) -> None:
        """Make the content of a file durable."""

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""

    def replace(self, source: Path, target: Path) -> None:
        """Rename atomically, over the target if there is one."""

    def link(self, source: Path, target: Path) -> None:
        """Another name for a file. Raises FileExistsError, and OSError where the file system has no such thing."""

    def remove(self, path: Path) -> None:
        """No error where there is nothing."""


class DiskFiles:
    """A POSIX file system."""

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def sizes(self, folder: Path) -> dict[str, int]:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}

    def folders(self, folder: Path) -> list[str]:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]

    def facts(self, path: Path) -> FileFacts:
        found = path.stat()
        return FileFacts(found.st_size, found.st_mtime, found.st_nlink)

    def used_bytes(self, folder: Path) -> int:
        sizes: dict[tuple[int, int], int] = {}
        for parent, _, names in os.walk(folder):
            for name in names:
                with suppress(FileNotFoundError):
                    found = os.lstat(os.path.join(parent, name))
                    sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
        return sum(sizes.values())

    def read(self, path: Path, offset: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.writelines(parts)

    def create(self, path: Path, size_bytes: int) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)

    def write_at(self, path: Path, offset: int, parts: Iterable[bytes]) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.writelines(parts)

    def trim(self, path: Path, size_bytes: int) -> None:
        os.truncate(path, size_bytes)

    def sync(self, path: Path) -> None:
        _sync(path, os.O_RDONLY)

    def sync_folder(self, folder: Path) -> None:
        _sync(folder, os.O_RDONLY | os.O_DIRECTORY)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)


def write_durably(files: Files, path: Path, parts: Iterable[bytes]) -> None:
    """The file appears whole or not at all, and is there after a power cut once this returns. Raises OSError."""
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        files.write(temporary, parts)
        files.sync(temporary)
        files.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            files.remove(temporary)
        raise
    files.sync_folder(path.parent)


@contextmanager
def held_alone(folder: Path) -> Iterator[None]:
    """Keeps other processes out of a state folder. Raises StateInUse."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(f"another process works with {folder}") from None
        yield


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
