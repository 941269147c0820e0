"""One file under the names of several folders, or copies of it where the file system has no such thing."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from frameferry_station.files import TEMPORARY, DiskFiles

_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class LinkedDiskFiles(DiskFiles):
    """A POSIX file system, or one with no links such as FAT."""

    def link(self, source: Path, target: Path) -> None:
        """Where there are no links, or no more of them, the target is a copy, synced and of the same age."""
        try:
            self.hard_link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._copy(source, target)

    def hard_link(self, source: Path, target: Path) -> None:
        super().link(source, target)

    def _copy(self, source: Path, target: Path) -> None:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        temporary = target.with_name(target.name + TEMPORARY)
        try:
            shutil.copyfile(source, temporary)
            shutil.copystat(source, temporary)
            self.sync(temporary)
            self.replace(temporary, target)
        except OSError:
            with suppress(OSError):
                self.remove(temporary)
            raise
