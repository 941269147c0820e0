from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.domain.device import Device
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.item import OBJECT_MISSING, ItemStatus
from chalicelib.domain.storage import Fetched
from chalicelib.services.devices import DEVICE_RATE
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import MAX_ATTEMPTS, Findings, reconcile
from chalicelib.services.sweeping import NEAR_SEQS
from chalicelib.services.verdicts import Outcome
from chalicelib.wire.object_keys import PackKey
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.objects import FakeCaptures
from tests.fakes.world import FakeWorld
from tests.services.pack_scene import events, item_of, outcomes, process, shots, shown, upload
from tests.services.stubborn import stubborn

SEQS = (3, 4, 7)


def run(world: FakeWorld, after_s: float = 16 * 60) -> Findings:
    world.clock.advance(after_s)
    return reconcile(stores=world, clock=world.clock)


def touch(world: FakeWorld, device: Device) -> None:
    world.devices.touch(device.device_id, world.clock(), DEVICE_RATE)


def test_a_pack_that_no_event_told_of_is_processed(world: FakeWorld, device: Device) -> None:
    upload(world, device, shots(SEQS))

    assert run(world).counts == {"found_processed": 1}

    assert {item.seq for item in shown(world, device)} == set(SEQS)


def test_a_pack_that_was_processed_is_not_read_again(world: FakeWorld, device: Device) -> None:
    process(world, upload(world, device, shots(SEQS)))
    crashes = Crashes()
    world.clock.advance(16 * 60)

    findings = reconcile(stores=world.mortal(crashes), clock=world.clock)

    assert findings.counts == {}
    assert "FakeCaptures.fetch" not in crashes.log


@pytest.mark.parametrize("nth", range(3, 9))
def test_a_pack_whose_processing_died_is_finished(world: FakeWorld, device: Device, nth: int) -> None:
    named = upload(world, device, shots(SEQS))
    crashes = Crashes()
    crashes.before(nth)
    with pytest.raises(SimulatedCrash):
        process_object(named.object_key, None, stores=world.mortal(crashes), clock=world.clock)

    run(world)

    assert {item.seq for item in shown(world, device)} == set(SEQS)
    assert [row.photos for row in world.timeline.all()] == [3]


def test_a_recent_pack_is_found_within_two_hours_and_an_old_one_within_a_week(world: FakeWorld, device: Device) -> None:
    latest = NEAR_SEQS + 100
    process(world, upload(world, device, shots([latest])))
    run(world)
    touch(world, device)
    upload(world, device, shots([latest + 1]))
    upload(world, device, shots([1]))
    for _ in range(8):
        run(world)
        touch(world, device)
    assert {item.seq for item in shown(world, device)} == {latest, latest + 1}

    for _ in range(8):
        run(world, 86_400)

    assert {item.seq for item in shown(world, device)} == {1, latest, latest + 1}


class FailingCaptures:
    """Cannot give one pack."""

    def __init__(self, captures: FakeCaptures, named: PackKey, error: Exception) -> None:
        self._captures, self._key, self._error = captures, named.object_key, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._captures, name)

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        if key == self._key:
            raise self._error
        return self._captures.fetch(key, version_id, at_most_bytes=at_most_bytes)


def failing(world: FakeWorld, named: PackKey, error: Exception) -> FakeWorld:
    return replace(world, captures=cast(FakeCaptures, FailingCaptures(world.captures, named, error)))


def test_a_pack_that_cannot_be_processed_holds_up_nothing_and_its_owner_is_told_once(
    world: FakeWorld, device: Device
) -> None:
    named = upload(world, device, shots(SEQS))
    stuck = failing(world, named, MemoryError())
    errors = []
    for _ in range(3):
        world.clock.advance(3600)
        touch(world, device)
        errors += reconcile(stores=stuck, clock=world.clock).errors

    assert errors == ["MemoryError"]
    (event,) = events(world, device)
    assert (event.kind, event.details["reason"]) == (EventKind.PACK_REJECTED, "processing_failed")
    sweep = world.devices.get(device.device_id)
    assert sweep is not None
    assert sweep.sweep is not None


def test_a_pack_is_tried_again_where_a_store_was_busy(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    world.clock.advance(16 * 60)

    busy = failing(world, named, Unavailable(1))
    assert reconcile(stores=busy, clock=world.clock).errors == ["unavailable"]

    assert run(world, 15 * 60).counts == {"found_processed": 1}
    assert events(world, device) == []


def test_a_capture_that_could_not_be_examined_is_tried_again(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    done = process_object(named.object_key, None, stores=stubborn(world, 4), clock=world.clock)
    assert outcomes(done)[1] is Outcome.POSTPONED

    assert run(world).counts["driven_processed"] == 1

    assert {item.seq for item in shown(world, device)} == set(SEQS)


def test_a_capture_that_can_never_be_examined_is_rejected_in_the_end(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    stuck = stubborn(world, 4)
    process_object(named.object_key, None, stores=stuck, clock=world.clock)
    for _ in range(MAX_ATTEMPTS + 1):
        world.clock.advance(86_400)
        reconcile(stores=stuck, clock=world.clock)

    item = item_of(world, device, 4)
    assert (item.status, item.reject_reason, item.offset is None) == (ItemStatus.REJECTED, "processing_failed", False)
    assert [(row.photos, row.rejected) for row in world.timeline.all()] == [(2, 1)]


def test_one_look_at_a_pack_is_a_try_for_all_that_wait_in_it(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    stuck = stubborn(world, *SEQS)
    process_object(named.object_key, None, stores=stuck, clock=world.clock)
    world.clock.advance(16 * 60)
    crashes = Crashes()

    reconcile(stores=stuck.mortal(crashes), clock=world.clock)

    assert [item_of(world, device, seq).attempts for seq in SEQS] == [1, 1, 1]
    assert crashes.log.count("FakeDerived.create") == 1


def test_photos_that_waited_in_a_pack_that_somebody_removed_are_missing(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process_object(named.object_key, None, stores=stubborn(world, 4), clock=world.clock)
    world.captures.delete_all_versions(named.object_key)

    run(world)

    item = item_of(world, device, 4)
    assert (item.reject_reason, item.is_in_pack) == (OBJECT_MISSING, True)
    assert [(row.photos, row.rejected) for row in world.timeline.all()] == [(2, 1)]


def test_a_deletion_in_a_pack_that_was_cut_short_is_finished(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)
    for seq in (3, 7):
        world.items.put(item_of(world, device, seq).deleted(world.clock()))

    assert run(world).counts == {"deletion_finished": 1}

    assert [item_of(world, device, seq).pending_since for seq in SEQS] == [None] * 3
    assert [(row.photos, row.deleted) for row in world.timeline.all()] == [(1, 2)]
