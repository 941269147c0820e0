"""The station as a service: ready, alive, ended in time, and photos that arrive."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.station.fake_cloud import CODE, FakeCloud
from tests.station.fake_network import Network
from tests.station.fake_network import running as network_of
from tests.station.program.processes import call, command, environment, eventually, running, settings, snapshot_camera
from tests.station.samples import DEVICE_ID

FILES = {"STORAGE_BACKEND": "filesystem", "LOCAL_STORAGE_PATH": "photos"}


@pytest.fixture
def network(cloud: FakeCloud) -> Iterator[Network]:
    with network_of(cloud) as network:
        yield network


def camera(url: str) -> str:
    return f'[[camera]]\nname = "garden"\nkind = "snapshot"\naddress = "{url}"\ninterval_s = 1\n'


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_in_time(tmp_path: Path, number: int) -> None:
    settings(tmp_path, FILES)
    with running(tmp_path) as (process, manager):
        began_s = time.monotonic()
        process.send_signal(number)
        code = process.wait(10)

        assert code == 0
        assert time.monotonic() - began_s < 5
        manager.hears("STOPPING=1")
    assert not (tmp_path / "state/control").exists()


def test_it_tells_a_watchdog_that_it_is_alive(tmp_path: Path) -> None:
    settings(tmp_path, FILES)
    with running(tmp_path, WATCHDOG_USEC="30000000") as (_, manager):
        manager.hears("WATCHDOG=1")


def test_photos_of_a_camera_arrive_in_the_cloud(
    cloud: FakeCloud, network: Network, tmp_path: Path
) -> None:
    with snapshot_camera() as url:
        settings(
            tmp_path, FILES | {"STORAGE_BACKEND": "cloud,filesystem", "FRAMEFERRY_API_URL": cloud.api_url}, camera(url)
        )
        with running(tmp_path) as (process, _):
            assert call(tmp_path, "pair", "station", CODE) == (0, f"station is paired as {DEVICE_ID}\n", "")
            eventually(lambda: len(cloud.items) >= 2)
            code, table, _ = call(tmp_path, "sources")
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0

    assert code == 0
    head, garden, *_ = table.splitlines()
    assert head.split() == ["SOURCE", "LANE", "PAIRED", "AS", "WAITING", "LAST", "PHOTO"]
    assert garden.split()[:3] == ["garden", "station", DEVICE_ID]
    log = (tmp_path / "log").read_text()
    assert "devtok" not in log
    assert CODE not in log


def test_a_pause_holds_while_it_runs_and_after_a_restart(tmp_path: Path) -> None:
    with snapshot_camera() as url:
        settings(tmp_path, FILES, camera(url))
        with running(tmp_path):
            assert call(tmp_path, "pause", "garden") == (0, "garden is paused until it is resumed\n", "")
            assert "paused until it is resumed" in call(tmp_path, "sources")[1]
        with running(tmp_path):
            assert "paused until it is resumed" in call(tmp_path, "sources")[1]
            assert call(tmp_path, "resume", "garden") == (0, "garden is no longer paused\n", "")
            eventually(lambda: "UTC" in call(tmp_path, "sources")[1])


def test_a_second_station_on_the_same_state_says_so(tmp_path: Path) -> None:
    settings(tmp_path, FILES)
    with running(tmp_path):
        code, out, err = call(tmp_path, "run")

    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("frameferry-station: another process works with")


def test_only_its_user_can_command_it(tmp_path: Path) -> None:
    settings(tmp_path, FILES)
    with running(tmp_path):
        assert stat.S_IMODE((tmp_path / "state/control").stat().st_mode) == 0o600


def test_a_socket_that_a_kill_left_behind_stops_nobody(tmp_path: Path) -> None:
    settings(tmp_path, FILES)
    with running(tmp_path) as (process, _):
        process.kill()
        process.wait()
    assert (tmp_path / "state/control").exists()

    assert call(tmp_path, "sources")[0] == 0
    with running(tmp_path):
        assert call(tmp_path, "sources")[0] == 0


def test_a_network_that_hangs_does_not_hold_up_its_end(cloud: FakeCloud, network: Network, tmp_path: Path) -> None:
    with snapshot_camera() as url:
        settings(
            tmp_path, {"STORAGE_BACKEND": "cloud", "FRAMEFERRY_API_URL": cloud.api_url}, camera(url)
        )
        with running(tmp_path) as (process, _):
            call(tmp_path, "pair", "garden", CODE)
            with cloud.lock:
                eventually(lambda: "UTC" in call(tmp_path, "sources")[1])
                began_s = time.monotonic()
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) == 0

    assert time.monotonic() - began_s < 5


def test_lines_for_the_journal_have_their_priority(tmp_path: Path) -> None:
    settings(tmp_path, FILES)
    with (tmp_path / "journal").open("w") as journal:
        found = os.fstat(journal.fileno())
        process = subprocess.Popen(
            command(tmp_path, "run"),
            env=environment(JOURNAL_STREAM=f"{found.st_dev}:{found.st_ino}"),
            stderr=journal,
        )
        eventually(lambda: (tmp_path / "journal").read_text())
        process.terminate()
        process.wait(10)

    lines = (tmp_path / "journal").read_text().splitlines()
    assert lines
    assert all(line.startswith("<6>") for line in lines)


def test_the_program_takes_little_memory(tmp_path: Path) -> None:
    with snapshot_camera() as url:
        settings(tmp_path, FILES, camera(url))
        with running(tmp_path) as (process, _):
            eventually(lambda: "UTC" in call(tmp_path, "sources")[1])
            status = Path(f"/proc/{process.pid}/status").read_text()

    [resident] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    assert int(resident.split()[1]) <= 60 * 1024, f"{resident} with {sys.version}"
