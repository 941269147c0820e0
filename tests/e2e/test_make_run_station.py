"""`make run STATION=1`: a station beside the local cloud, whose photos appear there."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.station import StationFailed, StationProcess
from tests.e2e.people import OwnerCaller
from tests.e2e.test_make_run import MakeRun


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[MakeRun]:
    run = MakeRun(tmp_path, "CAMERAS=0", "STATION=1", "STATION_PORT=0")
    yield run
    if run.process.poll() is None:
        run.press_ctrl_c()


def test_photos_of_a_stations_camera_appear_in_the_local_cloud(make_run: MakeRun, tmp_path: Path) -> None:
    state = make_run.wait_for_photos(1)

    with OwnerCaller(state["api_url"], state["owner"]["token"]) as owner:
        [item, *_] = owner.items()
        device = owner.ask("GET", f"/devices/{item['device_id']}")
    assert (device["name"], item["status"]) == ("garden", "processed")
    printed = re.search(r"^The station's page is (http://127\.0\.0\.1:\d+)/ ", make_run.output, re.MULTILINE)
    assert printed
    assert httpx.get(f"{printed[1]}/health", trust_env=False).json()["total_captures"] >= 1

    settings = [tmp_path / ".local/station" / name for name in (".env", "station.toml")]
    assert [path.stat().st_mode & 0o777 for path in settings] == [0o600, 0o600], "its doctor wants it"

    began_s = time.monotonic()
    assert make_run.press_ctrl_c() == 0
    assert time.monotonic() - began_s < 10
    log = (tmp_path / ".local/station/station.log").read_text()
    assert "frameferry-station ends" in log
    assert "Traceback" not in make_run.output + log


def test_a_station_that_dies_is_told_of(make_run: MakeRun) -> None:
    make_run.wait_for_photos(1)
    [process_id] = _stations(make_run)
    os.kill(process_id, signal.SIGKILL)

    until_s = time.monotonic() + 30
    while "The station ended with code -9" not in make_run.output:
        assert time.monotonic() < until_s, make_run.output
        time.sleep(0.1)


def test_a_taken_port_of_the_page_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StationFailed) as failed:
            StationProcess(
                folder=tmp_path,
                api_url="http://127.0.0.1/api",
                camera_url="http://127.0.0.1/snap.jpg",
                interval_s=5,
                page_port=port,
                on_end=lambda _: None,
            )

    assert f"{failed.value}" == f"Port {port} is taken; choose another one: make run STATION=1 STATION_PORT={port + 1}"


def _stations(make_run: MakeRun) -> list[int]:
    """Children of this very run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            command = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == make_run.process.pid and b"frameferry_station.program.main" in command:
            found.append(int(folder.name))
    return found
