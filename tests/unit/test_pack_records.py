"""An entry counts only if its header keeps every rule of the format, even where its CRC says that it was meant so."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping

import pytest
from frameferry_station.packs import scan

from chalicelib.domain.ids import MAX_SEQ
from chalicelib.wire.packs import BadPack, PackFault, read_pack
from tests.pack_files import (
    DEVICE,
    EPOCH,
    FIELD,
    NAME,
    RECORD,
    Shot,
    changed,
    directory_place,
    entries_of,
    forged_directory,
    key_for,
    sealed,
    with_true_record,
    zipped,
)

ALL = key_for(0, MAX_SEQ)
MAX_JPEG_BYTES = 33_554_432
JPEG = b"j" * 300


def entry(
    *,
    seq: int = 7,
    name: bytes | None = None,
    jpeg: bytes = JPEG,
    extra_bytes: int | None = None,
    at: Mapping[int, bytes] | None = None,
) -> bytes:
    """A header as the format has it but for what is named, its CRCs right, then the JPEG."""
    if extra_bytes is None:
        extra_bytes = 104 + -(154 + len(jpeg)) % 512
    body = struct.pack("<4sHHHHHIII", b"PK\3\4", 10, 0, 0, 0, 33, zlib.crc32(jpeg), len(jpeg), len(jpeg))
    body += struct.pack("<HH", 20, extra_bytes) + (name or b"%016d.jpg" % seq)
    body += struct.pack("<HH", 0x4646, (extra_bytes - 4) % 2**16)
    body += struct.pack("<4sIQQQqBBHI", b"FFR1", EPOCH, seq, 0, 0, 0, 0, 0, 0, 0)
    body += hashlib.sha256(jpeg).digest() + bytes.fromhex(DEVICE.replace("-", "")) + bytes(4)
    for place, new in (at or {}).items():
        body = changed(body, place, new)
    return with_true_record(body) + bytes(max(0, extra_bytes - 104)) + jpeg


WRONG = {
    "another signature": entry(at={0: b"QK\3\4"}),
    "another version": entry(at={4: b"\x14"}),
    "another field id": entry(at={FIELD: b"GG"}),
    "another length of the field": entry(at={FIELD + 2: b"\x64\x00"}),
    "another record": entry(at={RECORD: b"FFR2"}),
    "the seq of another": entry(name=b"%016d.jpg" % 8),
    "a seq that is too large": entry(seq=MAX_SEQ + 1),
    "no JPEG": entry(jpeg=b""),
    "two sizes": entry(at={18: b"\x2b"}),
    "an end within a sector": entry(jpeg=JPEG[:-1], extra_bytes=104 + -(154 + len(JPEG)) % 512) + b"\0",
    "a sector of padding too much": entry(extra_bytes=104 + -(154 + len(JPEG)) % 512 + 512),
    "just a sector of padding": entry(jpeg=bytes(358), extra_bytes=104 + 512),
    "no extra field": entry(extra_bytes=0, jpeg=bytes(512 - NAME - 20)),
    "an extra field without a record": entry(extra_bytes=4, jpeg=bytes(512 - FIELD - 4)),
}


def reader_finds(body: bytes) -> int:
    try:
        return len(read_pack(body, ALL).captures)
    except BadPack:
        return 0


def test_the_entry_of_these_tests_is_a_good_one() -> None:
    assert reader_finds(entry()) == reader_finds(forged_directory(entry(), [0])) == 1
    assert entries_of([Shot(7, JPEG, uptime_ms=0, boot_id="0" * 16)])[1] == entry()


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_a_header_that_breaks_a_rule_counts_neither_in_the_cloud_nor_on_the_device(body: bytes) -> None:
    assert reader_finds(body) == 0
    assert reader_finds(forged_directory(body, [0])) == 0
    assert scan(lambda at, length: body[at : at + length], len(body), DEVICE).entries == ()


@pytest.mark.parametrize("what", ["another version", "another record", "a seq that is too large", "two sizes"])
def test_it_is_named_after_its_record(what: str) -> None:
    (fault,) = read_pack(forged_directory(WRONG[what], [0]), ALL).faults

    assert fault.reason == ("not_stored" if what == "two sizes" else "bad_record")


def test_an_entry_between_two_sectors_has_a_bad_record() -> None:
    body = bytes(256) + entry(jpeg=bytes(102))
    assert len(body) % 512 == 256

    shorter = bytes(256) + entry(jpeg=bytes(102), extra_bytes=104)
    assert len(shorter) == 512

    for each in (body, shorter):
        assert [fault.reason for fault in read_pack(forged_directory(each, [256]), ALL).faults] == ["bad_record"]


def test_an_entry_that_ends_beyond_the_file_is_not_found_without_a_directory() -> None:
    _, body = entries_of([Shot(7, JPEG), Shot(8, JPEG)])

    assert [(c.seq, c.fault) for c in read_pack(body[:-1], ALL).captures] == [(7, None)]


def test_the_largest_jpeg_is_taken_and_one_larger_is_not() -> None:
    largest = entry(jpeg=bytes(MAX_JPEG_BYTES))

    assert reader_finds(largest) == reader_finds(forged_directory(largest, [0])) == 1
    assert reader_finds(entry(jpeg=bytes(MAX_JPEG_BYTES + 1))) == 0


@pytest.mark.parametrize("name", ["1" * 5000 + ".jpg", "1" * 20, "1" * 17 + ".jpg", "1" * 15 + ".jpg"])
def test_a_name_that_is_no_seq_is_a_bad_name(name: str) -> None:
    assert read_pack(zipped([name]), ALL).faults == (PackFault("bad_name", 0, None),)


def test_a_last_name_that_is_longer_than_the_directory_breaks_it() -> None:
    body = sealed([Shot(7, JPEG)])
    body = changed(body, directory_place(body) + 28, b"\x15")

    assert read_pack(body, ALL).faults == (PackFault("no_central_directory"),)
