"""What a month comes to, over the routes that cameras use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.ids import DeviceId
from chalicelib.domain.prices import AS_OF
from chalicelib.domain.timeline import TimelineRow
from tests.api.client import Client
from tests.api.scene import OWNER, Camera, World
from tests.api.test_timeline import a_pack

MAY = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_month_counts_what_was_taken_in_it(owner: Client, camera: Camera, world: World) -> None:
    a_pack(world, camera, range(20), MAY - timedelta(hours=1))
    a_pack(world, camera, range(20, 40), MAY)
    a_pack(world, camera, range(40, 45), MAY + timedelta(days=30, hours=23))
    a_pack(world, camera, range(45, 65), MAY + timedelta(days=31))

    (found,) = owner.get("/usage", month="2026-05").json["items"]

    assert (found["device_id"], found["name"]) == (camera.device_id, "barn")
    assert (found["photos"], found["objects"]) == (25, 2)


def test_requests_count_in_the_month_in_which_they_are_made(owner: Client, camera: Camera, world: World) -> None:
    for _ in range(3):
        camera.post("/devices/heartbeat", {})

    this_month = f"{world.clock():%Y-%m}"
    assert owner.get("/usage", month=this_month).json["items"][0]["requests"] == 3
    assert owner.get("/usage").json == owner.get("/usage", month=this_month).json
    assert owner.get("/usage", month="2026-04").json["items"][0]["requests"] == 0


def test_money_adds_up_and_names_the_day_of_its_prices(owner: Client, camera: Camera, world: World) -> None:
    row = TimelineRow(
        owner_id=OWNER,  # type: ignore[arg-type]
        device_id=DeviceId(camera.device_id),
        first_seq=0,  # type: ignore[arg-type]
        last_seq=0,  # type: ignore[arg-type]
        captured_from=MAY,
        captured_to=MAY,
        object_key="a photo",
        photos=1,
        size_bytes=10**12,
    )
    world.timeline.put(row)

    found = owner.get("/usage", month="2026-05").json

    (one,) = found["items"]
    assert found["prices_as_of"] == AS_OF.isoformat()
    assert one["usd_by_unit"]["stored_byte_months"] == pytest.approx(23)
    assert found["usd"] == one["usd"] == pytest.approx(sum(one["usd_by_unit"].values()), abs=1e-4)


def test_an_owner_sees_what_is_theirs(stranger: Client, camera: Camera, world: World) -> None:
    a_pack(world, camera, range(20), MAY)

    assert stranger.get("/usage", month="2026-05").json["items"] == []


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-00", "1999-01", "2026-5", "may", "2026-05-01", "2026-05\n"])
def test_what_is_no_month_is_refused(owner: Client, month: str) -> None:
    answer = owner.get("/usage", month=month)

    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_parameter")
