"""A station beside the local cloud, as at its owner's home: a process of its own, and an IP camera that it asks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from frameferry_station.scene import Scene
from frameferry_station.setting_names import ENVIRONMENT

from infra.local.camera_process import STATION_SOURCE

SOURCE: Final = "garden"
"""The source that the camera is for the station."""

_STOP_LIMIT_S = 6.0  # the station takes five at most
_PAIRED_WITHIN_S = 60.0
_LANDSCAPE = 21


class SnapshotCamera:
    """An IP camera without its hardware: `url` gives a JPEG of what it sees then. Answers from `with` to its end."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        scene, drawing = Scene(_LANDSCAPE), threading.Lock()

        class Answer(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                with drawing:
                    jpeg = scene.take(datetime.now(UTC))
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(jpeg)))
                with suppress(OSError):  # who asked may have gone
                    self.end_headers()
                    self.wfile.write(jpeg)

            def log_message(self, format: str, *arguments: object) -> None:
                """Nothing: the terminal is for the photos."""

        self._host = host
        self._server = ThreadingHTTPServer((host, 0), Answer)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._server.server_port}/snap.jpg"

    def __enter__(self) -> SnapshotCamera:
        threading.Thread(target=self._server.serve_forever, name="snapshots", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class StationFailed(Exception):
    """The message says what the station said."""


class StationProcess:
    """`frameferry-station` in `folder`, which is emptied. It asks `camera_url` every `interval_s`; its page listens at
    `page_url`, on a free port where `page_port` is 0. What it logs is in `log_path`. `on_end` gets the exit code of a
    station that nobody asked to end. Raises StationFailed where the port is taken.
    """

    def __init__(
        self,
        *,
        folder: Path,
        api_url: str,
        camera_url: str,
        interval_s: float,
        page_port: int,
        on_end: Callable[[int], None],
    ) -> None:
        self.log_path = folder / "station.log"
        self._page_port = _free_port(page_port)
        self._command = [sys.executable, "-m", "frameferry_station.program.main", "--folder", str(folder)]
        self._on_end = on_end
        self._is_stopping = False
        self._process: subprocess.Popen[bytes] | None = None
        shutil.rmtree(folder, ignore_errors=True)  # the cloud that it knew is gone
        folder.mkdir(parents=True)
        _write_private(folder / ".env", f"FRAMEFERRY_API_URL={api_url}\n")
        _write_private(
            folder / "station.toml",
            "advertise = false\n"
            f'[page]\nhost = "127.0.0.1"\nport = {self._page_port}\n'
            f'[[camera]]\nname = "{SOURCE}"\nkind = "snapshot"\naddress = "{camera_url}"\n'
            f"interval_s = {max(1.0, interval_s)}\n",
        )

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self._page_port}/"

    def pair(self, code: str) -> None:
        """Raises StationFailed."""
        paired = subprocess.run(
            [*self._command, "pair", SOURCE, code],
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=_PAIRED_WITHIN_S,
            check=False,
        )
        if paired.returncode:
            raise StationFailed(paired.stderr.strip())

    def start(self) -> None:
        with self.log_path.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*self._command, "run"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # a Ctrl-C is for the local cloud, which stops its station itself
            )
        threading.Thread(target=self._watch, args=(self._process,), name="station", daemon=True).start()

    def stop(self) -> None:
        """Asks it to end, and ends it where it has not by then. Cutting it off loses no photo."""
        if self._process is None:
            return
        self._is_stopping = True
        self._process.terminate()
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        if not self._is_stopping:
            self._on_end(code)


def _free_port(wanted: int) -> int:
    """That one, or any where it is 0. Raises StationFailed."""
    try:
        with socket.create_server(("127.0.0.1", wanted)) as found:
            return int(found.getsockname()[1])
    except OSError:
        told = f"Port {wanted} is taken; choose another one: make run STATION=1 STATION_PORT={wanted + 1}"
        raise StationFailed(told) from None


def _write_private(path: Path, text: str) -> None:
    """As the station wants its settings: `doctor` finds fault with those that others can read."""
    path.touch(mode=0o600)
    path.write_text(text)


def _environment() -> dict[str, str]:
    """Without a setting of this machine: the station reads those that stand in its folder."""
    kept = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    path = os.pathsep.join(filter(None, [str(STATION_SOURCE), kept.get("PYTHONPATH")]))
    return kept | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
