"""The sha256 of the latest photos, so that the same bytes, sent again after a lost answer, are kept once.

A ring of fixed records in one file, written in place and synced at most once a pack, not once a photo: what a power cut
takes of it stands in the records of the packs that are still there.
"""

from __future__ import annotations

import hashlib
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from frameferry_station.captures import Seq
from frameferry_station.files import Files
from frameferry_station.photos import SourceName

REMEMBERED = 1024
_RECORD = struct.Struct("<QQ32s12s")
_CRC = struct.Struct("<I")
_RECORD_BYTES = _RECORD.size + _CRC.size
_EMPTY = bytes(_RECORD_BYTES)
_ANY_SOURCE = bytes(12)
"""Of a photo of which only its pack tells: a lane may have several sources, and packs do not name them."""


class RecentDigests:
    """Of one lane. Thread-safe. A disk that fails costs the memory of a restart, and nothing else."""

    def __init__(self, path: Path, files: Files) -> None:
        self._path = path
        self._files = files
        self._lock = threading.Lock()
        self._seqs: dict[tuple[bytes, bytes], Seq] = {}
        """By source and digest, oldest first."""
        self._number = 0
        """Of the next record; it stands in the slot of its remainder."""
        self._is_dirty = False
        self._is_on_disk = False
        with suppress(OSError):
            self._load()

    def find(self, source: SourceName, sha256: str) -> Seq | None:
        """Which photo of this source had these bytes."""
        digest = bytes.fromhex(sha256)
        with self._lock:
            for key in ((_key(source), digest), (_ANY_SOURCE, digest)):
                if key in self._seqs:
                    return self._seqs[key]
        return None

    def add(self, source: SourceName | None, seq: Seq, sha256: str) -> None:
        """`source` is None where only a pack tells of it."""
        digest = bytes.fromhex(sha256)
        with self._lock:
            if source is None and any(known == digest for _, known in self._seqs):
                return
            self._remember(_key(source) if source else _ANY_SOURCE, digest, seq)
            with suppress(OSError):
                self._write(self._number, _encoded(self._number, seq, digest, _key(source) if source else _ANY_SOURCE))
            self._number += 1

    def keep(self) -> None:
        """What was added is durable. Raises OSError."""
        with self._lock:
            if self._is_dirty:
                self._files.sync(self._path)
                self._is_dirty = False

    def _remember(self, source: bytes, digest: bytes, seq: Seq) -> None:
        self._seqs.pop((source, digest), None)
        self._seqs[source, digest] = seq
        if len(self._seqs) > REMEMBERED:
            del self._seqs[next(iter(self._seqs))]

    def _write(self, number: int, record: bytes) -> None:
        if not self._is_on_disk:
            self._files.create(self._path, REMEMBERED * _RECORD_BYTES)
            self._files.sync(self._path)
            self._files.sync_folder(self._path.parent)
            self._is_on_disk = True
        self._files.write_at(self._path, number % REMEMBERED * _RECORD_BYTES, (record,))
        self._is_dirty = True

    def _load(self) -> None:
        try:
            content = self._files.read(self._path, 0, REMEMBERED * _RECORD_BYTES)
        except FileNotFoundError:
            return
        self._is_on_disk = len(content) == REMEMBERED * _RECORD_BYTES
        self._is_dirty = self._is_on_disk  # perhaps: a run that was killed synced nothing more
        for number, seq, digest, source in sorted(_decoded(content)):
            self._remember(source, digest, Seq(seq))
            self._number = number + 1


def _key(source: SourceName) -> bytes:
    return hashlib.sha256(source.encode()).digest()[:12]


def _encoded(number: int, seq: Seq, digest: bytes, source: bytes) -> bytes:
    record = _RECORD.pack(number, seq, digest, source)
    return record + _CRC.pack(zlib.crc32(record))


def _decoded(content: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    for at in range(0, len(content) - _RECORD_BYTES + 1, _RECORD_BYTES):
        if content[at : at + _RECORD_BYTES] == _EMPTY:
            continue
        record, crc = content[at : at + _RECORD.size], content[at + _RECORD.size : at + _RECORD_BYTES]
        if _CRC.unpack(crc)[0] == zlib.crc32(record):
            yield _RECORD.unpack(record)
