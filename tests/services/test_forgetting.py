from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest

from chalicelib.domain.device import Device, ForgottenRange
from chalicelib.domain.errors import InvalidBody, NotFound
from chalicelib.domain.ids import OwnerId, Seq
from chalicelib.domain.inbox import CommandKind, EventKind
from chalicelib.services.forgetting import Forgotten, forget
from chalicelib.services.inbox import MAX_OPEN_COMMANDS, command
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import Findings, reconcile
from chalicelib.services.uploads import Claim, confirm
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from tests.fakes.clock import START
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER, STRANGER, stored_device
from tests.services.pack_scene import (
    bytes_of,
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

SINCE, UNTIL = taken_at(4), taken_at(6)


def forgotten(
    world: FakeWorld,
    device: Device,
    since: datetime = SINCE,
    until: datetime = UNTIL,
    *,
    owner_id: OwnerId = OWNER,
    time_left: Callable[[], bool] = lambda: True,
) -> Forgotten:
    return forget(
        owner_id,
        device.device_id,
        since,
        until,
        stores=world,
        clock=world.clock,
        entropy=world.entropy,
        time_left=time_left,
    )


def run(world: FakeWorld, after_s: float = 16 * 60) -> Findings:
    world.clock.advance(after_s)
    return reconcile(stores=world, clock=world.clock)


def test_what_was_taken_in_the_range_is_gone_and_nothing_else(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(range(3, 8)))
    process(world, named)
    put_single(world, device, 20, tiny_jpeg(20))

    done = forgotten(world, device)

    assert (done.since, done.until, done.deleted, done.is_done) == (SINCE, UNTIL, 2, True)
    assert packed_photos(world, named).keys() == {3, 6, 7}
    assert {item.seq for item in shown(world, device)} == {3, 6, 7, 20}
    assert [item_of(world, device, seq).pending_since for seq in (4, 5)] == [None, None]


def test_a_pack_is_rewritten_once_however_many_of_its_photos_are_forgotten(world: FakeWorld, device: Device) -> None:
    process(world, upload(world, device, shots(range(20))))
    crashes = Crashes()

    forgotten(world.mortal(crashes), device, taken_at(0), taken_at(20))

    assert crashes.log.count("FakeCaptures.replace") == crashes.log.count("FakeDerived.replace") == 1


def test_singles_are_forgotten_by_their_time(world: FakeWorld, device: Device) -> None:
    for seq in (3, 4):
        key = object_keys.told_single(device.device_id, Seq(seq), taken_at(seq))
        world.captures.upload(key, tiny_jpeg(seq))
        process_object(key, None, stores=world, clock=world.clock)

    assert forgotten(world, device).deleted == 1

    assert [item.seq for item in shown(world, device)] == [3]
    assert len(world.captures.keys()) == len(world.derived.keys()) == 1


def test_what_comes_late_is_purged_and_its_seq_stays_taken(world: FakeWorld, device: Device) -> None:
    forgotten(world, device)
    single = object_keys.told_single(device.device_id, Seq(4), taken_at(4))
    world.captures.upload(single, tiny_jpeg(4))
    named = upload(world, device, shots([5, 6]))

    assert process_object(single, None, stores=world, clock=world.clock).outcome is Outcome.PURGED
    assert outcomes(process(world, named)) == [Outcome.PURGED, Outcome.PROCESSED]

    assert world.captures.keys() == [named.object_key]
    assert packed_photos(world, named).keys() == {6}
    for seq in (4, 5):
        item = item_of(world, device, seq)
        assert (item.is_deleted, item.pending_since, item.sha256 is None) == (True, None, False)
    assert [(row.photos, row.deleted) for row in world.timeline.all()] == [(0, 1), (1, 1)]


def test_a_photo_that_is_said_to_be_of_the_range_after_it_came_is_gone(world: FakeWorld, device: Device) -> None:
    key = put_single(world, device, 4, tiny_jpeg(4))
    forgotten(world, device)
    claim = Claim(key, Seq(4), taken_at(4), ntp_synced=True)

    told = stored_device(world, device.device_id)
    done = confirm(told, claim, stores=world, keys=world.receipt_keys, clock=world.clock)
    run(world)

    assert done.duplicate
    assert item_of(world, device, 4).is_deleted
    assert world.captures.bodies() == world.derived.bodies() == {}


def test_the_device_is_told_once(world: FakeWorld, device: Device) -> None:
    first, second = forgotten(world, device), forgotten(world, device)

    (told,) = world.inbox.open_commands(device.device_id, 10)
    assert (told.kind, told.command_id) == (CommandKind.FORGET, first.command_id)
    assert told.arguments == {"from": "2026-05-04T11:02:00.000Z", "to": "2026-05-04T11:03:00.000Z"}
    assert first.command_id == second.command_id
    assert len(stored_device(world, device.device_id).forgotten) == 1


def test_a_device_with_as_many_commands_as_it_may_have_is_not_told_and_forgets_all_the_same(
    world: FakeWorld, device: Device
) -> None:
    for _ in range(MAX_OPEN_COMMANDS):
        command(
            OWNER,
            device.device_id,
            CommandKind.REBOOT,
            None,
            stores=world,
            clock=world.clock,
            entropy=world.entropy,
        )

    done = forgotten(world, device)

    assert done.command_id is None
    assert stored_device(world, device.device_id).forgets(SINCE)


def test_what_is_to_come_is_not_forgotten(world: FakeWorld, device: Device) -> None:
    done = forgotten(world, device, START - timedelta(hours=1), START + timedelta(days=1))

    assert done.until == START
    with pytest.raises(InvalidBody):
        forgotten(world, device, START, START + timedelta(days=1))


def test_another_owner_makes_no_device_forget(world: FakeWorld, device: Device) -> None:
    with pytest.raises(NotFound):
        forgotten(world, device, owner_id=STRANGER)
    assert stored_device(world, device.device_id).forgotten == ()


def test_what_a_request_has_no_time_for_the_reconciler_deletes(world: FakeWorld, device: Device) -> None:
    for first in range(0, 40, 4):
        process(world, upload(world, device, shots(range(first, first + 4))))
    looks = iter([True] * 3)

    done = forgotten(world, device, taken_at(0), taken_at(40), time_left=lambda: next(looks, False))
    assert (done.deleted, done.is_done) == (12, False)

    assert run(world).counts["forgotten"] == 28
    assert shown(world, device) == []
    assert stored_device(world, device.device_id).forgotten == (ForgottenRange(taken_at(0), taken_at(40)),)


def test_the_reconciler_does_not_look_at_a_range_for_ever(world: FakeWorld, device: Device) -> None:
    forgotten(world, device)
    run(world)
    crashes = Crashes()
    world.clock.advance(60)

    reconcile(stores=world.mortal(crashes), clock=world.clock)

    assert "FakeTimeline.newest" not in crashes.log


def test_a_photo_whose_processing_had_not_seen_the_range_is_found_later(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(range(3, 8)))
    crashes = Crashes()
    crashes.meanwhile(2, partial(forgotten, world, device))
    process_object(named.object_key, None, stores=world.mortal(crashes), clock=world.clock)
    assert packed_photos(world, named).keys() == {3, 4, 5, 6, 7}

    run(world)

    assert packed_photos(world, named).keys() == {3, 6, 7}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(2, 22, 3))
def test_forgetting_that_broke_off_is_finished(world: FakeWorld, device: Device, nth: int, before: bool) -> None:
    named = upload(world, device, shots(range(3, 8)))
    process(world, named)
    crashes = Crashes()
    (crashes.before if before else crashes.after)(nth)

    with pytest.raises(SimulatedCrash):
        forgotten(world.mortal(crashes), device)
    if stored_device(world, device.device_id).forgotten:
        run(world)
        assert packed_photos(world, named).keys() == {3, 6, 7}
        assert [(row.photos, row.deleted) for row in world.timeline.all()] == [(3, 2)]


def test_other_bytes_of_a_forgotten_time_are_no_conflict_that_is_kept(world: FakeWorld, device: Device) -> None:
    held = {seq: tiny_jpeg(100 + seq) for seq in (1, 2)}
    for seq, photo in held.items():
        put_single(world, device, seq, photo)
    late = shots(range(1, 4))
    forgotten(world, device, taken_at(1), taken_at(3))

    named = upload(world, device, late)
    process(world, named)
    single = object_keys.told_single(device.device_id, Seq(1), taken_at(1))
    world.captures.upload(single, late[0].jpeg, sha256(late[0].jpeg).hexdigest())
    process_object(single, None, stores=world, clock=world.clock)

    assert packed_photos(world, named) == {3: late[2].jpeg}
    assert single not in world.captures.bodies()
    assert [event for event in events(world, device) if event.kind is EventKind.CONFLICT] == []
    assert {seq: bytes_of(world, item_of(world, device, seq)) for seq in (1, 2)} == held
    assert all(thumbnail_of(world, item_of(world, device, seq)) for seq in (1, 2))
