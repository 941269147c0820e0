"""The disk as sinks use it: one file under the names of several folders."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from frameferry_station.files import TEMPORARY, DiskFiles, Files

_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class LinkedFiles(Files, Protocol):
    """All raise OSError."""

    def link(self, source: Path, target: Path) -> None:
        """The file has this name too, whose folder is still to be synced; where the file system has no links, or no
        more of them, the target is a copy, synced and of the same age. FileExistsError where the name is taken."""

    def written_at_s(self, path: Path) -> float:
        """When its content last changed, in seconds since 1970 by the clock of then."""

    def links(self, path: Path) -> int:
        """How many names the file has."""

    def folders(self, folder: Path) -> list[str]:
        """Names of the folders in a folder; none where it does not exist."""


class LinkedDiskFiles(DiskFiles):
    """A POSIX file system, or one with no links such as FAT."""

    def link(self, source: Path, target: Path) -> None:
        try:
            self.hard_link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._copy(source, target)

    def hard_link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def written_at_s(self, path: Path) -> float:
        return path.stat().st_mtime

    def links(self, path: Path) -> int:
        return path.stat().st_nlink

    def folders(self, folder: Path) -> list[str]:
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        return []

    def _copy(self, source: Path, target: Path) -> None:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        temporary = target.with_name(target.name + TEMPORARY)
        try:
            shutil.copyfile(source, temporary)
            shutil.copystat(source, temporary)
            self.sync(temporary)
            os.replace(temporary, target)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
