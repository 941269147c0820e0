"""The simulated camera as a program of its own, from pairing to the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import frameferry_station
import pytest
from frameferry_station.packs import MAX_CAPTURES
from frameferry_station.simulated import main

from tests.station.fake_cloud import CODE, FakeCloud, NoReply, api_error
from tests.station.fake_network import Network, running
from tests.station.samples import DEVICE_ID, jpeg

SOURCE = Path(frameferry_station.__file__).parents[1]
LIMIT_S = 30


@contextmanager
def camera(cloud: FakeCloud, state: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "frameferry_station.simulated", "--api", cloud.api_url, "--state", str(state)]
    process = subprocess.Popen(
        [*command, *options],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, what was printed, and what was complained of."""
    out, err = process.communicate(timeout=LIMIT_S)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


@pytest.fixture(autouse=True)
def network(cloud: FakeCloud) -> Iterator[Network]:
    with running(cloud) as network:
        yield network


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(jpeg(number))
    return folder


def test_it_pairs_captures_uploads_and_ends_when_all_is_confirmed(cloud: FakeCloud, tmp_path: Path) -> None:
    with camera(cloud, tmp_path / "state", "--code", CODE, "--interval", "0.1", "--count", "2") as process:
        code, lines, err = finished(process)

    assert (code, err) == (0, "")
    assert lines[0] == {"event": "activated", "device_id": DEVICE_ID, "device_token": "devtok_current"}
    assert [line["seq"] for line in lines if line["event"] == "captured"] == [0, 1]
    for event in ("sealed", "uploaded", "confirmed"):
        assert sum(line["captures"] for line in lines if line["event"] == event) == 2
    assert all(100_000 <= line["size_bytes"] <= 250_000 for line in lines if line["event"] == "captured")
    assert sorted(cloud.items) == [0, 1]


def test_it_resumes_identity_and_seq_without_a_code(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    options = ("--interval", "0.05", "--count", "2", "--photos", str(photos))
    with camera(cloud, tmp_path / "state", "--code", CODE, *options) as process:
        finished(process)

    with camera(cloud, tmp_path / "state", *options) as process:
        code, lines, err = finished(process)

    assert (code, err) == (0, "")
    assert lines[0] == {"event": "resumed", "device_id": DEVICE_ID}
    assert [line["seq"] for line in lines if line["event"] == "captured"] == [2, 3]
    assert len(cloud.nonces) == 1


def test_the_same_command_line_activates_once(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    options = ("--code", CODE, "--interval", "0.05", "--count", "1", "--photos", str(photos))
    for _ in range(2):
        with camera(cloud, tmp_path / "state", *options) as process:
            code, lines, _ = finished(process)

    assert code == 0
    assert lines[0]["event"] == "activated"
    assert cloud.requests.count("activate") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(cloud: FakeCloud, tmp_path: Path, photos: Path, number: int) -> None:
    options = ("--code", CODE, "--interval", "0.05", "--photos", str(photos))
    with camera(cloud, tmp_path / "state", *options) as process:
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["event"] != "confirmed":
            pass
        process.send_signal(number)
        code, _, err = finished(process)

    assert (code, err) == (0, "")


def test_a_signal_ends_it_even_while_the_network_hangs(
    cloud: FakeCloud, network: Network, tmp_path: Path, photos: Path
) -> None:
    with camera(cloud, tmp_path / "state", "--code", CODE, "--photos", str(photos)) as process, cloud.lock:
        # The cloud is locked: the activation waits for its answer.
        for _ in range(100 * LIMIT_S):
            if network.connections:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        code, _, err = finished(process)

    assert (code, err) == (0, "")


def test_killed_at_any_time_it_goes_on_with_what_it_had(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    cloud.script("put", *[api_error(503, "unavailable")] * 100)
    with camera(cloud, tmp_path / "state", "--code", CODE, "--interval", "0.02", "--photos", str(photos)) as process:
        assert process.stdout is not None
        lines: list[dict[str, Any]] = []
        while len(lines) < 8:
            lines.append(json.loads(process.stdout.readline()))
        process.kill()
    cloud.faults.clear()
    captured = [line["seq"] for line in lines if line["event"] == "captured"]

    with camera(cloud, tmp_path / "state", "--interval", "0.02", "--count", "1", "--photos", str(photos)) as process:
        code, _, err = finished(process)

    assert (code, err) == (0, "")
    assert captured
    assert set(captured) <= set(cloud.items)
    assert sorted(cloud.items) == list(range(len(cloud.items)))


def test_photos_are_packed_as_many_as_it_was_told(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    cloud.script("sync", *[api_error(503, "unavailable")] * 2)
    options = ("--code", CODE, "--interval", "0.02", "--count", "12", "--pack-captures", "5", "--photos", str(photos))

    with camera(cloud, tmp_path / "state", *options) as process:
        code, lines, err = finished(process)

    assert (code, err) == (0, "")
    assert max(line["captures"] for line in lines if line["event"] == "sealed") == 5


def test_the_newest_waits_for_no_others_if_it_was_told_so(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    over = threading.Event()
    cloud.script("put", NoReply(over))
    in_packs = ("--newest-first", "--pack-captures", str(MAX_CAPTURES), "--photos", str(photos))

    with camera(cloud, tmp_path / "state", "--code", CODE, "--interval", "0.1", *in_packs) as process:
        assert process.stdout is not None
        lines = map(json.loads, process.stdout)
        sealed = [line["captures"] for line in islice((each for each in lines if each["event"] == "sealed"), 2)]
    over.set()

    assert sum(sealed) < MAX_CAPTURES


def test_a_wrong_code_is_told_and_ends_it(cloud: FakeCloud, tmp_path: Path) -> None:
    with camera(cloud, tmp_path / "state", "--code", "AAAAA-AAAAA") as process:
        code, lines, err = finished(process)

    assert (code, err) == (1, "")
    assert lines == [{"event": "refused", "code": "pairing_code_invalid"}]


def test_a_revoked_device_stops_and_says_so(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    cloud.script("sync", api_error(403, "device_revoked"))

    with camera(cloud, tmp_path / "state", "--code", CODE, "--photos", str(photos)) as process:
        code, lines, err = finished(process)

    assert (code, err) == (1, "")
    assert {"event": "refused", "code": "device_revoked"} in lines


def test_a_reboot_command_starts_it_anew_once(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    cloud.command("01KDD2G0EG000G40R40M30E201", "reboot")
    options = ("--code", CODE, "--interval", "0.05", "--count", "3", "--photos", str(photos))

    with camera(cloud, tmp_path / "state", *options) as process:
        code, lines, err = finished(process)

    assert (code, err) == (0, "")
    assert [line["event"] for line in lines].count("rebooting") == 1
    assert [ack.status for ack in cloud.acks] == ["done"]
    reasons = [sync.health.reset_reason for sync in cloud.syncs if sync.health]
    assert (reasons[0], reasons[-1]) == ("power_on", "reboot command")
    assert len({sync.clock.boot_id for sync in cloud.syncs if sync.clock}) == 2


def test_without_code_and_identity_it_says_what_is_missing(cloud: FakeCloud, tmp_path: Path) -> None:
    with camera(cloud, tmp_path / "state") as process:
        code, lines, err = finished(process)

    assert (code, err) == (1, "")
    assert lines == [{"event": "not_paired", "message": "give a pairing code with --code"}]


def test_two_cameras_do_not_share_a_state_folder(cloud: FakeCloud, tmp_path: Path, photos: Path) -> None:
    options = ("--code", CODE, "--photos", str(photos))
    with camera(cloud, tmp_path / "state", *options) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with camera(cloud, tmp_path / "state", *options) as second:
            code, lines, err = finished(second)

    assert (code, lines) == (1, [])
    assert "another process works with" in err


@pytest.mark.parametrize(
    "options",
    [
        ("--interval", "0"),
        ("--count", "-1"),
        ("--pack-captures", "101"),
        ("--photos", "/nowhere"),
        ("--interval", "soon"),
    ],
)
def test_a_wrong_option_is_one_clear_line(
    tmp_path: Path, options: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--api", "http://127.0.0.1:9/api", "--state", str(tmp_path), *options])

    assert ended.value.code == 2
    assert options[0] in (err := capsys.readouterr().err) or "no JPEG" in err
