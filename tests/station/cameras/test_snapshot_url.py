"""A JPEG at a URL: authentication, redirects, age, and answers without end."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest
from frameferry_station.cameras import snapshot_url
from frameferry_station.cameras.camera import TryLater
from frameferry_station.cameras.connection import CameraConnection
from frameferry_station.cameras.gate import MAX_JPEG_BYTES
from frameferry_station.cameras.snapshot_url import SnapshotUrl
from frameferry_station.device import CameraFailed
from frameferry_station.logins import Login, apart

from tests.station.cameras.fake_photos import jpeg

LOGIN = Login("admin", "sec:ret")


class Site:
    """`pages` maps a path to what answers it: `(handler) -> None`. `seen` are path and Authorization's scheme."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.seen: list[tuple[str, str]] = []
        self.url = ""
        self.connections: list[CameraConnection] = []

    def connected(self, login: Login | None, within_s: float) -> CameraConnection:
        """Closed with the site."""
        self.connections.append(CameraConnection(within_s, login=login))
        return self.connections[-1]

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with _running(Site()) as site:
        yield site


@contextmanager
def _running(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.seen.append((self.path, self.headers.get("Authorization", "").partition(" ")[0]))
            site.pages[self.path.partition("?")[0]](self)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that is gone is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.close()
        server.shutdown()
        server.server_close()
        thread.join()


def gives(
    content: bytes = b"", status: int = 200, headers: dict[str, str] | None = None
) -> Callable[[BaseHTTPRequestHandler], None]:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        for name, value in ({"Content-Length": f"{len(content)}"} | (headers or {})).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return page


def basic(handler: BaseHTTPRequestHandler) -> None:
    if handler.headers.get("Authorization") == "Basic YWRtaW46c2VjOnJldA==":
        gives(jpeg(1))(handler)
    else:
        gives(b"no", 401, {"WWW-Authenticate": 'Basic realm="camera"'})(handler)


class DigestPage:
    """RFC 7616 with MD5 and qop=auth, as cameras have it. A nonce serves `uses` requests."""

    def __init__(self, uses: int = 100) -> None:
        self.uses = uses
        self._nonces: dict[str, int] = {}

    def __call__(self, handler: BaseHTTPRequestHandler, other: str | None = None) -> None:
        scheme, _, fields = handler.headers.get("Authorization", "").partition(" ")
        said = parse_keqv_list(parse_http_list(fields)) if scheme == "Digest" else {}
        nonce = said.get("nonce", "")
        left = self._nonces.get(nonce, 0)
        if left and self._is_right(said):
            self._nonces[nonce] = left - 1
            gives(jpeg(1))(handler)
            return
        fresh = f"nonce{len(self._nonces)}"
        self._nonces[fresh] = self.uses
        asked = f'Digest realm="camera", qop="auth", nonce="{fresh}", algorithm=MD5'
        gives(b"no", 401, ({"WWW-Authenticate": other} if other else {}) | {"Www-Authenticate": asked})(handler)

    def _is_right(self, said: dict[str, str]) -> bool:
        def md5(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        first, second = md5(LOGIN.username, "camera", LOGIN.password), md5("GET", said["uri"])
        return said["response"] == md5(first, said["nonce"], said["nc"], said["cnonce"], "auth", second)


def camera(site: Site, path: str = "/snap.jpg", *, login: Login | None = None, within_s: float = 5.0) -> SnapshotUrl:
    return SnapshotUrl(site.url + path, site.connected(login, within_s))


def failure(camera: SnapshotUrl) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        camera.take()
    return caught.value


def test_a_picture_comes_whatever_its_type_is_said_to_be(site: Site) -> None:
    site.pages["/snap.jpg"] = gives(jpeg(1), headers={"Content-Type": "text/html"})

    assert camera(site).take().content == jpeg(1)


def test_basic_is_said_when_it_was_asked_for_and_then_kept(site: Site) -> None:
    site.pages["/snap.jpg"] = basic
    asked = camera(site, login=LOGIN)

    assert [asked.take().content for _ in range(3)] == [jpeg(1)] * 3
    assert [scheme for _, scheme in site.seen] == ["", "Basic", "Basic", "Basic"]


def test_digest_is_said_when_it_was_asked_for_and_its_nonce_is_used_again(site: Site) -> None:
    site.pages["/snap.jpg"] = DigestPage()
    asked = camera(site, login=LOGIN)

    assert [asked.take().content for _ in range(3)] == [jpeg(1)] * 3
    assert [scheme for _, scheme in site.seen] == ["", "Digest", "Digest", "Digest"]


def test_a_nonce_that_has_expired_is_replaced(site: Site) -> None:
    site.pages["/snap.jpg"] = DigestPage(uses=1)
    asked = camera(site, login=LOGIN)

    assert [asked.take().content for _ in range(3)] == [jpeg(1)] * 3


def test_a_camera_that_takes_both_gets_no_password_in_clear(site: Site) -> None:
    digest = DigestPage()

    def both(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization"):
            digest(handler)
        else:
            digest(handler, 'Basic realm="camera"')

    site.pages["/snap.jpg"] = both

    assert camera(site, login=LOGIN).take().content == jpeg(1)
    assert ("/snap.jpg", "Basic") not in site.seen


@pytest.mark.parametrize("page", [basic, DigestPage()])
def test_a_wrong_password_is_said_once_a_picture_and_rested_for(
    site: Site, page: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    site.pages["/snap.jpg"] = page
    asked = camera(site, login=Login("admin", "wrong"))

    for _ in range(3):
        refused = failure(asked)
        assert isinstance(refused, TryLater)
        assert "wrong" not in f"{refused!r}"
    assert sum(scheme != "" for _, scheme in site.seen) == 3


def test_a_redirect_within_the_host_is_followed(site: Site) -> None:
    site.pages["/snap.jpg"] = gives(status=302, headers={"Location": "/now/7.jpg?x=1"})
    site.pages["/now/7.jpg"] = gives(jpeg(7))

    assert camera(site).take().content == jpeg(7)


@pytest.mark.parametrize(
    "target", ["http://elsewhere.invalid/", "//elsewhere.invalid/x", "http://127.0.0.1:1/x", "file:///etc/passwd", "http://["]
)  # fmt: skip
def test_a_redirect_to_elsewhere_is_not_followed(site: Site, target: str) -> None:
    site.pages["/snap.jpg"] = gives(status=302, headers={"Location": target})

    assert "elsewhere" in f"{failure(camera(site))}"


def test_a_redirect_in_circles_ends(site: Site) -> None:
    site.pages["/snap.jpg"] = gives(status=302, headers={"Location": "/snap.jpg"})

    assert "circles" in f"{failure(camera(site))}"
    assert len(site.seen) == snapshot_url.MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("headers", "age_s"),
    [
        ({}, None),
        ({"Date": "Mon, 04 May 2026 12:05:00 GMT"}, None),
        ({"Last-Modified": "Mon, 04 May 2026 12:00:00 GMT"}, None),
        ({"Date": "Mon, 04 May 2026 12:05:00 GMT", "Last-Modified": "Mon, 04 May 2026 12:00:00 GMT"}, 300.0),
        ({"Date": "Thu, 01 Jan 1970 00:00:09 GMT", "Last-Modified": "Thu, 01 Jan 1970 00:00:02 GMT"}, 7.0),
        ({"Date": "Mon, 04 May 2026 12:05:00 GMT", "Last-Modified": "Mon, 04 May 2026 12:06:00 GMT"}, 0.0),
        ({"Date": "Mon, 04 May 2026 12:05:00 GMT", "Last-Modified": "yesterday"}, None),
    ],
)
def test_the_age_of_a_picture_is_what_the_cameras_own_clock_says(
    site: Site, headers: dict[str, str], age_s: float | None
) -> None:
    site.pages["/snap.jpg"] = gives(jpeg(1), headers=headers)

    assert camera(site).take().age_s == age_s


@pytest.mark.parametrize(("status", "why"), [(404, "no picture at this address"), (500, "HTTP 500"), (204, "HTTP 204")])
def test_an_error_is_said_in_words(site: Site, status: int, why: str) -> None:
    site.pages["/snap.jpg"] = gives(status=status)

    assert why in f"{failure(camera(site))}"


def test_a_busy_camera_names_the_time_to_wait(site: Site) -> None:
    site.pages["/snap.jpg"] = gives(status=503, headers={"Retry-After": "90"})
    busy = failure(camera(site))

    assert isinstance(busy, TryLater)
    assert busy.retry_after_s == 90


def test_an_answer_larger_than_any_picture_is_not_read(site: Site) -> None:
    site.pages["/snap.jpg"] = gives(headers={"Content-Length": f"{MAX_JPEG_BYTES + 1}"})
    assert "larger" in f"{failure(camera(site))}"

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(MAX_JPEG_BYTES // 2**20 + 4):
            handler.wfile.write(bytes(2**20))

    site.pages["/snap.jpg"] = endless
    assert "larger" in f"{failure(camera(site))}"


def test_a_video_stream_is_no_picture_and_is_not_read(site: Site) -> None:
    site.pages["/snap.jpg"] = gives(headers={"Content-Type": "multipart/x-mixed-replace; boundary=x"})

    assert "video stream" in f"{failure(camera(site))}"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_an_answer_byte_by_byte_ends_with_its_time(head: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connected, _ = listener.accept()
            with connected:
                connected.sendall(head)
                try:
                    while True:
                        connected.sendall(b"H")
                        time.sleep(0.02)
                except OSError:
                    pass

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        site = Site()
        site.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began_s = time.monotonic()
        assert "in time" in f"{failure(camera(site, within_s=0.4))}"
        assert time.monotonic() - began_s < 3.0
        site.close()
        thread.join()


def test_a_camera_that_closes_each_connection_without_saying_so_gives_every_picture(site: Site) -> None:
    def closing(handler: BaseHTTPRequestHandler) -> None:
        gives(jpeg(1))(handler)
        handler.close_connection = True

    site.pages["/snap.jpg"] = closing
    asked = camera(site)

    assert [asked.take().content for _ in range(20)] == [jpeg(1)] * 20


def test_no_log_holds_a_url(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.pages["/snap.jpg"] = gives(jpeg(1))
    with caplog.at_level(logging.INFO):
        camera(site, "/snap.jpg?user=admin&pwd=secret").take()

    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("address", "username", "expected"),
    [
        ("http://camera/x", None, ("http://camera/x", None)),
        ("http://u:p%40w@camera:81/x", None, ("http://camera:81/x", Login("u", "p@w"))),
        ("http://u:p@camera/x", "other", ("http://camera/x", Login("other", "own"))),
    ],
)
def test_credentials_in_a_url_are_taken_out_and_those_of_the_settings_come_first(
    address: str, username: str | None, expected: tuple[str, Login | None]
) -> None:
    assert apart(address, username, "own") == expected


def test_a_login_shows_no_password() -> None:
    assert LOGIN.password not in f"{LOGIN}"
