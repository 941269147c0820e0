from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.device import Device, ForgottenRange
from chalicelib.domain.ids import DeviceId, OwnerId

START = datetime(2026, 5, 4, tzinfo=UTC)
ranges = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=8)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def forgetting(told: list[tuple[int, int]]) -> Device:
    device = Device(DeviceId("d"), OwnerId("o"), "camera", START)
    for since, length in told:
        device = device.forgetting(at(since), at(since + length), START)
    return device


@given(ranges)
def test_what_lies_in_any_range_is_forgotten_and_nothing_else(told: list[tuple[int, int]]) -> None:
    device = forgetting(told)

    for second in range(-1, 51):
        expected = any(since <= second < since + length for since, length in told)
        assert device.forgets(at(second)) == expected


@given(ranges)
def test_ranges_that_touch_are_one(told: list[tuple[int, int]]) -> None:
    kept = forgetting(told).forgotten

    for one, other in pairwise(kept):
        assert one.until < other.since


def test_a_range_that_more_was_added_to_meanwhile_is_not_done() -> None:
    device = forgetting([(0, 5), (20, 5)])
    first, second = device.forgotten

    assert device.forgetting(at(3), at(9), START).forgot(first).forgotten[0].asked_at == START
    assert device.forgot(first).forgotten == (ForgottenRange(at(0), at(5)), second)
    assert device.forgot(replace(first, until=at(6))) == device
