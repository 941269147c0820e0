"""Makes the golden packs of tests/vectors/packs: `python -m tests.make_pack_vectors`.

The packs come from the device's writer; what a reader must find in them is written down here, from what went in, and
not asked of a reader.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frameferry_station.packs import PackedEntry

from tests.pack_files import (
    DEVICE,
    END_BYTES,
    EPOCH,
    IN_RECORD,
    LOCAL_CRC,
    OTHER_DEVICE,
    RECORD,
    Shot,
    changed,
    directory_place,
    entries_of,
    flipped,
    forged_directory,
    sealed,
    with_true_record,
)

FOLDER = Path(__file__).parent / "vectors" / "packs"
_PHOTOS = {name: (FOLDER / name).read_bytes() for name in ("a.jpg", "b.jpg", "c.jpg")}
_A, _B, _C = _PHOTOS.values()
_BOOT_ID = "00c0ffee12345678"

_ONE = [Shot(2**53 - 1, _A, datetime(2026, 3, 4, 5, 6, 7, 891_000, UTC), True, 2**40 + 3, "ffffffffffffffff")]
_THREE = [
    Shot(41, _A, datetime(2026, 2, 28, 23, 59, 59, 999_000, UTC), True, 30_000, _BOOT_ID),
    Shot(42, _B, None, False, 60_123, _BOOT_ID),
    Shot(45, _C, datetime(1979, 12, 31, 23, 59, 59, tzinfo=UTC), False, 90_000, _BOOT_ID),
]
_STALE = [replace(shot, seq=shot.seq - 30, uptime_ms=1) for shot in _THREE]
_OPEN_BYTES = 16 * 512
_STALE_EPOCH = 0x01D0_1D00


@dataclass(frozen=True)
class Vector:
    """A file, and the test's knowledge of it."""

    name: str
    body: bytes
    facts: dict[str, Any]


def vectors() -> list[Vector]:
    return [*_written(), *_erased(), *_damaged(), *_opened()]


def document() -> str:
    """packs.json."""
    photos = {
        name: {"size_bytes": len(body), "crc32": zlib.crc32(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in _PHOTOS.items()
    }
    files = {
        each.name: {"size_bytes": len(each.body), "sha256": hashlib.sha256(each.body).hexdigest(), **each.facts}
        for each in vectors()
    }
    return json.dumps({"device_id": DEVICE, "epoch": EPOCH, "photos": photos, "files": files}, indent=1) + "\n"


def _written() -> list[Vector]:
    """What a writer must make, byte for byte."""
    return [
        Vector(
            name, sealed(shots), {"written": _inputs(shots), **_read(shots, [_capture(shot, shots) for shot in shots])}
        )
        for name, shots in (("one.zip", _ONE), ("three.zip", _THREE))
    ]


def _erased() -> list[Vector]:
    """three.zip without 42."""
    crc32 = struct.pack("<I", zlib.crc32(bytes(len(_B))))
    second = _entries(_THREE)[1]
    body = changed(sealed(_THREE), second.offset, bytes(len(_B)))
    body = changed(body, second.header_offset + LOCAL_CRC, crc32)
    body = changed(body, second.header_offset + RECORD + IN_RECORD["flags"], b"\x01")
    body = changed(body, second.header_offset + RECORD + IN_RECORD["sha256"], bytes(32))
    body = changed(with_true_record(body, second.header_offset), _central(body, 1) + 16, crc32)
    captures = [_capture(shot, _THREE) for shot in _THREE]
    captures[1] |= {"is_erased": True, "sha256": "0" * 64}
    return [Vector("erased.zip", body, {"erased": {"file": "three.zip", "seqs": [42]}, **_read(_THREE, captures)})]


def _damaged() -> list[Vector]:
    """three.zip, damaged at its second capture, and where the whole file is meant."""
    good, second = sealed(_THREE), _entries(_THREE)[1]
    first, _, third = captures = [_capture(shot, _THREE) for shot in _THREE]
    bad_sha256 = flipped(good, second.header_offset + RECORD + IN_RECORD["sha256"])
    unsure = {"entry": None, "reason": "no_central_directory", "seq": None}
    known = [
        ("bad-crc.zip", flipped(good, second.offset + 9), captures[1] | {"fault": "bad_crc"}),
        (
            "sha256-mismatch.zip",
            with_true_record(bad_sha256, second.header_offset),
            captures[1] | {"fault": "sha256_mismatch", "sha256": _one_bit_off(hashlib.sha256(_B).digest()).hex()},
        ),
    ]
    refused = [
        ("header-mismatch.zip", flipped(good, _central(good, 1) + 16), "header_mismatch"),
        ("bad-record.zip", flipped(good, second.header_offset + RECORD + IN_RECORD["captured_at"]), "bad_record"),
        ("not-stored.zip", changed(good, _central(good, 1) + 10, b"\x08\x00"), "not_stored"),
        ("foreign-device.zip", _with_foreign_second(), "foreign_device"),
    ]
    whole = [
        ("no-directory.zip", good[:-END_BYTES]),
        ("trailing.zip", good + b"\r\n"),
        ("comment.zip", changed(good, -2, b"\x02\x00") + b"hi"),
    ]
    return [
        *(Vector(name, body, _read(_THREE, [first, found, third])) for name, body, found in known),
        *(
            Vector(name, body, _read(_THREE, [first, third], [{"entry": 1, "reason": reason, "seq": 42}]))
            for name, body, reason in refused
        ),
        *(Vector(name, body, _read(_THREE, captures, [unsure])) for name, body in whole),
    ]


def _opened() -> list[Vector]:
    """What a power cut can leave of a file that was grown over an older pack."""
    two, written = entries_of(_THREE[:2])
    _, third = entries_of(_THREE[2:], at=two[-1].end)
    _, stale = entries_of(_STALE, epoch=_STALE_EPOCH)
    ground = (stale * 4)[:_OPEN_BYTES]
    torn = third[:-40] + bytes(40)
    bodies = [
        ("open.bin", changed(ground, 0, written), _THREE[:2]),
        ("open-torn.bin", changed(ground, 0, written + torn), _THREE[:2]),
        ("open-hole.bin", changed(ground, 0, flipped(written, two[1].header_offset + RECORD) + third), _THREE[::2]),
        ("open-empty.bin", ground, []),
    ]
    return [
        Vector(
            name,
            body,
            {
                "scan": {
                    "first_seq": _THREE[0].seq,
                    "epoch": EPOCH if found else None,
                    "entries": [_scanned(shot) for shot in found],
                }
            },
        )
        for name, body, found in bodies
    ]


def _with_foreign_second() -> bytes:
    entries, data = entries_of(_THREE)
    _, foreign = entries_of(_THREE[1:2], device_id=OTHER_DEVICE, at=entries[1].header_offset)
    data = changed(data, entries[1].header_offset, foreign)
    return forged_directory(data, [entry.header_offset for entry in entries])


def _one_bit_off(digest: bytes) -> bytes:
    return flipped(digest, 0)


def _entries(shots: Sequence[Shot]) -> list[PackedEntry]:
    return entries_of(shots)[0]


def _central(body: bytes, number: int) -> int:
    return directory_place(body) + 66 * number


def _inputs(shots: Sequence[Shot]) -> list[dict[str, Any]]:
    return [
        {
            "seq": shot.seq,
            "photo": _name(shot.jpeg),
            "boot_id": shot.boot_id,
            "uptime_ms": shot.uptime_ms,
            "captured_at_ms": _ms(shot),
            "clock_synced": shot.clock_synced,
            "header_offset": entry.header_offset,
        }
        for shot, entry in zip(shots, _entries(shots), strict=True)
    ]


def _read(
    shots: Sequence[Shot], captures: list[dict[str, Any]], faults: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    key = {"first_seq": shots[0].seq, "last_seq": shots[-1].seq}
    return {"key": key, "captures": captures, "faults": list(faults)}


def _capture(shot: Shot, pack: Sequence[Shot]) -> dict[str, Any]:
    (entry,) = (entry for entry in _entries(pack) if entry.seq == shot.seq)
    return {
        "seq": shot.seq,
        "offset": entry.offset,
        "size_bytes": len(shot.jpeg),
        "sha256": hashlib.sha256(shot.jpeg).hexdigest(),
        "boot_id": shot.boot_id,
        "uptime_ms": shot.uptime_ms,
        "captured_at_ms": _ms(shot),
        "clock_synced": shot.clock_synced,
        "is_erased": False,
        "fault": None,
    }


def _scanned(shot: Shot) -> dict[str, Any]:
    capture = _capture(shot, _THREE)
    (header_offset,) = (entry.header_offset for entry in _entries(_THREE) if entry.seq == shot.seq)
    del capture["fault"]
    return capture | {"header_offset": header_offset, "crc32": zlib.crc32(shot.jpeg)}


def _name(jpeg: bytes) -> str:
    return next(name for name, body in _PHOTOS.items() if body == jpeg)


def _ms(shot: Shot) -> int:
    """0 where it is unknown, as in the file."""
    return round(shot.captured_at.timestamp() * 1000) if shot.captured_at else 0


def main() -> None:
    for each in vectors():
        (FOLDER / each.name).write_bytes(each.body)
    (FOLDER / "packs.json").write_text(document(), "utf-8")


if __name__ == "__main__":
    main()
