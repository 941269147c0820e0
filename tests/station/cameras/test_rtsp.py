"""A picture from a real RTSP server, by the real ffmpeg."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from frameferry_station.cameras.camera import TryLater
from frameferry_station.cameras.ffmpeg import Ffmpeg
from frameferry_station.cameras.gate import whole_jpeg
from frameferry_station.cameras.rtsp import WITHIN_S, RtspCamera
from frameferry_station.device import CameraFailed
from frameferry_station.logins import apart
from PIL import Image

from tests.station.cameras.fake_reolink import until
from tests.station.rtsp_server import RtspServer

PASSWORD = "p@ss/w:rd'% x"


@pytest.fixture(scope="module")
def server() -> Iterator[RtspServer]:
    with RtspServer(width=640, height=360) as server:
        yield server


@pytest.fixture(scope="module")
def locked_server() -> Iterator[RtspServer]:
    with RtspServer(user="admin", password=PASSWORD, is_digest=True) as server:
        yield server


def camera(url: str, username: str | None = None, password: str | None = None) -> RtspCamera:
    return RtspCamera(*apart(url, username, password), Ffmpeg())


def failure(camera: RtspCamera) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        camera.take()
    return caught.value


def test_a_picture_has_the_size_of_the_stream_and_the_next_one_is_another(server: RtspServer) -> None:
    asked = camera(server.url)
    first, second = (whole_jpeg(asked.take().content) for _ in range(2))

    assert Image.open(BytesIO(first)).size == (640, 360)
    assert first != second


@pytest.mark.parametrize("is_digest", [True, False])
def test_a_password_of_any_letters_opens_the_stream(is_digest: bool, locked_server: RtspServer) -> None:
    if is_digest:
        assert whole_jpeg(camera(locked_server.url, "admin", PASSWORD).take().content)
    else:
        with RtspServer(user="admin", password=PASSWORD) as server:
            assert whole_jpeg(camera(server.url, "admin", PASSWORD).take().content)


def test_a_wrong_password_is_refused_and_rested_for_and_never_shown(locked_server: RtspServer) -> None:
    refused = failure(camera(locked_server.url, "admin", "a-wrong-secret"))

    assert isinstance(refused, TryLater)
    assert "a-wrong-secret" not in f"{refused!r}"


def test_no_argument_of_the_process_holds_the_password(
    locked_server: RtspServer, aside: Callable[[Callable[[], object]], Callable[[], float]]
) -> None:
    locked_server.freeze()
    try:
        asked = camera(locked_server.url, "admin", "visible-secret")
        ended_after_s = aside(lambda: failure(asked))
        assert until(lambda: any(b"concat" in arguments for arguments in _arguments_of_children()))
        assert not any(b"visible-secret" in arguments for arguments in _arguments_of_children())
        asked.abort()
        assert ended_after_s() < 5.0
    finally:
        locked_server.restore()


def test_a_camera_that_hangs_is_given_up_and_comes_back(server: RtspServer) -> None:
    asked = RtspCamera(server.url, None, Ffmpeg(), silence_s=1.0)
    server.freeze()
    began_s = time.monotonic()
    try:
        assert "does not answer in time" in f"{failure(asked)}"
        assert 0.9 < time.monotonic() - began_s < WITHIN_S
    finally:
        server.restore()

    assert whole_jpeg(asked.take().content)


def test_a_camera_that_vanishes_and_comes_back_is_said_in_words_and_asked_again(server: RtspServer) -> None:
    asked = camera(server.url)
    server.cut()
    assert f"{failure(asked)}" == "nobody answers at its address"

    server.restore()
    assert whole_jpeg(asked.take().content)


def test_a_path_without_a_stream_is_said_in_words(server: RtspServer) -> None:
    assert "no stream" in f"{failure(camera(server.url + '/other'))}"


def test_what_does_not_speak_rtsp_is_no_camera() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"rtsp://admin:seen@127.0.0.1:{listener.getsockname()[1]}/"
        asked = camera(url)
        listener.settimeout(10.0)

        def answer() -> None:
            connected, _ = listener.accept()
            with connected:
                connected.recv(4096)
                connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        assert "seen" not in f"{failure(asked)}"
        thread.join()


@pytest.mark.parametrize("address", ["http://camera/live", "rtsp://", "camera", "rtsp://camera/a b", "rtsp://c/\n"])
def test_what_is_no_rtsp_url_is_refused_before_anything_is_asked(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        camera(address)


def _arguments_of_children() -> list[bytes]:
    """As `ps` shows them (proc(5): the parent is the second field after the name in brackets)."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_bytes().rpartition(b")")[2].split()[1])
            if parent == os.getpid():
                found.append((path / "cmdline").read_bytes())
        except OSError:
            continue
    return found
