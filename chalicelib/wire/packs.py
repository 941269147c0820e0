"""Packs: what a device uploads as one object. Nothing in one is trusted; what is good is kept.

The format is in docs/protocol.md, "Packs". Work is bounded by the size of the file: no entry overlaps another, and
nothing is ever decompressed.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.domain.ids import Seq
from chalicelib.wire import pack_entries
from chalicelib.wire.fields import MAX_PACK_BYTES
from chalicelib.wire.object_keys import PackKey
from chalicelib.wire.pack_entries import MAX_CAPTURES, SECTOR_BYTES, CentralEntry, EntryHeader, TooManyEntries

BadPackReason = Literal["empty", "too_large", "too_many_entries", "not_a_pack"]
Damage = Literal["bad_crc", "sha256_mismatch"]
"""Of the data of an entry that its header identifies."""
FaultReason = Literal[
    "no_central_directory",
    "not_stored",
    "bad_name",
    "too_large",
    "out_of_range",
    "header_mismatch",
    "bad_record",
    "foreign_device",
    "seq_out_of_range",
    "overlap",
    "duplicate_seq",
]


class BadPack(Exception):
    """Nothing in it can be read."""

    def __init__(self, reason: BadPackReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PackedCapture:
    """A capture of a pack; its JPEG is `body[offset : offset + size_bytes]`.

    Without `fault` the data was read and is what the header says: it hashes to `sha256` (64 lower-case hex digits),
    or is nothing but zeros where `is_erased`; `sha256` is then 64 zeros. With `fault` it is known which capture this
    is, and that its data is not what was captured.
    """

    seq: Seq
    offset: int
    size_bytes: int
    sha256: str
    boot_id: str
    """16 lower-case hex digits."""
    uptime_ms: int
    captured_at: datetime | None
    clock_synced: bool
    is_erased: bool
    fault: Damage | None


@dataclass(frozen=True, slots=True)
class PackFault:
    """Something that is not as it must be, and the reason why the capture, if it is one, was not taken.

    `entry` counts the directory's entries from 0; it is None for a fault of the whole pack and where there is no
    directory. `seq` is what the entry calls itself.
    """

    reason: FaultReason
    entry: int | None = None
    seq: Seq | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """`captures` by rising seq, each seq once. Every entry is in `captures` or in `faults`, none in both."""

    captures: tuple[PackedCapture, ...]
    faults: tuple[PackFault, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    header: EntryHeader
    entry: int | None

    def fault(self, reason: FaultReason) -> PackFault:
        return PackFault(reason, self.entry, self.header.seq)


def read_pack(body: bytes | memoryview, named: PackKey) -> Pack:
    """What is in the object that the key `named` stands for. Reads each JPEG once and copies none.

    Without a good directory the file is searched for entries, as after a power cut. Raises BadPack.
    """
    pack = memoryview(body)
    if not pack:
        raise BadPack("empty")
    if len(pack) > MAX_PACK_BYTES:
        raise BadPack("too_large")
    directory = _directory(pack)
    faults: list[PackFault] = []
    if directory is None:
        candidates = _scanned(pack, named)
        if not candidates:
            raise BadPack("not_a_pack")
        faults.append(PackFault("no_central_directory"))
    elif directory:
        candidates = list(_named_candidates(pack, directory, faults))
    else:
        raise BadPack("empty")
    apart = list(_without_overlaps(_of_one_pack(candidates, named, faults), faults))
    captures = list(_once_each([(each, _read(pack, each.header)) for each in apart], faults))
    return Pack(tuple(sorted(captures, key=lambda capture: capture.seq)), tuple(faults))


def erase(body: bytes | memoryview, seqs: Collection[Seq]) -> bytes:
    """The file with the data of these captures made zeros, CRCs and records put right; all else stays in its place.

    Takes a pack, and any stored ZIP whose entries are named as a pack's are, such as the thumbnails of one. A seq that
    is not there changes nothing. Raises BadPack.
    """
    pack = memoryview(body)
    with io.BytesIO(body) as file:
        for position, replacement in _erasures(pack, frozenset(seqs)):
            file.seek(position)
            file.write(replacement)
        return file.getvalue()


def _directory(pack: memoryview) -> list[CentralEntry] | None:
    try:
        return pack_entries.read_directory(pack)
    except TooManyEntries:
        raise BadPack("too_many_entries") from None


def _named_candidates(pack: memoryview, directory: list[CentralEntry], faults: list[PackFault]) -> Iterator[_Candidate]:
    data = _before_directory(pack, directory)
    for number, entry in enumerate(directory):
        reason = _fault_of_entry(data, entry)
        header = None if reason else pack_entries.read_header(data, entry.header_offset)
        if header:
            yield _Candidate(header, number)
        else:
            faults.append(PackFault(reason or "bad_record", number, entry.seq))


def _fault_of_entry(data: memoryview, entry: CentralEntry) -> FaultReason | None:
    """`data` is the file up to its directory."""
    if not entry.is_stored:
        return "not_stored"
    if entry.seq is None:
        return "bad_name"
    if entry.size_bytes > pack_entries.MAX_JPEG_BYTES:
        return "too_large"
    if entry.header_offset + entry.size_bytes > len(data) or not entry.size_bytes:
        return "out_of_range"
    offset = entry.data_offset(data)
    if offset is None:
        return "header_mismatch"
    return "out_of_range" if offset + entry.size_bytes > len(data) else None


def _scanned(pack: memoryview, named: PackKey) -> list[_Candidate]:
    """The entries of a pack without a directory: whole ones, and torn ones that do not reach into a whole one.

    Raises BadPack: that there are not more than MAX_CAPTURES bounds how often a byte is read.
    """
    whole: list[EntryHeader] = []
    torn: list[EntryHeader] = []
    epoch, next_seq, position = None, named.first_seq, 0
    while position < len(pack):
        header = pack_entries.read_header(pack, position)
        position += SECTOR_BYTES
        if header is None or header.device_id != named.device_id or epoch not in (None, header.epoch):
            continue
        if not next_seq <= header.seq <= named.last_seq:
            continue
        epoch = header.epoch
        if len(whole) + len(torn) == MAX_CAPTURES:
            raise BadPack("too_many_entries")
        if zlib.crc32(pack[header.offset : header.end]) == header.crc32:
            whole.append(header)
            next_seq, position = Seq(header.seq + 1), header.end
        else:
            torn.append(header)
    starts = [header.header_offset for header in whole]
    apart = [header for header in torn if not any(header.header_offset < start < header.end for start in starts)]
    return [_Candidate(header, None) for header in (*whole, *apart)]


def _of_one_pack(candidates: Iterable[_Candidate], named: PackKey, faults: list[PackFault]) -> list[_Candidate]:
    """Those that belong to this device and key, and to the epoch that most of them have."""
    ours = []
    for each in candidates:
        if each.header.device_id != named.device_id:
            faults.append(each.fault("foreign_device"))
        elif not named.first_seq <= each.header.seq <= named.last_seq:
            faults.append(each.fault("seq_out_of_range"))
        else:
            ours.append(each)
    epochs = Counter(each.header.epoch for each in ours).most_common(1)
    faults.extend(each.fault("bad_record") for each in ours if each.header.epoch != epochs[0][0])
    return [each for each in ours if each.header.epoch == epochs[0][0]]


def _without_overlaps(candidates: Iterable[_Candidate], faults: list[PackFault]) -> Iterator[_Candidate]:
    """In the order of the file; of two that overlap the first."""
    free_from = 0
    for each in sorted(candidates, key=lambda each: each.header.header_offset):
        if each.header.header_offset < free_from:
            faults.append(each.fault("overlap"))
        else:
            free_from = each.header.end
            yield each


def _once_each(read: Iterable[tuple[_Candidate, PackedCapture]], faults: list[PackFault]) -> Iterator[PackedCapture]:
    """Of two with the same seq the one without damage, else the first."""
    seen: set[Seq] = set()
    for candidate, capture in sorted(read, key=lambda each: each[1].fault is not None):
        if capture.seq in seen:
            faults.append(candidate.fault("duplicate_seq"))
        else:
            seen.add(capture.seq)
            yield capture


def _read(pack: memoryview, header: EntryHeader) -> PackedCapture:
    return PackedCapture(
        seq=header.seq,
        offset=header.offset,
        size_bytes=header.size_bytes,
        sha256=header.sha256.hex(),
        boot_id=header.boot_id,
        uptime_ms=header.uptime_ms,
        captured_at=header.captured_at,
        clock_synced=header.clock_synced and header.captured_at is not None,
        is_erased=header.is_erased,
        fault=_damage(pack[header.offset : header.end], header),
    )


def _damage(data: memoryview, header: EntryHeader) -> Damage | None:
    if zlib.crc32(data) != header.crc32:
        return "bad_crc"
    if header.is_erased:
        return None if data == bytes(len(data)) and header.sha256 == bytes(32) else "sha256_mismatch"
    return None if hashlib.sha256(data).digest() == header.sha256 else "sha256_mismatch"


def _erasures(pack: memoryview, seqs: frozenset[Seq]) -> Iterator[tuple[int, bytes]]:
    """Positions and what is to be written there, in this order."""
    directory = _directory(pack)
    if directory is None:
        yield from _scanned_erasures(pack, seqs)
    elif directory:
        data = _before_directory(pack, directory)
        for entry in directory:
            offset = entry.data_offset(data)
            is_whole = entry.is_stored and offset is not None and offset + entry.size_bytes <= len(data)
            if offset is not None and is_whole and entry.seq in seqs:
                crc32, zeros = _zeros(entry.size_bytes)
                yield offset, zeros
                yield from ((place, crc32.to_bytes(4, "little")) for place in pack_entries.crc_places(entry))
                header = pack_entries.read_header(data, entry.header_offset)
                if header:
                    yield header.header_offset, pack_entries.erased_header(data, header, crc32)


def _scanned_erasures(pack: memoryview, seqs: frozenset[Seq]) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(pack):
        header = pack_entries.read_header(pack, position)
        position += SECTOR_BYTES
        if header and header.seq in seqs:
            crc32, zeros = _zeros(header.size_bytes)
            yield header.offset, zeros
            yield header.header_offset, pack_entries.erased_header(pack, header, crc32)
            position = header.end


def _before_directory(pack: memoryview, directory: list[CentralEntry]) -> memoryview:
    return pack[: directory[0].position]


def _zeros(size_bytes: int) -> tuple[int, bytes]:
    """With their CRC."""
    zeros = bytes(size_bytes)
    return zlib.crc32(zeros), zeros
