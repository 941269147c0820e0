"""The pack format on the device: what the writer refuses, what a scan goes past, when a sealed pack is damaged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from frameferry_station.captures import MAX_SEQ, Seq
from frameferry_station.packs import (
    MAX_CAPTURES,
    MAX_JPEG_BYTES,
    MAX_PACK_BYTES,
    CaptureRecord,
    PackDamaged,
    PackedEntry,
    PackIdentity,
    Read,
    directory_size_bytes,
    encode_directory,
    encode_entry,
    entry_size_bytes,
    read_sealed,
    scan,
)

from tests.pack_files import DEVICE, EPOCH, OTHER_DEVICE, RECORD, Shot, changed, entries_of, flipped, sealed

IDENTITY = PackIdentity(DEVICE, EPOCH)
RECORD_OF_7 = CaptureRecord(Seq(7), "00c0ffee12345678", 1000, datetime(2026, 3, 4, 5, 6, 7, 891_999, UTC), True)
SHOTS = [Shot(seq, bytes([seq]) * (400 * seq)) for seq in (7, 8, 9)]


def reader(body: bytes) -> Read:
    return lambda offset, length: body[offset : offset + length]


def with_bad_sector(body: bytes, sector: int) -> Read:
    """A card that reads up to a bad sector, and from behind it."""

    def read(offset: int, length: int) -> bytes:
        bad = sector * 512
        end = min(offset + length, bad) if offset < bad + 512 else offset + length
        return body[offset:end]

    return read


def seqs_found(body: bytes, read: Read | None = None, first_seq: int = 0) -> list[int]:
    return [entry.seq for entry in scan(read or reader(body), len(body), DEVICE, first_seq=first_seq).entries]


def entry_at(at: int, seq: int, size_bytes: int = 1) -> PackedEntry:
    entry, _ = encode_entry(IDENTITY, replace(RECORD_OF_7, seq=Seq(seq)), bytes(size_bytes), at=at)
    return entry


class TestTheWriter:
    def test_says_where_the_jpeg_is_and_what_will_be_read_of_it(self) -> None:
        entry, header = encode_entry(IDENTITY, RECORD_OF_7, b"jpeg", at=1024)

        assert entry.header_offset + len(header) == entry.offset
        assert entry.end - entry.header_offset == entry_size_bytes(4) == 512
        assert entry.record.captured_at == datetime(2026, 3, 4, 5, 6, 7, 891_000, UTC)
        assert scan(reader(bytes(1024) + header + b"jpeg"), 1536, DEVICE) == (EPOCH, (entry,))

    @pytest.mark.parametrize("jpeg", [b"", bytes(MAX_JPEG_BYTES + 1)], ids=["nothing", "more than 32 MiB"])
    def test_refuses_a_jpeg_that_no_pack_holds(self, jpeg: bytes) -> None:
        self.is_refused(RECORD_OF_7, jpeg)

    @pytest.mark.parametrize("at", [1, 511, 513])
    def test_refuses_a_place_that_is_no_sector(self, at: int) -> None:
        self.is_refused(RECORD_OF_7, at=at)

    @pytest.mark.parametrize(
        "record",
        [
            replace(RECORD_OF_7, seq=Seq(-1)),
            replace(RECORD_OF_7, seq=Seq(MAX_SEQ + 1)),
            replace(RECORD_OF_7, boot_id="00C0FFEE12345678"),
            replace(RECORD_OF_7, boot_id="1"),
            replace(RECORD_OF_7, boot_id="reboot"),
            replace(RECORD_OF_7, uptime_ms=-1),
            replace(RECORD_OF_7, uptime_ms=2**64),
        ],
    )
    def test_refuses_a_field_that_the_format_does_not_hold(self, record: CaptureRecord) -> None:
        self.is_refused(record)

    @pytest.mark.parametrize("identity", [PackIdentity(DEVICE, 2**32), PackIdentity("camera", EPOCH)])
    def test_refuses_an_identity_that_is_none(self, identity: PackIdentity) -> None:
        self.is_refused(RECORD_OF_7, identity=identity)

    @pytest.mark.parametrize(
        "entries",
        [
            [],
            [entry_at(512 * seq, seq) for seq in range(MAX_CAPTURES + 1)],
            [entry_at(0, 7), entry_at(512, 7)],
            [entry_at(0, 7), entry_at(512, 6)],
            [entry_at(0, 7, 512), entry_at(512, 8)],
            [entry_at(MAX_PACK_BYTES - 512, 7)],
        ],
        ids=["no entry", "101 entries", "a seq twice", "a falling seq", "an overlap", "too large"],
    )
    def test_seals_nothing_that_no_reader_takes(self, entries: list[PackedEntry]) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            encode_directory(entries)

    def test_takes_up_to_the_limits_of_the_format(self) -> None:
        assert (MAX_CAPTURES, MAX_JPEG_BYTES, MAX_PACK_BYTES) == (100, 33_554_432, 67_108_864)

        largest = entry_at(0, 7, MAX_JPEG_BYTES)
        fullest = [entry_at(512 * seq, seq) for seq in range(MAX_CAPTURES)]

        assert read_sealed(reader(sealed(Shot(seq, b"jpeg") for seq in range(MAX_CAPTURES))), 57_822, DEVICE)
        assert [len(encode_directory(entries)) for entries in ([largest], fullest)] == [88, 6622]

    def test_tells_beforehand_what_sealing_takes(self) -> None:
        entries, _ = entries_of(SHOTS)

        assert directory_size_bytes(3) == len(encode_directory(entries))

    def is_refused(
        self, record: CaptureRecord, jpeg: bytes = b"jpeg", *, at: int = 0, identity: PackIdentity = IDENTITY
    ) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            encode_entry(identity, record, jpeg, at=at)


class TestAScan:
    def test_of_a_sealed_pack_finds_all(self) -> None:
        entries, _ = entries_of(SHOTS)
        body = sealed(SHOTS)

        assert scan(reader(body), len(body), DEVICE) == (EPOCH, tuple(entries))

    def test_finds_large_captures_and_small_ones_in_between(self) -> None:
        shots = [Shot(seq, bytes([seq]) * size) for seq, size in enumerate((200_000, 1, 65_536, 65_382, 3, 70_000))]
        _, body = entries_of(shots)

        assert seqs_found(body + bytes(300_000)) == [0, 1, 2, 3, 4, 5]

    def test_goes_past_a_torn_header_and_torn_bytes(self) -> None:
        entries, body = entries_of(SHOTS)

        assert seqs_found(flipped(body, entries[0].header_offset + RECORD)) == [8, 9]
        assert seqs_found(flipped(body, entries[1].end - 1)) == [7, 9]

    @pytest.mark.parametrize(("sector", "left"), [(0, [8, 9]), (5, [8, 9]), (6, [7, 9]), (13, [7, 8])])
    def test_goes_past_a_sector_that_cannot_be_read(self, sector: int, left: list[int]) -> None:
        _, body = entries_of(SHOTS)
        assert seqs_found(body, with_bad_sector(body, sector)) == left

    def test_of_a_first_capture_that_was_torn_does_not_take_an_older_pack_for_this_one(self) -> None:
        entries, body = entries_of(SHOTS[1:2])
        _, older = entries_of(SHOTS[2:], epoch=EPOCH ^ 1)

        assert seqs_found(flipped(body, entries[0].end - 1) + older) == []

    def test_takes_no_capture_from_before_the_pack_s_first_seq(self) -> None:
        _, older = entries_of(SHOTS)

        assert seqs_found(older, first_seq=10) == []
        assert seqs_found(older, first_seq=9) == [9]

    def test_takes_no_capture_of_another_device(self) -> None:
        _, body = entries_of(SHOTS, device_id=OTHER_DEVICE)

        assert seqs_found(body) == []

    def test_ends_at_a_hundred_captures(self) -> None:
        _, body = entries_of(Shot(seq, b"jpeg") for seq in range(MAX_CAPTURES + 1))

        assert seqs_found(body) == list(range(MAX_CAPTURES))


class TestASealedPack:
    def test_gives_its_captures(self) -> None:
        entries, _ = entries_of(SHOTS)
        body = sealed(SHOTS)

        assert read_sealed(reader(body), len(body), DEVICE) == tuple(entries)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            sealed(SHOTS)[:-1],
            sealed(SHOTS) + b"\0",
            flipped(sealed(SHOTS), -1),
            flipped(sealed(SHOTS), -12),
            flipped(sealed(SHOTS), -30),
            flipped(sealed(SHOTS), RECORD),
            changed(sealed(SHOTS), -14, b"\0\0\0\0"),
            sealed(SHOTS, device_id=OTHER_DEVICE),
        ],
        ids=["empty", "cut", "longer", "a comment", "a count", "a name", "a record", "no entries", "another device"],
    )
    def test_that_is_not_as_it_was_sealed_is_damaged(self, body: bytes) -> None:
        with pytest.raises(PackDamaged):
            read_sealed(reader(body), len(body), DEVICE)
