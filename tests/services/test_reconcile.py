from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from chalicelib.domain.device import Device
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.storage import Fetched
from chalicelib.services.devices import DEVICE_RATE
from chalicelib.services.inbox import event_history
from chalicelib.services.processing import process_object
from chalicelib.services.receipts import receipt_for
from chalicelib.services.reconcile import MAX_ATTEMPTS, Findings, reconcile
from chalicelib.services.uploads import Claim, confirm
from chalicelib.wire import object_keys
from tests.fakes.crashes import Crashes
from tests.fakes.objects import FakeCaptures
from tests.fakes.stores import FakeItems
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER
from tests.tiny_jpegs import tiny_jpeg

SEQ = Seq(7)


def key_of(device: Device, seq: Seq = SEQ) -> str:
    return object_keys.single(device.device_id, seq, "2026-05-04.jpg", None)


def run(world: FakeWorld) -> Findings:
    return reconcile(stores=world, clock=world.clock)


def claim(world: FakeWorld, device: Device) -> Item:
    return confirm(device, Claim(key_of(device), SEQ), stores=world, keys=world.receipt_keys, clock=world.clock).item


def status(world: FakeWorld, device: Device, seq: Seq = SEQ) -> ItemStatus | None:
    item = world.items.get(device.device_id, seq)
    return item.status if item else None


def test_an_object_that_no_event_told_of_becomes_an_item(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    world.clock.advance(16 * 60)
    assert run(world).counts == {"found_processed": 1}
    assert status(world, device) is ItemStatus.PROCESSED


def test_a_photo_of_long_ago_that_no_event_told_of_is_found_within_a_week(world: FakeWorld, device: Device) -> None:
    run(world)
    old = object_keys.single(device.device_id, SEQ, "2020-01-01.jpg", None)
    world.captures.upload(old, tiny_jpeg(1))
    for _ in range(8):
        world.clock.advance(86_400)
        run(world)
    assert status(world, device) is ItemStatus.PROCESSED


def test_an_object_whose_event_may_still_come_is_left_alone(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    assert run(world).counts == {}
    assert status(world, device) is None


def test_a_recent_photo_that_no_event_told_of_is_found_within_two_hours(world: FakeWorld, device: Device) -> None:
    run(world)
    world.clock.advance(60)
    world.captures.upload(key_of(device), tiny_jpeg(1))
    for _ in range(8):
        world.clock.advance(15 * 60)
        run(world)
    assert status(world, device) is ItemStatus.PROCESSED


def test_what_was_looked_at_once_is_not_read_again_with_every_run(world: FakeWorld, device: Device) -> None:
    for seq in range(30):
        world.captures.upload(key_of(device, Seq(seq)), tiny_jpeg(seq))
    run(world)
    for _ in range(24 * 4):
        world.clock.advance(15 * 60)
        world.devices.touch(device.device_id, world.clock(), DEVICE_RATE)
        run(world)
    reads = _CountedItems(world)
    for _ in range(4):
        world.clock.advance(15 * 60)
        reconcile(stores=replace(world, items=cast(FakeItems, reads)), clock=world.clock)
    assert reads.keys_read == 0


class _CountedItems:
    def __init__(self, world: FakeWorld) -> None:
        self._items, self.keys_read = world.items, 0

    def get_many(self, keys: list[tuple[DeviceId, Seq]]) -> list[Item]:
        self.keys_read += len(keys)
        return self._items.get_many(keys)

    def __getattr__(self, name: str) -> object:
        return getattr(self._items, name)


def test_a_sweep_of_more_objects_than_fit_a_run_goes_on_in_the_next(world: FakeWorld, device: Device) -> None:
    for seq in range(5_003):
        world.captures.upload(key_of(device, Seq(seq)), tiny_jpeg(seq % 7))
    world.clock.advance(16 * 60)
    counts = [run(world).counts["found_processed"] for _ in range(3)]
    assert sum(counts) == 5_003
    assert counts[1] > 0 == counts[2]


def test_an_object_whose_processing_fails_holds_up_nothing_and_gets_its_end(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    failing = _failing_for(world, key_of(device), MemoryError())
    for _ in range(MAX_ATTEMPTS + 2):
        world.clock.advance(86_400)
        reconcile(stores=failing, clock=world.clock)
    item = world.items.get(device.device_id, SEQ)
    assert item is not None
    assert (item.status, item.reject_reason) == (ItemStatus.REJECTED, "processing_failed")
    assert world.captures.keys() == [key_of(device)]


def test_a_quiet_device_is_not_listed_again(world: FakeWorld, device: Device) -> None:
    world.clock.advance(3 * 3600)
    run(world)
    world.clock.advance(30 * 86_400)
    crashes = Crashes()
    reconcile(stores=world.mortal(crashes), clock=world.clock)
    assert "FakeCaptures.list_versions" not in crashes.log


def test_devices_that_called_within_the_hour_are_counted(world: FakeWorld, device: Device) -> None:
    world.devices.touch(device.device_id, world.clock(), DEVICE_RATE)
    world.clock.advance(3600)
    assert run(world).devices_seen == 1
    world.clock.advance(1)
    assert run(world).devices_seen == 0


def test_a_photo_that_the_camera_still_has_is_nothing_that_had_to_be_mended(world: FakeWorld, device: Device) -> None:
    claim(world, device)
    world.clock.advance(16 * 60)
    findings = run(world)
    assert findings.counts == {"still_awaited": 1}
    assert findings.mended == 0


def test_an_item_whose_processing_died_is_driven_forward(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    assert claim(world, device).status is ItemStatus.STORED
    world.clock.advance(16 * 60)
    assert run(world).counts["driven_processed"] == 1
    assert status(world, device) is ItemStatus.PROCESSED


def test_an_item_whose_object_never_came_is_given_up_once_after_a_day_and_told(
    world: FakeWorld, device: Device
) -> None:
    claim(world, device)
    found = []
    for _ in range(30):
        world.clock.advance(3600)
        found.append(run(world).counts["object_missing"])
    assert sum(found) == 1
    events = event_history(OWNER, device.device_id, 10, None, stores=world).entries
    assert [event.kind for event in events] == [EventKind.OBJECT_MISSING]
    world.captures.upload(key_of(device), tiny_jpeg(1))
    assert claim(world, device).status is ItemStatus.STORED


def test_a_photo_that_kills_its_processing_again_and_again_is_rejected_in_the_end(
    world: FakeWorld, device: Device
) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    item = claim(world, device)
    for _ in range(MAX_ATTEMPTS):
        item = world.items.put(item.driven(world.clock()))
    world.clock.advance(16 * 60)
    assert run(world).counts["processing_failed"] == 1
    assert status(world, device) is ItemStatus.REJECTED
    assert world.captures.bodies() == {key_of(device): [tiny_jpeg(1)]}


def test_an_item_that_is_processed_just_before_it_is_driven_waits_for_nothing(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    claim(world, device)
    world.clock.advance(16 * 60)
    crashes = Crashes()
    crashes.meanwhile(_DRIVING, lambda: process_object(key_of(device), None, stores=world, clock=world.clock))
    reconcile(stores=world.mortal(crashes), clock=world.clock)
    assert crashes.log[_DRIVING - 2 : _DRIVING] == ["FakeCaptures.head", "FakeItems.get"]
    item = world.items.get(device.device_id, SEQ)
    assert item is not None
    assert (item.status, item.pending_since) == (ItemStatus.PROCESSED, None)


_DRIVING = 4
"""Which call of a run reads the item that is to be driven."""


def test_an_outage_of_some_hours_rejects_no_photo(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    claim(world, device)
    failing = _failing_for(world, key_of(device), Unavailable(retry_after_s=1))
    for _ in range(4 * 18):
        world.clock.advance(15 * 60)
        reconcile(stores=failing, clock=world.clock)
    assert status(world, device) is ItemStatus.STORED
    world.clock.advance(6 * 3600)
    assert run(world).counts["driven_processed"] == 1


def test_a_stored_object_that_somebody_removed_is_said_to_be_missing(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    claim(world, device)
    world.captures.delete_all_versions(key_of(device))
    world.clock.advance(16 * 60)
    run(world)
    item = world.items.get(device.device_id, SEQ)
    assert item is not None
    assert (item.status, item.reject_reason) == (ItemStatus.REJECTED, "object_missing")
    assert receipt_for(item, item.sha256, world.receipt_keys, world.captures) is None


def test_a_deletion_that_was_cut_short_is_finished(world: FakeWorld, device: Device) -> None:
    world.captures.upload(key_of(device), tiny_jpeg(1))
    world.items.put(claim(world, device).deleted(world.clock()))
    world.clock.advance(16 * 60)
    assert run(world).counts["deletion_finished"] == 1
    assert world.captures.bodies() == {}


@pytest.mark.parametrize(
    ("error", "told"), [(Unavailable(retry_after_s=1), "unavailable"), (MemoryError(), "MemoryError")]
)
def test_one_failure_does_not_stop_the_others(world: FakeWorld, device: Device, error: Exception, told: str) -> None:
    for seq in (Seq(1), Seq(2), Seq(3)):
        world.captures.upload(key_of(device, seq), tiny_jpeg(seq))
    world.clock.advance(16 * 60)
    findings = reconcile(stores=_failing_for(world, key_of(device, Seq(2)), error), clock=world.clock)
    assert (findings.counts["found_processed"], findings.errors) == (2, [told])


class _FailingCaptures:
    def __init__(self, world: FakeWorld, key: str, error: Exception) -> None:
        self._captures, self._key, self._error = world.captures, key, error

    def __getattr__(self, name: str) -> object:
        return getattr(self._captures, name)

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        if key == self._key:
            raise self._error
        return self._captures.fetch(key, version_id, at_most_bytes=at_most_bytes)


def _failing_for(world: FakeWorld, key: str, error: Exception) -> FakeWorld:
    return replace(world, captures=cast(FakeCaptures, _FailingCaptures(world, key, error)))
