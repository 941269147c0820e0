"""One pack's file on the card: growing, sealed, found again after a power cut."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from frameferry_station.captures import Seq, SeqRange
from frameferry_station.errors import PackGone
from frameferry_station.files import Files
from frameferry_station.packs import (
    SECTOR_BYTES,
    CaptureRecord,
    PackDamaged,
    PackedEntry,
    PackIdentity,
    device_in,
    directory_size_bytes,
    encode_directory,
    encode_entry,
    entry_size_bytes,
    named_seqs,
    read_sealed,
    scan,
)

_CHUNK_BYTES = 64 * 1024


class OpenPack:
    """A file that is grown once, and gets capture after capture, each durable on its own.

    What fails half-way is not in the pack: the next capture is written over it. Nothing here is thread-safe.
    """

    def __init__(self, path: Path, identity: PackIdentity, size_bytes: int, files: Files) -> None:
        """Raises OSError where the space is not to be had; then there is no file."""
        self.path = path
        self.size_bytes = size_bytes
        """On the card."""
        self.entries: list[PackedEntry] = []
        self._identity = identity
        self._files = files
        self._digest = hashlib.sha256()
        files.create(path, size_bytes)

    @property
    def end(self) -> int:
        return self.entries[-1].end if self.entries else 0

    def has_room_for(self, jpeg_bytes: int) -> bool:
        return self.end + entry_size_bytes(jpeg_bytes) + directory_size_bytes(len(self.entries) + 1) <= self.size_bytes

    def add(self, record: CaptureRecord, jpeg: bytes, *, durably: bool = True) -> None:
        """Durable once this returns, if the file's name is. Raises OSError, and ValueError for no JPEG of a pack."""
        entry, header = encode_entry(self._identity, record, jpeg, at=self.end)
        self._files.write_at(self.path, self.end, (header, jpeg))
        if durably:
            self._files.sync(self.path)
        self._digest.update(header)
        self._digest.update(jpeg)
        self.entries.append(entry)

    def seal(self) -> str:
        """The file is the object now, durably. Gives its sha256. Raises OSError; then nothing is lost."""
        directory = encode_directory(self.entries)
        _end_with(directory, self.path, self.end, self._files)
        self._digest.update(directory)
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Found:
    """What a scan found: whole captures, and the seqs that should have been there."""

    entries: tuple[PackedEntry, ...]
    lost: tuple[SeqRange, ...]

    @property
    def has_holes(self) -> bool:
        ends = (0, *(entry.end for entry in self.entries))
        return any(end != entry.header_offset for end, entry in zip(ends, self.entries, strict=False))


@dataclass(frozen=True)
class PackFile:
    """A file that holds, or should hold, a pack of this device. All reading raises PackGone where there is no file."""

    path: Path
    size_bytes: int
    device_id: str
    files: Files = field(repr=False)

    @classmethod
    def of_whom(cls, path: Path, size_bytes: int, files: Files, id_start: str) -> PackFile | None:
        """A pack of the device whose id begins so, as the pack itself says; None where nothing in it does. Raises
        PackGone."""
        file = cls(path, size_bytes, "", files)
        device_id = device_in(file._read, size_bytes, id_start)
        return cls(path, size_bytes, device_id, files) if device_id else None

    def seqs(self, first_seq: int) -> tuple[SeqRange, ...]:
        """By the directory alone, in one read. Raises PackDamaged where it is not sealed, or not a pack, or what stands
        there is the directory of an older pack on the same sectors: one with a seq below `first_seq`.
        """
        seqs = named_seqs(self._read, self.size_bytes)
        if seqs[0] < first_seq:
            raise PackDamaged("the directory is another pack's")
        return as_ranges(seqs)

    def entries(self) -> tuple[PackedEntry, ...]:
        """By directory and headers. Raises PackDamaged."""
        return read_sealed(self._read, self.size_bytes, self.device_id)

    def scanned(self, first_seq: int, known: Iterable[SeqRange] = ()) -> Found | None:
        """What is whole in it, whatever has become of the rest; None where nothing is. `known` is what once was."""
        entries = scan(self._read, self.size_bytes, self.device_id, first_seq=first_seq).entries
        if not entries:
            return None
        try:
            named = self.seqs(first_seq)
        except PackDamaged:
            named = as_ranges(sorted(_missing_before(entries, first_seq)))
        due = {seq for seqs in (*known, *named) for seq in range(seqs.first, seqs.last + 1)}
        return Found(entries, as_ranges(sorted(due - {entry.seq for entry in entries})))

    def seal(self, entries: Iterable[PackedEntry]) -> PackFile:
        """A pack without holes that a power cut left open becomes what it would have become. Raises OSError."""
        entries = list(entries)
        directory = encode_directory(entries)
        _end_with(directory, self.path, entries[-1].end, self.files)
        return PackFile(self.path, entries[-1].end + len(directory), self.device_id, self.files)

    def jpeg(self, entry: PackedEntry) -> bytes:
        """Raises PackDamaged where it is not what was captured."""
        jpeg = self._read(entry.offset, entry.size_bytes)
        if hashlib.sha256(jpeg).hexdigest() != entry.sha256:
            raise PackDamaged(f"capture {entry.seq} is not what it was")
        return jpeg

    def sha256(self) -> str:
        """Raises PackDamaged where the card does not give it back."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self, is_current: Callable[[], bool] = lambda: True) -> Iterator[bytes]:
        """The whole file, never much of it at once. Raises PackDamaged and, once it is not current, PackGone."""
        for position in range(0, self.size_bytes, _CHUNK_BYTES):
            if not is_current():
                raise PackGone(self.path.name)
            length = min(_CHUNK_BYTES, self.size_bytes - position)
            chunk = self._read(position, length)
            if len(chunk) < length:
                raise PackDamaged(f"{self.path.name} cannot be read at {position}")
            yield chunk

    def _read(self, offset: int, length: int) -> bytes:
        try:
            return self.files.read(self.path, offset, length)
        except FileNotFoundError:
            raise PackGone(self.path.name) from None
        except OSError:
            return self._read_up_to_the_bad_sector(offset, length)

    def _read_up_to_the_bad_sector(self, offset: int, length: int) -> bytes:
        found = bytearray()
        with suppress(OSError):
            for at in range(offset, offset + length, SECTOR_BYTES):
                found += self.files.read(self.path, at, min(SECTOR_BYTES, offset + length - at))
        return bytes(found)


def as_ranges(seqs: Iterable[int]) -> tuple[SeqRange, ...]:
    """Rising seqs as runs."""
    ranges: list[SeqRange] = []
    for seq in map(Seq, seqs):
        if ranges and ranges[-1].last == seq - 1:
            ranges[-1] = SeqRange(ranges[-1].first, seq)
        else:
            ranges.append(SeqRange(seq, seq))
    return tuple(ranges)


def _missing_before(entries: Iterable[PackedEntry], first_seq: int) -> set[Seq]:
    """Seqs of holes before a whole capture. What is torn behind the last one was perhaps never acknowledged."""
    places = [(first_seq - 1, 0), *((int(entry.seq), entry.end) for entry in entries)]
    starts = [entry.header_offset for entry in entries]
    holes = zip(pairwise(places), starts, strict=True)
    return {Seq(seq) for ((one, end), (other, _)), start in holes if start > end for seq in range(one + 1, other)}


def _end_with(directory: bytes, path: Path, at: int, files: Files) -> None:
    """The trim needs no sync of its own before it: without the directory, the captures are found by their headers."""
    files.write_at(path, at, (directory,))
    files.trim(path, at + len(directory))
    files.sync(path)
