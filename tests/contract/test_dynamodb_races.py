"""What a store does when another writer comes between its look and its write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.domain.clock import to_ms
from chalicelib.domain.device import Device
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.rates import Granted, Rate, Refused
from chalicelib.stores.devices import DynamoDevices
from tests.contract.conftest import Cloud

NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)


class Interloper:
    """Acts before the nth UpdateItem of whoever else writes; `at` holds those numbers, 1 is the first."""

    def __init__(self, act: Callable[[], object], at: set[int]) -> None:
        self._act = act
        self._at = at
        self._acts_now = False
        self.seen = 0

    def __call__(self, **_: Any) -> None:
        if self._acts_now:
            return
        self.seen += 1
        if self.seen in self._at:
            self._acts_now = True
            self._act()
            self._acts_now = False


@contextmanager
def interloper(cloud: Cloud, act: Callable[[], object], at: set[int]) -> Iterator[Interloper]:
    between = Interloper(act, at)
    cloud.dynamodb.meta.events.register("provide-client-params.dynamodb.UpdateItem", between)
    try:
        yield between
    finally:
        cloud.dynamodb.meta.events.unregister("provide-client-params.dynamodb.UpdateItem", between)


@pytest.fixture
def devices(cloud: Cloud, device_id: DeviceId) -> DynamoDevices:
    devices = cloud.devices()
    devices.create(Device(device_id, OwnerId("owner-1"), "camera", NOW))
    return devices


def test_a_touch_of_an_idle_device_is_one_write(cloud: Cloud, devices: DynamoDevices, device_id: DeviceId) -> None:
    before = cloud.limits.calls

    devices.touch(device_id, NOW, Rate(60, 2))

    assert cloud.limits.calls == before + 1


def test_two_requests_at_once_are_both_counted(cloud: Cloud, devices: DynamoDevices, device_id: DeviceId) -> None:
    rate = Rate(per_minute=60, burst=2)
    with interloper(cloud, lambda: devices.touch(device_id, NOW, rate), at={1}):
        answer = devices.touch(device_id, NOW, rate)

    assert isinstance(answer, Granted)
    assert isinstance(devices.touch(device_id, NOW, rate), Refused)


def test_of_two_requests_at_once_only_as_many_are_granted_as_the_burst_allows(
    cloud: Cloud, devices: DynamoDevices, device_id: DeviceId
) -> None:
    rate = Rate(per_minute=60, burst=1)
    with interloper(cloud, lambda: devices.touch(device_id, NOW, rate), at={1}):
        assert isinstance(devices.touch(device_id, NOW, rate), Refused)


def test_a_request_among_many_others_is_counted_and_not_turned_away(
    cloud: Cloud, devices: DynamoDevices, device_id: DeviceId
) -> None:
    rate = Rate(per_minute=6000, burst=4)
    with interloper(cloud, lambda: devices.touch(device_id, NOW, rate), at={1, 2, 3}):
        answer = devices.touch(device_id, NOW, rate)

    assert answer == Granted(to_ms(NOW) + 3 * rate.interval_ms)


@pytest.mark.parametrize("at", [1, 2])
def test_a_seq_that_another_took_in_between_is_not_given_twice(
    cloud: Cloud, devices: DynamoDevices, device_id: DeviceId, at: int
) -> None:
    taken: list[Seq] = []
    with interloper(cloud, lambda: taken.append(devices.allot_seq(device_id, Seq(7))), at={at}):
        ours = devices.allot_seq(device_id, Seq(5))

    assert (taken, ours) == ([7], 8)
