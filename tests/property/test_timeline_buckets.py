"""What a timeline counts is what a plain count of its rows' captures gives."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.device import Device
from chalicelib.domain.gaps import TimeSpan
from chalicelib.domain.ids import OwnerId, Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.timeline import RowCapture, Shown, TimelineRow, rows_of_pack
from chalicelib.services.timeline import timeline
from tests.fakes.clock import START
from tests.fakes.world import FakeWorld
from tests.pack_files import DEVICE

OWNER = OwnerId("owner-1")
STATUSES = st.sampled_from([ItemStatus.PROCESSED, ItemStatus.PROCESSED, ItemStatus.REJECTED, ItemStatus.DELETED])
captures = st.lists(st.tuples(st.integers(0, 7200), STATUSES), min_size=1, max_size=8)


def rows_of(number: int, told: list[tuple[int, ItemStatus]]) -> list[TimelineRow]:
    items = [
        Item(
            device_id=DEVICE,
            seq=Seq(100 * number + place),
            owner_id=OWNER,
            status=status,
            object_key=f"pack {number}",
            captured=CaptureTime(START + timedelta(seconds=second), Confidence.NTP),
            created_at=START,
            reject_reason="truncated" if status is ItemStatus.REJECTED else None,
        )
        for place, (second, status) in enumerate(told)
    ]
    return rows_of_pack(items)


def counted(found: list[RowCapture], shown: Shown, since_s: int, bucket_s: int) -> dict[int, int]:
    seconds = [(one.at - START).seconds - since_s for one in found if one.shown is shown]
    return dict(Counter(second // bucket_s for second in seconds))


@given(
    st.lists(captures, max_size=5), st.integers(0, 7200), st.integers(1, 7200), st.sampled_from([60, 250, 900, 3600])
)
def test_buckets_count_each_photo_where_it_was_taken(
    packs: list[list[tuple[int, ItemStatus]]], since_s: int, length_s: int, bucket_s: int
) -> None:
    world = FakeWorld.new()
    world.devices.create(Device(DEVICE, OWNER, "camera", START))
    rows = [row for number, told in enumerate(packs) for row in rows_of(number, told)]
    for row in rows:
        world.timeline.put(row)
    since = START + timedelta(seconds=since_s)
    within, bucket = TimeSpan(since, since + timedelta(seconds=length_s)), timedelta(seconds=bucket_s)

    told = timeline(OWNER, device_id=None, within=within, bucket=bucket, stores=world, clock=world.clock).buckets

    found = [one for row in rows for one in row.captures if within.since <= one.at < within.until]
    by_place = {(each.since - since) // bucket: each for each in told}
    assert {at: one.photos for at, one in by_place.items() if one.photos} == counted(
        found, Shown.PHOTO, since_s, bucket_s
    )
    assert {at: one.rejected for at, one in by_place.items() if one.rejected} == counted(
        found, Shown.REJECTED, since_s, bucket_s
    )
    assert {at: one.deleted for at, one in by_place.items() if one.deleted} == counted(
        found, Shown.DELETED, since_s, bucket_s
    )
