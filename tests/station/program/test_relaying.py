"""A station that passes streams on: a real stream, its parts put together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from frameferry_station.documents import JsonFile
from frameferry_station.files import DiskFiles
from frameferry_station.photos import STATION, SourceName
from frameferry_station.program.assembly import Station
from frameferry_station.settings import CloudSink, PageSettings, RelaySettings, StationSettings

from tests.station.fake_cloud import CODE, FakeCloud
from tests.station.fake_network import Network, running
from tests.station.program.processes import eventually, free_port
from tests.station.relay.rig import is_alive, until
from tests.station.rtsp_server import RtspServer
from tests.station.samples import DEVICE_ID

GARDEN, GATE = SourceName("garden"), SourceName("gate")


@pytest.fixture
def network(cloud: FakeCloud) -> Iterator[Network]:
    with running(cloud) as network:
        yield network


def test_segments_of_a_stream_arrive_as_clips_and_a_stop_ends_every_ffmpeg(
    cloud: FakeCloud, network: Network, tmp_path: Path
) -> None:
    with RtspServer(fps=5) as camera:
        settings = StationSettings(
            state=tmp_path / "state",
            sinks=(CloudSink(cloud.api_url),),
            page=PageSettings(host="127.0.0.1", port=(port := free_port())),
            relays=(
                RelaySettings(GARDEN, "segments", camera.url, f"{tmp_path}/garden", segment_s=5.0, clips_to_cloud=True),
                RelaySettings(GATE, "hls", camera.url, f"{tmp_path}/gate"),
            ),
        )
        station = Station(settings, clock_is_synced=lambda: True)
        station.operator.pair(STATION, CODE)
        station.start(lambda: None)
        try:
            assert until(lambda: cloud.items, 90.0)
            assert until((tmp_path / "gate/stream.m3u8").exists)
            assert until(lambda: [stream["state"] for stream in health(port)["streams"]] == ["running"] * 2)
            assert until(lambda: health(port)["clips"]["delivered"])
            pids = ffmpegs(tmp_path / "state")
            assert len(pids) == 2
            assert all(is_alive(pid) for pid in pids)
        finally:
            station.stop()

    assert not any(is_alive(pid) for pid in pids)
    assert cloud.items[0].object_key.endswith(".mp4")
    eventually(lambda: list((tmp_path / "garden").glob("*.mp4")))


def test_a_clip_that_waits_arrives_though_its_relay_is_no_more(
    cloud: FakeCloud, network: Network, tmp_path: Path
) -> None:
    settings = StationSettings(state=tmp_path / "state", sinks=(CloudSink(cloud.api_url),))
    Station(settings).operator.pair(STATION, CODE)
    content = b"a clip"
    path = tmp_path / "state/clips/station/0000000000000000-5f0c7a52.mp4"
    JsonFile(path.with_suffix(".json"), DiskFiles()).save(
        {
            **{"lane": "station", "device_id": DEVICE_ID, "seq": 0, "boot_id": "00000000000000b1", "uptime_ms": 0},
            **{"captured_at": "2026-05-04T12:00:00.000Z", "ntp_synced": True, "segment": "garden/gone.mp4"},
            **{"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()},
        }
    )
    path.write_bytes(content)

    station = Station(settings, clock_is_synced=lambda: True)
    try:
        station.start(lambda: None)
        eventually(lambda: cloud.items)
        eventually(lambda: not path.exists())
    finally:
        station.stop()


def health(port: int) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).json()
    return found


def ffmpegs(state: Path) -> list[int]:
    return [int(json.loads(path.read_text())["pid"]) for path in (state / "relays").glob("*.json")]
