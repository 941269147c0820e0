"""`make run` as a newcomer types it: what make would start, started in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from infra.local.firmware_camera import program
from tests.e2e.people import JsonObject, OwnerCaller

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
PHOTOS = 3


class MakeRun:
    """Not by make itself: that would first bring the environment up to date, which the tests run in."""

    def __init__(self, folder: Path, *variables: str) -> None:
        for entry in ROOT.iterdir():
            if entry.name != ".local":
                (folder / entry.name).symlink_to(entry)
        self._folder = folder
        self._output = folder / "output"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                ["sh", "-c", _recipe("run", "CAMERAS=1", "API_PORT=0", "S3_PORT=0", *variables)],
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def state_path(self) -> Path:
        return self._folder / ".local" / "state.json"

    def wait_for_photos(self, count: int) -> JsonObject:
        """What state.json says then."""
        until = time.monotonic() + PATIENCE_S
        while self.output.count(" processed ") < count:
            assert time.monotonic() < until, self.output
            assert self.process.poll() is None, self.output
            time.sleep(0.1)
        state: JsonObject = json.loads(self.state_path.read_text())
        return state

    def press_ctrl_c(self) -> int:
        """The terminal sends the signal to all that runs in it. Gives the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE_S)


def _recipe(*goal: str) -> str:
    """The shell lines of a goal, without those of what it needs."""
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    told = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *goal],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.replace("tools/make-env\n", "")


@pytest.fixture(params=["simulated", "firmware"])
def make_run(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakeRun]:
    """With either kind of camera."""
    if request.param == "firmware":
        program()  # so that the wait for photos is none for a compiler
    run = MakeRun(tmp_path, f"CAMERA={request.param}")
    yield run
    if run.process.poll() is None:
        os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait()


def test_make_run_shows_photos_of_a_camera_until_ctrl_c(make_run: MakeRun) -> None:
    state = make_run.wait_for_photos(PHOTOS)
    assert state["api_url"].endswith("/api")
    assert state.keys() >= {"api_url", "s3_url", "owner", "device_id", "device_token"}
    assert state["owner"].keys() >= {"username", "password", "token"}
    with OwnerCaller(state["api_url"], state["owner"]["token"]) as owner:
        items = owner.items(device_id=state["device_id"])
        assert len(items) >= PHOTOS
        assert {(item["status"], item["width"], item["height"]) for item in items} == {("processed", 1600, 1200)}
        item = owner.item(state["device_id"], items[0]["seq"])
        assert Image.open(BytesIO(owner.thumbnail(item))).size == (320, 240)
    began_s = time.monotonic()
    assert make_run.press_ctrl_c() == 0
    assert time.monotonic() - began_s < 10
    assert "Traceback" not in make_run.output
    assert not make_run.state_path.exists()
