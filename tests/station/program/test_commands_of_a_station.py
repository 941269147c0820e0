"""What the commands answer where no station runs, and what they say of mistakes."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from frameferry_station.program.control_socket import ControlSocket, ask
from frameferry_station.program.main import main

from tests.station.fake_cloud import CODE, FakeCloud
from tests.station.fake_network import Network
from tests.station.fake_network import running as network_of
from tests.station.program.processes import settings
from tests.station.samples import DEVICE_ID

FILES = {"STORAGE_BACKEND": "filesystem", "LOCAL_STORAGE_PATH": "photos"}


@pytest.fixture
def network(cloud: FakeCloud) -> Iterator[Network]:
    with network_of(cloud) as network:
        yield network


def called(folder: Path, *arguments: str) -> int:
    return main(["--folder", str(folder), *arguments], {})


def test_a_station_that_does_not_run_is_paired_too(
    cloud: FakeCloud, network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings(tmp_path, {"FRAMEFERRY_API_URL": cloud.api_url})

    assert called(tmp_path, "pair", "garden", CODE) == 0
    assert called(tmp_path, "sources") == 0

    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"garden is paired as {DEVICE_ID}"
    assert out[2].split() == ["garden", "garden", DEVICE_ID, "0", "-"]


def test_a_camera_that_is_not_paired_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    camera = '[[camera]]\nname = "garden"\nkind = "snapshot"\naddress = "http://127.0.0.1/"\n'
    settings(tmp_path, {"FRAMEFERRY_API_URL": "http://127.0.0.1:9/api"}, camera)

    assert called(tmp_path, "sources") == 0

    assert "not paired: frameferry-station pair garden CODE" in capsys.readouterr().out


@pytest.mark.parametrize("is_there", [False, True])
def test_a_pairing_that_fails_says_why_in_one_line(
    cloud: FakeCloud, network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str], is_there: bool
) -> None:
    settings(tmp_path, {"FRAMEFERRY_API_URL": cloud.api_url if is_there else "http://127.0.0.1:9/api"})

    assert called(tmp_path, "pair", "garden", "WRONG-CODES") == 1

    assert capsys.readouterr().err == (
        "frameferry-station: the cloud does not know this code: make a new one in the console\n"
        if is_there
        else "frameferry-station: the cloud gave no answer (ConnectError): try the same code again\n"
    )
    assert called(tmp_path, "sources") == 0
    assert "garden" not in capsys.readouterr().out


def test_there_is_nothing_to_pair_with_without_a_cloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path, FILES)

    assert called(tmp_path, "pair", "garden", CODE) == 1

    assert "none of the station's sinks" in capsys.readouterr().err


def test_a_pause_wants_a_source_that_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path, FILES, '[[camera]]\nname = "garden"\nkind = "snapshot"\naddress = "http://camera/"\n')

    assert called(tmp_path, "pause", "gardn") == 1
    assert capsys.readouterr().err == "frameferry-station: there is no source gardn; there are: garden\n"
    assert called(tmp_path, "pause", "garden", "0") == 1
    assert called(tmp_path, "pause", "garden", "30") == 0
    assert capsys.readouterr().out.startswith("garden is paused until ")


def test_who_resumes_a_source_of_a_station_that_is_paused_is_told_what_ends_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings(tmp_path, FILES, '[[camera]]\nname = "garden"\nkind = "snapshot"\naddress = "http://camera/"\n')
    assert called(tmp_path, "pause", "station") == 0
    capsys.readouterr()

    assert called(tmp_path, "resume", "garden") == 0

    assert capsys.readouterr().out == (
        "garden is paused until it is resumed, as the whole station is: frameferry-station resume station\n"
    )


def test_settings_that_are_wrong_are_told_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path, {"STORAGE_BACKEND": "s3"})

    assert called(tmp_path, "sources") == 1

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("frameferry-station: ") for line in lines)


@pytest.mark.parametrize("arguments", [[], ["fly"], ["pair", "garden"], ["pause", "No Name"], ["pause", "a", "long"]])
def test_a_wrong_usage_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        called(tmp_path, *arguments)

    assert ended.value.code == 2


@pytest.mark.parametrize("command", ["run", "sources", "pair", "pause", "resume"])
def test_each_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"], {})

    assert ended.value.code == 0
    assert "usage: frameferry-station" in capsys.readouterr().out


def test_nothing_to_show_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path, FILES)

    assert called(tmp_path, "sources") == 0

    assert capsys.readouterr().out == "No photo has come yet, and no camera is set up.\n"


def test_a_stream_that_gives_no_photos_can_be_paused_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    relay = f'[[relay]]\nname = "gate"\nkind = "hls"\nstream_url = "rtsp://camera/live"\ntarget = "{tmp_path}/gate"\n'
    settings(tmp_path, FILES, relay)

    assert called(tmp_path, "pause", "gate") == 0
    assert called(tmp_path, "sources") == 0
    assert capsys.readouterr().out == (
        "gate is paused until it is resumed\nNo photo has come yet, and no camera is set up.\n"
    )
    assert called(tmp_path, "pause", "nobody") == 1
    assert "there are: gate" in capsys.readouterr().err


def test_a_station_that_had_no_file_left_to_open_answers_once_it_has(tmp_path: Path) -> None:
    control = ControlSocket(tmp_path, lambda _: "well")
    control.start()
    folder = os.open(tmp_path, os.O_PATH)
    few, many = resource.getrlimit(resource.RLIMIT_NOFILE)
    with closing(socket.socket(socket.AF_UNIX)) as asking:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, many))
        try:
            asking.settimeout(0.3)
            asking.connect(f"/proc/self/fd/{folder}/control")
            with pytest.raises(TimeoutError):
                asking.recv(1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (few, many))
            os.close(folder)

    try:
        assert ask(tmp_path, {"do": "anything"}) == "well"
    finally:
        control.stop()
