"""What `/health` says of a station, and when it calls it unwell."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from frameferry_station.page.admission import Doorkeeper
from frameferry_station.page.app import Shown, create_app
from frameferry_station.page.health import HealthCheck
from frameferry_station.page.machine_health import Machine
from frameferry_station.photos import SourceName, SourcePaused
from werkzeug.test import TestResponse

from tests.station.page.fake_report import (
    GARDEN,
    GATE,
    FakeClips,
    FakeReport,
    FakeStream,
    FakeStreams,
    NoGuesses,
    NoPhotos,
    counts,
    news,
)
from tests.station.samples import START, FakeTime

SEED_FIELDS = {"status", "last_capture", "uptime_seconds", "total_captures", "total_uploads", "failed_uploads"}
NOON = START


class Station:
    def __init__(self, thermal: Path) -> None:
        self.report = FakeReport()
        self.streams = FakeStreams()
        self.time = FakeTime()
        self.is_synced = True
        self.intervals_s: dict[SourceName, float] = {GARDEN: 30.0}
        self.thermal = thermal

    def get(self, path: str = "/health") -> TestResponse:
        machine = Machine(self.time, 0.0, lambda: self.is_synced, self.thermal)
        health = HealthCheck(self.report, machine, lambda: self.intervals_s, self.streams)
        doorkeeper = Doorkeeper("not asked for here", NoGuesses())
        shown = Shown(self.report, health, machine, NoPhotos(), doorkeeper, streams=self.streams)
        return create_app(shown).test_client().get(path)

    def asked(self) -> tuple[int, dict[str, Any]]:
        answer = self.get()
        return answer.status_code, json.loads(answer.text)

    def health(self) -> dict[str, Any]:
        return self.asked()[1]

    def zone(self, number: int, text: str) -> None:
        (self.thermal / f"thermal_zone{number}").mkdir()
        (self.thermal / f"thermal_zone{number}/temp").write_text(text)


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def test_a_station_that_is_well_says_so_in_the_words_of_the_snapshot_uploader(station: Station) -> None:
    station.time.advance(3600)
    last_at = station.time.utc() - timedelta(seconds=5)
    station.report.news = [news(GARDEN, last_at, accepted=300), news(GATE, NOON, accepted=60)]
    station.report.counts = [counts(delivered=358, failures=2, waiting=2, oldest_at=NOON)]

    code, health = station.asked()

    assert code == 200
    assert health.keys() >= SEED_FIELDS
    assert health["status"] == "healthy"
    assert health["uptime_seconds"] == 3600
    assert health["last_capture"] == last_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert [health[name] for name in ("total_captures", "total_uploads", "failed_uploads")] == [360, 358, 2]
    assert health["queue_depth"] == 2
    assert health["oldest_photo"] == NOON.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert health["disk"].keys() == {"used_bytes", "budget_bytes", "free_bytes"}
    assert [source["source"] for source in health["sources"]] == ["garden", "gate"]
    assert health["sinks"][0]["sink"] == "cloud"


def test_a_station_without_anything_is_well_at_its_start(station: Station) -> None:
    assert station.health()["status"] == "healthy"
    assert station.health()["last_capture"] is None


def test_no_camera_that_gives_photos_is_unhealthy_and_503(station: Station) -> None:
    station.report.news = [news(error="the camera refuses the password")]
    station.time.advance(901)

    code, health = station.asked()

    assert (code, health["status"]) == (503, "unhealthy")
    assert health["reasons"] == ["garden gives no photos: the camera refuses the password"]


def test_a_camera_gets_some_time_at_the_start_and_after_each_photo(station: Station) -> None:
    station.time.advance(899)
    assert station.health()["status"] == "healthy"
    station.report.news = [news(GARDEN, station.time.utc())]
    station.time.advance(899)
    assert station.health()["status"] == "healthy"
    station.time.advance(2)
    assert station.health()["status"] == "unhealthy"


def test_a_camera_that_is_asked_seldom_gets_three_of_its_intervals(station: Station) -> None:
    station.intervals_s = {GARDEN: 3600.0}
    station.time.advance(3 * 3600)
    assert station.health()["status"] == "healthy"
    station.time.advance(1)
    assert station.health()["status"] == "unhealthy"


def test_one_silent_camera_of_two_is_degraded(station: Station) -> None:
    station.intervals_s = {GARDEN: 30.0, GATE: 30.0}
    station.time.advance(2000)
    station.report.news = [news(GATE, station.time.utc())]

    assert station.get().status_code == 200
    assert station.health()["status"] == "degraded"
    assert station.health()["reasons"] == ["garden gives no photos"]


def test_a_paused_camera_is_well(station: Station) -> None:
    station.report.news = [news(paused=SourcePaused(None))]
    station.time.advance(5000)

    assert station.health()["status"] == "healthy"
    assert station.health()["sources"][0]["paused"] == "paused until it is resumed"


def test_a_camera_that_failed_and_was_paused_then_is_well(station: Station) -> None:
    station.report.news = [news(error="nobody answers at its address", paused=SourcePaused(None))]
    station.time.advance(5000)

    assert station.health()["reasons"] == []
    assert 'source_failing{source="garden"} 0.0' in station.get("/metrics").text


def test_a_sketch_that_brings_nothing_for_days_is_well(station: Station) -> None:
    station.intervals_s = {}
    station.report.news = [news(SourceName("lan-a0b1c2d3e4f5"), NOON)]
    station.time.advance(500_000)

    assert station.health()["status"] == "healthy"


def test_a_sink_that_fails_is_degraded_and_named(station: Station) -> None:
    station.report.counts = [counts("s3", waiting=1, last_error="no answer"), counts("cloud", evicted=20)]

    assert station.health()["status"] == "degraded"
    assert station.health()["reasons"] == [
        "s3: 1 photo waiting: no answer",
        "cloud: 20 photos given up: the disk is too small",
    ]


def test_photos_that_a_sink_does_not_take_while_it_takes_others_are_told(station: Station) -> None:
    station.report.counts = [counts("http", waiting=3, stuck=2, stuck_because="the server answers 403")]

    assert station.health()["status"] == "degraded"
    assert station.health()["reasons"] == [
        "http: 2 photos not taken while others are, tried again now and then: the server answers 403"
    ]
    assert station.health()["sinks"][0]["stuck"] == 2
    assert station.health()["sinks"][0]["stuck_because"] == "the server answers 403"


@pytest.mark.parametrize(
    ("space", "status"),
    [((91, 100, 2**30), "degraded"), ((50, 100, 2**30), "healthy"), ((50, 100, 2**20), "unhealthy")],
)
def test_the_disk_decides_too(station: Station, space: tuple[int, int, int], status: str) -> None:
    station.report.space = space

    assert station.health()["status"] == status


def test_a_clock_that_nobody_set_is_told(station: Station) -> None:
    station.is_synced = False

    assert (station.health()["status"], station.health()["clock_synced"]) == ("degraded", False)


def test_the_hottest_sensor_counts_and_odd_ones_do_not(station: Station) -> None:
    assert station.health()["temperature_c"] is None
    for number, text in enumerate(["41500\n", "80000\n", "", "hot"]):
        station.zone(number, text)

    assert station.health()["temperature_c"] == 80.0
    assert station.health()["reasons"] == ["80 °C: the machine slows itself down"]


@pytest.mark.parametrize("state", ["starting", "resting"])
def test_a_stream_that_fails_is_degraded_and_named(station: Station, state: str) -> None:
    station.streams.streams = [FakeStream(state=state, starts=3, error="the camera: nobody answers at its address")]

    code, health = station.asked()

    assert (code, health["status"]) == (200, "degraded")
    assert health["reasons"] == ["no stream from gate: the camera: nobody answers at its address"]
    assert [health["streams"][0][name] for name in ("name", "kind", "state", "restarts")] == ["gate", "hls", state, 2]


@pytest.mark.parametrize(
    "stream",
    [
        FakeStream(state="starting", starts=1),
        FakeStream(state="running", since=NOON, starts=4, error="the stream ended"),
        FakeStream(state="paused", error="the stream ended"),
    ],
    ids=lambda stream: stream.state,
)
def test_a_stream_that_begins_or_runs_again_or_is_paused_is_well(station: Station, stream: FakeStream) -> None:
    station.streams.streams = [stream]

    assert station.health()["status"] == "healthy"
    assert station.health()["streams"][0]["error"] == stream.error


def test_clips_that_the_cloud_does_not_take_and_that_were_given_up_are_told(station: Station) -> None:
    assert station.health()["clips"] is None
    station.streams.of_clips = FakeClips(1, waiting_bytes=900, delivered=7, evicted=2, last_error="no answer", stuck=1)

    health = station.health()

    assert health["reasons"] == [
        "1 clip waiting: no answer",
        "1 clip not taken while others are, tried again now and then",
        "2 clips given up: the disk is too small",
    ]
    assert health["clips"] == {
        "waiting": 1,
        "waiting_bytes": 900,
        "delivered": 7,
        "evicted": 2,
        "last_error": "no answer",
        "stuck": 1,
    }


def test_metrics_are_what_prometheus_reads(station: Station) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    station.time.advance(60)
    station.zone(0, "41500")
    station.report.news = [news(GARDEN, NOON, accepted=7, duplicates=2, refused=1, error='a "quoted"\nerror')]
    cloud = counts("cloud", delivered=5, failures=3, waiting=2, waiting_bytes=900, oldest_at=NOON, stuck=1)
    station.report.counts = [cloud]

    station.streams.streams = [FakeStream(starts=3), FakeStream("barn", state="resting", error="the stream ended")]
    station.streams.of_clips = FakeClips(waiting=4, waiting_bytes=800, delivered=6, evicted=1)

    answer = station.get("/metrics")

    found = {
        (sample.name.removeprefix("frameferry_station_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert answer.content_type.startswith("text/plain; version=")
    assert found["photos_accepted_total", "garden"] == 7
    assert found["photos_duplicate_total", "garden"] == 2
    assert found["photos_refused_total", "garden"] == 1
    assert found["last_photo_timestamp_seconds", "garden"] == NOON.timestamp()
    assert found["source_failing", "garden"] == 1
    assert found["source_paused", "garden"] == 0
    assert found["photos_delivered_total", "cloud"] == 5
    assert found["delivery_failures_total", "cloud"] == 3
    assert found["photos_waiting", "cloud"] == 2
    assert found["photos_waiting_bytes", "cloud"] == 900
    assert found["photos_stuck", "cloud"] == 1
    assert found["temperature_celsius",] == 41.5
    assert found["uptime_seconds",] == 60
    assert found["clock_synced",] == 1
    assert found["disk_free_bytes",] == 2**33
    assert [found["stream_up", name] for name in ("gate", "barn")] == [1, 0]
    assert [found["stream_failing", name] for name in ("gate", "barn")] == [0, 1]
    assert [found["stream_restarts_total", name] for name in ("gate", "barn")] == [2, 0]
    clips = [f"clips_{name}" for name in ("waiting", "waiting_bytes", "delivered_total", "evicted_total")]
    assert [found[name,] for name in clips] == [4, 800, 6, 1]
