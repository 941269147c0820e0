"""`python -m infra.local`, as `make run` starts it: a process of its own, watched from outside."""

from __future__ import annotations

import ast
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from infra.local.options import parse

ROOT = Path(__file__).parents[2]
PORTS = ["--api-port", "0", "--s3-port", "0"]
PATIENCE_S = 60


class Run:
    """One run in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._output_path = folder / "output"
        with self._output_path.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local", "--directory", str(folder / ".local"), *PORTS, *options],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._output_path.read_text()

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / ".local" / "state.json").read_text())
        return state

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError(f"it never came to that; the output was:\n{self.output}")
            time.sleep(0.05)

    def wait_until_up(self) -> None:
        self.wait_for(lambda: "thumbnail.jpg" in self.output)

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def ends_by(self, number: signal.Signals) -> None:
        """It ends with 0, says nothing of what happened inside, and takes the state along."""
        assert self.stop(number) == 0
        assert "Traceback" not in self.output
        assert not (self.folder / ".local" / "state.json").exists()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(*options: str) -> Run:
        runs.append(Run(tmp_path, *options))
        return runs[-1]

    yield begin
    for run in runs:
        run.process.kill()
        run.process.wait()


@pytest.fixture
def photo() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def catches(process_id: int, number: signal.Signals) -> bool:
    """Whether the process has a handler of its own for a signal (proc(5), SigCgt)."""
    status = Path(f"/proc/{process_id}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def is_jpeg(data: bytes) -> bool:
    with Image.open(BytesIO(data)) as image:
        return image.format == "JPEG"


def test_camera_pairs_itself_and_its_photos_are_seen_moving_until_ctrl_c(
    start: Callable[..., Run], tmp_path: Path, photo: bytes
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").write_bytes(photo)
    run = start("--cameras", "1", "--interval", "0.1", "--photos", str(photos))
    run.wait_for(lambda: run.output.count(" processed ") >= 2 and "packed" in run.output)
    state = run.state
    headers = {"Authorization": f"Bearer {state['owner']['token']}"}
    with httpx.Client(headers=headers, trust_env=False) as owner:
        items = owner.get(f"{state['api_url']}/items", params={"device_id": state["device_id"]}).json()["items"]
        item = owner.get(f"{state['api_url']}/items/{state['device_id']}/{items[0]['seq']}").json()
    place = item["thumbnail"]
    within = {"Range": f"bytes={place['offset']}-{place['offset'] + place['length'] - 1}"}
    assert is_jpeg(httpx.get(place["url"], headers=within, trust_env=False).content)
    assert all(f" {step} " in run.output for step in ("captured", "packed", "uploaded", "processed"))
    assert re.search(r" photos \d+-\d+ +uploaded ", run.output)
    assert state["device_token"].startswith(f"devtok_{state['device_id']}_")
    assert state["api_url"].endswith("/api")
    run.ends_by(signal.SIGINT)


def test_cameras_photos_come_through_the_link_that_was_asked_for_until_sigterm(start: Callable[..., Run]) -> None:
    run = start("--cameras", "1", "--interval", "0.1", "--link", "lan")
    run.wait_for(lambda: " processed " in run.output)
    state = run.state
    headers = {"Authorization": f"Bearer {state['owner']['token']}"}
    with httpx.Client(headers=headers, trust_env=False) as owner:
        item = owner.get(f"{state['api_url']}/items", params={"device_id": state["device_id"]}).json()["items"][0]
        photo = owner.get(f"{state['api_url']}/items/{state['device_id']}/{item['seq']}").json()["photo"]["url"]
    assert not photo.startswith(state["s3_url"])
    assert "on a link of the profile lan" in run.output
    run.ends_by(signal.SIGTERM)


def test_printed_curl_lines_bring_a_photo_to_its_thumbnail(
    start: Callable[..., Run], tmp_path: Path, photo: bytes
) -> None:
    run = start("--cameras", "0")
    run.wait_until_up()
    assert not {"device_id", "device_token"} & run.state.keys()
    assert (run.folder / ".local" / "state.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "photo.jpg").write_bytes(photo)
    lines = run.output.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("field()"))
    last = next(number for number, line in enumerate(lines) if "thumbnail.jpg" in line)
    shell = shutil.which("bash")
    assert shell, "the printed lines are for bash"
    pasted = subprocess.run(
        [shell, "-e"],
        input="\n".join(lines[first : last + 1]),
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    assert '"status":"queued"' in pasted.stdout
    assert is_jpeg((tmp_path / "thumbnail.jpg").read_bytes())


@pytest.mark.parametrize(("option", "setting"), [("--api-port", "API_PORT"), ("--s3-port", "S3_PORT")])
def test_taken_port_is_one_clear_line(start: Callable[..., Run], option: str, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = start("--cameras", "0", option, str(port))
        assert run.process.wait(PATIENCE_S) == 1
    assert run.output == f"Port {port} is taken; choose another one: make run {setting}={port + 1}\n"


def test_address_of_another_machine_is_one_clear_line(start: Callable[..., Run]) -> None:
    run = start("--cameras", "0", "--host", "192.0.2.1")
    assert run.process.wait(PATIENCE_S) == 1
    assert run.output.startswith("Cannot listen on 192.0.2.1:0: ")
    assert run.output.count("\n") == 1


def test_signal_during_the_start_is_no_traceback(start: Callable[..., Run]) -> None:
    run = start("--cameras", "0")
    run.wait_for(lambda: catches(run.process.pid, signal.SIGTERM))
    assert run.stop(signal.SIGTERM) == 0
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--photos", "/nowhere"], "no JPEG in /nowhere"),
        (["--interval", "0"], "--interval"),
        (["--cameras", "-1"], "--cameras"),
        (["--api-port", "high"], "--api-port"),
        (["--s3-port", "80000"], "--s3-port"),
        (["--link", "modem"], "--link"),
    ],
)
def test_option_that_makes_no_sense_is_told_by_name(
    capsys: pytest.CaptureFixture[str], options: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as end:
        parse(options)
    assert end.value.code == 2
    assert named in capsys.readouterr().err


def test_python_that_is_too_old_gets_one_clear_line() -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 11, 4); runpy.run_module('infra.local', run_name='__main__')"
    old = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (old.returncode, old.stderr) == (
        1,
        "Frameferry needs Python 3.12 or newer; found 3.11. Set PYTHON=/path/to/python3\n",
    )


@pytest.mark.parametrize("name", ["infra/__init__.py", "infra/local/__init__.py", "infra/local/__main__.py"])
def test_what_runs_before_the_version_check_is_read_by_an_old_python(name: str) -> None:
    assert ast.parse((ROOT / name).read_text(), feature_version=(3, 7))
