"""The owner's timeline: counts and gaps over the routes that cameras use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.reported import StateKind
from chalicelib.domain.timeline import rows_of_pack
from chalicelib.services.timeline import MAX_ROWS
from tests.api.client import Answer, Client
from tests.api.crowded_timeline import crowd, crowd_with_packs
from tests.api.scene import OWNER, Camera, World, new_camera

NINE = datetime(2026, 5, 4, 9, tzinfo=UTC)
HALF_MINUTE = timedelta(seconds=30)


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_pack(world: World, camera: Camera, seqs: range, since: datetime, boot_id: str = "0" * 16) -> None:
    """As processing leaves it in the timeline, a photo each half minute."""
    items = [
        Item(
            device_id=DeviceId(camera.device_id),
            seq=Seq(seq),
            owner_id=OwnerId(OWNER),
            status=ItemStatus.PROCESSED,
            object_key=f"pack of {seqs.start}",
            captured=CaptureTime(since + number * HALF_MINUTE, Confidence.NTP),
            created_at=since,
        )
        for number, seq in enumerate(seqs)
    ]
    for row in rows_of_pack(items, boot_id=boot_id):
        world.timeline.put(row)


def timeline(owner: Client, since: datetime = NINE, hours: float = 3, **query: Any) -> Answer:
    return owner.get("/timeline", **{"from": text(since), "to": text(since + timedelta(hours=hours)), **query})


def test_photos_are_counted_by_the_hour_from_the_first_instant_on(owner: Client, camera: Camera, world: World) -> None:
    a_pack(world, camera, range(100), NINE + timedelta(minutes=30))

    found = timeline(owner, device_id=camera.device_id).json

    assert found["bucket_s"] == 3600
    assert found["buckets"] == [
        {"from": text(NINE), "photos": 60},
        {"from": text(NINE + 60 * 2 * HALF_MINUTE), "photos": 40},
    ]


def test_a_pack_that_reaches_into_the_range_is_counted_where_it_does(
    owner: Client, camera: Camera, world: World
) -> None:
    a_pack(world, camera, range(20), NINE - timedelta(minutes=5))

    assert timeline(owner, device_id=camera.device_id, bucket_s=60).json["buckets"][0] == {
        "from": text(NINE),
        "photos": 2,
    }
    assert sum(one["photos"] for one in timeline(owner, device_id=camera.device_id).json["buckets"]) == 10


def test_a_pause_is_told_on_a_day_of_which_only_another_camera_has_photos(
    owner: Client, camera: Camera, world: World
) -> None:
    a_pack(world, camera, range(5), NINE - timedelta(days=2))
    since, until = (NINE + timedelta(days=days) for days in (-1.9, 1))
    world.ranges.add_state(DeviceId(camera.device_id), since, StateKind.PAUSED)
    world.ranges.add_state(DeviceId(camera.device_id), until, StateKind.RESUMED)
    a_pack(world, camera, range(5, 9), until + HALF_MINUTE)
    other = new_camera(owner, "gate")
    for hour in range(-40, 5):
        a_pack(world, other, range(1000 + 10 * hour, 1005 + 10 * hour), NINE + timedelta(hours=hour))

    gaps = [gap for gap in timeline(owner).json["gaps"] if gap["device_id"] == camera.device_id]

    assert [(gap["reason"], gap["from"], gap["to"]) for gap in gaps] == [
        ("paused", text(NINE), text(NINE + timedelta(hours=3)))
    ]


def test_a_gap_is_told_with_its_reason(owner: Client, camera: Camera, world: World) -> None:
    a_pack(world, camera, range(20), NINE)
    a_pack(world, camera, range(20, 40), NINE + timedelta(hours=1))
    world.ranges.add_state(DeviceId(camera.device_id), NINE + timedelta(minutes=10), StateKind.PAUSED)
    world.ranges.add_state(DeviceId(camera.device_id), NINE + timedelta(minutes=60), StateKind.RESUMED)

    gaps = timeline(owner, hours=1, device_id=camera.device_id).json["gaps"]

    assert gaps == [
        {
            "device_id": camera.device_id,
            "reason": "paused",
            "from": text(NINE + timedelta(minutes=10)),
            "to": text(NINE + timedelta(minutes=60)),
        }
    ]


def test_numbers_that_a_camera_says_it_gave_to_no_photo_are_called_skipped(
    owner: Client, camera: Camera, world: World
) -> None:
    a_pack(world, camera, range(20), NINE)
    a_pack(world, camera, range(25, 40), NINE + 20 * HALF_MINUTE)
    clock = {"boot_id": "0" * 16, "uptime_ms": 1, "next_seq": 40}
    skipped = {"kind": "skipped", "occurred_at": text(NINE), "first_seq": 22, "last_seq": 24}
    camera.post("/devices/sync", {"clock": clock, "events": [skipped]})

    gaps = timeline(owner, hours=0.25, device_id=camera.device_id).json["gaps"]

    assert [(gap["reason"], gap["first_seq"], gap["last_seq"]) for gap in gaps] == [
        ("missing", 20, 21),
        ("skipped", 22, 24),
    ]


def test_a_hole_that_begins_before_the_range_and_ends_after_it_is_known(
    owner: Client, camera: Camera, world: World
) -> None:
    a_pack(world, camera, range(20), NINE - timedelta(days=5), boot_id="a" * 16)
    a_pack(world, camera, range(20, 40), NINE + timedelta(days=5), boot_id="b" * 16)

    (gap,) = timeline(owner, device_id=camera.device_id).json["gaps"]

    assert (gap["reason"], gap["from"], gap["to"]) == ("powered_off", text(NINE), text(NINE + timedelta(hours=3)))


def test_all_devices_of_an_owner_are_one_timeline_and_no_others(
    owner: Client, stranger: Client, camera: Camera, world: World
) -> None:
    second = new_camera(owner, "gate")
    a_pack(world, camera, range(20), NINE)
    a_pack(world, second, range(20), NINE)

    assert timeline(owner).json["buckets"] == [{"from": text(NINE), "photos": 40}]
    assert timeline(stranger).json["buckets"] == []
    assert timeline(stranger, device_id=camera.device_id).status == 404


def test_before_a_camera_was_paired_nothing_is_missing(owner: Client, camera: Camera) -> None:
    assert timeline(owner, since=NINE - timedelta(days=400)).json == {"bucket_s": 3600, "buckets": [], "gaps": []}


def test_of_a_camera_that_never_used_its_code_nothing_waits_to_be_uploaded(owner: Client, world: World) -> None:
    owner.post("/devices/pair", {"name": "barn"})
    now = world.clock()

    assert timeline(owner, since=now - timedelta(hours=2), hours=24).json["gaps"] == []


def test_nothing_waits_from_before_a_camera_was_activated(owner: Client, nobody: Client, world: World) -> None:
    made = owner.post("/devices/pair", {"name": "barn"}).json
    activated_at = world.clock.advance(9 * 60)
    nobody.post("/devices/activate", {"pairing_code": made["pairing_code"]})
    world.clock.advance(2 * 3600)

    (gap,) = timeline(owner, since=activated_at - timedelta(hours=1), hours=24).json["gaps"]

    assert (gap["reason"], gap["from"]) == ("not_uploaded", text(activated_at))


def test_a_range_with_more_rows_than_are_read_is_to_be_halved(owner: Client, camera: Camera, world: World) -> None:
    crowd(world, camera, NINE)

    assert timeline(owner).code == "too_many_photos"
    halves = [timeline(owner, since=NINE + timedelta(hours=start), hours=1.5).json for start in (0, 1.5)]
    assert sum(bucket["photos"] for half in halves for bucket in half["buckets"]) == MAX_ROWS + 1


def test_a_range_with_few_rows_of_very_many_photos_is_to_be_halved_too(
    owner: Client, camera: Camera, world: World
) -> None:
    crowd_with_packs(world, camera, NINE)

    assert timeline(owner).code == "too_many_photos"
    (bucket,) = timeline(owner, hours=0.1).json["buckets"]
    assert bucket["photos"] == 100 * 360 / 2.5


@pytest.mark.parametrize(
    "query",
    [
        {"to": text(NINE)},
        {"to": text(NINE + timedelta(days=32))},
        {"bucket_s": 0},
        {"bucket_s": 1},
        {"bucket_s": "an hour"},
        {"device_id": "barn"},
        {"limit": 3},
    ],
    ids=str,
)
def test_a_range_that_cannot_be_told_is_refused(owner: Client, query: dict[str, Any]) -> None:
    answer = timeline(owner, **query)

    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_parameter")


def test_the_end_of_time_can_be_asked_for(owner: Client) -> None:
    answer = owner.get("/timeline", **{"from": "9999-12-30T00:00:00Z", "to": "9999-12-31T23:59:59.999999Z"})

    assert answer.json == {"bucket_s": 3600, "buckets": [], "gaps": []}


def test_a_range_has_both_its_ends(owner: Client) -> None:
    assert owner.get("/timeline").status == 400


def test_a_range_that_the_owner_had_forgotten_is_called_so(owner: Client, camera: Camera, world: World) -> None:
    a_pack(world, camera, range(10), NINE)
    a_pack(world, camera, range(20, 30), NINE + timedelta(minutes=10))
    device = world.devices.get(DeviceId(camera.device_id))
    assert device is not None
    world.devices.save(device.forgetting(NINE + timedelta(minutes=5), NINE + timedelta(minutes=10), NINE))

    (gap,) = timeline(owner, hours=0.2, device_id=camera.device_id).json["gaps"]

    assert (gap["reason"], gap["first_seq"], gap["last_seq"]) == ("forgotten", 10, 19)
