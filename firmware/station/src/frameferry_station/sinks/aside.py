"""What a sink has refused for good, or what nothing whole is in: kept beside its packs until the space is wanted."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from frameferry_station.errors import PackGone
from frameferry_station.files import TEMPORARY, Files
from frameferry_station.pack_file import OpenPack, PackFile
from frameferry_station.packs import CaptureRecord, PackIdentity, directory_size_bytes, entry_size_bytes
from frameferry_station.set_aside import SetAside


class Aside(SetAside):
    """Each photo is a pack of one, so that what is known of it stays with it, and any tool opens it."""

    def __init__(self, folder: Path, files: Files) -> None:
        super().__init__(folder, files)
        for name in [name for name in self._sizes if name.endswith(TEMPORARY)]:
            with suppress(OSError):
                self.drop(folder / name)

    def keep(self, device_id: str, record: CaptureRecord, jpeg: bytes, reason: str) -> None:
        """Durable once this returns. Raises OSError."""
        # Not the name that a pack which begins with it would have: nothing whole may be found in that one later.
        path = self._folder / f"{record.seq:016d}-{device_id[:8]}-photo.zip"
        temporary = path.with_name(path.name + TEMPORARY)
        size_bytes = entry_size_bytes(len(jpeg)) + directory_size_bytes(1)
        pack = OpenPack(temporary, PackIdentity(device_id, zlib.crc32(jpeg)), size_bytes, self._files)
        pack.add(record, jpeg, durably=False)
        pack.seal()
        self.take(temporary, size_bytes, reason, path.name)
        self.keep_names()

    def forget(self, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        """Drops the files that have such a photo, durably. Gives how many files. Raises OSError."""
        dropped = 0
        for path, size_bytes in self.all():
            with suppress(PackGone):
                file = PackFile.of_whom(path, size_bytes, self._files, path.name[17:25])
                found = file.scanned(0) if file else None
                if found and any(is_forgotten(entry.record) for entry in found.entries):
                    self.drop(path)
                    dropped += 1
        self.keep_names()
        return dropped
