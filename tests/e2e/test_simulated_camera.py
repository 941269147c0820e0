"""The simulated camera, a process of its own, against the local cloud: killed, cut off, refused; nothing is lost."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from frameferry_station.packs import scan

from chalicelib.services.sweeping import GRACE
from infra.local.camera_process import STATION_SOURCE
from infra.local.cloud import LocalCloud
from infra.local.faults import CutAnswer, CutBody, EventFaults, FaultPlan, Refuse
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock
from tests.e2e.people import JsonObject, OwnerCaller, sha256_hex
from tests.tiny_jpegs import tiny_jpeg

PATIENCE_S = 30.0
KILLS = 5
PHOTOS = 9


class Camera:
    """One run of the program after the other over the same state folder."""

    def __init__(self, folder: Path, api_url: str, pairing_code: str, photos: Path) -> None:
        self.state = folder / "state"
        self._output = folder / "output"
        self._output.touch()
        self._command = [sys.executable, "-m", "frameferry_station.simulated", "--api", api_url]
        self._command += ["--state", str(self.state), "--code", pairing_code, "--photos", str(photos)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FRAMEFERRY_"))}
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*self._command, *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=kept | {"PYTHONPATH": str(STATION_SOURCE)},
            )

    def kill(self) -> None:
        """As a power cut does."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        assert self._process
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """The exit code."""
        assert self._process
        return self._process.wait(PATIENCE_S)

    def steps(self) -> list[JsonObject]:
        """Everything that was said so far; a line that a kill cut in two is no step."""
        return [step for line in self._output.read_text().splitlines() if (step := _step(line))]

    def count(self, event: str) -> int:
        """Of photos, where a step is about a pack of them."""
        return sum(step.get("captures", 1) for step in self.steps() if step["event"] == event)

    def waits_for(self, event: str, times: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.count(event) < times:
            assert time.monotonic() < until, self._output.read_text()
            time.sleep(0.02)

    def queued(self, device_id: str) -> set[int]:
        """The seqs of the photos that are on its card, in whatever pack."""
        found: set[int] = set()
        for path in self.state.glob("queue/**/*.zip"):
            pack = path.read_bytes()
            scanned = scan(lambda at, length, pack=pack: pack[at : at + length], len(pack), device_id)  # type: ignore[misc]
            found |= {entry.seq for entry in scanned.entries}
        return found


def _step(line: str) -> JsonObject | None:
    try:
        step = json.loads(line)
    except ValueError:
        return None
    return step if isinstance(step, dict) else None


@pytest.fixture
def photos(tmp_path: Path) -> dict[int, bytes]:
    """In a folder; each has a size that no other has, by which the camera's lines tell them apart."""
    found = [tiny_jpeg(number) + bytes(1000 * number) for number in range(1, PHOTOS + 1)]
    by_size = {len(jpeg): jpeg for jpeg in found}
    assert len(by_size) == PHOTOS
    (tmp_path / "photos").mkdir()
    for number, jpeg in enumerate(found):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(jpeg)
    return by_size


@pytest.fixture
def camera(cloud: LocalCloud, owner: OwnerCaller, tmp_path: Path, photos: dict[int, bytes]) -> Iterator[Camera]:
    camera = Camera(tmp_path, cloud.api_url, owner.pair("simulated")["pairing_code"], tmp_path / "photos")
    yield camera
    camera.kill()


def assert_each_capture_is_one_item(
    camera: Camera, owner: OwnerCaller, captures: Bucket, photos: dict[int, bytes], unseen: int
) -> None:
    """`unseen`: of how many captures the camera may have been killed before it could tell."""
    items = {item["seq"]: item for item in owner.items()}
    steps = camera.steps()
    renumbered = {step["old_seq"]: step["new_seq"] for step in steps if step["event"] == "renumbered"}
    captured = {}
    for step in steps:
        if step["event"] == "captured":
            seq = step["seq"]
            assert seq not in captured, "a seq was given twice"
            captured[seq] = sha256_hex(photos[step["size_bytes"]])
    arrived = {seq: item["sha256"] for seq, item in items.items()}
    expected = {renumbered.get(seq, seq): sha256 for seq, sha256 in captured.items()}
    assert {seq: arrived.get(seq) for seq in expected} == expected
    assert len(arrived) - len(expected) <= unseen
    assert set(arrived.values()) <= {sha256_hex(jpeg) for jpeg in photos.values()}
    assert {item["status"] for item in items.values()} == {"processed"}
    (device,) = owner.ask("GET", "/devices")["items"]
    held = captures.of_device(device["device_id"])
    assert sorted(held) == sorted({item["photo"]["object_key"] for item in items.values()})
    assert camera.queued(device["device_id"]) == set()


def test_camera_pairs_itself_and_ends_when_its_photos_are_proved_to_be_held(
    cloud: LocalCloud, owner: OwnerCaller, camera: Camera, captures: Bucket, photos: dict[int, bytes]
) -> None:
    camera.start("--interval", "0.05", "--count", str(PHOTOS))
    assert camera.wait() == 0
    cloud.settle()
    assert camera.steps()[0]["event"] == "activated"
    assert [camera.count(event) for event in ("captured", "uploaded", "confirmed")] == [PHOTOS] * 3
    assert_each_capture_is_one_item(camera, owner, captures, photos, unseen=0)
    (device,) = owner.ask("GET", "/devices")["items"]
    assert device["health"]["firmware_version"].startswith("frameferry-station/")
    assert owner.events(device["device_id"])[0]["kind"] == "boot"


def test_camera_that_dies_again_and_again_in_a_bad_network_loses_nothing_and_sends_nothing_twice(
    cloud: LocalCloud,
    owner: OwnerCaller,
    camera: Camera,
    captures: Bucket,
    photos: dict[int, bytes],
    app_clock_moved: MoveClock,
) -> None:
    chance = random.Random()
    faults = [
        FaultPlan(cut_answer=CutAnswer(count=1), events=EventFaults(duplicate=2, reorder=1)),
        FaultPlan(cut_body=CutBody(count=2, at_byte=500)),
        FaultPlan(refuse=Refuse(count=1), events=EventFaults(drop=1)),
        FaultPlan(cut_answer=CutAnswer(count=2), cut_body=CutBody(count=1, at_byte=0)),
        FaultPlan(refuse=Refuse(count=1, status=500, code="InternalError", method="PUT"), events=EventFaults(drop=2)),
    ]
    for number in range(KILLS):
        cloud.faults.add(faults[number])
        begun = camera.count("activated")
        camera.start("--interval", "0.1")
        if number:  # the first one may die while it pairs
            camera.waits_for("activated", begun + 1)
        time.sleep(chance.uniform(0.1, 0.9))
        camera.kill()
    cloud.faults.clear()
    cloud.faults.add(FaultPlan(events=EventFaults(drop=1, duplicate=2)))
    camera.start("--interval", "0.05", "--count", "3")
    assert camera.wait() == 0
    cloud.settle()
    with app_clock_moved(GRACE + timedelta(minutes=1)):
        cloud.run_schedule()
    assert_each_capture_is_one_item(camera, owner, captures, photos, unseen=KILLS)
    assert len(owner.items()) > 3


def test_camera_stops_when_it_is_told_to_and_goes_on_where_it_was(
    cloud: LocalCloud, owner: OwnerCaller, camera: Camera, captures: Bucket, photos: dict[int, bytes]
) -> None:
    camera.start("--interval", "0.1")
    camera.waits_for("captured", 3)
    assert camera.stop() == 0
    camera.start("--interval", "0.05", "--count", "2")
    assert camera.wait() == 0
    cloud.settle()
    assert_each_capture_is_one_item(camera, owner, captures, photos, unseen=0)


def test_revoked_camera_keeps_its_photos_and_says_why_it_ends(owner: OwnerCaller, camera: Camera) -> None:
    camera.start("--interval", "0.1")
    camera.waits_for("confirmed", 1)
    (device,) = owner.ask("GET", "/devices")["items"]
    owner.ask("DELETE", f"/devices/{device['device_id']}")
    assert camera.wait() == 1
    assert [step["code"] for step in camera.steps() if step["event"] == "refused"] == ["device_revoked"]
    confirmed = [step for step in camera.steps() if step["event"] == "confirmed"]
    gone = {seq for step in confirmed for seq in range(step["first_seq"], step["last_seq"] + 1)}
    captured = {step["seq"] for step in camera.steps() if step["event"] == "captured"}
    assert camera.queued(device["device_id"]) == captured - gone
