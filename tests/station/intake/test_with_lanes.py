"""The intake before the station's own lanes."""

from __future__ import annotations

from pathlib import Path

from flask.testing import FlaskClient
from frameferry_station.intake import command_line
from frameferry_station.intake.app import create_app
from frameferry_station.intake.service import Intake
from frameferry_station.photos import SourceName

from tests.fakes.clock import FakeEntropy
from tests.station.fake_cloud import FakeCloud
from tests.station.intake.lan import MAC, SETTINGS, SOURCE
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import Station
from tests.station.rig import UnsyncedFiles

BARE = SourceName("lan-127-0-0-1")


def client_of(station: Station, folder: Path) -> FlaskClient:
    intake = Intake(
        SETTINGS, station.lanes, state=folder, files=UnsyncedFiles(), clock=station.time, entropy=FakeEntropy()
    )
    return create_app(intake, max_body_bytes=SETTINGS.max_photo_bytes).test_client()


def test_photos_of_sketches_are_in_every_sink_once(tmp_path: Path) -> None:
    station = Station(sinks=("shelf", "bucket"))
    client = client_of(station, tmp_path)
    command_line.admit(tmp_path, UnsyncedFiles(), station.time)
    token = client.post("/api/devices/register", json={"device_id": MAC}).get_json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}

    for _ in range(2):
        for number in range(3):
            assert client.post("/upload", data=photograph(number)).status_code == 200
            answer = client.post("/api/images/upload", data=photograph(number), headers=bearer)
            assert answer.status_code == 200

    assert answer.get_json()["status"] == "duplicate"
    for taker in station.takers:
        taker.deliver()
        for source in (BARE, SOURCE):
            kept = station.delivered(taker.name, source)
            assert list(kept.values()) == [photograph(number) for number in range(3)]


def test_what_is_no_whole_jpeg_is_refused_in_words(tmp_path: Path) -> None:
    client = client_of(Station(), tmp_path)

    answers = [client.post("/upload", data=data) for data in (b"<html>", photograph(1)[:-20], photograph(1)[:2])]

    assert [(each.status_code, each.get_json()["error"]["code"]) for each in answers] == [(400, "not_a_jpeg")] * 3


def test_without_a_pairing_a_photo_for_the_cloud_is_refused_in_words(tmp_path: Path, cloud: FakeCloud) -> None:
    client = client_of(Station(cloud=cloud, sinks=()), tmp_path)

    answer = client.post("/upload", data=photograph(1))

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "unpaired")


def test_a_paused_source_is_refused_and_taken_again_when_it_is_resumed(tmp_path: Path) -> None:
    station = Station()
    client = client_of(station, tmp_path)

    station.lanes.local_pauses.pause(BARE, None)
    paused = client.post("/upload", data=photograph(1))
    station.lanes.local_pauses.resume(BARE)
    resumed = client.post("/upload", data=photograph(1))

    assert (paused.status_code, paused.get_json()["error"]["code"]) == (423, "paused")
    assert resumed.status_code == 200
