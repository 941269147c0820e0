"""Whatever becomes of a pack's bytes: a reader names what is wrong, never takes what is not there, and never fails."""

from __future__ import annotations

import hashlib
import io
import itertools
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from frameferry_station.packs import PackDamaged, Read, ScannedPack, read_sealed, scan
from hypothesis import event, given, settings
from hypothesis import strategies as st

from chalicelib.domain.ids import MAX_SEQ, Seq
from chalicelib.wire.packs import BadPack, Pack, PackedCapture, erase, read_pack
from tests.pack_files import (
    DEVICE,
    EPOCH,
    Shot,
    changed,
    entries_of,
    forged_directory,
    key_for,
    sealed,
    with_true_record,
)

FIRST, LAST = 5, 9
KEY = key_for(FIRST, LAST)
ALL_SEQS = st.integers(0, MAX_SEQ)
FEW_SEQS = st.integers(FIRST, LAST)
MANY = settings(max_examples=max(200, settings().max_examples))
"""For damage, of which most is found at once."""
Mutation = Callable[[bytes], bytes]

times = st.none() | st.datetimes(timezones=st.just(UTC)).filter(lambda at: at != datetime(1970, 1, 1, tzinfo=UTC))
photos = st.binary(min_size=1, max_size=1200)
boots = st.integers(0, 2**64 - 1).map("{:016x}".format)
uptimes = st.integers(0, 2**64 - 1)


@st.composite
def shots(draw: st.DrawFn, seqs: st.SearchStrategy[int] = ALL_SEQS) -> list[Shot]:
    numbers = sorted(draw(st.sets(seqs, min_size=1, max_size=5)))
    return [Shot(seq, draw(photos), draw(times), draw(st.booleans()), draw(uptimes), draw(boots)) for seq in numbers]


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """One change of a file: anywhere, or in a header whose CRC is then made right, as a wrong writer would."""
    kind = draw(st.sampled_from(["change", "cut", "insert", "copy", "truncate", "header", "directory"]))
    place, other = draw(st.integers(0, 10_000)), draw(st.integers(0, 10_000))
    new = draw(st.binary(min_size=1, max_size=8))

    def mutated(body: bytes) -> bytes:
        if not body:
            return body
        at, to = place % len(body), other % len(body)
        sector = at // 512 * 512
        match kind:
            case "change":
                return changed(body, at, new)[: len(body)]
            case "cut":
                return body[: min(at, to)] + body[max(at, to) :]
            case "insert":
                return body[:at] + new + body[at:]
            case "copy":
                return changed(body, to // 512 * 512, body[sector : sector + 512 * len(new)])
            case "truncate":
                return body[:at]
            case "header" if sector + 154 <= len(body):
                return with_true_record(changed(body, sector + other % 150, new)[: len(body)], sector)
            case "directory":
                headers = [each for each in range(0, len(body) - 153, 512) if body[each:].startswith(b"PK\x03\x04")]
                return forged_directory(body[: max(headers, default=0) + 1024], headers) if headers else body
        return body

    return mutated


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A pack, or two spliced, of which something was changed."""
    body = sealed(draw(shots(FEW_SEQS)))
    if draw(st.booleans()):
        tail = sealed(draw(shots(FEW_SEQS)), epoch=draw(st.sampled_from([EPOCH, 1])))
        cut = draw(st.integers(0, len(body) // 512)) * 512
        body = body[:cut] + tail[draw(st.integers(0, len(tail) // 512)) * 512 :]
    for mutation in draw(st.lists(mutations(), min_size=1, max_size=4)):
        body = mutation(body)
    return body


def bytes_of(body: bytes, capture: PackedCapture) -> bytes:
    return body[capture.offset : capture.offset + capture.size_bytes]


def reader(body: bytes) -> Read:
    return lambda offset, length: body[offset : offset + length]


def read_or_none(body: bytes) -> Pack | None:
    try:
        return read_pack(body, KEY)
    except BadPack as bad:
        event(bad.reason)
        return None


@given(shots())
def test_what_is_written_is_read_again(taken: list[Shot]) -> None:
    body = sealed(taken)

    pack = read_pack(body, key_for(taken[0].seq, taken[-1].seq))

    assert pack.faults == ()
    assert [
        Shot(c.seq, bytes_of(body, c), c.captured_at, c.clock_synced, c.uptime_ms, c.boot_id) for c in pack.captures
    ] == [as_kept(shot) for shot in taken]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [shot.jpeg for shot in taken]


def as_kept(shot: Shot) -> Shot:
    """In whole milliseconds; a clock without a time tells nothing."""
    at = shot.captured_at
    whole = at.replace(microsecond=at.microsecond // 1000 * 1000) if at else None
    return Shot(shot.seq, shot.jpeg, whole, shot.clock_synced and at is not None, shot.uptime_ms, shot.boot_id)


@MANY
@given(damaged())
def test_no_damage_makes_a_capture_of_other_bytes(body: bytes) -> None:
    pack = read_or_none(body)
    if pack is None:
        return

    for capture in pack.captures:
        found = bytes_of(body, capture)
        assert len(found) == capture.size_bytes > 0
        if capture.is_erased and not capture.fault:
            assert not any(found)
        elif not capture.fault:
            assert hashlib.sha256(found).hexdigest() == capture.sha256
    assert_apart(pack)
    event(f"{len(pack.captures)} captures")
    for fault in pack.faults:
        event(fault.reason)


def assert_apart(pack: Pack) -> None:
    seqs = [capture.seq for capture in pack.captures]
    assert seqs == sorted(set(seqs))
    assert all(FIRST <= seq <= LAST for seq in seqs)
    spans = sorted((capture.offset, capture.offset + capture.size_bytes) for capture in pack.captures)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


@MANY
@given(damaged(), st.sets(FEW_SEQS))
def test_erasing_takes_the_bytes_and_nothing_else(body: bytes, gone: set[int]) -> None:
    before = read_or_none(body)
    if before is None:
        return

    after_body = erase(body, {Seq(seq) for seq in gone})

    assert len(after_body) == len(body)
    for capture in before.captures:
        if capture.seq in gone:
            assert not any(bytes_of(after_body, capture))
    # An entry that was refused, yet has the name of one that goes, goes too, and may have lain across others.
    if all(body.count(b"%016d.jpg" % seq) <= 2 for seq in gone):
        after = read_pack(after_body, KEY)
        kept = [capture for capture in after.captures if capture.seq not in gone]
        assert kept == [capture for capture in before.captures if capture.seq not in gone]
        assert all(capture.is_erased and not capture.fault for capture in after.captures if capture.seq in gone)


@given(shots(), st.data())
def test_every_erased_pack_is_a_good_zip_still(taken: list[Shot], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from([shot.seq for shot in taken])))

    body = erase(sealed(taken), {Seq(seq) for seq in gone})

    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == [
            bytes(len(shot.jpeg)) if shot.seq in gone else shot.jpeg for shot in taken
        ]


@MANY
@given(damaged())
def test_a_device_finds_only_whole_captures_in_any_file(body: bytes) -> None:
    found = scan(reader(body), len(body), DEVICE)

    for entry in found.entries:
        assert len(body) >= entry.end
    if found.entries:
        archive = read_pack(body[: found.entries[-1].end], key_for(0, MAX_SEQ))
        assert {entry.seq for entry in found.entries} <= {capture.seq for capture in archive.captures}
    event(f"{len(found.entries)} entries")


@MANY
@given(damaged())
def test_a_device_reads_a_sealed_pack_or_says_that_it_is_damaged(body: bytes) -> None:
    try:
        entries = read_sealed(reader(body), len(body), DEVICE)
    except PackDamaged:
        event("damaged")
        return
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist() == [f"{entry.seq:016d}.jpg" for entry in entries]


@given(shots(), st.integers(0, 6000), st.binary(max_size=3))
def test_what_was_synced_before_a_power_cut_is_found_again(taken: list[Shot], cut: int, torn: bytes) -> None:
    """The entries before the cut are whole; the one that was being written is not, and old bytes follow."""
    entries, data = entries_of(taken)
    stale = entries_of([Shot(MAX_SEQ, b"an old photo")], epoch=EPOCH ^ 1)[1] * 20
    body = data[:cut] + (torn + stale)[: max(0, len(stale) - cut)]

    found = scan(reader(body), len(body), DEVICE, first_seq=taken[0].seq)

    whole = [entry for entry in entries if entry.end <= cut]
    if whole:
        assert list(found.entries)[: len(whole)] == whole
        assert found.epoch == EPOCH


@pytest.mark.parametrize("size_bytes", [0, 1, 21, 22, 153, 512])
def test_a_file_of_zeros_holds_no_captures(size_bytes: int) -> None:
    assert scan(reader(bytes(size_bytes)), size_bytes, DEVICE) == ScannedPack(None, ())
    with pytest.raises(PackDamaged):
        read_sealed(reader(bytes(size_bytes)), size_bytes, DEVICE)
