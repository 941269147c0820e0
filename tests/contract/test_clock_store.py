"""ClockStore, in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from chalicelib.domain.clock_samples import ClockSample
from chalicelib.domain.ids import MAX_SEQ, DeviceId, Seq
from tests.contract.conftest import Cloud, Stores, new_device_id, on_moto
from tests.fakes.clock import START, FakeClock

NOW = START.replace(microsecond=123000)
SECOND = timedelta(seconds=1)
BOOT, OTHER_BOOT = "0123456789abcdef", "fedcba9876543210"


def a_sample(uptime_s: int, boot_id: str = BOOT) -> ClockSample:
    return ClockSample(boot_id, uptime_s * 1000, Seq(uptime_s), NOW + uptime_s * SECOND)


def noted(stores: Stores, device_id: DeviceId, *samples: ClockSample) -> list[ClockSample]:
    for sample in samples:
        stores.clocks.note(device_id, sample)
    return by_boot(stores.clocks.samples(device_id))


def by_boot(samples: list[ClockSample]) -> list[ClockSample]:
    return sorted(samples, key=lambda each: (each.boot_id, each.uptime_ms))


def test_a_device_without_a_sample_has_none(stores: Stores, device_id: DeviceId) -> None:
    assert stores.clocks.samples(device_id) == []


def test_one_sample_comes_back_as_it_was_noted(stores: Stores, device_id: DeviceId) -> None:
    largest = ClockSample(BOOT, 2**53 - 1, Seq(MAX_SEQ), NOW)

    assert noted(stores, device_id, largest) == [largest]


def test_of_a_boot_the_first_and_the_last_sample_are_kept(stores: Stores, device_id: DeviceId) -> None:
    assert noted(stores, device_id, *map(a_sample, (1, 2, 3, 4))) == [a_sample(1), a_sample(4)]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
def test_the_order_in_which_samples_are_told_does_not_matter(
    stores: Stores, device_id: DeviceId, order: tuple[int, ...]
) -> None:
    assert noted(stores, device_id, *map(a_sample, order)) == [a_sample(1), a_sample(3)]


def test_a_sample_that_is_told_again_keeps_the_time_of_its_first_arrival(stores: Stores, device_id: DeviceId) -> None:
    again = [replace(a_sample(uptime_s), at=NOW + 60 * SECOND) for uptime_s in (1, 3)]

    assert noted(stores, device_id, a_sample(1), a_sample(3), *again) == [a_sample(1), a_sample(3)]


def test_of_a_sample_that_is_told_twice_the_earlier_arrival_counts(stores: Stores, device_id: DeviceId) -> None:
    late = [replace(a_sample(uptime_s), at=NOW + 60 * SECOND) for uptime_s in (1, 3)]

    assert noted(stores, device_id, *late, a_sample(1), a_sample(3)) == [a_sample(1), a_sample(3)]


def test_each_boot_has_its_own(stores: Stores, device_id: DeviceId) -> None:
    samples = [a_sample(1), a_sample(2), a_sample(9, OTHER_BOOT)]

    assert noted(stores, device_id, *samples) == samples


def test_devices_do_not_see_each_others_samples(stores: Stores, device_id: DeviceId) -> None:
    other = new_device_id()
    noted(stores, device_id, a_sample(1))

    assert noted(stores, other, a_sample(2)) == [a_sample(2)]
    assert stores.clocks.samples(device_id) == [a_sample(1)]


def test_samples_of_many_boots_all_come_back(stores: Stores, device_id: DeviceId) -> None:
    samples = [a_sample(1, f"{boot:016x}") for boot in range(30)]

    assert noted(stores, device_id, *samples) == samples


def test_a_sample_stands_beside_what_else_the_inbox_holds(stores: Stores, device_id: DeviceId) -> None:
    stores.ranges.add_evicted(device_id, Seq(1), Seq(2), NOW)
    stores.inbox.remember_upload(device_id, "ab" * 32, Seq(3))

    assert noted(stores, device_id, a_sample(1)) == [a_sample(1)]


def test_a_boot_is_forgotten_400_days_after_its_last_sample(cloud: Cloud, device_id: DeviceId) -> None:

    noted(on_moto(cloud, FakeClock()), device_id, a_sample(1), a_sample(5))

    (row,) = cloud.dynamodb.scan(TableName=cloud.outputs.inbox_table)["Items"]
    assert int(row["expires_at_s"]["N"]) - (NOW + 5 * SECOND + timedelta(days=400)).timestamp() < 1


def test_the_usual_note_is_one_write(cloud: Cloud, device_id: DeviceId) -> None:

    stores = on_moto(cloud, FakeClock())
    before = cloud.limits.calls
    noted_times = 3
    for uptime_s in range(noted_times):
        stores.clocks.note(device_id, a_sample(uptime_s))

    assert cloud.limits.calls - before == noted_times
