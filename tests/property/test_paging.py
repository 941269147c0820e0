"""The gallery's pages, put together, are what a plain sort of all items gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.device import Device
from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.timeline import place, row_of_single
from chalicelib.services.gallery import page_of_items
from chalicelib.services.pack_rows import rows_of
from tests.fakes.clock import START
from tests.fakes.world import FakeWorld

OWNER = OwnerId("owner-1")
DEVICES = [DeviceId(f"{number}b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f") for number in (1, 2)]
STATUSES = st.sampled_from([ItemStatus.PROCESSED] * 4 + [ItemStatus.REJECTED, ItemStatus.DELETED])

seconds = st.integers(0, 40) | st.integers(0, 3 * 86_400)
captures = st.lists(st.tuples(seconds, STATUSES), min_size=1, max_size=8)
objects = st.lists(st.tuples(st.sampled_from(DEVICES), captures, st.booleans()), max_size=12)
instants = st.none() | seconds.map(lambda second: START + timedelta(seconds=second))


def an_item(device_id: DeviceId, seq: int, key: str, second: int, status: ItemStatus, *, in_pack: bool) -> Item:
    return Item(
        device_id=device_id,
        seq=Seq(seq),
        owner_id=OWNER,
        status=status,
        object_key=key,
        captured=CaptureTime(START + timedelta(seconds=second), Confidence.NTP),
        created_at=START,
        offset=seq if in_pack else None,
        size_bytes=1,
        reject_reason="truncated" if status is ItemStatus.REJECTED else None,
    )


def filled(told: list[tuple[DeviceId, list[tuple[int, ItemStatus]], bool]], *, stale: bool) -> FakeWorld:
    """Singles and packs that overlap; and rows that a crash has left, if `stale`."""
    world, seq = FakeWorld.new(), 0
    for device_id in DEVICES:
        world.devices.create(Device(device_id, OWNER, "camera", START))
    for number, (device_id, content, in_pack) in enumerate(told):
        items = []
        for second, status in content if in_pack else content[:1]:
            items.append(an_item(device_id, seq, f"object {number}", second, status, in_pack=in_pack))
            seq += 1
        rows = rows_of(items) if in_pack else [row_of_single(item) for item in items]
        if stale:
            elsewhere = [replace(item, captured=CaptureTime(START, Confidence.NTP)) for item in items]
            left = [*rows_of(elsewhere), *rows_of(items[:-1])] if in_pack else map(row_of_single, elsewhere)
            orphans = [replace(row, object_key="gone") for row in rows]
            rows = [*left, *orphans, *rows]
        for row in rows:
            world.timeline.put(row)
        for item in items:
            world.items.put(item)
    return world


def in_pages(
    world: FakeWorld, device_id: DeviceId | None, since: datetime | None, until: datetime | None, limit: int
) -> list[Item]:
    found, cursor = list[Item](), None
    for _ in range(1000):
        page = page_of_items(
            OWNER, device_id=device_id, since=since, until=until, limit=limit, cursor=cursor, stores=world
        )
        assert len(page.entries) <= limit
        found += page.entries
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the pages have no end")


@given(objects, st.none() | st.sampled_from(DEVICES), instants, instants, st.integers(1, 30), st.booleans())
def test_all_pages_together_are_a_plain_sort_of_all_items(
    told: list[tuple[DeviceId, list[tuple[int, ItemStatus]], bool]],
    device_id: DeviceId | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    stale: bool,
) -> None:
    world = filled(told, stale=stale)
    wanted = [
        item
        for item in world.items.all()
        if item.is_examined
        and device_id in (None, item.device_id)
        and (since is None or item.captured.at >= since)
        and (until is None or item.captured.at < until)
    ]
    wanted.sort(key=lambda item: place(item.captured.at, item.device_id, item.seq), reverse=True)

    assert in_pages(world, device_id, since, until, limit) == wanted


def test_a_page_of_a_range_before_very_many_photos_is_found() -> None:
    """Rows sort by their end: those of a day after the range have to be looked at, however many they are."""
    many = [(DEVICES[0], [(86_000 + number, ItemStatus.PROCESSED)], False) for number in range(2_500)]
    pack = (DEVICES[0], [(80_000, ItemStatus.PROCESSED), (90_000, ItemStatus.PROCESSED)], True)
    world = filled([*many, pack], stale=False)

    found = in_pages(world, None, None, START + timedelta(seconds=81_000), 10)

    assert [item.captured.at for item in found] == [START + timedelta(seconds=80_000)]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "~",
        "2026-05-04T12:00:00.000Z~",
        "~2026-05-04T12:00:00.000Z#1b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f",
        "~2026-05-04T12:00:00Z#1b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f#0000000000000001",
        "~2026-05-04T12:00:00.000Z#1b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f#1",
        "~2026-05-04T12:00:00.000Z#1b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f#000000000000000\u0661",
        "~2026-05-04T12:00:00.000Z#x#0000000000000001",
        "2026-05-04T12:00:00.000Z#1b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f#0000000000000001",
        "~\ud800",
    ],
)
def test_a_cursor_that_no_page_gave_is_an_invalid_parameter(cursor: str) -> None:
    world = filled([], stale=False)
    with pytest.raises(InvalidParameter):
        page_of_items(OWNER, device_id=None, since=None, until=None, limit=5, cursor=cursor, stores=world)
