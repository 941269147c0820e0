"""Every transition of an item, in any sequence: forward only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Examined, Item, ItemStatus, StoredObject, new_item

START = datetime(2026, 5, 4, tzinfo=UTC)
INSTANTS = st.integers(0, 10**6).map(lambda s: START + timedelta(seconds=s))
DIGESTS = st.sampled_from(["a" * 64, "b" * 64])
TIMES = st.builds(CaptureTime, INSTANTS, st.sampled_from(Confidence), st.booleans())
OBJECTS = st.builds(
    StoredObject,
    st.sampled_from(["key-1", "key-2"]),
    st.sampled_from(["v1", "v2"]),
    st.integers(0, 99),
    st.one_of(st.none(), DIGESTS),
    INSTANTS,
)
EXAMINED = st.builds(
    Examined,
    st.builds(StoredObject, st.just("key-1"), st.just("v1"), st.integers(0, 99), DIGESTS, INSTANTS),
    reject_reason=st.sampled_from([None, "truncated"]),
)
Step = Callable[[Item], Item]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(TIMES, st.one_of(st.none(), DIGESTS), INSTANTS).map(lambda a: lambda item: item.claimed(*a)),
    OBJECTS.map(lambda found: lambda item: item.stored(found)),
    st.tuples(EXAMINED, TIMES, INSTANTS).map(lambda a: lambda item: item.examined(*a)),
    INSTANTS.map(lambda at: lambda item: item.deleted(at)),
)


def fresh() -> Item:
    captured = CaptureTime(START, Confidence.RECEIVED, is_guess=True)
    return new_item(DeviceId("d"), Seq(1), OwnerId("o"), "key-1", captured, START)


@given(st.lists(STEPS, max_size=12))
def test_whatever_happens_an_item_never_goes_back(steps: list[Step]) -> None:
    item = fresh()
    for step in steps:
        after = step(item)
        assert after.status.rank >= item.status.rank
        assert not (item.is_examined and after.is_examined and item.status is not after.status)
        assert item.sha256 is None or after.sha256 == item.sha256 or item.status is ItemStatus.STORED
        assert not item.captured.better_than(after.captured)
        assert item.claimed_at in (None, after.claimed_at)
        item = after


@given(st.lists(STEPS, max_size=8), STEPS)
def test_a_tombstone_never_changes_but_to_say_that_its_bytes_are_gone(steps: list[Step], step: Step) -> None:
    item = fresh()
    for each in steps:
        item = each(item)
    tombstone = item.deleted(START)
    assert step(tombstone) == tombstone
    assert step(tombstone.settled()) == tombstone.settled()


@given(st.lists(STEPS, max_size=8), STEPS)
def test_every_step_taken_twice_is_taken_once(steps: list[Step], step: Step) -> None:
    item = fresh()
    for each in steps:
        item = each(item)
    once = step(item)
    assert step(once) == once


@given(st.lists(STEPS, max_size=8))
def test_an_item_waits_exactly_while_something_is_to_come(steps: list[Step]) -> None:
    item = fresh()
    for step in steps:
        item = step(item)
    assert (item.pending_since is None) == item.is_examined
