"""What a pack's reader takes, what it refuses and why, and what erasing leaves."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.domain.ids import MAX_SEQ, Seq
from chalicelib.wire.object_keys import PackKey
from chalicelib.wire.packs import BadPack, Pack, PackedCapture, PackFault, erase, read_pack
from tests import pack_files
from tests.pack_files import (
    BOOT_ID,
    CENTRAL_BYTES,
    DEVICE,
    END_BYTES,
    IN_RECORD,
    NAME,
    OTHER_DEVICE,
    RECORD,
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
    sealed,
    with_true_record,
    zipped,
)
from tests.tiny_jpegs import tiny_jpeg

MAX_CAPTURES, MAX_JPEG_BYTES, MAX_PACK_BYTES = 100, 33_554_432, 67_108_864
PHOTOS = {7: tiny_jpeg(7), 8: tiny_jpeg(8), 9: tiny_jpeg(9)}
KEY = key_for(7, 9)
AT = datetime(2026, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)
PADDED_SIZES = (1, 357, 358, 359, 360, 512, 870)
"""JPEG bytes around those that need no padding (358, 870) and the most (359)."""


def three() -> bytes:
    return pack_of(PHOTOS)


def second_at() -> int:
    """Where the second entry of `three()` begins."""
    return entries_of([Shot(7, PHOTOS[7])])[0][0].end


def seqs(pack: Pack) -> list[int]:
    return [capture.seq for capture in pack.captures]


def faults(pack: Pack) -> list[tuple[str, int | None]]:
    return [(fault.reason, fault.seq) for fault in pack.faults]


def bytes_of(body: bytes, capture: PackedCapture) -> bytes:
    return body[capture.offset : capture.offset + capture.size_bytes]


def test_what_is_written_is_read_again_with_its_record() -> None:
    photos = [
        Shot(7, PHOTOS[7], captured_at=AT, clock_synced=True, uptime_ms=1),
        Shot(8, PHOTOS[8], captured_at=AT + timedelta(seconds=30), clock_synced=False, uptime_ms=30_001),
        Shot(9, PHOTOS[9], captured_at=None, clock_synced=False, uptime_ms=60_001),
    ]
    body = sealed(photos)

    pack = read_pack(body, KEY)

    assert pack.faults == ()
    assert [bytes_of(body, capture) for capture in pack.captures] == list(PHOTOS.values())
    assert [(c.seq, c.captured_at, c.clock_synced, c.uptime_ms) for c in pack.captures] == [
        (photo.seq, photo.captured_at, photo.clock_synced, photo.uptime_ms) for photo in photos
    ]
    assert {capture.boot_id for capture in pack.captures} == {BOOT_ID}
    assert [c.sha256 for c in pack.captures] == [hashlib.sha256(each).hexdigest() for each in PHOTOS.values()]
    assert not any(capture.is_erased or capture.fault for capture in pack.captures)


def test_a_view_of_bytes_reads_as_the_bytes_do() -> None:
    assert read_pack(memoryview(three()), KEY) == read_pack(three(), KEY)


def test_any_tool_opens_a_pack_whatever_its_padding(tmp_path: Path) -> None:
    body = pack_of({seq: bytes([seq]) * size for seq, size in enumerate(PADDED_SIZES)})

    assert_any_tool_opens(body, [f"{seq:016d}.jpg" for seq in range(len(PADDED_SIZES))], tmp_path)


def test_a_full_pack_is_read_whole(tmp_path: Path) -> None:
    body = pack_of({seq: tiny_jpeg(seq) for seq in range(MAX_CAPTURES)})

    assert seqs(read_pack(body, key_for(0, 99))) == list(range(100))
    assert_any_tool_opens(body, [f"{seq:016d}.jpg" for seq in range(100)], tmp_path)


def test_the_largest_seq_has_its_place() -> None:
    body = pack_of({MAX_SEQ: PHOTOS[7]})

    assert seqs(read_pack(body, key_for(MAX_SEQ, MAX_SEQ))) == [MAX_SEQ]


@pytest.mark.parametrize("ms", [-(2**63), 2**63 - 1])
def test_a_time_that_no_calendar_has_is_no_time(ms: int) -> None:
    body = sealed([Shot(7, PHOTOS[7], captured_at=AT, clock_synced=True)])
    body = with_true_record(changed(body, RECORD + IN_RECORD["captured_at"], struct.pack("<q", ms)))

    (capture,) = read_pack(body, KEY).captures

    assert (capture.captured_at, capture.clock_synced) == (None, False)


class TestThePack:
    """Faults for which nothing of a pack is taken."""

    @pytest.mark.parametrize("body", [b"", forged_end(0, 0, 0)], ids=["no bytes", "no entries"])
    def test_without_entries_is_empty(self, body: bytes) -> None:
        self.is_refused(body, "empty")

    def test_of_more_than_64_mib_is_too_large(self) -> None:
        self.is_refused(bytes(MAX_PACK_BYTES + 1), "too_large")
        self.is_refused(bytes(MAX_PACK_BYTES), "not_a_pack")

    @pytest.mark.parametrize("body", [b"<html>", bytes(4096), b"PK\x05\x06", zipped(["a"])[:-1]])
    def test_that_has_neither_directory_nor_captures_is_no_pack(self, body: bytes) -> None:
        self.is_refused(body, "not_a_pack")

    def test_of_101_captures_has_too_many_entries(self) -> None:
        _, data = entries_of(Shot(seq, b"jpeg") for seq in range(MAX_CAPTURES + 1))
        self.is_refused(forged_directory(data, range(0, len(data), 512)), "too_many_entries")

    @pytest.mark.parametrize("count", [0, 1, 100, 65_534])
    def test_of_65_536_entries_has_too_many_whatever_it_counts(self, count: int) -> None:
        _, data = entries_of([Shot(7, PHOTOS[7])])
        self.is_refused(forged_directory(data, [0] * 65_536, count=count), "too_many_entries")

    def test_with_101_headers_and_no_directory_has_too_many_entries(self) -> None:
        _, data = entries_of(Shot(seq, b"jpeg") for seq in range(MAX_CAPTURES + 1))
        self.is_refused(data, "too_many_entries", key_for(0, 200))

    @pytest.mark.parametrize("field", [{"count": 0xFFFF}, {"size_bytes": 0xFFFFFFFF}, {"start": 0xFFFFFFFF}])
    def test_that_points_to_zip64_has_too_many_entries(self, field: dict[str, int]) -> None:
        _, data = entries_of([Shot(7, PHOTOS[7])])
        self.is_refused(forged_directory(data, [0], **field), "too_many_entries")

    def is_refused(self, body: bytes, reason: str, key: PackKey = KEY) -> None:
        with pytest.raises(BadPack) as refused:
            read_pack(body, key)
        assert refused.value.reason == reason


class TestWithoutADirectory:
    """The captures are found by their headers, and the fault is named."""

    @pytest.mark.parametrize(
        "body",
        [
            three()[:-1],
            three()[:-END_BYTES],
            three()[: directory_place(three())],
            three() + b"\0",
            three() + b"trailing",
            changed(three(), -2, b"\x07\x00") + b"comment",
            changed(three(), -2, b"\x07\x00"),
            changed(three(), -18, b"\x01\x00"),
            changed(three(), -16, b"\x01\x00"),
            changed(three(), -22, b"QK"),
            changed(three(), -12, b"\x02\x00"),
            changed(three(), -14, b"\x02\x00"),
            changed(three(), -10, b"\x00\x00\x00\x00"),
            changed(three(), -6, b"\x00\x00\x00\x00"),
            changed(three(), directory_place(three()), b"QK"),
            changed(three(), directory_place(three()) + 28, b"\xff\xff"),
            three()[:-END_BYTES] + b"PK\x06\x07" + bytes(16) + three()[-END_BYTES:],
        ],
        ids=[
            "its last byte is cut off",
            "its end is cut off",
            "it is cut off",
            "a byte behind it",
            "bytes behind it",
            "a comment",
            "a comment that is not there",
            "a second disk",
            "a directory on a second disk",
            "its end has another signature",
            "a wrong count",
            "a wrong count on this disk",
            "a wrong size",
            "a wrong place",
            "a header with another signature",
            "a name longer than it",
            "a zip64 locator",
        ],
    )
    def test_every_good_capture_is_kept(self, body: bytes) -> None:
        pack = read_pack(body, KEY)

        assert seqs(pack) == [7, 8, 9]
        assert [bytes_of(body, capture) for capture in pack.captures] == list(PHOTOS.values())
        assert pack.faults == (PackFault("no_central_directory"),)

    def test_captures_behind_a_broken_header_are_found(self) -> None:
        body = flipped(self.data(three()), second_at() + RECORD)

        assert seqs(read_pack(body, KEY)) == [7, 9]

    def test_a_capture_with_damaged_bytes_is_still_known(self) -> None:
        body = flipped(self.data(three()), second_at() + 1000)

        assert [(c.seq, c.fault) for c in read_pack(body, KEY).captures] == [(7, None), (8, "bad_crc"), (9, None)]

    def test_a_torn_capture_that_was_written_over_is_none(self) -> None:
        _, first = entries_of([Shot(7, PHOTOS[7])])
        _, torn = entries_of([Shot(8, bytes(5000))], at=len(first))
        _, over = entries_of([Shot(9, PHOTOS[9])], at=len(first) + 512)
        body = changed(first + torn, len(first) + 512, over)

        pack = read_pack(body, KEY)

        assert seqs(pack) == [7, 9]
        assert faults(pack) == [("no_central_directory", None)]

    @pytest.mark.parametrize(
        "stale",
        [
            entries_of([Shot(8, PHOTOS[8])], epoch=pack_files.EPOCH + 1, at=second_at())[1],
            entries_of([Shot(8, PHOTOS[8])], device_id=OTHER_DEVICE, at=second_at())[1],
            entries_of([Shot(6, PHOTOS[8])], at=second_at())[1],
            entries_of([Shot(7, PHOTOS[8])], at=second_at())[1],
            entries_of([Shot(10, PHOTOS[8])], at=second_at())[1],
        ],
        ids=["another epoch", "another device", "an older seq", "the same seq", "a seq beyond the key"],
    )
    def test_old_bytes_behind_the_last_capture_are_none(self, stale: bytes) -> None:
        pack = read_pack(entries_of([Shot(7, PHOTOS[7])])[1] + stale, KEY)

        assert seqs(pack) == [7]
        assert faults(pack) == [("no_central_directory", None)]

    def test_captures_of_another_device_alone_are_no_pack(self) -> None:
        with pytest.raises(BadPack) as refused:
            read_pack(entries_of([Shot(7, PHOTOS[7])], device_id=OTHER_DEVICE)[1], KEY)
        assert refused.value.reason == "not_a_pack"

    def data(self, body: bytes) -> bytes:
        return body[: directory_place(body)]


class TestAnEntry:
    """Of three captures the second is refused, with the reason; the others are kept."""

    def test_whose_directory_names_another_crc_mismatches_its_header(self) -> None:
        self.is_refused(flipped(three(), self.central() + 16), "header_mismatch")

    def test_whose_directory_names_another_seq_mismatches_its_header(self) -> None:
        self.is_refused(changed(three(), self.central() + 46 + 15, b"7"), "header_mismatch", seq=7)

    def test_without_a_local_header_mismatches(self) -> None:
        self.is_refused(changed(three(), second_at(), b"QK"), "header_mismatch")

    def test_that_the_directory_places_beyond_the_file_is_out_of_range(self) -> None:
        self.is_refused(changed(three(), self.central() + 42, b"\xf0\xff\xff\x7f"), "out_of_range")

    def test_that_the_directory_places_in_itself_is_out_of_range(self) -> None:
        place = struct.pack("<I", directory_place(three()))
        self.is_refused(changed(three(), self.central() + 42, place), "out_of_range")

    def test_that_reaches_into_the_directory_is_out_of_range(self) -> None:
        self.is_refused(self.resized(len(three())), "out_of_range")

    def test_whose_extra_field_reaches_into_the_directory_is_out_of_range(self) -> None:
        self.is_refused(changed(three(), second_at() + 28, b"\xff\xff"), "out_of_range")

    def test_without_bytes_is_out_of_range(self) -> None:
        self.is_refused(self.resized(0), "out_of_range")

    def test_of_more_than_32_mib_is_too_large(self) -> None:
        self.is_refused(self.resized(MAX_JPEG_BYTES + 1), "too_large")
        self.is_refused(self.resized(MAX_JPEG_BYTES), "out_of_range")

    @pytest.mark.parametrize(
        ("place", "new"),
        [(8, b"\x01\x00"), (8, b"\x08\x00"), (10, b"\x08\x00"), (24, b"\x01\x00\x00\x00")],
        ids=["encrypted", "with a data descriptor", "deflated", "with two sizes"],
    )
    def test_that_is_not_plainly_stored_is_refused(self, place: int, new: bytes) -> None:
        self.is_refused(changed(three(), self.central() + place, new), "not_stored")

    def test_with_a_path_for_a_name_is_refused(self) -> None:
        name = b"../../../etc/passwd\0"
        body = changed(changed(three(), self.central() + 46, name), second_at() + NAME, name)

        self.is_refused(with_true_record(body, second_at()), "bad_name", seq=None)

    @pytest.mark.parametrize(
        ("field", "new"),
        [("seq", struct.pack("<Q", 2**53)), ("seq", b"\x09"), ("epoch", b"\0\0\0\0")],
        ids=["a seq that is none", "another seq than its name's", "another epoch"],
    )
    def test_whose_record_does_not_fit_has_a_bad_record(self, field: str, new: bytes) -> None:
        body = changed(three(), second_at() + RECORD + IN_RECORD[field], new)

        self.is_refused(with_true_record(body, second_at()), "bad_record")

    @pytest.mark.parametrize("place", [RECORD, RECORD + 4, RECORD + 60, RECORD + 99, 28])
    def test_with_a_flipped_bit_in_its_header_has_a_bad_record(self, place: int) -> None:
        self.is_refused(flipped(three(), second_at() + place), "bad_record")

    def test_of_another_device_is_foreign(self) -> None:
        self.is_refused(self.with_second(Shot(8, PHOTOS[8]), device_id=OTHER_DEVICE), "foreign_device")

    @pytest.mark.parametrize("seq", [6, 10])
    def test_whose_seq_the_key_does_not_span_is_out_of_range(self, seq: int) -> None:
        self.is_refused(self.with_second(Shot(seq, PHOTOS[8])), "seq_out_of_range", seq)

    def test_whose_seq_was_there_before_is_a_duplicate(self) -> None:
        self.is_refused(self.with_second(Shot(7, PHOTOS[8])), "duplicate_seq", 7)

    def test_that_is_whole_counts_before_a_damaged_one_of_the_same_seq(self) -> None:
        body = flipped(self.with_second(Shot(7, PHOTOS[8])), second_at() - 1)

        pack = read_pack(body, KEY)

        assert bytes_of(body, pack.captures[0]) == PHOTOS[8]
        assert faults(pack) == [("duplicate_seq", 7)]

    def test_that_is_named_twice_overlaps_itself(self) -> None:
        _, data = entries_of([Shot(7, PHOTOS[7]), Shot(9, PHOTOS[9])])
        self.is_refused(forged_directory(data, [0, second_at(), second_at()]), "overlap", 9)

    def test_within_the_bytes_of_another_overlaps_it(self) -> None:
        _, inner = entries_of([Shot(8, PHOTOS[8])], at=1024)
        outer_photo = bytes(1024 - 154) + inner
        _, data = entries_of([Shot(7, outer_photo), Shot(9, PHOTOS[9])])
        last_at = len(data) - 1024
        assert data[1024 : 1024 + len(inner)] == inner

        self.is_refused(forged_directory(data, [0, 1024, last_at]), "overlap")

    def is_refused(self, body: bytes, reason: str, seq: int | None = 8) -> None:
        pack = read_pack(body, KEY)

        assert seqs(pack) == [7, 9]
        assert [(fault.reason, fault.seq) for fault in pack.faults] == [(reason, seq)]
        assert not any(capture.fault for capture in pack.captures)

    def central(self) -> int:
        """Where the central header of the second entry begins."""
        return directory_place(three()) + CENTRAL_BYTES

    def resized(self, size_bytes: int) -> bytes:
        return changed(three(), self.central() + 20, struct.pack("<II", size_bytes, size_bytes))

    def with_second(self, shot: Shot, device_id: str = DEVICE) -> bytes:
        _, first = entries_of([Shot(7, PHOTOS[7])])
        _, second = entries_of([shot], at=len(first), device_id=device_id)
        _, third = entries_of([Shot(9, PHOTOS[9])], at=len(first + second))
        return forged_directory(first + second + third, [0, len(first), len(first + second)])


class TestDamagedBytes:
    """A capture whose header is good is known, and not taken for the photo."""

    def test_are_found_by_their_crc(self) -> None:
        self.is_known(flipped(three(), second_at() + 1000), "bad_crc")

    def test_with_the_right_crc_are_found_by_their_sha256(self) -> None:
        body = flipped(three(), second_at() + RECORD + IN_RECORD["sha256"])

        self.is_known(with_true_record(body, second_at()), "sha256_mismatch")

    def test_that_pass_for_erased_but_are_not_zeros_mismatch(self) -> None:
        body = changed(three(), second_at() + RECORD + IN_RECORD["flags"], b"\x01")
        body = changed(body, second_at() + RECORD + IN_RECORD["sha256"], bytes(32))

        self.is_known(with_true_record(body, second_at()), "sha256_mismatch")

    def test_that_are_erased_but_for_their_sha256_mismatch(self) -> None:
        body = erase(three(), [Seq(8)])
        body = changed(body, second_at() + RECORD + IN_RECORD["sha256"], b"\x01")

        self.is_known(with_true_record(body, second_at()), "sha256_mismatch")

    def is_known(self, body: bytes, damage: str) -> None:
        pack = read_pack(body, KEY)

        assert [(c.seq, c.fault) for c in pack.captures] == [(7, None), (8, damage), (9, None)]
        assert pack.faults == ()


class TestZipBombs:
    def test_a_deflated_entry_is_not_inflated(self) -> None:
        body = zipped([f"{7:016d}.jpg"], zipfile.ZIP_DEFLATED, bytes(2**24))

        assert read_pack(body, KEY) == Pack((), (PackFault("not_stored", 0, Seq(7)),))

    def test_a_hundred_names_for_the_same_bytes_count_once(self) -> None:
        _, data = entries_of([Shot(7, bytes(2**16))])

        pack = read_pack(forged_directory(data, [0] * 100), KEY)

        assert seqs(pack) == [7]
        assert {fault.reason for fault in pack.faults} == {"overlap"}

    def test_an_ordinary_zip_gives_no_captures(self) -> None:
        pack = read_pack(zipped(["photo.jpg", "a/0000000000000007.jpg", f"{7:016d}.jpg"]), KEY)

        assert pack.captures == ()
        assert faults(pack) == [("bad_name", None), ("bad_name", None), ("bad_record", 7)]
