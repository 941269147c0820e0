"""HealthStore, in memory and on DynamoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.device import Health
from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.health import HealthSample
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.storage import Page
from tests.contract.conftest import Cloud, Stores, new_device_id, on_moto
from tests.fakes.clock import FakeClock

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def at(minute: float, **told: int) -> HealthSample:
    return HealthSample(NOON + minute * MINUTE, Health(**(told or {"queue_depth": int(minute)})))  # type: ignore[arg-type]


def kept(stores: Stores, device_id: DeviceId, *samples: HealthSample) -> None:
    for sample in samples:
        stores.health.keep(device_id, sample)


def newest(
    stores: Stores,
    device_id: DeviceId,
    since: datetime = NOON - DAY,
    until: datetime = NOON + DAY,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[HealthSample]:
    return stores.health.newest(device_id, since=since, until=until, limit=limit, cursor=cursor)


def test_what_was_told_comes_back_newest_first(stores: Stores, device_id: DeviceId) -> None:
    samples = [at(0), at(17), at(31)]
    kept(stores, device_id, *samples)

    assert newest(stores, device_id) == Page(samples[::-1])


def test_everything_that_a_device_can_tell_is_kept(stores: Stores, device_id: DeviceId) -> None:
    told = Health(83, -61, 120_000, 65_000, 2**40, 2**41, 12, 86_400, "brownout", "1.4.0", 41.25)
    kept(stores, device_id, HealthSample(NOON, told), HealthSample(NOON + 15 * MINUTE, Health()))

    assert [one.health for one in newest(stores, device_id).entries] == [Health(), told]


def test_of_a_quarter_of_an_hour_one_sample_is_kept(stores: Stores, device_id: DeviceId) -> None:
    kept(stores, device_id, at(0), at(14.99), at(15))

    assert newest(stores, device_id).entries == [at(15), at(14.99)]


def test_a_range_has_its_first_instant_and_not_its_last(stores: Stores, device_id: DeviceId) -> None:
    kept(stores, device_id, *map(at, (0, 20, 40, 60)))

    assert newest(stores, device_id, NOON + 20 * MINUTE, NOON + 60 * MINUTE).entries == [at(40), at(20)]
    assert newest(stores, device_id, NOON + 21 * MINUTE, NOON + 61 * MINUTE).entries == [at(60), at(40)]
    assert newest(stores, device_id, NOON + 20 * MINUTE, NOON + 20 * MINUTE).entries == []
    assert newest(stores, device_id, NOON + DAY, NOON).entries == []


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_pages_join_without_a_gap_or_an_overlap(stores: Stores, device_id: DeviceId, limit: int) -> None:
    kept(stores, device_id, *(at(20 * n) for n in range(7)))

    found, cursor, pages = list[HealthSample](), None, 0
    while pages == 0 or cursor is not None:
        page = newest(stores, device_id, limit=limit, cursor=cursor)
        found, cursor, pages = [*found, *page.entries], page.cursor, pages + 1

    assert found == [at(20 * n) for n in reversed(range(7))]
    assert pages == -(-7 // limit)


def test_a_cursor_is_good_in_a_narrower_range(stores: Stores, device_id: DeviceId) -> None:
    kept(stores, device_id, *map(at, (0, 20, 40, 60)))
    cursor = newest(stores, device_id, limit=1).cursor

    assert newest(stores, device_id, NOON + 10 * MINUTE, NOON + 40 * MINUTE, cursor=cursor).entries == [at(20)]
    assert newest(stores, device_id, NOON + 70 * MINUTE, cursor=cursor).entries == []


@pytest.mark.parametrize("cursor", ["", "x", "2026-13-04T12:00:00.000Z", "2026-05-04T12:00:00Z", "health#"])
def test_a_cursor_that_no_page_gave_is_an_invalid_parameter(stores: Stores, device_id: DeviceId, cursor: str) -> None:
    with pytest.raises(InvalidParameter):
        newest(stores, device_id, cursor=cursor)


def test_a_sample_stands_beside_what_else_the_inbox_holds(stores: Stores, device_id: DeviceId) -> None:
    other = new_device_id()
    stores.ranges.add_evicted(device_id, Seq(1), Seq(2), NOON)
    stores.inbox.remember_upload(device_id, "ab" * 32, Seq(3))
    kept(stores, other, at(1))
    kept(stores, device_id, at(2))

    assert newest(stores, device_id).entries == [at(2)]
    assert newest(stores, other).entries == [at(1)]
    assert stores.inbox.events(device_id, 10, None).entries == []


def test_a_sample_is_one_write_and_forgotten_after_90_days(cloud: Cloud, device_id: DeviceId) -> None:
    stores, before = on_moto(cloud, FakeClock()), cloud.limits.calls

    kept(stores, device_id, at(2))

    assert cloud.limits.calls - before == 1
    (row,) = cloud.dynamodb.scan(TableName=cloud.outputs.inbox_table)["Items"]
    assert int(row["expires_at_s"]["N"]) == (NOON + 2 * MINUTE + 90 * DAY).timestamp()


def test_a_week_is_one_read(cloud: Cloud, device_id: DeviceId) -> None:
    stores = on_moto(cloud, FakeClock())
    kept(stores, device_id, *(at(15 * n) for n in range(20)))
    before = cloud.limits.calls

    assert len(newest(stores, device_id, limit=1000).entries) == 20
    assert cloud.limits.calls - before == 1
