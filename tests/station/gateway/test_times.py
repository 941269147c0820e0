"""When photos were taken: by the camera's clock, else by its uptime and the station's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from frameferry_station.captures import CaptureMeta
from frameferry_station.gateway.bodies import MOST_UPTIME_MS

from tests.station.gateway.cameras import BOOT_ID, Camera, Shot
from tests.station.gateway.gateways import SOURCE, GatewayRig
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import Station
from tests.station.samples import START

EARLIER_BOOT = "00000000000000cb"


def station(folder: Path, *, knows_the_time: bool = True) -> GatewayRig:
    def is_synced() -> bool:
        return knows_the_time

    lanes = Station(sinks=("shelf",), pack_captures=100, clock_is_synced=is_synced)
    lanes.time.advance(1000.0)
    return GatewayRig(folder, lanes, clock_is_synced=is_synced)


def sample(camera: Camera, uptime_ms: int, boot_id: str = BOOT_ID) -> None:
    clock = {"boot_id": boot_id, "uptime_ms": uptime_ms, "next_seq": 1}
    assert camera.sync(clock=clock).status_code == 200


def taken(camera: Camera, *shots: Shot) -> list[CaptureMeta]:
    """As the lane has it."""
    camera.send(*shots)
    queue = camera.rig.station.lane(SOURCE).queue
    queue.seal()
    records = [entry.record for pack in queue.packs() for entry in queue.entries(pack)]
    return [CaptureMeta(each.captured_at, each.clock_synced, each.uptime_ms) for each in records]


def test_a_time_by_the_cameras_own_synced_clock_is_believed(tmp_path: Path) -> None:
    camera = Camera.paired(station(tmp_path))
    at = START - timedelta(days=20)

    [found] = taken(camera, Shot(0, photograph(0), at=at, uptime_ms=5))

    assert (found.captured_at, found.ntp_synced) == (at, True)


@pytest.mark.parametrize("at", [START + timedelta(hours=3), datetime(1999, 1, 1, tzinfo=UTC)])
def test_a_time_that_cannot_be_is_solved_instead(tmp_path: Path, at: datetime) -> None:
    camera = Camera.paired(station(tmp_path))
    sample(camera, 600_000)

    [found] = taken(camera, Shot(0, photograph(0), at=at, uptime_ms=500_000))

    assert found == CaptureMeta(START + timedelta(seconds=900), True, 900_000)


def test_without_a_clock_the_time_is_solved_by_uptime(tmp_path: Path) -> None:
    camera = Camera.paired(station(tmp_path))
    sample(camera, 7_200_000)
    camera.rig.station.time.advance(60.0)

    found = taken(camera, Shot(0, photograph(0), uptime_ms=0), Shot(1, photograph(1), uptime_ms=7_100_000))

    assert [each.captured_at for each in found] == [
        START + timedelta(seconds=1000 - 7200),
        START + timedelta(seconds=1000 - 100),
    ]
    assert all(each.ntp_synced for each in found)


def test_a_station_without_the_time_passes_the_uptime_on_as_its_own(tmp_path: Path) -> None:
    camera = Camera.paired(station(tmp_path, knows_the_time=False))
    sample(camera, 600_000)

    assert taken(camera, Shot(0, photograph(0), uptime_ms=500_000)) == [CaptureMeta(None, False, 900_000)]


def test_photos_of_a_boot_that_was_heard_of_before_a_restart_keep_their_time(tmp_path: Path) -> None:
    camera = Camera.paired(station(tmp_path))
    sample(camera, 100_000, EARLIER_BOOT)
    camera.rig = camera.rig.restarted()
    camera.rig.station.time.advance(3600.0)
    sample(camera, 5000)

    [found] = taken(camera, Shot(0, photograph(0), uptime_ms=50_000, boot_id=EARLIER_BOOT))

    assert found.captured_at == START + timedelta(seconds=1000 - 50)


@pytest.mark.parametrize("uptime_ms", [0, 2**64 - 1])
def test_photos_of_a_boot_that_nobody_heard_of_have_the_time_at_which_they_came(
    tmp_path: Path, uptime_ms: int
) -> None:
    camera = Camera.paired(station(tmp_path))
    sample(camera, 5000)

    [found] = taken(camera, Shot(0, photograph(0), uptime_ms=uptime_ms, boot_id=EARLIER_BOOT))

    assert found == CaptureMeta(START + timedelta(seconds=1000), True, 1_000_000)


def test_a_camera_that_says_it_ran_for_a_century_is_not_believed(tmp_path: Path) -> None:
    camera = Camera.paired(station(tmp_path))
    sample(camera, MOST_UPTIME_MS)

    [found] = taken(camera, Shot(0, photograph(0), uptime_ms=0))

    assert found.captured_at == START + timedelta(seconds=1000)


@pytest.mark.parametrize("uptime_ms", [2**64 - 1, 2**60])
def test_no_uptime_is_too_large(tmp_path: Path, uptime_ms: int) -> None:
    camera = Camera.paired(station(tmp_path))
    sample(camera, 5000)

    found = taken(
        camera,
        Shot(0, photograph(0), uptime_ms=uptime_ms),
        Shot(1, photograph(1), uptime_ms=uptime_ms),
    )

    assert [each.captured_at for each in found] == [START + timedelta(seconds=1000)] * 2
