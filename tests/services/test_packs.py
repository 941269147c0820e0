from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from chalicelib import imaging
from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.clock_samples import ClockSample
from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.item import ItemStatus
from chalicelib.services.ports import AtOnce
from chalicelib.services.processing import process_object
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from tests.fakes.clock import START
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.pack_files import BOOT_ID, Shot, flipped, sealed
from tests.services.pack_scene import (
    bytes_of,
    delete,
    events,
    item_of,
    outcomes,
    process,
    shots,
    shown,
    taken_at,
    thumbnail_of,
    unsynced,
    upload,
)
from tests.services.stubborn import stubborn
from tests.tiny_jpegs import cut_jpeg, not_a_jpeg, tiny_jpeg

SEQS = (3, 4, 7)


def test_every_capture_of_a_pack_becomes_an_item_with_its_place_in_it(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))

    done = process(world, named)

    assert (done.outcome, outcomes(done)) == (Outcome.PROCESSED, [Outcome.PROCESSED] * 3)
    for seq in SEQS:
        item = item_of(world, device, seq)
        assert (item.status, item.object_key, item.version_id) == (ItemStatus.PROCESSED, named.object_key, None)
        assert (item.captured.at, item.captured.confidence) == (taken_at(seq), Confidence.NTP)
        assert bytes_of(world, item) == tiny_jpeg(seq)
        assert item.sha256 == sha256(tiny_jpeg(seq)).hexdigest()
        assert item.pending_since is None
    assert [item.seq for item in shown(world, device)] == [7, 4, 3]


def test_the_thumbnails_of_a_pack_are_one_object(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))

    process(world, named)

    assert world.derived.keys() == [object_keys.pack_thumbnails(named)]
    for seq in SEQS:
        assert thumbnail_of(world, item_of(world, device, seq)) == imaging.examine(tiny_jpeg(seq)).thumbnail


def test_a_pack_has_one_row_that_tells_its_boot(world: FakeWorld, device: Device) -> None:
    process(world, upload(world, device, shots(SEQS)))

    (row,) = world.timeline.all()
    assert (row.first_seq, row.last_seq, row.photos, row.boot_id) == (3, 7, 3, BOOT_ID)
    assert (row.captured_from, row.captured_to) == (taken_at(3), taken_at(7))


def test_a_capture_costs_one_call_of_a_store_and_its_pack_five(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(range(20)))
    crashes = Crashes()

    process_object(named.object_key, None, stores=world.mortal(crashes), clock=world.clock)

    assert crashes.log.count("FakeItems.put") == 20
    assert sorted(name for name in crashes.log if name != "FakeItems.put") == [
        "FakeCaptures.fetch",
        "FakeDerived.create",
        "FakeDevices.glance",
        "FakeItems.range",
        "FakeTimeline.put",
    ]


def test_an_event_told_again_changes_nothing(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)
    items, rows, derived = world.items.all(), world.timeline.all(), world.derived.bodies()

    done = process(world, named)

    assert (done.outcome, set(outcomes(done))) == (Outcome.ALREADY_DONE, {Outcome.ALREADY_DONE})
    assert (world.items.all(), world.timeline.all(), world.derived.bodies()) == (items, rows, derived)


def test_the_version_that_an_event_names_does_not_matter(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))

    assert process(world, named, "a version that a deletion has replaced").outcome is Outcome.PROCESSED


def backwards[T, R](call: Callable[[T], R], values: Sequence[T], /) -> list[R]:
    """As if the last thread were the quickest."""
    return [call(value) for value in reversed(values)][::-1]


@pytest.mark.parametrize("at_once", [map, backwards])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(1, 9))
def test_a_crash_at_any_store_call_is_mended_by_the_next_try(
    world: FakeWorld, device: Device, nth: int, before: bool, at_once: AtOnce
) -> None:
    named = upload(world, device, shots(SEQS))
    crashes = Crashes()
    (crashes.before if before else crashes.after)(nth)

    with pytest.raises(SimulatedCrash):
        process_object(named.object_key, None, stores=world.mortal(crashes), clock=world.clock, at_once=at_once)
    process(world, named)

    assert [item.seq for item in shown(world, device)] == [7, 4, 3]
    assert [(row.photos, row.position) for row in world.timeline.all()] == [(3, world.timeline.all()[0].position)]
    assert len(world.derived.bodies()[object_keys.pack_thumbnails(named)]) == 1


@pytest.mark.parametrize(
    ("body", "reason"), [(not_a_jpeg(1), "not_a_jpeg"), (cut_jpeg(1), "truncated")], ids=["html", "cut"]
)
def test_what_is_no_photo_is_rejected_and_the_others_are_not(
    world: FakeWorld, device: Device, body: bytes, reason: str
) -> None:
    named = upload(world, device, [*shots([1]), Shot(2, body, taken_at(2), clock_synced=True)])

    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.REJECTED]

    item = item_of(world, device, 2)
    assert (item.reject_reason, item.thumbnail_key) == (reason, None)
    assert bytes_of(world, item) == body


def test_a_damaged_capture_that_is_known_by_its_header_is_a_rejected_item(world: FakeWorld, device: Device) -> None:
    content = shots(SEQS)
    body = sealed(content, device_id=device.device_id)
    damaged = flipped(body, body.index(tiny_jpeg(4)) + 300)
    named = upload(world, device, content, damaged)

    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.REJECTED, Outcome.PROCESSED]

    item = item_of(world, device, 4)
    assert item.reject_reason == "sha256_mismatch"
    assert item.claimed_sha256 == sha256(tiny_jpeg(4)).hexdigest()
    assert item.sha256 == sha256(bytes_of(world, item)).hexdigest() != item.claimed_sha256


@pytest.mark.parametrize("body", [b"", b"no pack", bytes(10_000)])
def test_a_pack_that_cannot_be_read_is_kept_and_its_owner_is_told_once(
    world: FakeWorld, device: Device, body: bytes
) -> None:
    named = upload(world, device, shots(SEQS), body)

    assert [process(world, named).outcome for _ in range(2)] == [Outcome.PACK_REJECTED] * 2

    (event,) = events(world, device)
    assert (event.kind, event.details["object_key"]) == (EventKind.PACK_REJECTED, named.object_key)
    assert world.captures.bodies() == {named.object_key: [body]}
    assert world.items.all() == []


def test_of_a_pack_without_its_directory_the_photos_are_kept_and_the_owner_is_told(
    world: FakeWorld, device: Device
) -> None:
    content = shots(SEQS)
    named = upload(world, device, content, sealed(content, device_id=device.device_id)[:-1])

    assert outcomes(process(world, named)) == [Outcome.PROCESSED] * 3

    (event,) = events(world, device)
    assert (event.kind, event.details["reason"]) == (EventKind.PACK_DAMAGED, "no_central_directory")


def test_a_pack_of_an_unknown_device_is_left_alone(world: FakeWorld, device: Device) -> None:
    named = upload(world, replace(device, device_id=named_after(device)), shots(SEQS))

    assert process(world, named).outcome is Outcome.UNKNOWN_DEVICE
    assert world.captures.keys() == [named.object_key]


def named_after(device: Device) -> Any:
    return device.device_id[:-1] + ("0" if device.device_id[-1] != "0" else "1")


def test_a_capture_without_a_clock_is_solved_by_the_samples_of_its_boot(world: FakeWorld, device: Device) -> None:
    world.clocks.note(device.device_id, ClockSample(BOOT_ID, 600_000, Seq(9), START))

    process(world, upload(world, device, [unsynced(1, 60), unsynced(2, 120)]))

    assert [item_of(world, device, seq).captured.confidence for seq in (1, 2)] == [Confidence.SOLVED] * 2
    assert item_of(world, device, 1).captured.at == START - timedelta(minutes=9)


def test_without_a_sample_the_word_of_a_clock_that_was_never_set_is_quoted_where_it_can_be(
    world: FakeWorld, device: Device
) -> None:
    likely, impossible = taken_at(1), START + timedelta(days=400)
    process(world, upload(world, device, [unsynced(1, 60, likely), unsynced(2, 120, impossible)]))

    assert item_of(world, device, 1).captured.at == likely
    assert item_of(world, device, 2).captured.at == START
    assert {item_of(world, device, seq).captured.confidence for seq in (1, 2)} == {Confidence.RECEIVED}


def test_a_synced_clock_that_says_the_impossible_is_not_believed(world: FakeWorld, device: Device) -> None:
    world.clocks.note(device.device_id, ClockSample(BOOT_ID, 60_000, Seq(9), START))
    wrong = Shot(1, tiny_jpeg(1), START + timedelta(days=400), clock_synced=True, uptime_ms=60_000)

    process(world, upload(world, device, [wrong]))

    captured = item_of(world, device, 1).captured
    assert (captured.at, captured.confidence) == (START, Confidence.SOLVED)


@pytest.mark.parametrize("seq", SEQS)
def test_a_capture_that_cannot_be_examined_waits_and_the_others_do_not(
    world: FakeWorld, device: Device, seq: int
) -> None:
    named = upload(world, device, shots(SEQS))

    done = process_object(named.object_key, None, stores=stubborn(world, seq), clock=world.clock)

    assert [(one.outcome, one.error) for one in done.captures if one.error] == [(Outcome.POSTPONED, "MemoryError")]
    item = item_of(world, device, seq)
    assert (item.status, item.pending_since is None) == (ItemStatus.STORED, False)
    assert {item.seq for item in shown(world, device)} == set(SEQS) - {seq}


def test_a_capture_that_waited_gets_a_thumbnail_of_its_own(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process_object(named.object_key, None, stores=stubborn(world, 4), clock=world.clock)

    done = process(world, named)

    assert outcomes(done) == [Outcome.ALREADY_DONE, Outcome.PROCESSED, Outcome.ALREADY_DONE]
    item = item_of(world, device, 4)
    assert item.thumbnail_offset is None
    assert thumbnail_of(world, item) == imaging.examine(tiny_jpeg(4)).thumbnail
    delete(world, device, 4)
    assert world.derived.keys() == [object_keys.pack_thumbnails(named)]
