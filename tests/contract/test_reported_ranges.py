"""ReportedRanges, in memory and on DynamoDB."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.ids import MAX_SEQ, DeviceId, Seq
from chalicelib.domain.reported import DeviceState, EvictedRange, SkippedRange, StateKind
from tests.contract.conftest import Cloud, Stores, new_device_id, on_moto
from tests.fakes.clock import START, FakeClock

NOW = START.replace(microsecond=123000)
SECOND = timedelta(seconds=1)
PAUSED, RESUMED, BOOT = StateKind.PAUSED, StateKind.RESUMED, StateKind.BOOT


def told(stores: Stores, device_id: DeviceId, *ranges: tuple[int, int]) -> None:
    for first, last in ranges:
        stores.ranges.add_evicted(device_id, Seq(first), Seq(last), NOW)


def evicted(stores: Stores, device_id: DeviceId, first: int, last: int) -> list[tuple[int, int]]:
    found = stores.ranges.evicted(device_id, Seq(first), Seq(last))
    return [(each.first_seq, each.last_seq) for each in found]


def stated(stores: Stores, device_id: DeviceId, *states: tuple[int, StateKind]) -> None:
    for second, kind in states:
        stores.ranges.add_state(device_id, NOW + second * SECOND, kind)


def states(stores: Stores, device_id: DeviceId, since_s: int, until_s: int) -> list[tuple[int, StateKind]]:
    found = stores.ranges.states(device_id, NOW + since_s * SECOND, NOW + until_s * SECOND)
    return [(round((state.at - NOW) / SECOND), state.kind) for state in found]


def test_a_range_comes_back_as_it_was_told(stores: Stores, device_id: DeviceId) -> None:
    stores.ranges.add_evicted(device_id, Seq(0), Seq(MAX_SEQ), NOW)

    assert stores.ranges.evicted(device_id, Seq(5), Seq(5)) == [EvictedRange(Seq(0), Seq(MAX_SEQ), NOW)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ((0, 9), []),
        ((0, 10), [(10, 19)]),
        ((19, 19), [(10, 19)]),
        ((20, 29), []),
        ((15, 35), [(10, 19), (30, 39)]),
        ((12, 13), [(10, 19)]),
        ((40, MAX_SEQ), [(100, 100)]),
        ((101, MAX_SEQ), []),
    ],
)
def test_ranges_are_found_by_what_they_reach_into(
    stores: Stores, device_id: DeviceId, asked: tuple[int, int], found: list[tuple[int, int]]
) -> None:
    told(stores, device_id, (30, 39), (10, 19), (100, 100))

    assert evicted(stores, device_id, *asked) == found


def test_ranges_that_overlap_are_all_found(stores: Stores, device_id: DeviceId) -> None:
    told(stores, device_id, (10, 19), (10, 29), (5, 19))

    assert evicted(stores, device_id, 12, 12) == [(5, 19), (10, 19), (10, 29)]


def test_of_a_range_that_is_told_again_the_first_word_stays(stores: Stores, device_id: DeviceId) -> None:
    told(stores, device_id, (10, 19))
    stores.ranges.add_evicted(device_id, Seq(10), Seq(19), NOW + SECOND)

    assert stores.ranges.evicted(device_id, Seq(10), Seq(19)) == [EvictedRange(Seq(10), Seq(19), NOW)]


def test_hundreds_of_ranges_come_in_the_order_of_seq(stores: Stores, device_id: DeviceId) -> None:
    ranges = [(20 * each, 20 * each + 9) for each in range(250)]
    told(stores, device_id, *reversed(ranges))

    assert evicted(stores, device_id, 0, MAX_SEQ) == ranges
    assert evicted(stores, device_id, 2000, 2029) == [(2000, 2009), (2020, 2029)]


def test_ranges_far_behind_the_one_asked_for_are_not_read(cloud: Cloud, device_id: DeviceId) -> None:
    stores = on_moto(cloud, FakeClock())
    told(stores, device_id, *((20 * each, 20 * each + 9) for each in range(250)))
    before = cloud.limits.calls

    assert evicted(stores, device_id, 0, 19) == [(0, 9)]
    assert cloud.limits.calls - before <= 2


def test_skipped_numbers_are_kept_apart_from_evicted_ones(stores: Stores, device_id: DeviceId) -> None:
    told(stores, device_id, (10, 19))
    for _ in range(2):
        stores.ranges.add_skipped(device_id, Seq(15), Seq(29), NOW)

    assert stores.ranges.skipped(device_id, Seq(29), Seq(40)) == [SkippedRange(Seq(15), Seq(29), NOW)]
    assert stores.ranges.skipped(device_id, Seq(30), Seq(40)) == []
    assert evicted(stores, device_id, 0, MAX_SEQ) == [(10, 19)]


def test_devices_do_not_see_each_others_ranges(stores: Stores, device_id: DeviceId) -> None:
    told(stores, new_device_id(), (10, 19))
    stated(stores, new_device_id(), (0, PAUSED))

    assert evicted(stores, device_id, 0, MAX_SEQ) == []
    assert states(stores, device_id, -9, 9) == []


def test_states_come_oldest_first_from_the_first_instant_to_before_the_last(
    stores: Stores, device_id: DeviceId
) -> None:
    stated(stores, device_id, (9, BOOT), (3, RESUMED), (1, PAUSED), (5, BOOT))

    assert states(stores, device_id, 1, 9) == [(1, PAUSED), (3, RESUMED), (5, BOOT)]


def test_the_last_pause_or_resume_before_the_time_is_told_too(stores: Stores, device_id: DeviceId) -> None:
    stated(stores, device_id, (1, RESUMED), (2, PAUSED), *((second, BOOT) for second in range(3, 20)), (25, RESUMED))

    assert states(stores, device_id, 20, 30) == [(2, PAUSED), (25, RESUMED)]
    assert states(stores, device_id, 40, 50) == [(25, RESUMED)]


def test_a_boot_before_the_time_is_not_told(stores: Stores, device_id: DeviceId) -> None:
    stated(stores, device_id, (1, BOOT))

    assert states(stores, device_id, 2, 3) == []


def test_a_state_that_is_told_twice_is_one(stores: Stores, device_id: DeviceId) -> None:
    stated(stores, device_id, (1, PAUSED), (1, PAUSED), (1, BOOT))

    assert states(stores, device_id, 0, 9) == [(1, BOOT), (1, PAUSED)]


def test_a_state_comes_back_as_it_was_told(stores: Stores, device_id: DeviceId) -> None:
    stores.ranges.add_state(device_id, NOW, PAUSED)

    assert stores.ranges.states(device_id, NOW, NOW + SECOND) == [DeviceState(NOW, PAUSED)]


@pytest.mark.parametrize("until_s", [1, 0])
def test_an_empty_time_has_no_states(stores: Stores, device_id: DeviceId, until_s: int) -> None:
    stated(stores, device_id, (0, PAUSED), (1, RESUMED))

    assert states(stores, device_id, 1, until_s) == []


def test_what_a_device_told_is_kept_for_good(cloud: Cloud, device_id: DeviceId) -> None:
    stores = on_moto(cloud, FakeClock())
    told(stores, device_id, (1, 2))
    stated(stores, device_id, (1, PAUSED), (2, BOOT))

    rows = cloud.dynamodb.scan(TableName=cloud.outputs.inbox_table)["Items"]
    assert len(rows) == 3
    assert not any("expires_at_s" in row for row in rows)
