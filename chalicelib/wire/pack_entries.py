"""The bytes of a pack: its directory, the header of an entry. docs/protocol.md, "Packs"; PKWARE's APPNOTE.TXT 6.3.10,
sections 4.3.7 (local header), 4.3.12 (central header), 4.3.16 (end of central directory).
"""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.domain.ids import MAX_SEQ, DeviceId, Seq, padded

SECTOR_BYTES = 512
MAX_CAPTURES = 100
MAX_JPEG_BYTES = 32 * 2**20

_LOCAL = struct.Struct("<4s22sHH")  # signature; what both headers have in common; lengths of name and extra field
_COMMON = struct.Struct("<HHHHHIII")  # version, flags, method, time, date, crc32, compressed and plain size
_FIELD = struct.Struct("<HH")
_RECORD = struct.Struct("<4sIQQQqBBHI32s16sI")
_CENTRAL = struct.Struct("<4sH22sHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_CRC = struct.Struct("<I")

_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_RECORD_MAGIC = b"FFR1"
_FIELD_ID = 0x4646
_VERSION = 10
_NAME_BYTES = 20
_CRC_IN_LOCAL, _CRC_IN_CENTRAL = 14, 16
_RECORD_AT = _LOCAL.size + _NAME_BYTES + _FIELD.size
HEADER_BYTES = _RECORD_AT + _RECORD.size
"""Of a pack's entry, without its padding."""
_CRC_AT = HEADER_BYTES - _CRC.size
_FLAGS_AT = _RECORD_AT + 41
_SHA256_AT = _RECORD_AT + 48
_SYNCED = 1
_ERASED = 1
_ZIP64_COUNT, _ZIP64_OFFSET = 0xFFFF, 0xFFFFFFFF
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TooManyEntries(Exception):
    """More than MAX_CAPTURES, or so many or so large that ZIP64 tells of them."""


@dataclass(frozen=True, slots=True)
class CentralEntry:
    """What the directory says of one entry; nothing of it is checked."""

    position: int
    """Of this central header in the file."""
    name: bytes
    common: bytes
    """Everything that the local header says too, from the version needed to the plain size."""
    header_offset: int

    @property
    def is_stored(self) -> bool:
        """Neither compressed nor encrypted, and with its sizes in the header."""
        _, flags, method, *_, compressed_bytes, plain_bytes = _COMMON.unpack(self.common)
        return (flags, method, compressed_bytes) == (0, 0, plain_bytes)

    @property
    def size_bytes(self) -> int:
        return int.from_bytes(self.common[-4:], "little")

    @property
    def seq(self) -> Seq | None:
        """None where the name is not that of a capture."""
        digits = self.name.removesuffix(b".jpg")
        if len(self.name) != _NAME_BYTES or not digits.isdigit() or self.name != _name(int(digits)):
            return None
        return Seq(int(digits))

    def data_offset(self, pack: memoryview) -> int | None:
        """Where the entry's data begins, or None where no local header says the same as this central one."""
        start = self.header_offset
        if start + _LOCAL.size > len(pack):
            return None
        magic, common, name_bytes, extra_bytes = _LOCAL.unpack_from(pack, start)
        name_end = start + _LOCAL.size + name_bytes
        is_same = (
            magic == _LOCAL_MAGIC and common == self.common and pack[name_end - name_bytes : name_end] == self.name
        )
        return name_end + extra_bytes if is_same else None


@dataclass(frozen=True, slots=True)
class EntryHeader:
    """A local header whose record has the right CRC and fits it. Whether the data does is not known."""

    header_offset: int
    offset: int
    size_bytes: int
    crc32: int
    epoch: int
    seq: Seq
    uptime_ms: int
    boot_id: str
    captured_at: datetime | None
    clock_synced: bool
    is_erased: bool
    sha256: bytes
    device_id: DeviceId

    @property
    def end(self) -> int:
        return self.offset + self.size_bytes


def read_directory(pack: memoryview) -> list[CentralEntry] | None:
    """The entries that the directory names, in its order; None where it is missing or broken.

    It counts as broken where it does not end the file. Raises TooManyEntries.
    """
    end = len(pack) - _END.size
    if end < 0:
        return None
    magic, disk, first_disk, on_disk, count, size_bytes, start, comment_bytes = _END.unpack_from(pack, end)
    if magic != _END_MAGIC or comment_bytes or disk or first_disk:
        return None
    if count == _ZIP64_COUNT or _ZIP64_OFFSET in (size_bytes, start):
        raise TooManyEntries
    if start + size_bytes != end:
        return None
    entries = _central_entries(pack, start, end)
    return entries if entries is not None and len(entries) == count == on_disk else None


def _central_entries(pack: memoryview, start: int, end: int) -> list[CentralEntry] | None:
    entries: list[CentralEntry] = []
    position = start
    while position < end:
        if position + _CENTRAL.size > end:
            return None
        magic, _, common, name_bytes, extra_bytes, comment_bytes, _, _, _, offset = _CENTRAL.unpack_from(pack, position)
        name_end = position + _CENTRAL.size + name_bytes
        if magic != _CENTRAL_MAGIC or name_end + extra_bytes + comment_bytes > end:
            return None
        if len(entries) == MAX_CAPTURES:
            raise TooManyEntries
        entries.append(CentralEntry(position, bytes(pack[name_end - name_bytes : name_end]), common, offset))
        position = name_end + extra_bytes + comment_bytes
    return entries


def read_header(pack: memoryview, at: int) -> EntryHeader | None:
    """The header at `at` if it is one that a writer of packs makes, with a place for its data within the file."""
    if at % SECTOR_BYTES or at + HEADER_BYTES > len(pack) or pack[at : at + 4] != _LOCAL_MAGIC:
        return None
    magic, epoch, seq, uptime_ms, boot, captured_ms, clock, flags, _, _, sha256, device, crc = _RECORD.unpack_from(
        pack, at + _RECORD_AT
    )
    if magic != _RECORD_MAGIC or zlib.crc32(pack[at : at + _CRC_AT]) != crc or seq > MAX_SEQ:
        return None
    _, common, _, extra_bytes = _LOCAL.unpack_from(pack, at)
    *_, data_crc32, _, size_bytes = _COMMON.unpack(common)
    header = EntryHeader(
        header_offset=at,
        offset=at + _LOCAL.size + _NAME_BYTES + extra_bytes,
        size_bytes=size_bytes,
        crc32=data_crc32,
        epoch=epoch,
        seq=Seq(seq),
        uptime_ms=uptime_ms,
        boot_id=f"{boot:016x}",
        captured_at=_instant(captured_ms),
        clock_synced=clock == _SYNCED,
        is_erased=bool(flags & _ERASED),
        sha256=sha256,
        device_id=DeviceId(str(uuid.UUID(bytes=device))),
    )
    return header if _is_by_the_rules(pack, header, common, extra_bytes) else None


def _is_by_the_rules(pack: memoryview, header: EntryHeader, common: bytes, extra_bytes: int) -> bool:
    version, flags, method, _, _, _, compressed_bytes, _ = _COMMON.unpack(common)
    lengths_to_record = pack[header.header_offset + _LOCAL.size - 4 : header.header_offset + _RECORD_AT]
    return (
        (version, flags, method) == (_VERSION, 0, 0)
        and 1 <= header.size_bytes == compressed_bytes <= MAX_JPEG_BYTES
        and header.end % SECTOR_BYTES == 0
        and 0 <= header.offset - header.header_offset - HEADER_BYTES < SECTOR_BYTES
        and header.end <= len(pack)
        and lengths_to_record
        == struct.pack("<HH", _NAME_BYTES, extra_bytes)
        + _name(header.seq)
        + _FIELD.pack(_FIELD_ID, extra_bytes - _FIELD.size)
    )


def erased_header(pack: memoryview, header: EntryHeader, crc32: int) -> bytes:
    """The first bytes of the header once its data is zeros with this `crc32`."""
    erased = bytearray(pack[header.header_offset : header.header_offset + HEADER_BYTES])
    _CRC.pack_into(erased, _CRC_IN_LOCAL, crc32)
    erased[_FLAGS_AT] |= _ERASED
    erased[_SHA256_AT : _SHA256_AT + 32] = bytes(32)
    _CRC.pack_into(erased, _CRC_AT, zlib.crc32(erased[:_CRC_AT]))
    return bytes(erased)


def crc_places(entry: CentralEntry) -> tuple[int, int]:
    """Where in the file the CRC of this entry's data stands: in its local and in its central header."""
    return entry.header_offset + _CRC_IN_LOCAL, entry.position + _CRC_IN_CENTRAL


def _name(seq: int) -> bytes:
    return f"{padded(seq)}.jpg".encode()


def _instant(ms: int) -> datetime | None:
    try:
        return _UNIX_EPOCH + timedelta(milliseconds=ms) if ms else None
    except OverflowError:
        return None
