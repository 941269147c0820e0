"""Photos as files in dated folders: on this machine, a USB disk or a share of the network."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from frameferry_station.documents import JsonFile
from frameferry_station.errors import Refusal, StateDamaged, Trouble
from frameferry_station.files import TEMPORARY, DiskFiles, Files, write_durably
from frameferry_station.sinks.photo import NotAsConfigured, Photo

MARKER = ".frameferry"
_MARKER_TEXT = b"Frameferry stores photos here. Without this file it stores none: it takes the disk for not mounted.\n"
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})


class FolderDestination:
    """A folder that has been used once has a marker. Where that is missing later, what is there is the empty folder
    under a mount point, and nothing is written: it would fill the card that the system runs from.

    `state` remembers which folder has one.
    """

    def __init__(self, folder: Path, state: JsonFile, files: Files) -> None:
        self._folder = folder
        self._state = state
        self._files = files
        self._is_marked = False
        self._day: Path | None = None
        """Whose name is durable."""

    def deliver(self, photo: Photo) -> None:
        """A file of the same name with other bytes is kept, and this photo gets its second name."""
        try:
            self._check_marker()
            for name in (photo.name, photo.second_name):
                if self._put(self._folder / name, photo.jpeg):
                    return
        except OSError as error:
            reason = error.strerror or type(error).__name__
            if error.errno in _REFUSED:
                raise NotAsConfigured(f"cannot write to {self._folder}: {reason}") from None
            raise Trouble(f"{self._folder}: {reason}") from None
        raise Refusal("conflict", 412)

    def _check_marker(self) -> None:
        marker = self._folder / MARKER
        try:
            self._files.read(marker, 0, 1)
        except FileNotFoundError:
            if self._was_marked():
                raise Trouble(
                    f"{marker} is missing: is the disk mounted? Where it is a new one, make that file on it"
                ) from None
            self._files.make_folder(self._folder)
            write_durably(self._files, marker, (_MARKER_TEXT,))
        if not self._was_marked():
            with suppress(OSError):  # the station's own disk is full; the next photo comes by here too
                self._state.save({"folder": str(self._folder)})

    def _was_marked(self) -> bool:
        if not self._is_marked:
            try:
                stored = self._state.load() or {}
            except StateDamaged:
                stored = {"folder": str(self._folder)}
            self._is_marked = stored.get("folder") == str(self._folder)
        return self._is_marked

    def _put(self, path: Path, jpeg: bytes) -> bool:
        """False where other bytes have the name."""
        try:
            held = self._files.read(path, 0, len(jpeg) + 1)
        except FileNotFoundError:
            held = None
        if held is not None and held != jpeg:
            return False
        if path.parent != self._day or not self._is_there(path.parent):
            self._day = None
            self._files.make_folder(path.parent)
        if held is None:
            self._write(path, jpeg)
        self._keep_name(path)
        return True

    def _is_there(self, folder: Path) -> bool:
        """It may have gone with its disk, or been tidied away."""
        try:
            return folder.name in self._files.folders(folder.parent)
        except FileNotFoundError:
            return False

    def _write(self, path: Path, jpeg: bytes) -> None:
        temporary = path.with_name("." + path.name + TEMPORARY)
        try:
            self._files.write(temporary, (jpeg,))
            self._files.sync(temporary)
            self._files.replace(temporary, path)
        except OSError:
            with suppress(OSError):
                self._files.remove(temporary)
            raise

    def _keep_name(self, path: Path) -> None:
        """A file that is there already may be one whose name is not durable yet."""
        if path.parent == self._day:
            self._files.sync_folder(path.parent)
            return
        self._day = None
        for folder in path.parents:
            self._files.sync_folder(folder)
            if folder == self._folder:
                break
        self._day = path.parent


class SharedDiskFiles(DiskFiles):
    """Files that others may read, as the umask has it, on file systems of which some cannot sync a folder."""

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        with path.open("wb") as file:
            file.writelines(parts)

    def sync_folder(self, folder: Path) -> None:
        try:
            super().sync_folder(folder)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
