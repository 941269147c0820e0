"""Bytes that are kept as a conflict are no item, and are forgotten with their time all the same."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import sha256

import pytest

from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import EventKind
from chalicelib.services.deleting import delete_item
from chalicelib.services.forgetting import Forgotten, forget
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import reconcile
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.pack_files import Shot
from tests.services.conftest import OWNER, stored_device
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
    thumbnail_of,
    upload,
)
from tests.tiny_jpegs import tiny_jpeg

HELD, OTHER = tiny_jpeg(99), tiny_jpeg(4)
SINCE, UNTIL = taken_at(4), taken_at(5)


def forgotten(world: FakeWorld, device: Device, since: datetime = SINCE, until: datetime = UNTIL) -> Forgotten:
    return forget(
        OWNER,
        device.device_id,
        since,
        until,
        stores=world,
        clock=world.clock,
        entropy=world.entropy,
        time_left=lambda: True,
    )


def run(world: FakeWorld) -> None:
    world.clock.advance(16 * 60)
    reconcile(stores=world, clock=world.clock)


def put_other(world: FakeWorld, device: Device) -> str:
    """A photo of the forgotten time for a seq that another one holds. Gives where it is kept."""
    put_single(world, device, 4, HELD)
    key = object_keys.told_single(device.device_id, Seq(4), taken_at(4))
    world.captures.upload(key, OTHER, sha256(OTHER).hexdigest())
    assert process_object(key, None, stores=world, clock=world.clock).outcome is Outcome.CONFLICT
    return object_keys.conflict(device.device_id, Seq(4), sha256(OTHER).hexdigest())


def is_left(world: FakeWorld, photo: bytes) -> bool:
    bodies = [*world.captures.bodies().values(), *world.derived.bodies().values()]
    return any(photo in body for versions in bodies for body in versions)


def test_what_was_set_aside_is_gone_and_what_is_held_stays(world: FakeWorld, device: Device) -> None:
    aside = put_other(world, device)
    assert world.captures.head(aside)

    done = forgotten(world, device)

    assert (done.deleted, done.is_done) == (1, True)
    assert not is_left(world, OTHER)
    assert bytes_of(world, item_of(world, device, 4)) == HELD
    assert forgotten(world, device).deleted == 0


def test_what_a_pack_holds_as_a_conflict_is_erased_with_its_thumbnail(world: FakeWorld, device: Device) -> None:
    for seq in (4, 5):
        put_single(world, device, seq, tiny_jpeg(90 + seq))
    named = upload(world, device, shots(range(3, 8)))
    assert outcomes(process(world, named)).count(Outcome.CONFLICT) == 2
    thumbnails = world.derived.bodies()[object_keys.pack_thumbnails(named)]
    crashes = Crashes()

    assert forgotten(world.mortal(crashes), device, taken_at(4), taken_at(6)).deleted == 2

    assert packed_photos(world, named).keys() == {3, 6, 7}
    (after,) = world.derived.bodies()[object_keys.pack_thumbnails(named)]
    assert after != thumbnails[0]
    assert crashes.log.count("FakeCaptures.replace") == crashes.log.count("FakeDerived.replace") == 1
    assert {item.seq for item in shown(world, device)} == {3, 4, 5, 6, 7}
    assert all(thumbnail_of(world, item_of(world, device, seq)) for seq in range(3, 8))


def test_a_conflict_of_another_time_stays(world: FakeWorld, device: Device) -> None:
    put_other(world, device)

    assert forgotten(world, device, taken_at(5), taken_at(6)).deleted == 0

    assert is_left(world, OTHER)


def test_a_conflict_is_forgotten_when_its_event_is_not_kept_any_more(world: FakeWorld, device: Device) -> None:
    put_other(world, device)
    world.clock.advance(400 * 86_400)
    assert events(world, device) == []

    forgotten(world, device)

    assert not is_left(world, OTHER)


def test_a_conflict_that_has_become_the_photo_of_its_seq_stays(world: FakeWorld, device: Device) -> None:
    """It was a conflict while nobody had seen that what held the seq were the same bytes."""
    held_in = upload(world, device, shots([4]))
    process(world, held_in)
    world.conflicts.keep(_conflict_of(world, device, held_in.object_key))

    forgotten(world, device, taken_at(40), taken_at(50))

    assert packed_photos(world, held_in).keys() == {4}
    assert bytes_of(world, item_of(world, device, 4)) == OTHER


def _conflict_of(world: FakeWorld, device: Device, object_key: str) -> Conflict:
    return Conflict(device.device_id, Seq(4), object_key, sha256(OTHER).hexdigest(), taken_at(45), len(OTHER))


def test_the_conflict_under_the_seq_of_a_deleted_photo_is_forgotten_too(world: FakeWorld, device: Device) -> None:
    put_single(world, device, 4, HELD)
    delete(world, device, 4)
    named = upload(world, device, shots([3, 4]))
    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.CONFLICT]

    forgotten(world, device)

    assert packed_photos(world, named).keys() == {3}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(2, 20))
def test_forgetting_that_broke_off_is_finished(world: FakeWorld, device: Device, nth: int, before: bool) -> None:
    aside = put_other(world, device)
    named = upload(world, device, shots([3, 4]))
    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.CONFLICT]
    crashes = Crashes()
    (crashes.before if before else crashes.after)(nth)

    try:
        forgotten(world.mortal(crashes), device)
    except SimulatedCrash:
        if not stored_device(world, device.device_id).forgotten:
            return
    run(world)

    assert world.captures.head(aside) is None
    assert packed_photos(world, named).keys() == {3}
    assert bytes_of(world, item_of(world, device, 4)) == HELD


@pytest.mark.parametrize("nth", range(1, 15))
def test_a_conflict_whose_processing_had_not_seen_the_range_is_found_later(
    world: FakeWorld, device: Device, nth: int
) -> None:
    put_single(world, device, 4, HELD)
    key = object_keys.told_single(device.device_id, Seq(4), taken_at(4))
    world.captures.upload(key, OTHER, sha256(OTHER).hexdigest())
    crashes = Crashes()
    crashes.meanwhile(nth, partial(forgotten, world, device))
    process_object(key, None, stores=world.mortal(crashes), clock=world.clock)

    run(world)

    assert not is_left(world, OTHER)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(1, 15))
def test_processing_that_broke_off_leaves_no_conflict_that_nobody_knows(
    world: FakeWorld, device: Device, nth: int, before: bool
) -> None:
    put_single(world, device, 4, HELD)
    key = object_keys.told_single(device.device_id, Seq(4), taken_at(4))
    world.captures.upload(key, OTHER, sha256(OTHER).hexdigest())
    crashes = Crashes()
    (crashes.before if before else crashes.after)(nth)
    try:
        process_object(key, None, stores=world.mortal(crashes), clock=world.clock)
    except SimulatedCrash:
        forgotten(world, device)
        process_object(key, None, stores=world, clock=world.clock)
    else:
        forgotten(world, device)

    assert not is_left(world, OTHER)
    assert {event.kind for event in events(world, device)} <= {EventKind.CONFLICT}


def test_when_all_is_forgotten_nothing_is_known_of_a_conflict(world: FakeWorld, device: Device) -> None:
    put_other(world, device)
    forgotten(world, device)
    run(world)

    assert world.conflicts.of_device(device.device_id) == []


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_photo_that_went_up_again_under_another_seq_is_deleted_with_what_was_kept_as_a_conflict(
    world: FakeWorld, device: Device, is_packed: bool
) -> None:
    put_other(world, device)
    named = upload(world, device, shots([3, 4]))
    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.CONFLICT]
    if is_packed:
        process(world, upload(world, device, [Shot(9, OTHER, taken_at(4), clock_synced=True)]))
    else:
        put_single(world, device, 9, OTHER)

    delete(world, device, 9)

    assert not is_left(world, OTHER)
    assert packed_photos(world, named).keys() == {3}
    assert bytes_of(world, item_of(world, device, 4)) == HELD


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(3, 24))
def test_such_a_deletion_that_broke_off_is_finished(world: FakeWorld, device: Device, nth: int, before: bool) -> None:
    put_other(world, device)
    named = upload(world, device, shots([3, 4]))
    process(world, named)
    put_single(world, device, 9, OTHER)
    crashes = Crashes()
    (crashes.before if before else crashes.after)(nth)

    with suppress(SimulatedCrash):
        delete_item(OWNER, device.device_id, Seq(9), stores=world.mortal(crashes), clock=world.clock)
    if item_of(world, device, 9).is_deleted:
        run(world)
        assert not is_left(world, OTHER)
        assert packed_photos(world, named).keys() == {3}
