"""A server for POSTs on a loopback port that answers, or cuts the connection, as it is told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from tests.station.sinks.photos import Sent


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Plan = Reply | Literal["cut before", "cut after"]


@dataclass
class PostServer:
    """`plans` are for the next requests; what has none is taken, once for each Idempotency-Key."""

    url: str = ""
    plans: deque[Plan] = field(default_factory=deque)
    received: list[Sent] = field(default_factory=list)
    taken: dict[str, bytes] = field(default_factory=dict)

    def answer(self, request: Sent) -> Plan:
        self.received.append(request)
        plan = self.plans.popleft() if self.plans else Reply()
        if plan == "cut after" or (isinstance(plan, Reply) and 200 <= plan.status < 300):
            self.taken.setdefault(request.headers["idempotency-key"], request.body)
        return plan


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024
    ours: PostServer

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it was killed on the way
            self.close_connection = True
            return
        plan = self.ours.answer(Sent("POST", self.path, headers, body))
        if not isinstance(plan, Reply):
            self.close_connection = True
            return
        self.send_response(plan.status)
        for name, value in {**plan.headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news."""


@contextmanager
def running(ours: PostServer | None = None) -> Iterator[PostServer]:
    ours = ours or PostServer()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"ours": ours}))
    ours.url = f"http://127.0.0.1:{server.server_address[1]}/api/snapshots"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
