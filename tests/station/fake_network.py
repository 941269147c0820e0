"""Two ways to the fake cloud: real sockets on a loopback port, and straight calls for tests of many runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from frameferry_station.errors import NoAnswer
from frameferry_station.http import Answer, Connection, Content

from tests.station.fake_cloud import CutBefore, CutBody, FakeCloud, Fault, LoseReply, NoReply, Reply


def route_of(path: str) -> str:
    parts = urlsplit(path).path.strip("/").split("/")
    return "put" if parts[0] == "s3" else parts[-1]


class DirectSender:
    """A Sender whose requests arrive at once, or do not, as the cloud's faults want it."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        path = url.removeprefix(self._cloud.base_url)
        route = route_of(path)
        fault = self._cloud.take_fault(route)
        if isinstance(fault, CutBefore):
            raise NoAnswer("cut")
        body = self._read(content, fault)
        if isinstance(fault, CutBody):
            raise NoAnswer("cut")
        named = {name.lower(): value for name, value in headers.items()}
        reply = fault if isinstance(fault, Reply) else self._cloud.answer(route, path, body, named)
        if isinstance(fault, LoseReply):
            raise NoAnswer("lost")
        return Answer(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.body)

    def _read(self, content: Content, fault: Fault | None) -> bytes:
        if isinstance(content, bytes):
            return content
        body = bytearray()
        for chunk in content():
            body += chunk
            if isinstance(fault, CutBody) and len(body) >= fault.at_byte:
                break
        return bytes(body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer's head and body leave in one packet, or Nagle's algorithm holds the second back.
    wbufsize = 64 * 1024
    network: Network

    def setup(self) -> None:
        super().setup()
        self.network.connections += 1

    def _serve(self) -> None:
        cloud, length = self.network.cloud, int(self.headers.get("Content-Length", 0))
        with cloud.lock:
            fault = cloud.take_fault(route_of(self.path))
        body = self.rfile.read(min(fault.at_byte, length) if isinstance(fault, CutBody) else length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if isinstance(fault, NoReply):
            fault.until.wait()
        if isinstance(fault, CutBefore | CutBody | NoReply):
            self.close_connection = True
            return
        with cloud.lock:
            reply = fault if isinstance(fault, Reply) else cloud.answer(route_of(self.path), self.path, body, headers)
        if isinstance(fault, LoseReply):
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news."""


class Network:
    """The cloud behind a loopback port. `connections` counts those that were opened."""

    def __init__(self, cloud: FakeCloud) -> None:
        self.cloud = cloud
        self.connections = 0
        self.clients: list[Connection] = []
        """Closed with the server."""

    def connection(self) -> Connection:
        connection = Connection(response_s=2.0)
        self.clients.append(connection)
        return connection


@contextmanager
def running(cloud: FakeCloud) -> Iterator[Network]:
    network = Network(cloud)
    handler = type("Handler", (_Handler,), {"network": network})
    server = _Server(("127.0.0.1", 0), handler)
    cloud.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield network
    finally:
        for client in network.clients:
            client.close()
        server.shutdown()
        server.server_close()
        thread.join()
