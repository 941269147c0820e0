"""What is left of a pack of which captures were erased: everything else, in its place."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import pytest

from chalicelib.domain.ids import Seq
from chalicelib.wire.packs import BadPack, PackedCapture, erase, read_pack
from tests.pack_files import (
    END_BYTES,
    LOCAL_CRC,
    Shot,
    assert_any_tool_opens,
    changed,
    directory_place,
    entries_of,
    flipped,
    forged_directory,
    forged_end,
    key_for,
    pack_of,
    zipped,
)
from tests.tiny_jpegs import tiny_jpeg

PHOTOS = {7: tiny_jpeg(7), 8: tiny_jpeg(8), 9: tiny_jpeg(9)}
KEY = key_for(7, 9)


def three() -> bytes:
    return pack_of(PHOTOS)


def second_at() -> int:
    return entries_of([Shot(7, PHOTOS[7])])[0][0].end


def bytes_of(body: bytes, capture: PackedCapture) -> bytes:
    return body[capture.offset : capture.offset + capture.size_bytes]


def test_erased_bytes_are_gone_and_all_else_stays() -> None:
    before = read_pack(three(), KEY)
    body = erase(three(), [Seq(8)])

    after = read_pack(body, KEY)

    assert len(body) == len(three())
    assert PHOTOS[8] not in body
    assert hashlib.sha256(PHOTOS[8]).digest() not in body
    assert after.captures[0::2] == before.captures[0::2]
    assert (after.captures[1].is_erased, after.captures[1].sha256) == (True, "0" * 64)
    assert bytes_of(body, after.captures[1]) == bytes(len(PHOTOS[8]))
    assert after.faults == ()


@pytest.mark.parametrize("gone", [[7], [9], [7, 8, 9]])
def test_any_tool_opens_what_is_left(gone: list[int], tmp_path: Path) -> None:
    body = erase(three(), [Seq(seq) for seq in gone])

    assert_any_tool_opens(body, [f"{seq:016d}.jpg" for seq in PHOTOS], tmp_path)


def test_erasing_twice_is_as_once() -> None:
    once = erase(three(), [Seq(8)])

    assert erase(once, [Seq(8)]) == once


def test_erasing_a_seq_that_is_not_there_changes_nothing() -> None:
    assert erase(three(), [Seq(6), Seq(10)]) == three()


def test_a_damaged_capture_can_be_erased() -> None:
    body = erase(flipped(three(), second_at() + 1000), [Seq(8)])

    assert [(c.is_erased, c.fault) for c in read_pack(body, KEY).captures] == [
        (False, None),
        (True, None),
        (False, None),
    ]


def test_erasing_works_without_a_directory() -> None:
    body = erase(three()[:-END_BYTES], [Seq(8)])

    pack = read_pack(body, KEY)

    assert PHOTOS[8] not in body
    assert [(c.seq, c.is_erased) for c in pack.captures] == [(7, False), (8, True), (9, False)]


def test_erasing_takes_every_entry_of_that_name() -> None:
    _, data = entries_of([Shot(7, PHOTOS[7]), Shot(7, PHOTOS[8])])
    body = erase(forged_directory(data, [0, second_at()]), [Seq(7)])

    assert PHOTOS[7] not in body
    assert PHOTOS[8] not in body


def test_erasing_takes_an_entry_of_a_plain_stored_zip(tmp_path: Path) -> None:
    names = [f"{seq:016d}.jpg" for seq in (7, 8)]
    body = erase(zipped(names, content=b"a thumbnail"), [Seq(8)])

    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert [archive.read(name) for name in names] == [b"a thumbnail", bytes(11)]
    assert_any_tool_opens(body, names, tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        zipped([f"{7:016d}.jpg"], zipfile.ZIP_DEFLATED, bytes(1000)),
        changed(three(), directory_place(three()) + 20, struct.pack("<II", 2**20, 2**20)),
        changed(three(), LOCAL_CRC, b"\0\0\0\0"),
        changed(three(), 28, b"\xff\xff"),
        forged_end(0, 0, 0),
    ],
    ids=["deflated", "too long", "another header", "an extra field too long", "empty"],
)
def test_erasing_leaves_alone_what_is_no_stored_entry(body: bytes) -> None:
    assert erase(body, [Seq(7)]) == body


def test_erasing_in_a_zip_with_too_many_entries_is_refused() -> None:
    _, data = entries_of([Shot(7, PHOTOS[7])])
    with pytest.raises(BadPack):
        erase(forged_directory(data, [0] * 101), [Seq(7)])
