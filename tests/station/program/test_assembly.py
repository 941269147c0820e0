"""The parts of a station, put together on a real disk and real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from frameferry_station.errors import StationError
from frameferry_station.photos import STATION, SourceName
from frameferry_station.program.assembly import Station
from frameferry_station.settings import CameraSettings, CloudSink, FilesystemSink, LanSettings, StationSettings

from tests.station.fake_cloud import CODE, FakeCloud
from tests.station.fake_network import Network, running
from tests.station.lanes.photographs import photograph
from tests.station.program.processes import eventually, snapshot_camera

GARDEN = SourceName("garden")


@pytest.fixture
def network(cloud: FakeCloud) -> Iterator[Network]:
    with running(cloud) as network:
        yield network


def test_a_photo_arrives_once_in_every_sink(cloud: FakeCloud, network: Network, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    with snapshot_camera() as url:
        settings = StationSettings(
            state=tmp_path / "state",
            sinks=(CloudSink(cloud.api_url), FilesystemSink(photos)),
            cameras=(CameraSettings(GARDEN, "snapshot", url, interval_s=1),),
            lan=LanSettings(host="127.0.0.1", port=0),
        )
        station = Station(settings, clock_is_synced=lambda: True)
        station.start(lambda: None)
        try:
            station.operator.pair(STATION, CODE)
            eventually(lambda: cloud.holds(photograph(2, 2000)) and len(list(photos.rglob("*.jpg"))) > 2)
        finally:
            station.stop()

    files = sorted(photos.rglob("*.jpg"))
    pictures = [file.read_bytes() for file in files]
    assert len(set(pictures)) == len(pictures)
    assert all(len(cloud.holds(picture)) <= 1 for picture in pictures)
    assert cloud.holds(pictures[0]) == [0]
    assert {counts.name for counts in station.lanes.sinks()} == {"cloud", "filesystem"}


def test_a_pack_that_its_sink_finds_damaged_at_the_start_is_told_and_the_station_runs(tmp_path: Path) -> None:
    folder = tmp_path / "state/sinks/filesystem" / GARDEN
    folder.mkdir(parents=True)
    (folder / "0000000000000007-5f0c7a52.zip").write_bytes(bytes(512))
    settings = StationSettings(state=tmp_path / "state", sinks=(FilesystemSink(tmp_path / "photos"),))

    [news] = Station(settings).lanes.sources()

    assert news.source == GARDEN
    assert "nothing whole is in the pack 0000000000000007-5f0c7a52.zip" in f"{news.error}"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = StationSettings(
            state=tmp_path / "state",
            sinks=(FilesystemSink(tmp_path / "photos"),),
            lan=LanSettings(host="127.0.0.1", port=port),
        )
        station = Station(settings)
        try:
            with pytest.raises(StationError, match=rf"\[lan\]: 127.0.0.1 port {port}: Address already in use"):
                station.start(lambda: None)
        finally:
            station.stop()
