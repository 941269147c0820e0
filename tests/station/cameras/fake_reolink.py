"""A Reolink camera's HTTP API on a loopback port, as far as Login, Logout and Snap, with the camera's ways to fail."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.station.cameras.fake_photos import jpeg

MAX_SESSION = (-5, "max session")
LOGIN_FIRST = (-6, "please login first")
LOGIN_FAILED = (-7, "login failed")


@dataclass
class FakeReolink:
    """`sessions` maps a token to when it ends, by `now_s`. `calls` are the commands that came, in order.

    `snap_type` is the content type of pictures and of their errors alike. `fault` is taken by the next Snap: "slow"
    (a byte now and then), "cut" (half of the picture), "silent", "html", "busy". `forgets`: no token is worth
    anything; `settles_s`: none is in the first moments after its login.
    """

    username: str = "admin"
    password: str = "secret"
    max_sessions: int = 2
    lease_s: float = 3600.0
    now_s: Callable[[], float] = lambda: 0.0
    snap_type: str = "image/jpeg"
    fault: str | None = None
    forgets: bool = False
    settles_s: float = 0.0
    is_locked: bool = False
    hangs_up_on_logout: bool = False
    redirects_to: str | None = None
    sessions: dict[str, float] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    wrong_logins: int = 0
    pictures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    end: threading.Event = field(default_factory=threading.Event)

    def reboot(self) -> None:
        self.sessions.clear()

    def count(self, command: str) -> int:
        return self.calls.count(command)

    def answer(self, query: dict[str, str], body: bytes) -> tuple[str, bytes]:
        command = query.get("cmd", "")
        with self.lock:
            self.calls.append(command)
            self.sessions = {token: end for token, end in self.sessions.items() if end > self.now_s()}
            if command == "Login":
                return "text/html", self._log_in(json.loads(body)[0]["param"]["User"])
            token = query.get("token", "")
            is_young = self.now_s() < self.sessions.get(token, 0.0) - self.lease_s + self.settles_s
            if token not in self.sessions or (command == "Snap" and (self.forgets or is_young)):
                return self.snap_type if command == "Snap" else "text/html", _error(command, LOGIN_FIRST)
            if command == "Logout":
                del self.sessions[query["token"]]
                return "text/html", _value(command, {"rspCode": 200})
            self.pictures += 1
            return self.snap_type, jpeg(self.pictures) if query["rs"] else b""

    def _log_in(self, user: dict[str, str]) -> bytes:
        if self.is_locked:
            return _error("Login", (-506, "Login has been locked"))
        if (user["userName"], user["password"]) != (self.username, self.password):
            self.wrong_logins += 1
            return _error("Login", LOGIN_FAILED)
        if len(self.sessions) >= self.max_sessions:
            return _error("Login", MAX_SESSION)
        token = f"{self.count('Login'):012d}"
        self.sessions[token] = self.now_s() + self.lease_s
        return _value("Login", {"Token": {"leaseTime": int(self.lease_s), "name": token}})


def _error(command: str, error: tuple[int, str]) -> bytes:
    return json.dumps([{"cmd": command, "code": 1, "error": {"rspCode": error[0], "detail": error[1]}}]).encode()


def _value(command: str, value: dict[str, Any]) -> bytes:
    return json.dumps([{"cmd": command, "code": 0, "value": value}]).encode()


class _Handler(BaseHTTPRequestHandler):
    camera: FakeReolink

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path not in ("/cgi-bin/api.cgi", "/api.cgi"):
            self.send_error(404)
            return
        if self.camera.redirects_to:
            self.send_response(302)
            self.send_header("Location", self.camera.redirects_to + self.path)
            self.end_headers()
            return
        if query.get("cmd") == "Logout" and self.camera.hangs_up_on_logout:
            self.close_connection = True
            return
        kind, content = self.camera.answer(query, body)
        fault = None
        if query.get("cmd") == "Snap":
            fault, self.camera.fault = self.camera.fault, None
        self._give(kind, content, fault)

    def _give(self, kind: str, content: bytes, fault: str | None) -> None:
        if fault == "silent":
            self.camera.end.wait()
            return
        if fault == "busy":
            self.send_error(503)
            return
        if fault == "html":
            kind, content = "text/html", b"<html><body>Updating</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "slow":
            for byte in content:
                self.wfile.write(bytes((byte,)))
                self.wfile.flush()
                if self.camera.end.wait(0.05):
                    return
        self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)

    do_GET = do_POST = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news."""


@contextmanager
def running(camera: FakeReolink, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Gives `host:port`."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"camera": camera}))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        camera.end.set()
        server.shutdown()
        server.server_close()
        thread.join()


def until(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether it came true in time."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.005)
    return True
