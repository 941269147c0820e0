"""TimelineStore, in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.ids import MAX_SEQ, DeviceId, OwnerId, Seq
from chalicelib.domain.storage import Page
from chalicelib.domain.timeline import RowTotals, TimelineRow
from tests.contract.conftest import Stores, new_device_id

NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OWNER, STRANGER = OwnerId("owner-1"), OwnerId("owner-2")


def a_row(device_id: DeviceId, at: datetime = NOW, seq: int = 1, owner_id: OwnerId = OWNER) -> TimelineRow:
    return TimelineRow(
        owner_id=owner_id,
        device_id=device_id,
        first_seq=Seq(seq),
        last_seq=Seq(seq),
        captured_from=at,
        captured_to=at,
        object_key=f"devices/{device_id}/{seq}.jpg",
        photos=1,
        size_bytes=81_234,
    )


def rows_at(stores: Stores, device_id: DeviceId, *seconds: int) -> list[TimelineRow]:
    """Stored rows, one at each of these seconds, numbered likewise."""
    rows = [a_row(device_id, NOW + at * SECOND, at) for at in seconds]
    for row in rows:
        stores.timeline.put(row)
    return rows


def newest(
    stores: Stores,
    *,
    owner_id: OwnerId = OWNER,
    device_id: DeviceId | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 10,
    cursor: str | None = None,
) -> Page[TimelineRow]:
    return stores.timeline.newest(owner_id, device_id=device_id, since=since, until=until, limit=limit, cursor=cursor)


def every_page(stores: Stores, *, device_id: DeviceId | None, limit: int) -> list[list[TimelineRow]]:
    page = newest(stores, device_id=device_id, limit=limit)
    pages = [list(page.entries)]
    while page.cursor is not None:
        page = newest(stores, device_id=device_id, limit=limit, cursor=page.cursor)
        pages.append(list(page.entries))
        assert len(pages) < 100
    return pages


def test_an_owner_without_photos_has_an_empty_page(stores: Stores) -> None:
    assert newest(stores) == Page([], None)


def test_a_row_comes_back_as_it_was_put(stores: Stores, device_id: DeviceId) -> None:
    row = replace(
        a_row(device_id),
        last_seq=Seq(MAX_SEQ),
        captured_to=NOW + SECOND,
        photos=0,
        rejected=2,
        thumbnail_key="devices/x/thumbnails/1.jpg",
    )
    stores.timeline.put(row)

    assert newest(stores).entries == [row]


def test_the_newest_come_first(stores: Stores, device_id: DeviceId) -> None:
    one, two, three = rows_at(stores, device_id, 1, 2, 3)

    assert newest(stores).entries == [three, two, one]


def test_photos_of_one_instant_share_no_place(stores: Stores, device_id: DeviceId) -> None:
    other = new_device_id()
    rows = [a_row(device_id, NOW, 1), a_row(device_id, NOW, 2), a_row(other, NOW, 1)]
    for row in rows:
        stores.timeline.put(row)

    assert newest(stores).entries == rows[::-1]


def test_a_row_that_is_put_again_replaces_the_first(stores: Stores, device_id: DeviceId) -> None:
    (row,) = rows_at(stores, device_id, 1)
    stores.timeline.put(replace(row, photos=0, rejected=1))

    assert newest(stores).entries == [replace(row, photos=0, rejected=1)]


def test_only_a_row_that_is_there_is_replaced(stores: Stores, device_id: DeviceId) -> None:
    row = a_row(device_id)
    assert not stores.timeline.replace(row)
    assert newest(stores).entries == []

    stores.timeline.put(row)
    assert stores.timeline.replace(replace(row, photos=0, deleted=1))

    assert newest(stores).entries == [replace(row, photos=0, deleted=1)]


def test_a_deleted_row_is_gone_and_deleting_it_again_is_no_error(stores: Stores, device_id: DeviceId) -> None:
    one, two = rows_at(stores, device_id, 1, 2)

    stores.timeline.delete(OWNER, one.position)
    stores.timeline.delete(OWNER, one.position)

    assert newest(stores).entries == [two]


def test_one_owner_never_sees_anothers_rows(stores: Stores, device_id: DeviceId) -> None:
    stores.timeline.put(a_row(device_id, owner_id=STRANGER))

    assert newest(stores).entries == []
    assert newest(stores, device_id=device_id).entries == []


def test_a_cursor_of_another_owner_shows_only_ones_own_rows(stores: Stores, device_id: DeviceId) -> None:
    mine, *_ = rows_at(stores, device_id, 1, 5)
    theirs = [a_row(new_device_id(), NOW + at * SECOND, at, STRANGER) for at in (2, 3, 4)]
    for row in theirs:
        stores.timeline.put(row)
    page = newest(stores, owner_id=STRANGER, limit=2)

    assert newest(stores, cursor=page.cursor).entries == [mine]


def test_a_time_range_has_its_beginning_and_not_its_end(stores: Stores, device_id: DeviceId) -> None:
    _, two, three, _ = rows_at(stores, device_id, 1, 2, 3, 4)

    assert newest(stores, since=NOW + 2 * SECOND, until=NOW + 4 * SECOND).entries == [three, two]


def test_a_time_range_may_be_open_at_either_end(stores: Stores, device_id: DeviceId) -> None:
    one, two, three = rows_at(stores, device_id, 1, 2, 3)

    assert newest(stores, since=NOW + 2 * SECOND).entries == [three, two]
    assert newest(stores, until=NOW + 2 * SECOND).entries == [one]
    assert newest(stores, since=NOW - SECOND).entries == [three, two, one]


def test_a_time_range_in_another_zone_means_the_same_instants(stores: Stores, device_id: DeviceId) -> None:
    _, two = rows_at(stores, device_id, 1, 2)
    zone = timezone(timedelta(hours=-5, minutes=-30))

    assert newest(stores, since=(NOW + 2 * SECOND).astimezone(zone)).entries == [two]


@pytest.mark.parametrize("backwards_s", [0, 1, 3600])
def test_a_time_range_that_is_empty_or_backwards_holds_nothing(
    stores: Stores, device_id: DeviceId, backwards_s: int
) -> None:
    rows_at(stores, device_id, 1, 2, 3)
    since = NOW + 2 * SECOND

    assert newest(stores, since=since, until=since - backwards_s * SECOND) == Page([], None)


def test_pages_follow_each_other_without_a_gap_or_a_repeat(stores: Stores, device_id: DeviceId) -> None:
    rows = rows_at(stores, device_id, *range(7))[::-1]

    assert every_page(stores, device_id=None, limit=3) == [rows[:3], rows[3:6], rows[6:]]


def test_a_page_that_holds_exactly_the_rest_is_the_last(stores: Stores, device_id: DeviceId) -> None:
    rows = rows_at(stores, device_id, 1, 2, 3, 4)[::-1]

    assert every_page(stores, device_id=None, limit=2) == [rows[:2], rows[2:]]


def test_a_row_that_comes_between_two_pages_neither_shifts_nor_repeats_the_second(
    stores: Stores, device_id: DeviceId
) -> None:
    one, two, three, four = rows_at(stores, device_id, 1, 2, 3, 4)
    page = newest(stores, limit=2)
    rows_at(stores, device_id, 5)

    assert page.entries == [four, three]
    assert newest(stores, limit=2, cursor=page.cursor).entries == [two, one]


def test_a_cursor_stays_good_when_its_row_is_deleted(stores: Stores, device_id: DeviceId) -> None:
    one, two, _ = rows_at(stores, device_id, 1, 2, 3)
    page = newest(stores, limit=2)
    stores.timeline.delete(OWNER, two.position)

    assert newest(stores, cursor=page.cursor).entries == [one]


def test_a_cursor_is_good_in_a_narrower_time_range(stores: Stores, device_id: DeviceId) -> None:
    _, two, three, _, five = rows_at(stores, device_id, 1, 2, 3, 4, 5)
    since, until = NOW + 2 * SECOND, NOW + 4 * SECOND

    assert newest(stores, since=since, until=until, cursor=five.position).entries == [three, two]
    assert newest(stores, since=since, until=until, cursor=three.position).entries == [two]
    assert newest(stores, since=since, cursor=two.position).entries == []
    assert newest(stores, since=NOW + 3 * SECOND, until=until, cursor=two.position) == Page([], None)


def test_one_device_is_picked_from_among_many(stores: Stores) -> None:
    first, second = new_device_id(), new_device_id()
    mine = rows_at(stores, first, 1, 3, 5)
    rows_at(stores, second, 2, 4, 6)

    assert newest(stores, device_id=first).entries == mine[::-1]


def test_every_row_of_one_device_is_found_though_others_lie_between(stores: Stores) -> None:
    rare, busy = new_device_id(), new_device_id()
    mine = rows_at(stores, rare, 0, 100, 101, 200)
    rows_at(stores, busy, *range(1, 100), *range(102, 200))

    pages = every_page(stores, device_id=rare, limit=2)

    assert [row for page in pages for row in page] == mine[::-1]
    assert max(map(len, pages)) == 2


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "2026-05-04T12:00:00.123Z",
        "2026-05-04T12:00:00.123Z#00000000-0000-0000-0000-000000000001",
        "2026-05-04T12:00:00.123Z#00000000-0000-0000-0000-000000000001#0000000000000001",
        "2026-05-04T12:00:00.123Z#00000000-0000-0000-0000-000000000001#1#01234567",
        "2026-05-04T12:00:00.123Z#00000000-0000-0000-0000-000000000001#0000000000000001#01234567\n",
        "٢٠٢٦-05-04T12:00:00.123Z#00000000-0000-0000-0000-000000000001#0000000000000001#01234567",
        "owner-2#2026-05-04T12:00:00.123Z#00000000-0000-0000-0000-000000000001#0000000000000001#01234567",
        "9" * 100_000,
        "\0",
        "\ud800",
    ],
)
def test_a_cursor_that_no_page_gave_is_an_invalid_parameter(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidParameter):
        newest(stores, cursor=cursor)


def test_the_first_row_after_an_instant_is_the_devices_own(stores: Stores) -> None:
    mine, other = new_device_id(), new_device_id()
    rows_at(stores, other, 11, 12)
    _, wanted, _ = rows_at(stores, mine, 9, 20, 30)

    assert stores.timeline.first_after(OWNER, mine, NOW + 10 * SECOND) == wanted
    assert stores.timeline.first_after(OWNER, mine, wanted.captured_to) == wanted
    assert stores.timeline.first_after(STRANGER, mine, NOW + 10 * SECOND) is None
    assert stores.timeline.first_after(OWNER, mine, NOW + 31 * SECOND) is None


def test_totals_are_those_of_the_owners_rows_that_end_in_the_range(stores: Stores) -> None:
    mine, other = new_device_id(), new_device_id()
    rows_at(stores, mine, 0, 10, 20)
    pack = replace(a_row(other, NOW + 10 * SECOND, 7), photos=17, rejected=2, deleted=1, size_bytes=5_000_000)
    stores.timeline.put(pack)
    stores.timeline.put(a_row(other, NOW + 10 * SECOND, 8, STRANGER))

    found = list(stores.timeline.totals(OWNER, NOW + 10 * SECOND, NOW + 20 * SECOND))

    assert sorted(found, key=lambda one: one.photos) == [
        RowTotals(mine, 1, 0, 0, 81_234),
        RowTotals(other, 17, 2, 1, 5_000_000),
    ]


def test_the_last_row_before_an_instant_is_found_in_the_devices_own(stores: Stores) -> None:
    mine, other = new_device_id(), new_device_id()
    rows_at(stores, other, 15, 29)
    wanted, last = rows_at(stores, mine, 10, 30)

    assert stores.timeline.last_before(OWNER, mine, NOW + 30 * SECOND) == wanted
    assert stores.timeline.last_before(OWNER, mine, NOW + 31 * SECOND) == last
    assert stores.timeline.last_before(STRANGER, mine, NOW + 31 * SECOND) is None
    assert stores.timeline.last_before(OWNER, mine, NOW + 10 * SECOND) is None


def test_the_rows_next_to_an_instant_are_found_behind_very_many_of_other_devices(stores: Stores) -> None:
    mine, other = new_device_id(), new_device_id()
    before, after = rows_at(stores, mine, 0, 401)
    rows_at(stores, other, *range(1, 401))

    assert stores.timeline.last_before(OWNER, mine, NOW + 400 * SECOND) == before
    assert stores.timeline.first_after(OWNER, mine, NOW + SECOND) == after
