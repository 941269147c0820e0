"""A station of today takes up the state folder of an earlier one: photos that wait, identity, numbers, pauses.

`state-0.1.0.zip` is such a folder, as `recorded` made it when 0.1.0 was new. A format may change only where what is in
the field is still taken up: a new version adds a folder of its own here, and no old one is made anew.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from frameferry_station.photos import STATION, SourceName
from frameferry_station.program.assembly import Station
from frameferry_station.settings import CloudSink, FilesystemSink, PageSettings, StationSettings

from tests.station.fake_cloud import CODE, FakeCloud
from tests.station.fake_network import Network, running
from tests.station.lanes.photographs import photograph
from tests.station.program.processes import eventually, free_port
from tests.station.samples import DEVICE_ID

OLD_STATES = sorted(Path(__file__).parent.glob("state-*.zip"))
GARDEN, GATE = SourceName("garden"), SourceName("gate")
WAITING = [photograph(number, 200) for number in range(25)]
"""A full pack, and some more."""


def settings_of(folder: Path, cloud: FakeCloud) -> StationSettings:
    return StationSettings(
        state=folder / "state",
        sinks=(CloudSink(cloud.api_url), FilesystemSink(folder / "photos")),
        page=PageSettings(host="127.0.0.1", port=free_port()),
        advertise=False,
    )


def recorded(folder: Path, cloud: FakeCloud) -> None:
    """`folder/state`, of a station that was paired, took photos and never reached a sink."""
    station = Station(settings_of(folder, cloud), clock_is_synced=lambda: True)
    station.operator.pair(STATION, CODE)
    for jpeg in WAITING:
        station.lanes.accept(GARDEN, jpeg)
    station.lanes.on_capture_now(GATE, lambda: None)
    station.operator.pause(GATE, None)
    station.stop()


@pytest.fixture
def network(cloud: FakeCloud) -> Iterator[Network]:
    with running(cloud) as network:
        yield network


@pytest.mark.parametrize("old_state", OLD_STATES, ids=lambda path: path.stem)
def test_what_an_earlier_version_left_is_taken_up(
    cloud: FakeCloud, network: Network, tmp_path: Path, old_state: Path
) -> None:
    with zipfile.ZipFile(old_state) as archive:
        archive.extractall(tmp_path)
    station = Station(settings_of(tmp_path, cloud), clock_is_synced=lambda: True)
    rows = {row["source"]: row for row in station.operator.sources()}
    station.start(lambda: None)
    try:
        station.lanes.accept(GARDEN, photograph(100, 200))
        duplicate = station.lanes.accept(GARDEN, WAITING[-1])
        eventually(lambda: len(cloud.items) == 26)
        eventually(lambda: len(list((tmp_path / "photos").rglob("*.jpg"))) >= 20)
    finally:
        station.stop()

    assert rows["station"]["device_id"] == DEVICE_ID
    assert rows["station"]["waiting"] == 25
    assert station.lanes.pause_of(GATE)
    assert duplicate.is_duplicate
    assert sorted(cloud.items) == list(range(26))
    assert all(len(cloud.holds(jpeg)) == 1 for jpeg in WAITING)


def test_there_is_a_state_of_the_first_version() -> None:
    assert OLD_STATES[0].name == "state-0.1.0.zip"
