"""The real firmware, as a program of this machine, drains to a real station over plain HTTP."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra.local.link.hotspot import HotspotLink
from tests.firmware.camera import FirmwareCamera
from tests.station.lanes.photographs import photograph
from tests.station.program import processes
from tests.station.program.processes import eventually

PHOTOS = [photograph(number, 2000 + number) for number in range(40)]


class LanStation:
    """Photos go to a folder, there is no cloud."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.port = processes.free_port()
        processes.settings(
            folder,
            {"STORAGE_BACKEND": "filesystem", "LOCAL_STORAGE_PATH": "photos"},
            f'[lan]\nhost = "127.0.0.1"\nport = {self.port}\n',
        )
        self._running = ExitStack()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        self._running.enter_context(processes.running(self._folder))

    def kill(self) -> None:
        """As a power cut does to the program."""
        self._running.close()

    def code(self, name: str = "barn") -> str:
        code, out, err = processes.call(self._folder, "lan-code", name)
        assert code == 0, err
        return out.splitlines()[0]

    def photos(self) -> list[bytes]:
        return [path.read_bytes() for path in (self._folder / "photos").rglob("*.jpg")]

    def log(self) -> str:
        return (self._folder / "log").read_text()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[LanStation]:
    station = LanStation(tmp_path / "station")
    station.start()
    yield station
    station.kill()


@pytest.fixture
def camera(station: LanStation, tmp_path: Path) -> Iterator[FirmwareCamera]:
    camera = camera_of(station.api_url, station.code(), tmp_path)
    yield camera
    camera.end()


def camera_of(api_url: str, code: str, folder: Path) -> FirmwareCamera:
    with HotspotLink() as link:
        return FirmwareCamera(folder / "camera", api_url, code, trusted=link.ca_file)


def test_firmware_pairs_with_a_station_and_drains_to_it(station: LanStation, camera: FirmwareCamera) -> None:
    life = camera.start(PHOTOS, "--pack-captures", "10")

    assert life.wait() == 0, life.told() + station.log()
    assert {step["state"] for step in life.steps("confirmed")} == {"held"}
    assert camera.packs() == []
    eventually(lambda: len(station.photos()) == len(PHOTOS))
    assert sorted(station.photos()) == sorted(PHOTOS)


def test_firmware_and_station_that_are_killed_at_random_keep_each_photo_once(
    station: LanStation, camera: FirmwareCamera
) -> None:
    chance = random.Random(4)
    captured = 0
    faults = "drop-up:1500@1/8,drop-down:300@1/8,refused@1/10"
    for number in range(8):
        shown = PHOTOS[number * 5 : number * 5 + 5]
        life = camera.start(shown, "--pack-captures", "2", "--faults", faults, "--fault-seed", str(number))
        life.waits_for("captured", len(shown))
        captured += len(shown)
        time.sleep(chance.uniform(0.0, 0.6))
        if number % 2:
            station.kill()
            station.start()
        life.kill()
    last = camera.start(PHOTOS[:1], count=0)

    assert last.wait() == 0, last.told() + station.log()
    assert camera.packs() == []
    assert captured == len(PHOTOS)
    station.kill()
    station.start()  # what is in an open pack goes to the sink at once
    eventually(lambda: len(station.photos()) >= len(PHOTOS))
    assert sorted(station.photos()) == sorted(PHOTOS)
