"""Servers behind a link, and clients before it, that do exactly what a test says."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from infra.local.http_server import Exchange, Headers, HttpServer
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import LinkProfile

WAIT_S = 10.0
QUICK = LinkProfile(up_bit_s=None, down_bit_s=None, rtt_s=0.002)
"""Quick enough for a test; no bandwidth, no TLS."""


@dataclass
class RawServer:
    """Keeps what each connection sent until it ended or was reset, and answers each with `answer`."""

    answer: bytes = b""
    answers_at_once: bool = False
    """Before anything has come, instead of after all has."""
    received: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._one_more = threading.Condition()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def of_connection(self, number: int) -> bytes:
        """What the connection that ended as this one, counted from 0, had sent. Waits for its end."""
        with self._one_more:
            assert self._one_more.wait_for(lambda: len(self.received) > number, WAIT_S)
            return self.received[number]

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._accepting.join()  # or it could accept on the next socket that gets this one's number
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        received = bytearray()
        with connection, suppress(OSError):
            if self.answers_at_once:
                connection.sendall(self.answer)
            while data := connection.recv(65536):
                received += data
            if not self.answers_at_once:
                connection.sendall(self.answer)
        with self._one_more:
            self.received.append(bytes(received))
            self._one_more.notify_all()


def eventually(is_so: Callable[[], bool]) -> None:
    """Returns when it is so; raises AssertionError where it never is."""
    give_up_at_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < give_up_at_s
        time.sleep(0.005)


@contextmanager
def raw_server(answer: bytes = b"", *, answers_at_once: bool = False) -> Iterator[RawServer]:
    server = RawServer(answer, answers_at_once)
    try:
        yield server
    finally:
        server.close()


def echo(exchange: Exchange) -> None:
    exchange.respond(200, body=exchange.read(exchange.body_bytes or 0))


@contextmanager
def http_server(serve: Callable[[Exchange], None] = echo, idle_timeout_s: float = WAIT_S) -> Iterator[str]:
    """Its URL."""
    server = HttpServer("127.0.0.1", 0, serve, _bad_request, idle_timeout_s)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def _bad_request(status: int) -> tuple[int, Headers, bytes]:
    return status, [], b""


@contextmanager
def link_to(url: str, profile: LinkProfile = QUICK) -> Iterator[HotspotLink]:
    """API and S3 are the same server."""
    with HotspotLink(profile) as link:
        link.forward_to(api_url=url, s3_url=url)
        yield link


@contextmanager
def connected(url: str, tls: ssl.SSLContext | None = None, session: ssl.SSLSession | None = None) -> Iterator[Client]:
    """Raises what the connection raises, the handshake included."""
    parts = urlsplit(url)
    made = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=WAIT_S)
    with made:
        if tls is None:
            yield Client(made)
            return
        with tls.wrap_socket(
            made, server_hostname=parts.hostname, session=session, suppress_ragged_eofs=False
        ) as secured:
            yield Client(secured)


@dataclass
class Client:
    socket: socket.socket
    is_lost: bool = False
    """A reset is told once, by whatever is called first."""

    def send(self, data: bytes) -> bool:
        """False where the connection is gone before all is taken."""
        try:
            self.socket.sendall(data)
        except ConnectionError:
            self.is_lost = True
        return not self.is_lost

    def finish(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_lost = True

    def read_to_the_end(self) -> tuple[bytes, bool]:
        """What came, and whether it ended in order; else it was reset."""
        received = bytearray()
        try:
            while data := self.socket.recv(65536):
                received += data
        except (ConnectionError, ssl.SSLEOFError):
            self.is_lost = True
        return bytes(received), not self.is_lost

    def request(self, body: bytes = b"") -> bytes:
        """A POST over this connection and the body of its answer. Raises ConnectionError."""
        self.socket.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._some()
        head, _, content = received.partition(b"\r\n\r\n")
        [length] = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while len(content) < int(length):
            content += self._some()
        return content

    def _some(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionAbortedError
        return data
