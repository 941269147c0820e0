"""The reconciler, when something ends its run: by its time, or by its memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any, cast

from chalicelib.domain.device import Device
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.storage import Fetched
from chalicelib.services.devices import DEVICE_RATE
from chalicelib.services.reconcile import MAX_ATTEMPTS, Findings, reconcile
from chalicelib.services.sweeping import MAX_TRIES
from chalicelib.services.uploads import Claim, confirm
from chalicelib.wire import object_keys
from tests.fakes.crashes import SimulatedCrash
from tests.fakes.objects import FakeCaptures
from tests.fakes.stores import FakeDevices
from tests.fakes.world import FakeWorld
from tests.services.conftest import new_device
from tests.services.pack_scene import delete, events, item_of, put_single, shots, shown, upload
from tests.tiny_jpegs import tiny_jpeg


class DeadlyCaptures:
    """No process survives it to read one of these."""

    def __init__(self, captures: FakeCaptures, keys: Iterable[str]) -> None:
        self._captures, self._keys = captures, set(keys)
        self.tries = Counter[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._captures, name)

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        if key in self._keys:
            self.tries[key] += 1
            raise SimulatedCrash(key)
        return self._captures.fetch(key, version_id, at_most_bytes=at_most_bytes)


class InOrder:
    """Devices, of which one is always looked after first."""

    def __init__(self, devices: FakeDevices, first: DeviceId) -> None:
        self._devices, self._first = devices, first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._devices, name)

    def all_ids(self) -> Iterable[DeviceId]:
        return sorted(self._devices.all_ids(), key=lambda device_id: device_id != self._first)


def deadly(world: FakeWorld, device: Device, *keys: str) -> tuple[FakeWorld, DeadlyCaptures]:
    captures = DeadlyCaptures(world.captures, keys)
    devices = cast(FakeDevices, InOrder(world.devices, device.device_id))
    return replace(world, captures=cast(FakeCaptures, captures), devices=devices), captures


def run(world: FakeWorld) -> Findings | None:
    """None if it ended before its end."""
    world.clock.advance(16 * 60)
    try:
        return reconcile(stores=world, clock=world.clock)
    except SimulatedCrash:
        return None


def seqs_shown(world: FakeWorld, device: Device) -> list[int]:
    return sorted(item.seq for item in shown(world, device) if item.device_id == device.device_id)


def test_a_pack_that_ends_every_run_is_given_up_and_what_comes_after_it_is_done(
    world: FakeWorld, device: Device
) -> None:
    killer = upload(world, device, shots([1, 2]))
    upload(world, device, shots([3, 4]))
    stuck, captures = deadly(world, device, killer.object_key)

    runs = [run(stuck) for _ in range(4)]

    assert [each is None for each in runs] == [True] * MAX_TRIES + [False] * (4 - MAX_TRIES)
    assert captures.tries[killer.object_key] == MAX_TRIES
    assert seqs_shown(world, device) == [3, 4]
    (event,) = events(world, device)
    assert (event.kind, event.details["reason"]) == (EventKind.PACK_REJECTED, "processing_failed")
    assert event.details["object_key"] == killer.object_key


def test_other_devices_are_looked_after_before_the_one_whose_objects_end_runs(world: FakeWorld, device: Device) -> None:
    killer = upload(world, device, shots([1]))
    other, _ = new_device(world)
    upload(world, other, shots([7]))
    stuck, _ = deadly(world, device, killer.object_key)

    assert [run(stuck), run(stuck)] == [None, None]

    assert seqs_shown(world, other) == [7]


def test_several_that_end_runs_are_given_up_one_after_the_other(world: FakeWorld, device: Device) -> None:
    killers = [upload(world, device, shots([seq])).object_key for seq in (1, 3, 5)]
    for seq in (2, 4, 6):
        upload(world, device, shots([seq]))
    stuck, captures = deadly(world, device, *killers)

    for _ in range(3 * MAX_TRIES + 1):
        run(stuck)

    assert captures.tries == dict.fromkeys(killers, MAX_TRIES)
    assert seqs_shown(world, device) == [2, 4, 6]
    assert len(events(world, device)) == 3


def test_what_ends_runs_is_left_alone_once_it_is_no_news_any_more(world: FakeWorld, device: Device) -> None:
    killer = upload(world, device, shots([1])).object_key
    stuck, captures = deadly(world, device, killer)
    tries = []
    for _ in range(30):
        for _ in range(24):
            world.clock.advance(2640)
            run(stuck)
            world.devices.touch(device.device_id, world.clock(), DEVICE_RATE)
        tries.append(captures.tries[killer])

    assert tries[0] <= 3 * MAX_TRIES
    assert tries[-1] == tries[8]


def test_a_single_that_ends_every_run_gets_the_tries_of_one_that_fails_and_its_end(
    world: FakeWorld, device: Device
) -> None:
    key = object_keys.single(device.device_id, Seq(1), "photo.jpg", None)
    world.captures.upload(key, tiny_jpeg(1))
    upload(world, device, shots([3, 4]))
    stuck, captures = deadly(world, device, key)

    for _ in range(20):
        world.clock.advance(4 * 3600)
        run(stuck)

    assert captures.tries[key] == MAX_TRIES + MAX_ATTEMPTS
    assert item_of(world, device, 1).reject_reason == "processing_failed"
    assert seqs_shown(world, device) == [1, 3, 4]


def test_a_single_that_ends_every_run_is_found_though_it_was_awaited_under_another_key(
    world: FakeWorld, device: Device
) -> None:
    """The device has named a time with its claim that it had not named before its upload."""
    key, claimed = (object_keys.single(device.device_id, Seq(1), name, None) for name in ("photo.jpg", "other.jpg"))
    confirm(device, Claim(claimed, Seq(1)), stores=world, keys=world.receipt_keys, clock=world.clock)
    world.captures.upload(key, tiny_jpeg(1))
    stuck, _ = deadly(world, device, key)

    for _ in range(20):
        world.clock.advance(4 * 3600)
        run(stuck)

    assert (item_of(world, device, 1).object_key, item_of(world, device, 1).reject_reason) == (key, "processing_failed")


def test_a_single_that_ends_every_run_and_whose_seq_is_anothers_is_kept_as_a_conflict(
    world: FakeWorld, device: Device
) -> None:
    put_single(world, device, 1, tiny_jpeg(99))
    key = object_keys.single(device.device_id, Seq(1), "other.jpg", None)
    world.captures.upload(key, tiny_jpeg(1))
    stuck, captures = deadly(world, device, key)

    for _ in range(MAX_TRIES + 1):
        run(stuck)

    assert captures.tries[key] == MAX_TRIES
    (kept,) = world.conflicts.of_device(device.device_id)
    assert world.captures.bodies()[kept.object_key] == [tiny_jpeg(1)]
    (event,) = events(world, device)
    assert (event.kind, event.details["object_key"]) == (EventKind.CONFLICT, kept.object_key)


def test_a_copy_of_a_deleted_photo_that_ends_every_run_is_purged_unread(world: FakeWorld, device: Device) -> None:
    put_single(world, device, 1, tiny_jpeg(1))
    delete(world, device, 1)
    key = object_keys.single(device.device_id, Seq(1), "other.jpg", None)
    world.captures.upload(key, tiny_jpeg(1), sha256(tiny_jpeg(1)).hexdigest())
    stuck, _ = deadly(world, device, key)

    for _ in range(MAX_TRIES + 1):
        run(stuck)

    assert world.captures.bodies() == {}
    assert events(world, device) == []


def test_a_run_that_ended_once_by_chance_costs_nothing(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots([1, 2]))
    stuck, _ = deadly(world, device, named.object_key)
    assert run(stuck) is None

    run(world)

    assert (seqs_shown(world, device), events(world, device)) == ([1, 2], [])


def test_a_sweep_begins_nothing_more_when_its_time_is_up_and_goes_on_in_the_next_run(
    world: FakeWorld, device: Device
) -> None:
    for seq in range(1, 7):
        upload(world, device, shots([seq]))
    done = []
    for _ in range(4):
        world.clock.advance(16 * 60)
        looks = count()
        # One look is before the device, and one before each object.
        reconcile(stores=world, clock=world.clock, time_left=lambda looks=looks: next(looks) < 3)  # type: ignore[misc]
        done.append(seqs_shown(world, device))

    assert done == [[1, 2], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]
