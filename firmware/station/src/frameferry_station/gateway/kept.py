"""What the station has of a camera: the packs that it gives receipts for, and which photo had which number.

A number and its bytes are kept once, however often they come and in whatever pack. Of each number the first 8 bytes of
its photo's sha256 lie in files of 4096 numbers, each at its own place.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from frameferry_station.captures import Seq
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.sync_protocol import NamedPack

REMEMBERED_PACKS = 128
"""More than a camera has on their way. Of an older one there is a receipt once it is sent again."""
_NUMBERS = 4096
_DIGEST_BYTES = 8


class KeptPhotos:
    """Of one camera; one thread at a time. Raises OSError where its folder is of no use."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._file = JsonFile(folder / "packs.json", files)
        self._unsynced: set[Path] = set()
        self._packs: list[NamedPack] = []
        self.next_seq = 0
        """Above all numbers in packs that came."""
        with suppress(StateDamaged):
            stored = self._file.load() or {"packs": [], "next_seq": 0}
            self._packs = [NamedPack(**each) for each in stored["packs"]]
            self.next_seq = stored["next_seq"]

    def has_pack(self, pack: NamedPack) -> bool:
        return replace(pack, is_sent=True) in self._packs

    def has(self, seq: Seq, sha256: str) -> bool:
        path, offset = self._place(seq)
        try:
            return self._files.read(path, offset, _DIGEST_BYTES) == _digest(sha256)
        except FileNotFoundError:
            return False

    def add(self, seq: Seq, sha256: str) -> None:
        """A photo that is durable. In place of other bytes of the same number: a photo that is sent twice is not sent
        alternately. Raises OSError."""
        path, offset = self._place(seq)
        if path.name not in self._files.sizes(self._folder):
            self._files.write(path, (bytes(_NUMBERS * _DIGEST_BYTES),))
            self._files.sync_folder(self._folder)
        self._files.write_at(path, offset, (_digest(sha256),))
        self._unsynced.add(path)

    def keep(self, pack: NamedPack) -> None:
        """All photos of it were added; durable. Raises OSError."""
        for path in self._unsynced:
            self._files.sync(path)
        self._unsynced.clear()
        packs = [*self._packs, replace(pack, is_sent=True)][-REMEMBERED_PACKS:]
        next_seq = max(self.next_seq, pack.last_seq + 1)
        self._file.save({"packs": [asdict(each) for each in packs], "next_seq": next_seq})
        self._packs, self.next_seq = packs, next_seq

    def _place(self, seq: Seq) -> tuple[Path, int]:
        return self._folder / f"{seq // _NUMBERS:013d}.digests", seq % _NUMBERS * _DIGEST_BYTES


def _digest(sha256: str) -> bytes:
    return bytes.fromhex(sha256)[:_DIGEST_BYTES]
