"""S3 events lost, doubled, late and out of order, and processing that dies: in the end each photo is one item."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.domain.clock import to_text, utc_now
from chalicelib.services.reconcile import OBJECT_DEADLINE
from chalicelib.services.sweeping import FULL_SWEEP_INTERVAL, GRACE, SWEEP_INTERVAL
from infra.local.cloud import LocalCloud
from infra.local.faults import Delay, EventFaults, FaultPlan, Refuse
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock
from tests.e2e.people import DeviceCaller, OwnerCaller, sha256_hex
from tests.tiny_jpegs import tiny_jpeg

NewDevice = Callable[[], DeviceCaller]
LATER = GRACE + timedelta(minutes=1)
NEXT_SWEEP = SWEEP_INTERVAL + LATER
NEXT_FULL_SWEEP = FULL_SWEEP_INTERVAL + LATER
READS_OF_ONE_TRY = 3
"""What the app's S3 client asks before it gives up."""


def set_faults(cloud: LocalCloud, **events: int | Delay) -> None:
    cloud.faults.add(FaultPlan(events=EventFaults(**events)))  # type: ignore[arg-type]


def statuses_of_events(cloud: LocalCloud) -> dict[str, int]:
    requests = cloud.stats.snapshot()["requests"]
    return dict(requests.get("event:process_object", {}).get("statuses", {}))


@pytest.fixture
def whole(owner: OwnerCaller, device: DeviceCaller, captures: Bucket, derived: Bucket) -> Callable[[int, bytes], None]:
    """Says that a photo is there once, with all that belongs to it, and nothing else of the device."""

    def check(seq: int, jpeg: bytes) -> None:
        assert [item["seq"] for item in owner.items()] == [seq]
        item = owner.item(device.device_id, seq)
        assert (item["status"], item["sha256"]) == ("processed", sha256_hex(jpeg))
        assert owner.photo(item) == jpeg
        assert captures.of_device(device.device_id) == [item["photo"]["object_key"]]
        assert set(derived.of_device(device.device_id)) == {item["thumbnail"]["object_key"]}

    return check


Whole = Callable[[int, bytes], None]


def test_object_without_an_ingest_call_becomes_an_item(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, whole: Whole
) -> None:
    target = device.target(1, tiny_jpeg(1), filename="2025-12-26T10-15-30Z_000001.jpg")
    assert device.put(target, tiny_jpeg(1)).status_code == 200
    cloud.settle()
    whole(1, tiny_jpeg(1))
    item = owner.item(device.device_id, 1)
    assert (item["captured_at"], item["captured_at_confidence"]) == ("2025-12-26T10:15:30.000Z", "received")


def test_event_before_the_ingest_call_ends_in_the_same_item_with_the_better_time(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, whole: Whole
) -> None:
    target = device.upload(1, tiny_jpeg(1))
    cloud.settle()
    before = owner.item(device.device_id, 1)
    answer = device.ingest(target, 1, captured_at="2026-02-03T04:05:06.789Z", sha256=sha256_hex(tiny_jpeg(1)))
    assert (answer["status"], answer["item_id"]) == ("queued", before["item_id"])
    assert answer["receipt"]["state"] == "held"
    item = owner.item(device.device_id, 1)
    assert (item["captured_at"], item["captured_at_confidence"]) == ("2026-02-03T04:05:06.789Z", "ntp")
    assert [one["captured_at"] for one in owner.items()] == ["2026-02-03T04:05:06.789Z"]
    whole(1, tiny_jpeg(1))


@pytest.mark.parametrize(
    ("taken_ago", "found_after"),
    [
        (None, NEXT_SWEEP),
        (timedelta(0), NEXT_SWEEP),
        (timedelta(days=30), NEXT_FULL_SWEEP),
        (timedelta(days=300), NEXT_FULL_SWEEP),
    ],
    ids=["undated", "today", "a card ago", "very long ago"],
)
def test_lost_event_of_an_unconfirmed_object_is_found_by_the_reconciler_however_old_the_photo(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    app_clock_moved: MoveClock,
    whole: Whole,
    taken_ago: timedelta | None,
    found_after: timedelta,
) -> None:
    set_faults(cloud, drop=1)
    when = {} if taken_ago is None else {"captured_at": to_text(utc_now() - taken_ago)}
    target = device.target(1, tiny_jpeg(1), **when)
    assert device.put(target, tiny_jpeg(1)).status_code == 200
    cloud.settle()
    cloud.run_schedule()
    assert not owner.has_item(device.device_id, 1), "the event may still come"
    with app_clock_moved(found_after):
        cloud.run_schedule()
    whole(1, tiny_jpeg(1))


def test_lost_event_of_a_confirmed_object_is_driven_by_the_reconciler(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock, whole: Whole
) -> None:
    set_faults(cloud, drop=1)
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    assert owner.item(device.device_id, 1)["status"] == "stored"
    assert owner.items() == [], "the list shows what was examined"
    with app_clock_moved(LATER):
        cloud.run_schedule()
    whole(1, tiny_jpeg(1))


def test_reconciler_that_runs_again_changes_nothing(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock, whole: Whole
) -> None:
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    before = owner.page()["items"]
    with app_clock_moved(LATER):
        cloud.run_schedule()
        cloud.run_schedule()
    assert owner.page()["items"] == before
    whole(1, tiny_jpeg(1))


def test_confirmed_object_that_never_came_is_told_to_the_owner_once(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock
) -> None:
    target = device.target(1, tiny_jpeg(1))
    device.ingest(target, 1)
    with app_clock_moved(OBJECT_DEADLINE + LATER):
        cloud.run_schedule()
        cloud.run_schedule()
    missing = [event for event in owner.events(device.device_id) if event["kind"] == "object_missing"]
    assert [event["details"]["seq"] for event in missing] == [1]
    assert device.put(target, tiny_jpeg(1)).status_code == 200
    cloud.settle()
    assert owner.item(device.device_id, 1)["status"] == "processed", "late is better than never"


def test_doubled_event_is_one_item(cloud: LocalCloud, device: DeviceCaller, whole: Whole) -> None:
    cloud.stats.reset()
    set_faults(cloud, duplicate=1)
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    assert statuses_of_events(cloud) == {"200": 2}
    whole(1, tiny_jpeg(1))


def test_late_event_ends_in_the_item_that_was_confirmed_before(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, whole: Whole
) -> None:
    set_faults(cloud, delay=Delay(count=1, seconds=0.6))
    device.send(1, tiny_jpeg(1))
    assert owner.item(device.device_id, 1)["status"] == "stored"
    assert owner.item(device.device_id, 1)["photo"]["url"]
    cloud.settle()
    whole(1, tiny_jpeg(1))


def test_event_that_comes_when_the_photo_is_deleted_brings_nothing_back(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, derived: Bucket
) -> None:
    set_faults(cloud, delay=Delay(count=1, seconds=0.6))
    device.send(1, tiny_jpeg(1))
    owner.ask("DELETE", f"/items/{device.device_id}/1")
    cloud.settle()
    assert owner.item(device.device_id, 1)["status"] == "deleted"
    assert captures.of_device(device.device_id) == derived.of_device(device.device_id) == []


def test_event_that_comes_after_a_later_one_takes_nothing_from_it(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    set_faults(cloud, reorder=1, duplicate=1)
    for seq in (1, 2, 3):
        device.send(seq, tiny_jpeg(seq))
    cloud.settle()
    assert {item["seq"]: item["sha256"] for item in owner.items()} == {
        seq: sha256_hex(tiny_jpeg(seq)) for seq in (1, 2, 3)
    }


def test_processing_that_fails_is_tried_again(cloud: LocalCloud, device: DeviceCaller, whole: Whole) -> None:
    cloud.stats.reset()
    target = device.target(1, tiny_jpeg(1))
    cloud.faults.add(FaultPlan(refuse=Refuse(count=READS_OF_ONE_TRY, status=503, method="GET")))
    assert device.put(target, tiny_jpeg(1)).status_code == 200
    cloud.settle()
    assert statuses_of_events(cloud) == {"500": 1, "200": 1}
    whole(1, tiny_jpeg(1))


def test_processing_that_fails_three_times_is_finished_by_the_reconciler(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock, whole: Whole
) -> None:
    cloud.stats.reset()
    letters = len(cloud.dead_letters)
    target = device.target(1, tiny_jpeg(1))
    # A 403 is not repeated by the app's S3 client, and so fails the try at once.
    cloud.faults.add(FaultPlan(refuse=Refuse(count=3, status=403, code="AccessDenied", method="GET")))
    assert device.put(target, tiny_jpeg(1)).status_code == 200
    cloud.settle()
    assert statuses_of_events(cloud) == {"500": 3}
    assert len(cloud.dead_letters) == letters + 1
    assert not owner.has_item(device.device_id, 1)
    with app_clock_moved(LATER):
        cloud.run_schedule()
    whole(1, tiny_jpeg(1))


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_processing_that_dies_at_a_call_of_s3_is_tried_again(
    cloud: LocalCloud, device: DeviceCaller, whole: Whole, method: str
) -> None:
    """GET: when the object is to be read; PUT: when the thumbnail is to be written."""
    cloud.stats.reset()
    target = device.target(1, tiny_jpeg(1))
    set_faults(cloud, delay=Delay(count=1, seconds=0.3))
    assert device.put(target, tiny_jpeg(1)).status_code == 200
    cloud.faults.add(FaultPlan(refuse=Refuse(count=1, status=403, code="AccessDenied", method=method)))
    cloud.settle()
    assert statuses_of_events(cloud) == {"500": 1, "200": 1}
    whole(1, tiny_jpeg(1))


def test_twenty_photos_from_four_threads_with_wild_events_are_twenty_items(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    jpegs = {seq: tiny_jpeg(seq) for seq in range(1, 21)}
    set_faults(cloud, duplicate=6, reorder=5, delay=Delay(count=4, seconds=0.2))
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda seq: device.send(seq, jpegs[seq]), jpegs))
    assert {answer["status"] for answer in answers} == {"queued"}
    cloud.settle()
    items = owner.items(limit=7)
    assert sorted(item["seq"] for item in items) == sorted(jpegs)
    assert {item["seq"]: item["sha256"] for item in items} == {seq: sha256_hex(jpeg) for seq, jpeg in jpegs.items()}
    assert {item["status"] for item in items} == {"processed"}
    assert len({item["item_id"] for item in items}) == len(captures.of_device(device.device_id)) == 20


def test_one_photo_sent_by_four_threads_at_once_is_one_item(
    cloud: LocalCloud, device: DeviceCaller, whole: Whole
) -> None:
    jpeg = tiny_jpeg(1)
    set_faults(cloud, duplicate=2)

    def send(number: int) -> str:
        target = device.target(1, jpeg)
        assert number or "status" not in target
        put = device.put(target, jpeg)
        assert put.status_code in (200, 412), put.text
        return str(device.ingest(target, 1, sha256=sha256_hex(jpeg))["item_id"])

    with ThreadPoolExecutor(4) as threads:
        item_ids = set(threads.map(send, range(4)))
    cloud.settle()
    assert len(item_ids) == 1
    whole(1, jpeg)


def test_one_seq_wanted_by_four_threads_with_other_bytes_each_is_one_item_and_nothing_is_lost(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    jpegs = [tiny_jpeg(number) for number in range(4)]
    targets = [device.target(1, filename=f"{number}.jpg") for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(device.put, targets, jpegs))
    assert [answer.status_code for answer in answers] == [200] * 4
    cloud.settle()
    item = owner.item(device.device_id, 1)
    assert item["status"] == "processed"
    held = captures.of_device(device.device_id)
    assert sorted(captures.body(key) for key in held) == sorted(jpegs)
    told = {event["details"]["sha256"] for event in owner.events(device.device_id) if event["kind"] == "conflict"}
    assert told == {sha256_hex(jpeg) for jpeg in jpegs} - {item["sha256"]}
