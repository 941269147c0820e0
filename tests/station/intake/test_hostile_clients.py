"""Clients that mean ill, or are broken, against a started server. Each loopback address is another machine."""

from __future__ import annotations

import errno
import http.client
import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from frameferry_station.intake.app import create_app
from frameferry_station.intake.connections import (
    MOST_CONNECTIONS,
    MOST_CONNECTIONS_OF_ONE_ADDRESS,
    MOST_HEADER_BYTES,
    REQUEST_S,
    SILENCE_S,
    THREADS,
    Listener,
)
from frameferry_station.intake.server import LanServer

from tests.station.intake.lan import SETTINGS, Lan
from tests.station.samples import jpeg

HOSTILE = "127.0.0.66"
PROMPT_S = 5.0
"""What is prompt on a busy machine."""

CUT_OFF = "reset|[Bb]roken pipe"

Connect = Callable[..., socket.socket]


@pytest.fixture
def server(lan: Lan) -> Iterator[LanServer]:
    with lan.serving() as server:
        yield server


@contextmanager
def connecting_to(server: LanServer) -> Iterator[Connect]:
    with ExitStack() as sockets:

        def connect(of: str = HOSTILE) -> socket.socket:
            address = ("127.0.0.1", server.port)
            connection = sockets.enter_context(socket.create_connection(address, PROMPT_S, source_address=(of, 0)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection

        yield connect


@pytest.fixture
def connect(server: LanServer) -> Iterator[Connect]:
    with connecting_to(server) as connect:
        yield connect


def ends(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection. Raises TimeoutError where it does not."""
    content = b""
    with suppress(ConnectionResetError):
        while got := connection.recv(65536):
            content += got
    return content


def answer_in(content: bytes) -> tuple[int, Any]:
    head, _, body = content.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def is_served(server: LanServer, number: int = 0) -> bool:
    """Another machine's photo is taken."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", server.port, timeout=PROMPT_S, source_address=("127.0.0.1", 0)
    )
    try:
        connection.request("POST", "/upload", jpeg(number), {"Content-Type": "image/jpeg"})
        return connection.getresponse().status == 200
    finally:
        connection.close()


UPLOAD = b"POST /upload HTTP/1.1\r\nHost: station\r\nContent-Type: image/jpeg\r\n"


def test_slow_clients_of_one_address_leave_room_for_others(lan: Lan, server: LanServer, connect: Connect) -> None:
    slow = [connect() for _ in range(MOST_CONNECTIONS_OF_ONE_ADDRESS)]
    for connection in slow:
        connection.sendall(UPLOAD)

    assert ends(connect()) == b""
    assert is_served(server)


def test_clients_of_many_addresses_leave_room_once_their_time_is_over(
    lan: Lan, server: LanServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    hosts = MOST_CONNECTIONS // MOST_CONNECTIONS_OF_ONE_ADDRESS
    idle = [connect(f"127.0.1.{host}") for host in range(hosts) for _ in range(MOST_CONNECTIONS_OF_ONE_ADDRESS)]
    while "reached the connection limit" not in caplog.text:
        time.sleep(0.01)
    lan.time.advance(SILENCE_S + 1)

    assert is_served(server)
    assert [ends(connection) for connection in idle] == [b""] * MOST_CONNECTIONS


def test_who_says_nothing_is_cut_off(lan: Lan, server: LanServer, connect: Connect) -> None:
    connection = connect()
    assert is_served(server)  # and so the connection before was seen
    lan.time.advance(SILENCE_S + 1)

    assert ends(connection) == b""


@pytest.mark.parametrize("drop", [b"X", b"\r\n"])
def test_who_drips_is_cut_off_after_the_time_of_a_request(
    lan: Lan, server: LanServer, connect: Connect, drop: bytes
) -> None:
    connection = connect()
    for _ in range(int(REQUEST_S // 15) + 1):
        connection.sendall(drop)
        assert is_served(server)  # so that the drop has fallen before time goes on
        lan.time.advance(15)

    assert ends(connection) == b""


def test_a_body_that_is_too_large_is_refused_before_it_comes(connect: Connect) -> None:
    connection = connect()
    connection.sendall(UPLOAD + b"Content-Length: 10485760\r\n\r\n")

    assert answer_in(ends(connection)) == (
        413,
        {"error": {"code": "body_too_large", "message": "the body is too large"}},
    )


def test_a_body_of_ten_megabytes_is_not_taken(lan: Lan, server: LanServer, connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"POST /upload_image HTTP/1.1\r\nContent-Length: 10485760\r\n\r\n")
    status, body = answer_in(ends(connection))
    with pytest.raises(OSError, match=CUT_OFF):
        connection.sendall(jpeg(1, 10 * 2**20))

    assert (status, body) == (413, {"error": "the body is too large"})
    assert lan.photos.kept == []
    assert is_served(server)


def test_who_asks_first_whether_a_large_body_may_come_is_told_no(connect: Connect) -> None:
    connection = connect()
    connection.sendall(UPLOAD + b"Expect: 100-continue\r\nContent-Length: 10485760\r\n\r\n")

    assert ends(connection).startswith(b"HTTP/1.1 413 ")


def test_chunks_without_end_are_cut_off(lan: Lan, server: LanServer, connect: Connect) -> None:
    connection = connect()
    connection.sendall(UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(OSError, match=CUT_OFF):
        connection.sendall((b"10000\r\n" + bytes(0x10000) + b"\r\n") * 500)

    assert lan.photos.kept == []
    assert is_served(server)


@pytest.mark.parametrize("endless", [b"0" * 1000, b"1;x=" + b"x" * 1000, b"0\r\nX: " + b"y" * 1000])
def test_lines_without_end_between_chunks_are_refused(connect: Connect, endless: bytes) -> None:
    connection = connect()
    connection.sendall(UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n" + endless)

    assert answer_in(ends(connection))[0] == 400


@pytest.mark.parametrize(
    "header", [b"X-Large: " + b"x" * MOST_HEADER_BYTES, b"A: b\r\n" * (MOST_HEADER_BYTES // 6 + 1)]
)
def test_headers_that_are_too_large_are_refused(connect: Connect, header: bytes) -> None:
    connection = connect()
    connection.sendall(UPLOAD + header)

    status, body = answer_in(ends(connection))

    assert (status, body["error"]["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /upload HTTP/1.1\r\nBad Header\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nX: a\rb\r\n\r\n",
        b"POST /up load HTTP/1.1\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"\r\n\r\n\r\nGET\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_the_usual_form(
    server: LanServer, connect: Connect, request_bytes: bytes
) -> None:
    connection = connect()
    connection.sendall(request_bytes)

    status, body = answer_in(ends(connection))

    assert status in (400, 501)
    assert set(body["error"]) == {"code", "message"}
    assert is_served(server)


@pytest.mark.parametrize(
    "head",
    [
        b"POST /%2e%2e/%00/etc/passwd%0d%0aX: HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /upload?filename=%ff%fe HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"POST //upload HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
        b"POST http://[bad/upload HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PUT * HTTP/1.1\r\nHost: x:99999999\r\n\r\n",
        b"OPTIONS /upload HTTP/1.0\r\n\r\n",
        b"POST /upload HTTP/9.9\r\nAuthorization: \xff\r\nX-Device-ID: \xff\r\n\r\n",
    ],
)
def test_a_strange_request_is_answered_and_is_no_failure_of_the_station(
    server: LanServer, connect: Connect, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connect()
    connection.sendall(head)
    connection.shutdown(socket.SHUT_WR)

    content = ends(connection)

    assert content == b"" or int(content.split()[1]) < 500
    assert is_served(server)
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_a_body_that_breaks_off_is_no_photo(lan: Lan, server: LanServer, connect: Connect) -> None:
    connection = connect()
    connection.sendall(UPLOAD + b"Content-Length: 600\r\n\r\n" + jpeg(1)[:300])
    connection.close()

    assert is_served(server, 2)
    assert [kept for _, kept in lan.photos.kept] == [jpeg(2)]


def test_two_requests_in_one_packet_are_two(lan: Lan, connect: Connect) -> None:
    connection = connect()
    head = UPLOAD + b"Content-Length: 600\r\n"
    connection.sendall(head + b"\r\n" + jpeg(1) + head + b"Connection: close\r\n\r\n" + jpeg(2))

    assert ends(connection).count(b"HTTP/1.1 200 OK") == 2
    assert [kept for _, kept in lan.photos.kept] == [jpeg(1), jpeg(2)]


def test_bodies_under_way_have_a_bound_together(tmp_path: Path) -> None:
    lan = Lan(tmp_path, settings=replace(SETTINGS, max_photo_bytes=200_000))
    with lan.serving() as server, connecting_to(server) as connect:
        head = UPLOAD + b"Content-Length: 200000\r\n\r\n"
        clients = [connect(f"127.0.1.{host}") for host in range(1, 6)]
        for connection in clients:
            with suppress(OSError):  # the server may cut it off while it sends
                connection.sendall(head + bytes(190_000))

        ended, _, _ = select.select(clients, [], [], PROMPT_S)

        # 760 kB of 800 may be under way.
        assert [ends(connection) for connection in ended] == [b""]
        assert is_served(server)


def test_it_stops_within_two_seconds_whatever_clients_do(lan: Lan) -> None:
    server = LanServer(
        lan.settings, lan.photos, state=lan.folder, files=lan.files, clock=lan.time, entropy=lan.chance.randbytes
    )
    server.start()
    lan.photos.may_go_on.clear()
    with connecting_to(server) as connect:
        half, whole = connect(), connect()
        half.sendall(UPLOAD)
        for connection in (whole, connect("127.0.0.2"), connect("127.0.0.3"), connect("127.0.0.4")):
            connection.sendall(UPLOAD + b"Content-Length: 600\r\n\r\n" + jpeg(1))
        while lan.photos.brought < THREADS:
            time.sleep(0.01)
        began_s = time.monotonic()
        server.stop()
        took_s = time.monotonic() - began_s
        assert ends(half) == b""
        lan.photos.may_go_on.set()

    assert took_s < 2
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port or 1), 1)


def test_who_would_wake_it_after_its_end_touches_nothing(lan: Lan) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    listener = Listener(create_app(lan.intake, max_body_bytes=1), listening, lan.time, max_body_bytes=1)
    listener.end(1.0)

    listener.pull_trigger()


def test_a_photo_under_way_is_finished_when_it_stops(lan: Lan) -> None:
    server = LanServer(
        lan.settings, lan.photos, state=lan.folder, files=lan.files, clock=lan.time, entropy=lan.chance.randbytes
    )
    server.start()
    lan.photos.may_go_on.clear()
    with connecting_to(server) as connect:
        connection = connect()
        connection.sendall(UPLOAD + b"Content-Length: 600\r\n\r\n" + jpeg(1))
        while not lan.photos.brought:
            time.sleep(0.01)
        later = threading.Timer(0.3, lan.photos.may_go_on.set)
        later.start()
        server.stop()
        later.join()

        assert ends(connection).startswith(b"HTTP/1.1 200 OK")


def test_a_port_that_is_taken_is_an_error_at_the_start(lan: Lan, server: LanServer) -> None:
    second = Lan(lan.folder, settings=replace(SETTINGS, port=server.port))

    with pytest.raises(OSError, match="in use"), second.serving():
        pass


def test_it_can_be_started_again_on_the_same_port(lan: Lan, server: LanServer) -> None:
    port = server.port
    assert is_served(server, 1)
    server.stop()

    with Lan(lan.folder, settings=replace(SETTINGS, port=port)).serving() as again:
        assert is_served(again, 1)


def test_a_server_without_a_descriptor_left_waits_for_one_and_lets_who_waits_in_then(lan: Lan) -> None:
    with lan.serving() as server, connecting_to(server) as connect:
        listener = server._listener
        assert listener is not None
        tries: list[float] = []

        def no_descriptor() -> None:
            tries.append(time.monotonic())
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        accept, listener.accept = listener.accept, no_descriptor
        waiting = connect()
        time.sleep(0.7)
        listener.accept = accept
        lan.time.advance(1.0)
        waiting.sendall(b"GET /health HTTP/1.1\r\nHost: station\r\n\r\n")

        assert waiting.recv(4096).startswith(b"HTTP/1.1 ")
        assert len(tries) == 1
