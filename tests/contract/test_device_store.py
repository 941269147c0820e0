"""DeviceStore, in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.domain.device import CardQueue, Device, DeviceSettings, ForgottenRange, Health, Sweep
from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.ids import MAX_SEQ, DeviceId, OwnerId, Seq
from chalicelib.domain.rates import Granted, Rate, Refused
from chalicelib.domain.storage import Changed, Page
from chalicelib.domain.tokens import TokenHash
from infra.local.metering import size_bytes
from tests.contract.conftest import Cloud, Stores, new_device_id

NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UNKNOWN = DeviceId("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70")
SWEEP = Sweep(NOW, NOW - 9 * SECOND, NOW - SECOND, "devices/x/2026/05/04/1.jpg", "devices/x/2026/05/04/2.jpg", 1)
RATE = Rate(per_minute=60, burst=2)
HEALTH = Health(
    battery_percent=87,
    rssi_dbm=-61,
    free_heap_bytes=143_000,
    sd_free_bytes=2**53 - 1,
    uptime_s=0,
    reset_reason="",
    firmware_version="1.4.2 ✓",
    temperature_c=31.5,
)


def a_device(device_id: DeviceId, owner_id: OwnerId = OwnerId("owner-1")) -> Device:
    return Device(device_id, owner_id, name="Scheune № 3 🐄", created_at=NOW)


def a_full_device(device_id: DeviceId) -> Device:
    return replace(
        a_device(device_id),
        rev=7,
        token_hash=TokenHash("p1$" + "ab" * 32),
        pending_token_hash=TokenHash("p1$" + "cd" * 32),
        activated_at=NOW,
        last_seen_at=NOW + SECOND,
        revoked_at=NOW + 2 * SECOND,
        settings=DeviceSettings(interval_s=60, motion=True, paused_until=NOW + 3 * SECOND, paused=True),
        settings_version=3,
        health=HEALTH,
        health_at=NOW,
        next_seq=Seq(MAX_SEQ),
        oldest_seq=Seq(0),
        upcoming_seq=Seq(MAX_SEQ),
        requests={"2026-04": 2**53, "2026-05": 1},
        forgotten=(ForgottenRange(NOW - 9 * SECOND, NOW - 8 * SECOND), ForgottenRange(NOW, NOW + SECOND, NOW)),
        sweep=SWEEP,
    )


@pytest.fixture
def device(stores: Stores, device_id: DeviceId) -> Device:
    """One that is stored."""
    stores.devices.create(a_device(device_id))
    return a_device(device_id)


def stored(stores: Stores, device_id: DeviceId) -> Device:
    device = stores.devices.get(device_id)
    assert device is not None
    return device


def test_an_unknown_device_is_none(stores: Stores, device_id: DeviceId) -> None:
    assert stores.devices.get(device_id) is None
    assert stores.devices.glance(device_id) is None


def test_a_glance_tells_all_of_a_device(stores: Stores, device: Device) -> None:
    assert stores.devices.glance(device.device_id) == device


def test_a_device_comes_back_as_it_was_created(stores: Stores, device_id: DeviceId) -> None:
    stores.devices.create(a_full_device(device_id))

    assert stores.devices.get(device_id) == a_full_device(device_id)


def test_a_device_with_nothing_known_comes_back_the_same(stores: Stores, device: Device) -> None:
    assert stores.devices.get(device.device_id) == device


def test_instants_are_kept_to_the_millisecond(stores: Stores, device_id: DeviceId) -> None:
    stores.devices.create(replace(a_device(device_id), created_at=NOW + timedelta(microseconds=999)))

    assert stored(stores, device_id).created_at == NOW


def test_creating_a_device_twice_tells_who_is_there(stores: Stores, device: Device) -> None:
    with pytest.raises(Changed) as lost:
        stores.devices.create(replace(device, name="another"))

    assert lost.value.stored == device
    assert stores.devices.get(device.device_id) == device


def test_save_writes_what_services_own_and_counts_the_rev(stores: Stores, device: Device) -> None:
    changed = replace(
        device,
        name="barn",
        token_hash=TokenHash("p1$00"),
        settings=replace(device.settings, paused=True),
        settings_version=2,
    )

    saved = stores.devices.save(changed)

    assert saved == replace(changed, rev=1)
    assert stores.devices.get(device.device_id) == saved


def test_save_removes_what_is_none_now(stores: Stores, device_id: DeviceId) -> None:
    full = a_full_device(device_id)
    stores.devices.create(full)

    stores.devices.save(replace(full, token_hash=None, pending_token_hash=None, revoked_at=None))

    after = stored(stores, device_id)
    assert (after.token_hash, after.pending_token_hash, after.revoked_at) == (None, None, None)


def test_save_leaves_alone_what_is_counted_in_place(stores: Stores, device: Device) -> None:
    stores.devices.touch(device.device_id, NOW + SECOND, RATE)
    stores.devices.report_health(device.device_id, HEALTH, NOW, CardQueue(Seq(9), Seq(3)))
    stores.devices.allot_seq(device.device_id, Seq(49))
    stores.devices.note_sweep(device.device_id, SWEEP)

    saved = stores.devices.save(replace(device, name="barn", last_seen_at=None, next_seq=Seq(3)))

    expected = replace(
        device,
        name="barn",
        rev=1,
        last_seen_at=NOW + SECOND,
        health=HEALTH,
        health_at=NOW,
        next_seq=Seq(50),
        oldest_seq=Seq(3),
        upcoming_seq=Seq(9),
        requests={"2026-05": 1},
        sweep=SWEEP,
    )
    assert saved == expected
    assert stores.devices.get(device.device_id) == expected


def test_counting_in_place_does_not_disturb_a_service_that_has_read(stores: Stores, device: Device) -> None:
    read = stored(stores, device.device_id)
    stores.devices.touch(device.device_id, NOW, RATE)
    stores.devices.allot_seq(device.device_id, Seq(0))

    assert stores.devices.save(read).rev == read.rev + 1


def test_of_two_writers_that_read_the_same_one_wins(stores: Stores, device: Device) -> None:
    first = stores.devices.save(replace(device, name="first"))

    with pytest.raises(Changed) as lost:
        stores.devices.save(replace(device, name="second"))

    assert lost.value.stored == first
    assert stores.devices.get(device.device_id) == first


def test_saving_a_device_that_is_not_there_makes_none(stores: Stores, device_id: DeviceId) -> None:
    with pytest.raises(Changed) as lost:
        stores.devices.save(a_device(device_id))

    assert lost.value.stored is None
    assert stores.devices.get(device_id) is None


def test_an_owner_has_their_devices_by_id_and_no_others(stores: Stores) -> None:
    mine = [a_device(new_device_id()) for _ in range(3)]
    for device in [mine[2], a_device(new_device_id(), OwnerId("owner-2")), mine[0], mine[1]]:
        stores.devices.create(device)

    assert stores.devices.of_owner(OwnerId("owner-1")) == mine
    assert stores.devices.of_owner(OwnerId("nobody")) == []


def test_an_owner_may_have_more_devices_than_a_page_or_a_batch(stores: Stores) -> None:
    mine = [a_device(new_device_id()) for _ in range(120)]
    for device in mine:
        stores.devices.create(device)

    assert stores.devices.of_owner(OwnerId("owner-1")) == mine


def test_pages_of_an_owners_devices_join_without_a_gap_or_an_overlap(stores: Stores) -> None:
    mine = [a_device(new_device_id()) for _ in range(7)]
    for device in [*mine, a_device(new_device_id(), OwnerId("owner-2"))]:
        stores.devices.create(device)

    pages, cursor = list[Sequence[Device]](), None
    while not pages or cursor is not None:
        page = stores.devices.page_of_owner(OwnerId("owner-1"), 3, cursor)
        pages.append(page.entries)
        cursor = page.cursor

    assert pages == [mine[:3], mine[3:6], mine[6:]]
    assert stores.devices.page_of_owner(OwnerId("owner-1"), 7, None).cursor is None
    assert stores.devices.page_of_owner(OwnerId("nobody"), 3, None) == Page([])


def test_a_page_of_devices_after_one_of_somebody_else_holds_the_owners_own(stores: Stores) -> None:
    mine, theirs = a_device(new_device_id()), a_device(new_device_id(), OwnerId("owner-2"))
    for device in (mine, theirs):
        stores.devices.create(device)

    for cursor in (mine.device_id, theirs.device_id, UNKNOWN):
        found = stores.devices.page_of_owner(OwnerId("owner-1"), 3, cursor)
        assert found == Page([mine] if mine.device_id > cursor else [])


def test_a_cursor_that_no_page_of_devices_gave_is_refused(stores: Stores) -> None:
    for cursor in ("x", UNKNOWN.upper(), f"{UNKNOWN} ", f"{UNKNOWN}#", UNKNOWN.replace("-", "")):
        with pytest.raises(InvalidParameter):
            stores.devices.page_of_owner(OwnerId("owner-1"), 3, cursor)


def test_all_ids_are_the_ids_of_every_owners_devices(stores: Stores) -> None:
    ids = {new_device_id() for _ in range(5)}
    for number, device_id in enumerate(ids):
        stores.devices.create(a_device(device_id, OwnerId(f"owner-{number}")))

    assert sorted(stores.devices.all_ids()) == sorted(ids)


def test_touch_notes_when_the_device_was_seen(stores: Stores, device: Device) -> None:
    answer = stores.devices.touch(device.device_id, NOW + SECOND, RATE)

    assert isinstance(answer, Granted)
    assert stores.devices.get(device.device_id) == replace(device, last_seen_at=NOW + SECOND, requests={"2026-05": 1})


def test_touch_refuses_beyond_the_burst_and_changes_nothing(stores: Stores, device: Device) -> None:
    answers = [stores.devices.touch(device.device_id, NOW + SECOND * at, RATE) for at in (0, 0.1, 0.2)]

    assert [type(answer) for answer in answers] == [Granted, Granted, Refused]
    assert answers[2] == Refused(retry_after_s=1)
    assert stored(stores, device.device_id).last_seen_at == NOW + SECOND * 0.1
    assert stored(stores, device.device_id).requests == {"2026-05": 2}


def test_touch_counts_the_requests_of_each_month_in_utc(stores: Stores, device: Device) -> None:
    end_of_may = datetime(2026, 6, 1, 1, 59, 59, tzinfo=timezone(timedelta(hours=2)))
    for at in (NOW, NOW + 60 * SECOND, end_of_may, end_of_may + SECOND, end_of_may + 61 * SECOND):
        stores.devices.touch(device.device_id, at, RATE)

    assert stored(stores, device.device_id).requests == {"2026-05": 3, "2026-06": 2}


def test_requests_of_the_latest_13_months_are_kept(stores: Stores, device_id: DeviceId) -> None:
    months = [f"{year}-{month:02d}" for year in (2024, 2025, 2026) for month in range(1, 13)]
    stores.devices.create(replace(a_device(device_id), requests=dict.fromkeys(months, 7)))

    stores.devices.note_sweep(device_id, replace(SWEEP, began_at=datetime(2026, 12, 31, tzinfo=UTC)))

    assert stored(stores, device_id).requests == dict.fromkeys(months[-13:], 7)


def test_a_request_is_counted_without_a_write_of_its_own(cloud: Cloud, device_id: DeviceId) -> None:
    devices = cloud.devices()
    devices.create(a_device(device_id))
    before = cloud.limits.calls

    devices.touch(device_id, NOW, RATE)

    assert cloud.limits.calls == before + 1


def test_the_row_of_a_usual_device_fits_into_one_write_unit(cloud: Cloud, device_id: DeviceId) -> None:
    months = [f"2026-{month:02d}" for month in range(1, 13)]
    usual = replace(
        a_full_device(device_id),
        owner_id=OwnerId(device_id),
        pending_token_hash=None,
        revoked_at=None,
        settings=DeviceSettings(),
        sweep=Sweep(NOW, NOW, NOW),
        upcoming_seq=Seq(10**6),
        requests={"2025-12": 90_000, **dict.fromkeys(months, 90_000)},
    )
    cloud.devices().create(usual)
    cloud.devices().touch(device_id, NOW, RATE)

    (row,) = cloud.dynamodb.scan(TableName=cloud.outputs.devices_table)["Items"]
    assert size_bytes(row) <= 1024


def test_touch_grants_again_at_the_rate(stores: Stores, device: Device) -> None:
    answers = [stores.devices.touch(device.device_id, NOW + SECOND * at, RATE) for at in range(10)]

    assert all(isinstance(answer, Granted) for answer in answers)


def test_each_device_has_a_rate_of_its_own(stores: Stores, device: Device) -> None:
    other = new_device_id()
    stores.devices.create(a_device(other))
    for _ in range(3):
        stores.devices.touch(device.device_id, NOW, RATE)

    assert isinstance(stores.devices.touch(other, NOW, RATE), Granted)


def test_touching_a_device_that_is_not_there_makes_none(stores: Stores, device_id: DeviceId) -> None:
    with pytest.raises(Changed) as lost:
        stores.devices.touch(device_id, NOW, RATE)

    assert lost.value.stored is None
    assert stores.devices.get(device_id) is None


def test_the_newest_health_is_kept(stores: Stores, device: Device) -> None:
    stores.devices.report_health(device.device_id, HEALTH, NOW)
    stores.devices.report_health(device.device_id, Health(battery_percent=12), NOW - SECOND)
    stores.devices.report_health(device.device_id, Health(battery_percent=13), NOW)

    assert stores.devices.get(device.device_id) == replace(device, health=HEALTH, health_at=NOW)


def test_a_new_health_replaces_the_old_one_whole(stores: Stores, device: Device) -> None:
    stores.devices.report_health(device.device_id, HEALTH, NOW)
    stores.devices.report_health(device.device_id, Health(temperature_c=20.0), NOW + SECOND)

    assert stored(stores, device.device_id).health == Health(temperature_c=20.0)


def test_health_of_a_device_that_is_not_there_makes_none(stores: Stores, device_id: DeviceId) -> None:
    stores.devices.report_health(device_id, HEALTH, NOW)

    assert stores.devices.get(device_id) is None


def test_what_waits_on_the_card_is_kept_beside_the_health(stores: Stores, device: Device) -> None:
    stores.devices.report_health(device.device_id, HEALTH, NOW, CardQueue(Seq(9), Seq(0)))

    expected = replace(device, health=HEALTH, health_at=NOW, oldest_seq=Seq(0), upcoming_seq=Seq(9))
    assert stores.devices.get(device.device_id) == expected


def test_what_waits_on_the_card_can_be_told_alone(stores: Stores, device: Device) -> None:
    stores.devices.report_health(device.device_id, HEALTH, NOW)
    stores.devices.report_health(device.device_id, None, NOW, CardQueue(Seq(9), Seq(3)))

    expected = replace(device, health=HEALTH, health_at=NOW, oldest_seq=Seq(3), upcoming_seq=Seq(9))
    assert stores.devices.get(device.device_id) == expected


def test_an_empty_card_has_no_oldest_seq(stores: Stores, device: Device) -> None:
    stores.devices.report_health(device.device_id, None, NOW, CardQueue(Seq(9), Seq(3)))
    stores.devices.report_health(device.device_id, None, NOW, CardQueue(Seq(10)))

    assert stores.devices.get(device.device_id) == replace(device, upcoming_seq=Seq(10))


def test_health_without_a_word_on_the_card_leaves_what_is_known_of_it(stores: Stores, device: Device) -> None:
    stores.devices.report_health(device.device_id, None, NOW, CardQueue(Seq(9), Seq(3)))
    stores.devices.report_health(device.device_id, HEALTH, NOW)
    stores.devices.report_health(device.device_id, None, NOW + SECOND)

    known = stored(stores, device.device_id)
    assert (known.oldest_seq, known.upcoming_seq, known.health_at) == (3, 9, NOW)


def test_allotted_seqs_are_never_the_same(stores: Stores, device: Device) -> None:
    at_least = [0, 0, 5, 3, 0, 7, 100]

    allotted = [stores.devices.allot_seq(device.device_id, Seq(least)) for least in at_least]

    assert allotted == [0, 1, 5, 6, 7, 8, 100]
    assert stored(stores, device.device_id).next_seq == 101


def test_a_seq_can_be_allotted_up_to_the_last_one(stores: Stores, device: Device) -> None:
    assert stores.devices.allot_seq(device.device_id, Seq(MAX_SEQ)) == MAX_SEQ


def test_allotting_for_a_device_that_is_not_there_makes_none(stores: Stores, device_id: DeviceId) -> None:
    with pytest.raises(Changed) as lost:
        stores.devices.allot_seq(device_id, Seq(0))

    assert lost.value.stored is None
    assert stores.devices.get(device_id) is None


def test_a_sweep_is_kept_and_the_next_one_takes_its_place(stores: Stores, device: Device) -> None:
    for sweep in (SWEEP, Sweep(NOW, NOW, after_key=""), Sweep(NOW + SECOND, NOW)):
        stores.devices.note_sweep(device.device_id, sweep)
        assert stores.devices.get(device.device_id) == replace(device, sweep=sweep)


def test_noting_a_sweep_of_a_device_that_is_not_there_makes_none(stores: Stores, device_id: DeviceId) -> None:
    stores.devices.note_sweep(device_id, SWEEP)

    assert stores.devices.get(device_id) is None
