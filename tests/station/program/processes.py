"""The station as a process of its own, and a camera that answers snapshots."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import frameferry_station

from tests.station.lanes.photographs import photograph

SOURCE = Path(frameferry_station.__file__).parents[1]
LIMIT_S = 30.0


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "frameferry_station.program.main", "--folder", str(folder), *arguments]


def environment(**variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), **variables}


def call(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, what was printed, what was complained of."""
    done = subprocess.run(
        command(folder, *arguments), env=environment(), capture_output=True, text=True, timeout=LIMIT_S
    )
    return done.returncode, done.stdout, done.stderr


class Manager:
    """A service manager that listens."""

    def __init__(self, address: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))
        self._socket.settimeout(LIMIT_S)

    def hears(self, wanted: str) -> None:
        """Sooner or later, whatever else is said before."""
        while self._socket.recv(100).decode() != wanted:
            pass

    def close(self) -> None:
        self._socket.close()


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], Manager]]:
    """A station that has said that it is ready; its log is in `folder/log`."""
    manager = Manager(folder / "notify")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command(folder, "run"),
            env=environment(NOTIFY_SOCKET=str(folder / "notify"), **variables),
            stderr=log,
            text=True,
        )
        try:
            manager.hears("READY=1")
            yield process, manager
        finally:
            process.kill()
            process.wait()
            manager.close()
            (folder / "notify").unlink()


def eventually(is_so: Callable[[], object]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < until_s, "it did not come to pass"
        time.sleep(0.05)


def settings(folder: Path, variables: Mapping[str, str], toml: str = "") -> None:
    usual = f'advertise = false\n[page]\nhost = "127.0.0.1"\nport = {free_port()}\n'
    (folder / "station.toml").write_text(usual + toml)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def page_url(folder: Path) -> str:
    """As `settings` wrote it."""
    page = tomllib.loads((folder / "station.toml").read_text())["page"]
    return f"http://{page['host']}:{page['port']}"


@contextmanager
def snapshot_camera(
    handed: Callable[[bytes], bytes] = lambda jpeg: jpeg, first: int = 0, size_bytes: int = 2000
) -> Iterator[str]:
    """Gives its URL. Each answer is another picture, numbered from `first` on; `handed` is told of each on its way, and
    gives what is sent."""
    numbers = itertools.count(first)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            jpeg = handed(photograph(next(numbers), size_bytes))
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(jpeg)))
            self.end_headers()
            self.wfile.write(jpeg)

        def log_message(self, format: str, *arguments: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A station that was killed is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/snap.jpg"
    finally:
        server.shutdown()
        server.server_close()
