"""The pack format, from the device's side: docs/protocol.md, "Packs".

Bytes in, bytes out: when to write, sync, seal and trim is the queue's business. An open pack is a file that was
grown to its full size, with entries from its beginning and whatever lay on the card behind them; a sealed one ends
with its directory.

    identity = PackIdentity(device_id, epoch=a new random number)
    entry, header = encode_entry(identity, record, jpeg, at=0 or the end of the entry before)
                                                        # write header and jpeg at `at`, sync
    encode_directory(entries)                           # write at the end of the last entry, sync, trim the file there
"""

from __future__ import annotations

import hashlib
import itertools
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from frameferry_station.captures import MAX_SEQ, Seq
from frameferry_station.errors import StationError

SECTOR_BYTES = 512
MAX_CAPTURES = 100
MAX_JPEG_BYTES = 32 * 2**20
MAX_PACK_BYTES = 64 * 2**20

Read = Callable[[int, int], bytes]
"""`read(offset, length)` gives up to `length` bytes of the file; fewer at its end, and where the card fails."""

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_FIELD = struct.Struct("<HH")
_RECORD = struct.Struct("<4sIQQQqBBHI32s16s")
_CRC = struct.Struct("<I")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")

_LOCAL_MAGIC, _CENTRAL_MAGIC, _END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_RECORD_MAGIC = b"FFR1"
_FIELD_ID = 0x4646
_VERSION = 10
_NAME_BYTES = 20
_RECORD_BYTES = _RECORD.size + _CRC.size
_EXTRA_AT = _LOCAL.size + _NAME_BYTES
_RECORD_AT = _EXTRA_AT + _FIELD.size
_CRC_AT = _RECORD_AT + _RECORD.size
_HEADER_BYTES = _RECORD_AT + _RECORD_BYTES
"""Of an entry without its padding."""
_SYNCED = 1
_ERASED = 1
_WINDOW_BYTES = 64 * 1024
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class PackDamaged(StationError):
    """Not a sealed pack, or one of which the directory or a header is broken: `scan` may still find captures."""


class PackIdentity(NamedTuple):
    """What all entries of a pack have in common. `epoch` is random, 32 bits, new for each pack: it tells them from
    old bytes on the card."""

    device_id: str
    epoch: int


@dataclass(frozen=True)
class CaptureRecord:
    """What is known of a capture when it is taken.

    `boot_id` is 16 lower-case hex digits, random for each boot. `captured_at` is None where nobody has set the
    clock; else it is aware, and kept in whole milliseconds.
    """

    seq: Seq
    boot_id: str
    uptime_ms: int
    captured_at: datetime | None
    clock_synced: bool


@dataclass(frozen=True)
class PackedEntry:
    """A capture and its place in the pack's file. The JPEG is at `offset`, its header right before it."""

    record: CaptureRecord
    header_offset: int
    offset: int
    size_bytes: int
    crc32: int
    sha256: str
    """64 lower-case hex digits; zeros where the entry is erased."""
    is_erased: bool = False

    @property
    def seq(self) -> Seq:
        return self.record.seq

    @property
    def end(self) -> int:
        """Where the next entry, or the directory, begins."""
        return self.offset + self.size_bytes


class ScannedPack(NamedTuple):
    """`epoch` is that of the first good header, torn or whole; None where there is none."""

    epoch: int | None
    entries: tuple[PackedEntry, ...]


def entry_size_bytes(jpeg_bytes: int) -> int:
    """What a capture takes in a pack, with its header: whole sectors."""
    return -(-(_HEADER_BYTES + jpeg_bytes) // SECTOR_BYTES) * SECTOR_BYTES


def directory_size_bytes(captures: int) -> int:
    """What sealing adds behind the last entry."""
    return captures * (_CENTRAL.size + _NAME_BYTES) + _END.size


def encode_entry(identity: PackIdentity, record: CaptureRecord, jpeg: bytes, *, at: int) -> tuple[PackedEntry, bytes]:
    """The entry, and the header and padding that are written at `at` right before the JPEG.

    Raises ValueError on a field or a length that the format does not hold, and where `at` is no whole sector.
    """
    if not 1 <= len(jpeg) <= MAX_JPEG_BYTES or at % SECTOR_BYTES or not 0 <= record.seq <= MAX_SEQ:
        raise ValueError(f"a pack holds no capture {record.seq} of {len(jpeg)} bytes at {at}")
    digest = hashlib.sha256(jpeg)
    entry = PackedEntry(
        record=_as_kept(record),
        header_offset=at,
        offset=at + entry_size_bytes(len(jpeg)) - len(jpeg),
        size_bytes=len(jpeg),
        crc32=zlib.crc32(jpeg),
        sha256=digest.hexdigest(),
    )
    try:
        return entry, _header(identity, entry)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"a field of capture {record.seq} does not fit: {error}") from None


def encode_directory(entries: Sequence[PackedEntry]) -> bytes:
    """What is written at the end of the last entry, and ends the file: it makes these entries the pack's.

    Raises ValueError unless there are 1 to MAX_CAPTURES entries, one behind the other, with rising seqs, and the pack
    is at most MAX_PACK_BYTES.
    """
    if not 1 <= len(entries) <= MAX_CAPTURES:
        raise ValueError(f"a pack of {len(entries)} captures")
    if entries[-1].end + directory_size_bytes(len(entries)) > MAX_PACK_BYTES:
        raise ValueError("the pack is too large")
    for one, other in itertools.pairwise(entries):
        if one.seq >= other.seq or one.end > other.header_offset:
            raise ValueError(f"{other.seq} does not come behind {one.seq}")
    start = entries[-1].end
    directory = b"".join(_central(entry) for entry in entries)
    count = len(entries)
    return directory + _END.pack(_END_MAGIC, 0, 0, count, count, len(directory), start, 0)


def scan(read: Read, size_bytes: int, device_id: str, *, first_seq: int = 0) -> ScannedPack:
    """The whole captures of an open pack, as a power cut left it; or of a sealed one whose directory is broken.

    Walks the file sector by sector, from good entry to good entry, past what is torn. An entry counts if it has the
    epoch of the first good header and a rising seq, from `first_seq` on: who knows the first seq of an open pack so
    keeps it apart from an older one that once lay on the same sectors. Checks headers and CRCs, not sha256.
    """
    windows = _Windows(read, size_bytes)
    identity: PackIdentity | None = None
    entries: list[PackedEntry] = []
    position = 0
    while position + _HEADER_BYTES <= size_bytes and len(entries) < MAX_CAPTURES:
        found = _parsed(windows.at(position, _HEADER_BYTES), position)
        position += SECTOR_BYTES
        if found and _belongs(found, identity, device_id, first_seq, size_bytes):
            identity, entry = found
            if _is_whole(entry, read):
                entries.append(entry)
                first_seq, position = entry.seq + 1, entry.end
    return ScannedPack(identity.epoch if identity else None, tuple(entries))


def read_sealed(read: Read, size_bytes: int, device_id: str) -> tuple[PackedEntry, ...]:
    """The captures of a sealed pack by its directory and headers; their JPEGs are not read. Raises PackDamaged."""
    directory, end = _directory(read, size_bytes)
    start = size_bytes - len(directory) - len(end)
    entries = tuple(_named_entries(directory, read, device_id, start))
    try:
        if encode_directory(entries) == directory + end:
            return entries
    except ValueError:
        pass
    raise PackDamaged("the directory is not that of its entries")


def named_seqs(read: Read, size_bytes: int) -> tuple[Seq, ...]:
    """The seqs of a sealed pack by its directory alone, in one read. Raises PackDamaged."""
    directory, _ = _directory(read, size_bytes)
    step = _CENTRAL.size + _NAME_BYTES
    names = [directory[at + _CENTRAL.size : at + step] for at in range(0, len(directory), step)]
    seqs = tuple(Seq(int(name[:16])) for name in names if name[:16].isdigit())
    if [_name(seq) for seq in seqs] != names or any(one >= other for one, other in itertools.pairwise(seqs)):
        raise PackDamaged("the directory's names are broken")
    return seqs


def device_in(read: Read, size_bytes: int, id_start: str) -> str | None:
    """Whose pack it is: the device of the first good header whose id begins so; None where there is none."""
    windows = _Windows(read, size_bytes)
    for position in range(0, size_bytes - _HEADER_BYTES + 1, SECTOR_BYTES):
        found = _parsed(windows.at(position, _HEADER_BYTES), position)
        if found and found[0].device_id.startswith(id_start):
            return found[0].device_id
    return None


def _directory(read: Read, size_bytes: int) -> tuple[bytes, bytes]:
    """The directory and the end of a pack, which say the same of its form. Raises PackDamaged."""
    longest = min(size_bytes, directory_size_bytes(MAX_CAPTURES))
    tail = read(size_bytes - longest, longest)
    end = tail[-_END.size :]
    if len(tail) < longest or len(end) < _END.size:
        raise PackDamaged("shorter than its end")
    _, _, _, count, _, length, start, _ = _END.unpack(end)
    if end != _END.pack(_END_MAGIC, 0, 0, count, count, length, start, 0) or start + length + _END.size != size_bytes:
        raise PackDamaged("does not end as a pack does")
    if not 1 <= count <= MAX_CAPTURES or length != count * (_CENTRAL.size + _NAME_BYTES):
        raise PackDamaged("the directory is broken")
    return tail[-length - _END.size : -_END.size], end


def _named_entries(directory: bytes, read: Read, device_id: str, limit: int) -> Iterator[PackedEntry]:
    identity: PackIdentity | None = None
    for *_, offset in _CENTRAL.iter_unpack(_without_names(directory)):
        found = _parsed(read(offset, _HEADER_BYTES), offset)
        if not found or not _belongs(found, identity, device_id, 0, limit):
            raise PackDamaged(f"the header at {offset} is broken")
        identity, entry = found
        yield entry


def _without_names(directory: bytes) -> bytes:
    step = _CENTRAL.size + _NAME_BYTES
    return b"".join(directory[at : at + _CENTRAL.size] for at in range(0, len(directory) - step + 1, step))


class _Windows:
    """Reads ahead, so that a step of one sector is no read of its own. Behind a sector that cannot be read the next
    window begins."""

    def __init__(self, read: Read, size_bytes: int) -> None:
        self._read = read
        self._size_bytes = size_bytes
        self._start, self._window = 0, b""

    def at(self, offset: int, length: int) -> bytes:
        if not self._start <= offset <= offset + length <= self._start + len(self._window):
            self._start = offset
            self._window = self._read(offset, min(_WINDOW_BYTES, self._size_bytes - offset))
        begin = offset - self._start
        return self._window[begin : begin + length]


def _belongs(
    found: tuple[PackIdentity, PackedEntry], identity: PackIdentity | None, device_id: str, first_seq: int, limit: int
) -> bool:
    own, entry = found
    same_pack = own == identity if identity else own.device_id == device_id
    return same_pack and entry.seq >= first_seq and entry.end <= limit


def _is_whole(entry: PackedEntry, read: Read) -> bool:
    crc = 0
    for position in range(entry.offset, entry.end, _WINDOW_BYTES):
        chunk = read(position, min(_WINDOW_BYTES, entry.end - position))
        crc = zlib.crc32(chunk, crc)
    return crc == entry.crc32


def _as_kept(record: CaptureRecord) -> CaptureRecord:
    """As it will be read again."""
    captured_at = _from_ms(_to_ms(record.captured_at))
    return CaptureRecord(record.seq, record.boot_id, record.uptime_ms, captured_at, record.clock_synced)


def _header(identity: PackIdentity, entry: PackedEntry) -> bytes:
    record = entry.record
    extra_bytes = entry.offset - entry.header_offset - _EXTRA_AT
    start = b"".join(
        (
            _LOCAL.pack(_LOCAL_MAGIC, *_common(entry), _NAME_BYTES, extra_bytes),
            _name(entry.seq),
            _FIELD.pack(_FIELD_ID, extra_bytes - _FIELD.size),
            _RECORD.pack(
                *(_RECORD_MAGIC, identity.epoch, record.seq, record.uptime_ms, _boot_number(record.boot_id)),
                *(_to_ms(record.captured_at), _SYNCED if record.clock_synced else 0, _ERASED if entry.is_erased else 0),
                *(0, 0, bytes.fromhex(entry.sha256), uuid.UUID(identity.device_id).bytes),
            ),
        )
    )
    padding = bytes(extra_bytes - _FIELD.size - _RECORD_BYTES)
    return start + _CRC.pack(zlib.crc32(start)) + padding


def _central(entry: PackedEntry) -> bytes:
    fields = (*_common(entry), _NAME_BYTES, 0, 0, 0, 0, 0, entry.header_offset)
    return _CENTRAL.pack(_CENTRAL_MAGIC, _VERSION, *fields) + _name(entry.seq)


def _common(entry: PackedEntry) -> tuple[int, ...]:
    """The fields that both headers of an entry have: from the version needed to the two sizes."""
    size_bytes = entry.size_bytes
    return (_VERSION, 0, 0, *_dos_time(entry.record.captured_at), entry.crc32, size_bytes, size_bytes)


def _parsed(header: bytes, at: int) -> tuple[PackIdentity, PackedEntry] | None:
    """None for all bytes that `_header` cannot have made, but for unknown flags and padding."""
    if len(header) < _HEADER_BYTES or not header.startswith(_LOCAL_MAGIC):
        return None
    if _CRC.unpack_from(header, _CRC_AT)[0] != zlib.crc32(header[:_CRC_AT]):
        return None
    *_, crc32, size_bytes, _, _, extra_bytes = _LOCAL.unpack_from(header)
    magic, epoch, seq, uptime_ms, boot, ms, clock, flags, _, _, sha256, device = _RECORD.unpack_from(header, _RECORD_AT)
    entry = PackedEntry(
        record=CaptureRecord(seq, f"{boot:016x}", uptime_ms, _from_ms(ms), clock == _SYNCED),
        header_offset=at,
        offset=at + _EXTRA_AT + extra_bytes,
        size_bytes=size_bytes,
        crc32=crc32,
        sha256=sha256.hex(),
        is_erased=bool(flags & _ERASED),
    )
    is_ours = (
        magic == _RECORD_MAGIC
        and seq <= MAX_SEQ
        and 1 <= size_bytes <= MAX_JPEG_BYTES
        and entry.end == at + entry_size_bytes(size_bytes)
        and header[:_RECORD_AT]
        == _LOCAL.pack(_LOCAL_MAGIC, *_common(entry), _NAME_BYTES, extra_bytes)
        + _name(seq)
        + _FIELD.pack(_FIELD_ID, extra_bytes - _FIELD.size)
    )
    return (PackIdentity(str(uuid.UUID(bytes=device)), epoch), entry) if is_ours else None


def _name(seq: int) -> bytes:
    return b"%016d.jpg" % seq


def _boot_number(boot_id: str) -> int:
    number = int(boot_id, 16)
    if f"{number:016x}" != boot_id:
        raise ValueError("a boot_id is 16 lower-case hex digits")
    return number


def _to_ms(captured_at: datetime | None) -> int:
    return (captured_at - _EPOCH_START) // _MS if captured_at else 0


def _from_ms(ms: int) -> datetime | None:
    try:
        return _EPOCH_START + ms * _MS if ms else None
    except OverflowError:
        return None


def _dos_time(captured_at: datetime | None) -> tuple[int, int]:
    """Time and date as in MS-DOS, in UTC; 1980-01-01 where it is unknown or out of range."""
    at = captured_at.astimezone(UTC) if captured_at else None
    if at is None or not 1980 <= at.year <= 2107:
        return 0, 1 << 5 | 1
    return at.hour << 11 | at.minute << 5 | at.second // 2, (at.year - 1980) << 9 | at.month << 5 | at.day
