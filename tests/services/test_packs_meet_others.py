"""What a pack brings of seqs that are taken."""

from __future__ import annotations

from hashlib import sha256

from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import EventKind
from chalicelib.services.uploads import Claim, confirm
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from tests.fakes.world import FakeWorld
from tests.services.pack_scene import (
    bytes_of,
    delete,
    events,
    item_of,
    outcomes,
    packed_photos,
    process,
    put_single,
    shots,
    shown,
    taken_at,
    unsynced,
    upload,
)
from tests.tiny_jpegs import tiny_jpeg

SEQS = (3, 4, 7)


def test_a_photo_that_is_held_alone_is_erased_from_the_pack(world: FakeWorld, device: Device) -> None:
    key = put_single(world, device, 4, tiny_jpeg(4))
    named = upload(world, device, shots(SEQS))

    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.COPY_REMOVED, Outcome.PROCESSED]

    assert item_of(world, device, 4).object_key == key
    assert packed_photos(world, named) == {3: tiny_jpeg(3), 7: tiny_jpeg(7)}
    assert [row.photos for row in world.timeline.all() if row.object_key == named.object_key] == [2]
    assert process(world, named).outcome is Outcome.ALREADY_DONE


def test_a_photo_that_a_pack_holds_is_removed_alone(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)

    put_single(world, device, 4, tiny_jpeg(4))

    assert world.captures.keys() == [named.object_key]
    assert world.derived.keys() == [object_keys.pack_thumbnails(named)]
    assert item_of(world, device, 4).object_key == named.object_key


def test_of_two_packs_with_the_same_photo_the_first_holds_it(world: FakeWorld, device: Device) -> None:
    first, second = upload(world, device, shots([1, 2])), upload(world, device, shots([2, 3]))
    process(world, first)

    assert outcomes(process(world, second)) == [Outcome.COPY_REMOVED, Outcome.PROCESSED]

    assert packed_photos(world, first).keys() == {1, 2}
    assert packed_photos(world, second).keys() == {3}


def test_the_last_copy_is_never_erased_as_a_copy(world: FakeWorld, device: Device) -> None:
    key = put_single(world, device, 4, tiny_jpeg(4))
    world.captures.delete_all_versions(key)
    named = upload(world, device, shots(SEQS))

    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.RESTORED, Outcome.PROCESSED]

    assert packed_photos(world, named).keys() == set(SEQS)
    assert bytes_of(world, item_of(world, device, 4)) == tiny_jpeg(4)
    assert {item.seq for item in shown(world, device)} == set(SEQS)
    assert [row.object_key for row in world.timeline.all()] == [named.object_key]


def test_a_photo_of_a_pack_that_somebody_removed_comes_back_alone(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots([4]))
    process(world, named)
    world.captures.delete_all_versions(named.object_key)

    key = put_single(world, device, 4, tiny_jpeg(4))

    assert item_of(world, device, 4).object_key == key
    assert [row.object_key for row in world.timeline.all()] == [key]
    assert [item.seq for item in shown(world, device)] == [4]


def test_a_conflict_in_a_pack_stays_there_and_the_owner_is_told_where(world: FakeWorld, device: Device) -> None:
    put_single(world, device, 4, tiny_jpeg(99))
    named = upload(world, device, shots(SEQS))

    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.CONFLICT, Outcome.PROCESSED]

    assert packed_photos(world, named).keys() == set(SEQS)
    (event,) = events(world, device)
    offset, size_bytes = int(event.details["offset"]), int(event.details["size_bytes"])
    body = world.captures.bodies()[named.object_key][0]
    assert (event.kind, event.details["seq"]) == (EventKind.CONFLICT, 4)
    assert body[offset : offset + size_bytes] == tiny_jpeg(4)
    assert [row.photos for row in world.timeline.all()] == [2, 1]


def test_a_conflict_is_told_once_also_when_the_pack_was_rewritten(world: FakeWorld, device: Device) -> None:
    put_single(world, device, 4, tiny_jpeg(99))
    named = upload(world, device, shots(SEQS))
    process(world, named)
    world.clock.advance(3600)
    delete(world, device, 3)

    process(world, named)

    assert [event.kind for event in events(world, device)] == [EventKind.CONFLICT]


def test_a_single_that_was_confirmed_and_is_not_examined_yet_is_judged_first(world: FakeWorld, device: Device) -> None:
    key = object_keys.single(device.device_id, Seq(4), "photo.jpg", None)
    world.captures.upload(key, tiny_jpeg(4))
    confirm(device, Claim(key, Seq(4)), stores=world, keys=world.receipt_keys, clock=world.clock)
    named = upload(world, device, shots([4]))

    assert outcomes(process(world, named)) == [Outcome.COPY_REMOVED]
    assert item_of(world, device, 4).object_key == key


def test_a_single_that_was_confirmed_and_whose_bytes_are_gone_holds_up_nothing(
    world: FakeWorld, device: Device
) -> None:
    key = object_keys.single(device.device_id, Seq(4), "photo.jpg", None)
    world.captures.upload(key, tiny_jpeg(99))
    confirm(device, Claim(key, Seq(4)), stores=world, keys=world.receipt_keys, clock=world.clock)
    world.captures.delete_all_versions(key)

    assert outcomes(process(world, upload(world, device, shots(SEQS))))[1] is Outcome.CONFLICT


def test_an_awaited_single_becomes_what_the_pack_holds(world: FakeWorld, device: Device) -> None:
    key = object_keys.single(device.device_id, Seq(4), "photo.jpg", None)
    confirm(device, Claim(key, Seq(4)), stores=world, keys=world.receipt_keys, clock=world.clock)
    named = upload(world, device, shots(SEQS))

    assert outcomes(process(world, named)) == [Outcome.PROCESSED] * 3

    item = item_of(world, device, 4)
    assert (item.object_key, item.captured.at) == (named.object_key, taken_at(4))
    assert item.claimed_at is not None
    assert [row.photos for row in world.timeline.all()] == [3]


def test_an_ingest_call_does_not_change_the_time_that_a_pack_told(world: FakeWorld, device: Device) -> None:
    process(world, upload(world, device, [unsynced(4, 60)]))
    key = object_keys.single(device.device_id, Seq(4), "photo.jpg", None)
    claim = Claim(key, Seq(4), taken_at(4), ntp_synced=True, sha256=sha256(tiny_jpeg(4)).hexdigest())

    confirm(device, claim, stores=world, keys=world.receipt_keys, clock=world.clock)

    assert item_of(world, device, 4).captured.confidence is Confidence.RECEIVED
    assert len(shown(world, device)) == len(world.timeline.all()) == 1
