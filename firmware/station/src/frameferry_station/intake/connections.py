"""Waitress, with bounds that hold against who means ill: on time and number by address, not on size alone.

Waitress reads a whole request, within its bounds, before a thread is busy with it: slow clients hold connections only.
That a wrong credential is answered after the body has come is wanted: a sketch that is cut off while it sends never
learns why.
"""

from __future__ import annotations

import copy
import errno
import json
import logging
import math
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from waitress.adjustments import Adjustments
from waitress.buffers import TempfileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher
from waitress.utilities import BadRequest

from frameferry_station.clock import Clock
from frameferry_station.intake.refusals import body_of

THREADS: Final = 3
MOST_CONNECTIONS: Final = 48
MOST_CONNECTIONS_OF_ONE_ADDRESS: Final = 6
MOST_HEADER_BYTES: Final = 8192
REQUEST_S: Final = 60.0
"""A request has come within this time of the connection's beginning, or of the answer before it; else the connection is
closed. A photo of 200 KB takes a weak Wi-Fi link 20 s."""
SILENCE_S: Final = 20.0
"""Nor may nothing come for so long."""

_LOOK_S = 0.5
_OUT_OF_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_MOST_CHUNK_LINE_BYTES = 256
BODIES_UNDER_WAY: Final = 4
"""As many of the largest may come at the same time; of usual photos, that is dozens."""
MOST_LARGE_BODIES: Final = 4
LARGE_REQUEST_S: Final = 600.0
_KEPT_IN_MEMORY_BYTES = 256 * 1024
_log = logging.getLogger(__name__)
_CODES = {413: "body_too_large", 431: "headers_too_large", 500: "internal", 501: "not_implemented"}
_MESSAGES = {
    "bad_request": "the request is not HTTP as the station understands it",
    "body_too_large": "the body is too large",
    "headers_too_large": f"the headers have more than {MOST_HEADER_BYTES} bytes",
    "internal": "the station failed; its journal says why",
    "not_implemented": "send the body with Content-Length",
}


@dataclass(frozen=True)
class LargeBodies:
    """Bodies above the usual bound: they go to nameless files in `folder` as they come. `limit` gives the bound by
    method, path and query, and None for all requests that have the usual one."""

    folder: Path
    limit: Callable[[str, str, str], int | None]


class _OnDisk(TempfileBasedBuffer):  # type: ignore[misc]
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        super().__init__()

    def newfile(self) -> IO[bytes]:
        return TemporaryFile("w+b", dir=self._folder)


class _Request(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """What waitress leaves open: some targets that are no URL end the connection with a traceback in the log, lines
    between chunks have no bound, and a client that asks whether it may go on is told so although it is refused."""

    adj: Any
    body_rcv: Any
    error: Any = None
    is_large = False

    def __init__(self, adj: Any, large: LargeBodies | None) -> None:
        super().__init__(adj)
        self._large = large

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.chunked and self.body_rcv is not None:
            line, trailer = self.body_rcv.control_line, self.body_rcv.trailer
            if max(len(line), len(trailer)) > _MOST_CHUNK_LINE_BYTES and self.error is None:
                self.error = BadRequest("a chunk has too long a line")
                self.completed = True
        if self.error is not None:
            self.expect_continue = False
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:
            raise ParsingError("the target is no URL") from None
        if self._large and self.content_length > 0 and not self.chunked:
            limit = self._large.limit(self.command, self.path, self.query)
            if limit is not None and self.content_length <= limit:
                self._begin_large(self._large.folder, limit)

    def _begin_large(self, folder: Path, limit: int) -> None:
        self.is_large = True
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = limit + 1  # waitress refuses what is as large as this
        self.body_rcv = FixedStreamReceiver(self.content_length, _OnDisk(folder))


class _Refusal(ErrorTask):  # type: ignore[misc]
    """What waitress refuses by itself, in the form of all other refusals."""

    def execute(self) -> None:
        error = self.request.error
        code = _CODES.get(error.code, "bad_request")
        content = json.dumps(body_of(getattr(self.request, "path", ""), code, _MESSAGES[code])).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


class _Connection(HTTPChannel):  # type: ignore[misc]
    error_task_class = _Refusal

    def __init__(self, server: Listener, sock: socket.socket, addr: Any, adj: Any, map: Any = None) -> None:
        self.waits_since_s = self.heard_at_s = server.clock.monotonic_s()
        self.parser_class = partial(_Request, large=server.large)
        super().__init__(server, sock, addr, adj, map=map)

    def received(self, data: bytes) -> bool:
        self.heard_at_s = self.server.clock.monotonic_s()
        try:
            taken: bool = super().received(data)
        except OSError:
            # The disk takes no more of a large body.
            self.handle_close()
            return False
        if self.server.has_too_much_under_way():
            self.handle_close()
        return taken

    @property
    def body_bytes(self) -> int:
        return sum(request.body_bytes_received for request in self._under_way() if not request.is_large)

    @property
    def large_bodies(self) -> int:
        return sum(request.is_large for request in self._under_way())

    def _under_way(self) -> list[_Request]:
        return [*self.requests, *([self.request] if self.request is not None else [])]

    def service(self) -> None:
        super().service()
        self.waits_since_s = self.heard_at_s = self.server.clock.monotonic_s()

    def handle_close(self) -> None:
        super().handle_close()
        if self.request is not None:
            self.request.close()

    def is_late(self, now_s: float) -> bool:
        if self.requests:
            return False
        longest_s = LARGE_REQUEST_S if self.large_bodies else REQUEST_S
        return now_s - self.waits_since_s > longest_s or now_s - self.heard_at_s > SILENCE_S


def listening_socket(host: str, port: int, backlog: int) -> socket.socket:
    """`::` is for IPv4 too, where the system can. Raises OSError."""
    return socket.create_server(
        (host, port),
        family=socket.AF_INET6 if ":" in host else socket.AF_INET,
        backlog=backlog,
        dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
    )


class Listener(TcpWSGIServer):  # type: ignore[misc]
    """A listening socket and its connections; `serve` is for one thread."""

    channel_class = _Connection

    def __init__(
        self,
        app: Any,
        listening: socket.socket,
        clock: Clock,
        *,
        max_body_bytes: int,
        large: LargeBodies | None = None,
    ) -> None:
        # What waitress says in passing quotes paths, which are the clients' words; a short queue is no news.
        logging.getLogger("waitress").setLevel(logging.WARNING)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self.clock = clock
        self.large = large
        self._deaf_until_s = -math.inf
        """Nobody is let in: there is no descriptor for one more."""
        self._pulling = threading.Lock()
        self._has_ended = False
        adjustments = Adjustments(
            sockets=[listening],
            threads=THREADS,
            connection_limit=MOST_CONNECTIONS + 2,  # the listening socket and a pipe count too
            max_request_header_size=MOST_HEADER_BYTES,
            max_request_body_size=max_body_bytes + 1,  # waitress refuses what is as large as this
            inbuf_overflow=_KEPT_IN_MEMORY_BYTES,  # what is larger is a file without a name meanwhile
            log_socket_errors=False,
            asyncore_use_poll=True,
            ident=None,
        )
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(THREADS)
        super().__init__(
            app,
            {},
            True,
            listening,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )

    def serve(self, stopping: threading.Event) -> None:
        """Until it is set and `pull_trigger` was called, or half a second has passed."""
        while not stopping.is_set():
            try:
                self._close_late()
                self.asyncore.loop(timeout=_LOOK_S, use_poll=True, map=self._map, count=1)
            except Exception:
                _log.exception("a server at port %d stumbled, and goes on", self.effective_port)
                stopping.wait(_LOOK_S)

    def has_too_much_under_way(self) -> bool:
        """Bodies of all connections, which memory or a memory-backed folder holds until they are whole; and how many
        large ones the disk holds."""
        channels = list(self.active_channels.values())
        most = BODIES_UNDER_WAY * self.adj.max_request_body_size
        if sum(channel.large_bodies for channel in channels) > MOST_LARGE_BODIES:
            return True
        return bool(sum(channel.body_bytes for channel in channels) > most)

    def maintenance(self, now: float) -> None:
        """Not by the time of day, which jumps on a machine that starts without a clock: see `serve`."""

    def readable(self) -> bool:
        return bool(super().readable()) and self.clock.monotonic_s() >= self._deaf_until_s

    def handle_accept(self) -> None:
        """Raises nothing: waitress would close the listening socket for it. Who cannot be let in stays in the queue of
        the system, of which it would tell again at once."""
        try:
            accepted = self.accept()
        except OSError as error:
            if error.errno in _OUT_OF_ROOM:
                self._deaf_until_s = self.clock.monotonic_s() + _LOOK_S
            return
        if accepted is None:
            return
        connection, peer = accepted
        if self._connections_of(peer[0]) >= MOST_CONNECTIONS_OF_ONE_ADDRESS:
            connection.close()
            return
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Connection(self, connection, peer, self.adj, map=self._map)
        except OSError:
            connection.close()

    def end(self, longest_s: float) -> None:
        """Requests under way get their answers, within this time; then all connections are closed."""
        self.task_dispatcher.shutdown(cancel_pending=True, timeout=longest_s)
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        with self._pulling:
            self._has_ended = True
            self.close()

    def pull_trigger(self) -> None:
        """Wakes `serve`. Nothing after the end: the pipe's number may be another file's by then."""
        with self._pulling:
            if not self._has_ended:
                super().pull_trigger()

    def _connections_of(self, host: str) -> int:
        return sum(channel.addr[0] == host for channel in self.active_channels.values())

    def _close_late(self) -> None:
        now_s = self.clock.monotonic_s()
        for channel in list(self.active_channels.values()):
            if channel.is_late(now_s):
                channel.handle_close()
