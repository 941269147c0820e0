"""Packs for tests: sealed by the device's writer, and forged where no writer would make them so."""

from __future__ import annotations

import io
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from frameferry_station.captures import Seq as DeviceSeq
from frameferry_station.packs import CaptureRecord, PackedEntry, PackIdentity, encode_directory, encode_entry

from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.wire.object_keys import PackKey

DEVICE = DeviceId("0b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f")
OTHER_DEVICE = DeviceId("9d3f8a52-11aa-4c7e-b1c2-64b7e1f0a9d4")
EPOCH = 0x5EED_CAFE
BOOT_ID = "00c0ffee12345678"

# Places within an entry, from its beginning: docs/protocol.md, "Packs".
LOCAL_CRC, NAME, FIELD, RECORD, RECORD_CRC = 14, 30, 50, 54, 150
IN_RECORD = {"epoch": 4, "seq": 8, "captured_at": 32, "clock": 40, "flags": 41, "sha256": 48, "device": 80}
CENTRAL_BYTES = 66
END_BYTES = 22


@dataclass(frozen=True)
class Shot:
    """What a camera knows of a photo that it packs."""

    seq: int
    jpeg: bytes
    captured_at: datetime | None = None
    clock_synced: bool = False
    uptime_ms: int = 60_000
    boot_id: str = BOOT_ID


def entries_of(
    shots: Iterable[Shot], *, device_id: str = DEVICE, epoch: int = EPOCH, at: int = 0
) -> tuple[list[PackedEntry], bytes]:
    """The entries, and the bytes of the file from `at` on, as they stand in an open pack."""
    entries, parts, identity = [], [], PackIdentity(device_id, epoch)
    for shot in shots:
        record = CaptureRecord(DeviceSeq(shot.seq), shot.boot_id, shot.uptime_ms, shot.captured_at, shot.clock_synced)
        entry, header = encode_entry(identity, record, shot.jpeg, at=at)
        entries.append(entry)
        parts += [header, shot.jpeg]
        at = entry.end
    return entries, b"".join(parts)


def sealed(shots: Iterable[Shot], *, device_id: str = DEVICE, epoch: int = EPOCH) -> bytes:
    entries, data = entries_of(shots, device_id=device_id, epoch=epoch)
    return data + encode_directory(entries)


def pack_of(jpegs: Mapping[int, bytes]) -> bytes:
    """A sealed pack of these photos by their seqs."""
    return sealed(Shot(seq, jpeg) for seq, jpeg in jpegs.items())


def key_for(first_seq: int, last_seq: int, device_id: DeviceId = DEVICE) -> PackKey:
    return PackKey(device_id, Seq(first_seq), Seq(last_seq), "0123456789ab")


def changed(body: bytes, at: int, new: bytes) -> bytes:
    """With these bytes at `at`, counted from the end where it is negative."""
    at %= len(body)
    return body[:at] + new + body[at + len(new) :]


def flipped(body: bytes, at: int) -> bytes:
    return changed(body, at, bytes([body[at] ^ 0x01]))


def with_true_record(body: bytes, header_offset: int = 0) -> bytes:
    """With the CRC of the entry's header made right, as if its writer had meant it so."""
    crc32 = zlib.crc32(body[header_offset : header_offset + RECORD_CRC])
    return changed(body, header_offset + RECORD_CRC, struct.pack("<I", crc32))


def directory_place(body: bytes) -> int:
    """Where the directory of a sealed pack begins."""
    return int(struct.unpack_from("<I", body, len(body) - 6)[0])


def forged_directory(data: bytes, header_offsets: Iterable[int], **end: int) -> bytes:
    """`data` with a directory that repeats what stands in the local headers at these offsets; `count`, `size_bytes` and
    `start` change what the end of it says."""
    parts = []
    for offset in header_offsets:
        common, name_bytes = data[offset + 4 : offset + 26], int.from_bytes(data[offset + 26 : offset + 28], "little")
        name = data[offset + NAME : offset + NAME + name_bytes]
        parts.append(b"PK\x01\x02\x0a\x00" + common + struct.pack("<HHHHHII", name_bytes, 0, 0, 0, 0, 0, offset) + name)
    directory = b"".join(parts)
    return (
        data
        + directory
        + forged_end(end.get("count", len(parts)), end.get("size_bytes", len(directory)), end.get("start", len(data)))
    )


def forged_end(count: int, size_bytes: int, start: int) -> bytes:
    return struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, size_bytes, start, 0)


def zipped(names: Iterable[str], compression: int = zipfile.ZIP_STORED, content: bytes = b"jpeg") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


def assert_any_tool_opens(body: bytes, names: list[str], folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == names
    (folder / "pack.zip").write_bytes(body)
    unzip = subprocess.run(["unzip", "-t", folder / "pack.zip"], capture_output=True, text=True, check=False)
    assert unzip.returncode == 0, unzip.stdout + unzip.stderr
    assert "warning" not in unzip.stdout + unzip.stderr
