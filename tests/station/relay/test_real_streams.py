"""A real RTSP server, passed on by the real ffmpeg."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from frameferry_station.photos import SourcePaused
from frameferry_station.relay.segments import WRITING

from tests.station.relay.rig import Rig, is_alive, probed, runs, status, until
from tests.station.rtsp_server import RtspServer

PASSWORD = "p@ss/w:rd'% x"
QUOTED = "p%40ss%2Fw%3Ard%27%25%20x"


@pytest.fixture
def server() -> Iterator[RtspServer]:
    with RtspServer(user="admin", password=PASSWORD, is_digest=True, fps=5) as server:
        yield server


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def url(server: RtspServer) -> str:
    return server.url.replace("://", f"://admin:{QUOTED}@")


def test_segments_are_copies_of_the_stream_named_by_their_time(server: RtspServer, rig: Rig) -> None:
    began_s = time.time()
    with rig.relays("segments", url(server), segment_s=5.0) as relays:
        assert runs(relays)
        assert until(lambda: len(rig.segments()) >= 2)
    first, second = (rig.target / name for name in rig.segments()[:2])

    assert abs(time.mktime(time.strptime(first.stem, "%Y-%m-%dT%H-%M-%SZ")) - time.timezone - began_s) < 30
    assert probed(second)["codec"] == "h264"
    assert probed(second)["size"] == (320, 240)
    assert 4.0 <= probed(second)["duration_s"] <= 7.5
    assert rig.announced == []


def test_the_last_segment_is_finished_by_a_stop_that_takes_less_than_five_seconds(server: RtspServer, rig: Rig) -> None:
    with rig.relays("segments", url(server), segment_s=600.0, clips_to_cloud=True) as relays:
        assert runs(relays)
        time.sleep(2.0)
        pid, began_s = rig.running_pid(), time.monotonic()
        assert relays.stop(5.0)
        assert time.monotonic() - began_s < 5.0

    [name] = rig.segments()
    assert probed(rig.target / name)["packets"] >= 5
    assert rig.announced == [("garden", name)]
    assert list((rig.target / WRITING).iterdir()) == []
    assert not is_alive(pid)
    assert status(relays).state == "stopped"


def test_what_was_written_before_ffmpeg_was_killed_plays_and_the_stream_goes_on(server: RtspServer, rig: Rig) -> None:
    with rig.relays("segments", url(server), segment_s=600.0) as relays:
        assert runs(relays)
        time.sleep(4.0)
        os.kill(rig.running_pid(), signal.SIGKILL)
        assert until(rig.segments)
        assert until(lambda: status(relays).starts == 2 and status(relays).state == "running")
        [killed] = rig.segments()

        assert probed(rig.target / killed)["packets"] >= 10


def test_a_camera_that_is_cut_off_and_comes_back_is_passed_on_again(server: RtspServer, rig: Rig) -> None:
    with rig.relays("segments", url(server), segment_s=600.0) as relays:
        assert runs(relays)
        server.cut()
        assert until(lambda: status(relays).error == "the camera: nobody answers at its address")
        assert until(lambda: rig.photos.told)
        server.restore()
        assert runs(relays)

    assert rig.photos.told[0] == (
        "garden",
        "error",
        "no stream from garden: the camera: nobody answers at its address",
    )
    assert all(probed(rig.target / name)["packets"] for name in rig.segments())


def test_a_stream_that_stands_still_is_given_up_and_comes_back(server: RtspServer, rig: Rig) -> None:
    rig.silence_s = 600.0
    with rig.relays("segments", url(server), segment_s=600.0) as relays:
        assert runs(relays)
        server.freeze()
        try:
            assert until(lambda: status(relays).error == "nothing came for 4 s"), status(relays)
        finally:
            server.restore()
        assert runs(relays)


def test_a_camera_that_takes_the_connection_and_says_nothing_is_given_up_and_comes_back(
    server: RtspServer, rig: Rig
) -> None:
    server.freeze()
    with rig.relays("segments", url(server), segment_s=600.0) as relays:
        try:
            assert until(lambda: status(relays).error), status(relays)
            assert status(relays).error == "the camera: it does not answer in time, or not in RTSP"
        finally:
            server.restore()
        assert runs(relays)


def test_a_playlist_for_a_browser_goes_on_after_a_cut_and_is_gone_while_paused(server: RtspServer, rig: Rig) -> None:
    playlist = rig.target / "stream.m3u8"
    with rig.relays("hls", url(server), segment_s=1.0, keep_segments=6) as relays:
        assert until(lambda: playlist.exists() and playlist.read_text().count("#EXTINF") >= 2)
        listed = [line for line in playlist.read_text().splitlines() if line.endswith(".ts")]
        assert probed(rig.target / listed[-1])["codec"] == "h264"
        assert until(lambda: len(list(rig.target.glob("*.ts"))) <= 8)
        server.cut()
        assert until(lambda: status(relays).state == "resting")
        server.restore()
        assert until(lambda: "#EXT-X-DISCONTINUITY\n" in playlist.read_text())
        assert until(lambda: len(list(rig.target.glob("*.ts"))) <= 8)
        assert status(relays).folder == rig.target

        rig.photos.paused = SourcePaused(None)
        assert until(lambda: status(relays).state == "paused")
        assert until(lambda: list(rig.target.iterdir()) == [])
        rig.photos.paused = None
        assert until(playlist.exists)


def test_a_wrong_password_is_rested_for_and_no_password_is_ever_logged(
    server: RtspServer, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with rig.relays("segments", server.url.replace("://", "://admin:a-wrong-secret@")) as relays:
        assert until(lambda: status(relays).error)
        assert "refuses the user name or the password" in (status(relays).error or "")
        assert until(lambda: rig.photos.told)
        time.sleep(1.0)
        assert status(relays).starts == 1
    with rig.relays("segments", url(server)) as relays:
        assert runs(relays)
        arguments = Path(f"/proc/{rig.running_pid()}/cmdline").read_bytes()
        server.cut()
        assert until(lambda: status(relays).state == "resting")

    assert b"concat" in arguments
    seen = f"{arguments!r} {caplog.text} {rig.photos.told}"
    assert not any(secret in seen for secret in ("a-wrong-secret", PASSWORD, QUOTED))
    assert "127.0.0.1" not in caplog.text
