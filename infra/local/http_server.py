"""A small HTTP/1.1 server for the local cloud: keep-alive, one thread a connection, bytes counted.

It exists because the faults of the local cloud need what web frameworks hide: when `100 Continue`
is sent, how much of a body has been read, and the socket itself.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LINGER_S = 30.0
_LINGER_IDLE_S = 2.0
_READ_BYTES = 64 * 1024

Headers = Iterable[tuple[str, str]]


class Exchange(BaseHTTPRequestHandler):
    """One client connection, and the request on it that is being answered.

    `command` is the method, `path` the raw request target, `headers` the header fields.
    Whoever serves it calls `respond`, `send` or `abort` once. A body that was not read makes the connection
    close after the answer. `requests_served` counts earlier requests of the connection,
    `is_counted` is a mark that the server may set on it.
    """

    protocol_version = "HTTP/1.1"
    server: HttpServer

    def setup(self) -> None:
        self.request.settimeout(self.server.idle_timeout_s)
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_counted = False
        self.requests_served = 0
        self._start_request()
        self.server.connection_began(self.connection)

    def finish(self) -> None:
        self.server.connection_ended(self.connection)
        super().finish()

    def _start_request(self) -> None:
        self.bytes_out = 0
        self.body_bytes_read = 0
        self._continue_wanted = False
        self._chunked_body_done = False

    def handle_one_request(self) -> None:
        self._start_request()
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline:
                self.close_connection = True
            elif len(self.raw_requestline) > 65536:
                self.requestline, self.request_version, self.command = "", "", ""
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            elif self.parse_request():
                self.server.serve(self)
                self.requests_served += 1
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Puts `100 Continue` off until the body is wanted: RFC 9110 section 10.1.1."""
        self._continue_wanted = True
        return True

    @property
    def body_bytes(self) -> int | None:
        """What Content-Length promises; 0 without one, None where it is no number or given twice."""
        lengths = set(self.headers.get_all("Content-Length") or ["0"])
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit() and len(length) < 20):
            return None
        return int(length)

    @property
    def bytes_in(self) -> int:
        """Bytes of this request read so far: request line, header fields and body."""
        fields = sum(len(name) + len(value) + 4 for name, value in self.headers.items())
        return len(self.raw_requestline) + fields + 2 + self.body_bytes_read

    def read(self, size_bytes: int) -> bytes:
        """At most so many bytes of the body; less than asked for means that the client has gone.

        Raises TimeoutError where the client stalls for the server's `idle_timeout_s`.
        """
        self._ask_for_body()
        data = self.rfile.read(size_bytes)
        self.body_bytes_read += len(data)
        return data

    def read_line(self, limit_bytes: int = 1024) -> bytes:
        """One line of the body, its line end included; for chunked bodies."""
        self._ask_for_body()
        line = self.rfile.readline(limit_bytes)
        self.body_bytes_read += len(line)
        return line

    def _ask_for_body(self) -> None:
        if self._continue_wanted:
            self._continue_wanted = False
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def chunked_body_done(self) -> None:
        """Says that a chunked body was read to its end, so that the connection may be kept."""
        self._chunked_body_done = True

    def _is_body_left(self) -> bool:
        if "Transfer-Encoding" in self.headers:
            return not self._chunked_body_done
        return self.body_bytes is None or self.body_bytes > self.body_bytes_read

    def respond(self, status: int, headers: Headers = (), body: bytes = b"") -> None:
        """Send one answer. A HEAD keeps the Content-Length it is given; 204 and 304 have none."""
        self.send(self.compose(status, headers, body))

    def compose(self, status: int, headers: Headers = (), body: bytes = b"") -> bytes:
        """The bytes of an answer for `send`: whoever counts can do so before the client has the answer."""
        self.close_connection = self.close_connection or self._is_body_left()
        fields = [("Date", formatdate(usegmt=True)), *headers]
        if status not in (204, 304) and not any(name.lower() == "content-length" for name, _ in fields):
            fields.append(("Content-Length", str(len(body))))
        if self.close_connection:
            fields.append(("Connection", "close"))
        return _head(status, fields) + (b"" if self.command == "HEAD" else body)

    def send(self, message: bytes) -> None:
        self._write(message)
        if self._is_body_left():
            self._linger()

    def abort(self) -> None:
        """Drop the connection as a lost network does: a reset, and no answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.connection_ended(self.connection)
        self.connection.close()

    def _linger(self) -> None:
        """Let the client read the answer before the close: unread data would turn it into a reset."""
        give_up_at = time.monotonic() + _LINGER_S
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_IDLE_S)
            while time.monotonic() < give_up_at and self.connection.recv(_READ_BYTES):
                pass

    def _write(self, data: bytes) -> None:
        self.bytes_out += len(data)
        self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What `http.server` cannot parse is refused by the server's own kind of error."""
        self.close_connection = True
        status, headers, body = self.server.bad_request(code)
        fields = [*headers, ("Content-Length", str(len(body))), ("Connection", "close")]
        self._write(_head(status, fields) + body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: whoever serves the request logs it, without its query."""


def _head(status: int, fields: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status} {_reason(status)}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


class HttpServer(ThreadingHTTPServer):
    """Serves every request by one callable, from `start` to `stop`; a stop drops what is open.

    `bad_request(status)` gives status, headers and body of the answer to what is no HTTP request.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        host: str,
        port: int,
        serve: Callable[[Exchange], None],
        bad_request: Callable[[int], tuple[int, Headers, bytes]],
        idle_timeout_s: float,
    ) -> None:
        self.serve = serve
        self.bad_request = bad_request
        self.idle_timeout_s = idle_timeout_s
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        super().__init__((host, port), Exchange)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="http-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the listening socket and every connection; safe to call twice."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def connection_began(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.add(connection)

    def connection_ended(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.discard(connection)

    def server_bind(self) -> None:
        """Binds without the reverse look-up of the host name that `http.server` does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.port
