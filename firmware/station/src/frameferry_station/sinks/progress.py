"""Which photos of a pack a sink has taken.

A record a photo is written behind the others and never synced, so a card has little to do: what a killed process wrote
is there, and after a power cut the last photos are delivered again, under their old names. Each record tells of itself
whether it is one, because a card may give back anything where something was not synced.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from frameferry_station.captures import Seq
from frameferry_station.files import Files, write_durably

SUFFIX = ".taken"
_DIGITS = 16
_RECORD_BYTES = _DIGITS + 1 + 8 + 1
_MAX_BYTES = 64 * 1024


class Progress:
    """The seqs taken of one pack. The shelf's lock is around it."""

    def __init__(self, pack: Path, files: Files) -> None:
        self._path = pack.with_name(pack.name + SUFFIX)
        self._key = f"{pack.parent.name}/{pack.name}"
        self._files = files
        self._records: list[bytes] = []
        self._is_torn = False
        self.taken: set[Seq] = set()

    def load(self) -> None:
        """A file that cannot be read tells of nothing."""
        found = b""
        with suppress(OSError):
            found = self._files.read(self._path, 0, _MAX_BYTES)
        whole = [record for record in _split(found) if self._is_own(record)]
        self._is_torn = b"".join(whole) != found
        self._records = whole
        self.taken = {Seq(int(record[:_DIGITS])) for record in whole}

    def add(self, seq: Seq) -> None:
        """Raises OSError; then it counts as taken until the program ends."""
        self.taken.add(seq)
        records = [*self._records, self._record(seq)]
        if self._is_torn or not self._records:
            self._files.write(self._path, records)
        else:
            self._files.write_at(self._path, len(self._records) * _RECORD_BYTES, records[-1:])
        self._records, self._is_torn = records, False

    def add_durably(self, seqs: Collection[Seq]) -> None:
        """Raises OSError; then they are not taken."""
        records = [*self._records, *(self._record(seq) for seq in seqs)]
        write_durably(self._files, self._path, records)
        self._records, self._is_torn = records, False
        self.taken.update(seqs)

    def remove(self) -> None:
        """Raises OSError."""
        self._files.remove(self._path)

    def _record(self, seq: int) -> bytes:
        digits = f"{seq:0{_DIGITS}d}"
        return f"{digits} {zlib.crc32(f'{self._key} {digits}'.encode()):08x}\n".encode()

    def _is_own(self, record: bytes) -> bool:
        digits = record[:_DIGITS]
        return digits.isdigit() and self._record(int(digits)) == record


def _split(found: bytes) -> list[bytes]:
    return [found[at : at + _RECORD_BYTES] for at in range(0, len(found), _RECORD_BYTES)]
