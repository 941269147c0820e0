"""A real stream, published to a real server that records it."""

from __future__ import annotations

import logging
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from frameferry_station.logins import Login
from frameferry_station.relay.rtsp_login import MAX_HEAD_BYTES, Challenge, logged_in

from tests.station.relay.rig import Rig, runs, status, until
from tests.station.rtsp_server import RtspServer

PASSWORD = "p@ss/w:rd'% x"
QUOTED = "p%40ss%2Fw%3Ard%27%25%20x"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def bytes_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("kind", ["open", "digest", "basic"])
def test_the_other_server_gets_the_stream_and_no_argument_holds_its_password(
    rig: Rig, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    recorded = rig.folder / "recorded.h264"
    user = None if kind == "open" else "admin"
    with (
        RtspServer(fps=5) as camera,
        RtspServer(user=user, password=PASSWORD, is_digest=kind == "digest", record=recorded) as other,
    ):
        target = other.record_url if user is None else other.record_url.replace("://", f"://admin:{QUOTED}@")
        with rig.relays("rtsp", camera.url, target) as relays:
            assert runs(relays), status(relays)
            arguments = Path(f"/proc/{rig.running_pid()}/cmdline").read_bytes().decode()
            assert until(lambda: bytes_of(recorded) > 20_000), status(relays)

    assert probed_raw(recorded) == ("h264", (320, 240))
    assert not any(secret in f"{arguments} {caplog.text}" for secret in (PASSWORD, QUOTED))


def test_a_server_that_refuses_the_password_is_rested_for(rig: Rig) -> None:
    recorded = rig.folder / "recorded.h264"
    with (
        RtspServer(fps=5) as camera,
        RtspServer(user="admin", password=PASSWORD, is_digest=True, record=recorded) as other,
        rig.relays("rtsp", camera.url, other.record_url.replace("://", "://admin:wrong-one@")) as relays,
    ):
        assert until(lambda: status(relays).error)
        assert status(relays).error == "it refuses the user name or the password"
    assert bytes_of(recorded) == 0


def test_a_digest_is_as_the_rfc_has_it() -> None:
    """The example of RFC 2617 section 3.5, without qop, as RTSP cameras ask for it."""
    challenge = Challenge(Login("Mufasa", "Circle Of Life"))
    asked = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    assert challenge.hear([("www-authenticate", asked)])

    said = challenge.authorization("GET", "/dir/index.html") or ""
    assert said.startswith('Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b')
    assert said.endswith('response="670fd8c2df070c60b045671b8b24ff02", algorithm=MD5, opaque="5ccc"')


def test_digest_goes_before_basic_and_what_is_not_known_is_not_answered() -> None:
    challenge = Challenge(Login("a", "b"))
    assert challenge.authorization("OPTIONS", "rtsp://host/") is None
    assert not challenge.hear([("www-authenticate", 'Negotiate x="y"')])
    assert challenge.hear([("www-authenticate", "Basic realm=x"), ("www-authenticate", 'Digest nonce="n", qop="auth"')])
    first, second = (challenge.authorization("OPTIONS", "rtsp://host/") or "" for _ in range(2))

    assert "nc=00000001" in first
    assert "nc=00000002" in second
    assert first.startswith("Digest ")


@pytest.mark.parametrize(
    "said", [b"OPTIONS rtsp://127.0.0.1/other RTSP/1.0\r\n\r\n", b"x" * (MAX_HEAD_BYTES + 1), b"\r\n\r\n", b"a b c\r\n"]
)
def test_who_does_not_know_the_way_gets_nothing_through(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        with logged_in(f"rtsp://127.0.0.1:{server.getsockname()[1]}/live", Login("a", "b")) as url:
            port = int(url.split(":")[2].split("/")[0])
            with socket.create_connection(("127.0.0.1", port), 5.0) as client:
                client.sendall(said)
                client.shutdown(socket.SHUT_WR)
                with suppress(ConnectionResetError):
                    assert client.recv(10) == b""
        with pytest.raises(TimeoutError):
            server.accept()


def probed_raw(path: Path) -> tuple[str, tuple[int, int]]:
    """Of bare H.264, which tells no duration."""
    command = ["ffprobe", "-v", "error", "-f", "h264", "-show_entries", "stream=codec_name,width,height"]
    said = subprocess.run([*command, "-of", "csv=p=0", str(path)], capture_output=True, check=True, timeout=60)
    codec, width, height = said.stdout.decode().strip().split(",")[:3]
    return codec, (int(width), int(height))
