"""Events of packs twice, late, out of order or lost, and processing that dies: it ends as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chalicelib import wiring
from infra.deploying.target import PROCESSING_FUNCTION
from infra.local.cloud import LocalCloud
from infra.local.faults import Delay, EventFaults, FaultPlan, Refuse
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock, remove_devices
from tests.e2e.packing import Offered, believed, pack, receipts, send, shots, taken_at, text
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller
from tests.e2e.stage import LATER, NEXT_SWEEP, Meanwhile
from tests.tiny_jpegs import tiny_jpeg

_OWN = {"item_id", "device_id", "created_at", "stored_at", "processed_at", "photo", "thumbnail"}
"""What is another for each device and run."""
AsUndisturbed = Callable[[DeviceCaller], None]


def packs(device: DeviceCaller) -> list[Offered]:
    """A backlog of three, of which one has a photo that came before, and one a photo that is another's."""
    return [pack(device, shots(seqs)) for seqs in ((1, 2, 3), (4, 5, 6), (7, 8))]


def before(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> None:
    """What stands already when the packs come: a copy, other bytes, a tombstone."""
    for seq, jpeg in ((2, tiny_jpeg(2)), (5, tiny_jpeg(99)), (7, tiny_jpeg(7))):
        device.send(seq, jpeg, captured_at=text(taken_at(seq)))
    cloud.settle()
    owner.ask("DELETE", f"/items/{device.device_id}/7")


def state(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> JsonObject:
    """All that is to be the same whatever became of the events."""
    captures = Bucket(cloud.client("s3"), cloud.outputs.captures_bucket)
    derived = Bucket(cloud.client("s3"), cloud.outputs.derived_bucket)
    items = owner.items(device_id=device.device_id, limit=3)
    for item in items:
        one = owner.item(device.device_id, item["seq"])
        assert (owner.photo(one)[:3], owner.thumbnail(one)[:3]) == (b"\xff\xd8\xff",) * 2
    minutes = {"from": text(taken_at(0)), "to": text(taken_at(12)), "device_id": device.device_id, "bucket_s": 60}
    timeline = owner.ask("GET", "/timeline", params=minutes)
    months = owner.ask("GET", "/usage", params={"month": f"{taken_at(0):%Y-%m}"})["items"]
    keys = [key.replace(device.device_id, "") for key in captures.of_device(device.device_id)]
    return {
        "items": [{name: value for name, value in item.items() if name not in _OWN} for item in items],
        "places": [(item["photo"].get("offset"), item["thumbnail"].get("offset")) for item in items],
        # The name of a pack has its sha256, and so the device in it.
        "objects": sorted(key.rpartition("-")[0] if key.endswith(".zip") else key for key in keys),
        "thumbnails": len(derived.of_device(device.device_id)),
        "buckets": timeline["buckets"],
        "gaps": [{name: value for name, value in gap.items() if name != "device_id"} for gap in timeline["gaps"]],
        "usage": [(one["photos"], one["objects"]) for one in months if one["device_id"] == device.device_id],
        "told": sorted(event["kind"] for event in owner.events(device.device_id)),
    }


@dataclass(frozen=True)
class Undisturbed:
    """A device whose events came as they should, before all tests of this file, and what became of its packs; after
    all of them it is as it was.
    """

    owner: OwnerCaller
    device: DeviceCaller
    state: JsonObject


@pytest.fixture(scope="module")
def undisturbed(running_cloud: LocalCloud) -> Iterator[Undisturbed]:
    cloud = running_cloud
    with (
        OwnerCaller(cloud.api_url, cloud.new_owner("undisturbed").token) as owner,
        DeviceCaller(cloud.api_url, owner.pair()["pairing_code"]) as device,
    ):
        before(cloud, owner, device)
        send(device, *packs(device))
        cloud.settle()
        found = Undisturbed(owner, device, state(cloud, owner, device))
        yield found
        assert state(cloud, owner, device) == found.state, "what befell other devices changed it"
    remove_devices(cloud)


@pytest.fixture
def as_undisturbed(cloud: LocalCloud, owner: OwnerCaller, undisturbed: Undisturbed) -> AsUndisturbed:
    """A check of another device."""

    def check(device: DeviceCaller) -> None:
        assert state(cloud, owner, device) == undisturbed.state

    return check


def test_packs_whose_events_come_as_they_should_are_items_a_conflict_and_a_tombstone(undisturbed: Undisturbed) -> None:
    expected = undisturbed.state
    assert [item["seq"] for item in expected["items"]] == [8, 6, 5, 4, 3, 2, 1], expected
    assert sum(bucket["photos"] for bucket in expected["buckets"]) == 7
    assert sum(bucket.get("deleted", 0) for bucket in expected["buckets"]) == 1
    assert (expected["told"], expected["usage"]) == (["conflict"], [(8, 6)])


@pytest.fixture
def backlog(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> list[Offered]:
    """Of a device, and not sent yet."""
    before(cloud, owner, device)
    return packs(device)


@pytest.mark.parametrize(
    "events",
    [
        EventFaults(duplicate=3),
        EventFaults(reorder=2),
        EventFaults(delay=Delay(count=2, seconds=0.3)),
        EventFaults(duplicate=3, reorder=3, delay=Delay(count=1, seconds=0.2)),
    ],
    ids=["twice", "out of order", "late", "all of it"],
)
def test_events_of_packs_that_go_wrong_end_the_same(
    cloud: LocalCloud, device: DeviceCaller, backlog: list[Offered], as_undisturbed: AsUndisturbed, events: EventFaults
) -> None:
    cloud.faults.add(FaultPlan(events=events))
    send(device, *backlog)
    cloud.settle()
    as_undisturbed(device)


def test_packs_whose_events_were_lost_are_found_by_the_reconciler(
    cloud: LocalCloud,
    device: DeviceCaller,
    backlog: list[Offered],
    as_undisturbed: AsUndisturbed,
    app_clock_moved: MoveClock,
) -> None:
    cloud.faults.add(FaultPlan(events=EventFaults(drop=3)))
    send(device, *backlog)
    cloud.settle()
    with app_clock_moved(NEXT_SWEEP):
        cloud.run_schedule()
        cloud.settle()
        cloud.run_schedule()
    as_undisturbed(device)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_processing_of_a_pack_that_dies_at_a_call_of_s3_is_tried_again(
    cloud: LocalCloud, device: DeviceCaller, backlog: list[Offered], as_undisturbed: AsUndisturbed, method: str
) -> None:
    cloud.faults.add(FaultPlan(events=EventFaults(delay=Delay(count=3, seconds=0.3))))
    send(device, *backlog)
    cloud.faults.add(FaultPlan(refuse=Refuse(count=1, status=403, code="AccessDenied", method=method)))
    cloud.settle()
    as_undisturbed(device)


def test_a_pack_whose_processing_failed_three_times_is_finished_by_the_reconciler(
    cloud: LocalCloud,
    device: DeviceCaller,
    backlog: list[Offered],
    as_undisturbed: AsUndisturbed,
    app_clock_moved: MoveClock,
) -> None:
    letters = len(cloud.dead_letters)
    cloud.faults.add(FaultPlan(events=EventFaults(delay=Delay(count=3, seconds=0.3))))
    send(device, *backlog)
    cloud.faults.add(FaultPlan(refuse=Refuse(count=9, status=403, code="AccessDenied", method="GET")))
    cloud.settle()
    assert len(cloud.dead_letters) == letters + 3
    with app_clock_moved(LATER):
        cloud.run_schedule()
        cloud.settle()
    as_undisturbed(device)


@pytest.mark.parametrize("standing", [0, 1, 2])
def test_processing_that_dies_between_two_captures_goes_on_where_it_was(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    backlog: list[Offered],
    as_undisturbed: AsUndisturbed,
    derived: Bucket,
    standing: int,
) -> None:
    """When it has written thumbnails and some items of the first pack."""
    thumbnails = backlog[0].thumbnails_key(device.device_id)

    def is_time() -> bool:
        has_items = all(owner.has_item(device.device_id, seq) for seq in (1, 3)[:standing])
        return has_items and derived.versions(thumbnails) != []

    def die() -> None:
        raise RuntimeError("as told")

    real, clock = wiring.current(), Meanwhile(PROCESSING_FUNCTION, when=is_time, happens=die)
    wiring.install(cloud.new_stacks(clock))
    send(device, *backlog)
    cloud.settle()
    wiring.install(real)
    assert clock.has_happened
    as_undisturbed(device)


def test_packs_put_by_four_threads_at_once_are_processed_as_one_by_one(
    cloud: LocalCloud, device: DeviceCaller, backlog: list[Offered], as_undisturbed: AsUndisturbed
) -> None:
    cloud.faults.add(FaultPlan(events=EventFaults(duplicate=2)))
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda offered: send(device, offered), backlog))
    cloud.settle()
    as_undisturbed(device)
    assert [believed(device, *each) for each in zip(backlog, receipts(device, *backlog), strict=True)] == ["held"] * 3


def test_the_reconciler_finds_nothing_to_do_where_all_packs_were_processed(
    cloud: LocalCloud,
    device: DeviceCaller,
    backlog: list[Offered],
    as_undisturbed: AsUndisturbed,
    app_clock_moved: MoveClock,
) -> None:
    send(device, *backlog)
    cloud.settle()
    cloud.stats.reset()
    for ahead in (NEXT_SWEEP, 2 * NEXT_SWEEP, timedelta(days=8)):
        with app_clock_moved(ahead):
            cloud.run_schedule()
    kinds = cloud.stats.snapshot()["requests"]
    assert [kind for kind in kinds if kind.startswith("s3:") and kind != "s3:GET signed"] == []
    as_undisturbed(device)
