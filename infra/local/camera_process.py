"""A camera without its hardware, in a process of its own, as a camera is a machine of its own: the station's device
client, or the firmware's core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, cast

STATION_SOURCE = Path(__file__).parents[2] / "firmware" / "station" / "src"
_STOP_LIMIT_S = 1.5

CameraEvent = dict[str, Any]


class CameraProcess:
    """Runs `frameferry_station.simulated`, or the `program` that takes the same options, from `start` until it is asked
    to end.

    `seed` chooses the landscape that the former looks at; the latter needs `photos`. The camera prints one JSON object
    a line: `activated` with `device_id` and `device_token`, `captured`, `uploaded` and `confirmed` with `seq`;
    `on_event` gets each, from a thread of its own, and at the end `{"event": "ended", "code": exit code}`. What it
    writes to stderr goes to `log_path`.
    """

    def __init__(
        self,
        *,
        api_url: str,
        pairing_code: str,
        state_dir: Path,
        interval_s: float,
        photos: Path | None,
        seed: int,
        log_path: Path,
        on_event: Callable[[CameraEvent], None],
        program: Path | None = None,
    ) -> None:
        self._command = [str(program)] if program else [sys.executable, "-m", "frameferry_station.simulated"]
        self._command += ["--api", api_url, "--code", pairing_code]
        self._command += ["--state", str(state_dir), "--interval", str(interval_s)]
        self._command += ["--at-once"] if program else ["--seed", str(seed)]
        self._command += ["--photos", str(photos)] if photos else []
        self._log_path = log_path
        self._on_event = on_event
        self._stopping = False

    def start(self) -> None:
        with self._log_path.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_camera_environment(),
                text=True,
                start_new_session=True,  # a Ctrl-C is for the local cloud, which stops its cameras itself
            )
        self._reader = threading.Thread(target=self._read, name="camera", daemon=True)
        self._reader.start()

    def ask_to_end(self) -> None:
        self._stopping = True
        self._process.terminate()

    def end_by(self, deadline_s: float) -> None:
        """Wait for the end until `time.monotonic()` is `deadline_s`, and then make it."""
        try:
            self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(1)

    def _read(self) -> None:
        with cast(IO[str], self._process.stdout) as lines:
            for line in lines:
                event = _parse(line)
                if event is not None:
                    self._on_event(event)
        code = self._process.wait()
        if not self._stopping:
            self._on_event({"event": "ended", "code": code})


def stop_cameras(cameras: Sequence[CameraProcess], limit_s: float = _STOP_LIMIT_S) -> None:
    """All at once: ask each to end, and end those that have not by then. Cutting one off loses no photo."""
    for camera in cameras:
        camera.ask_to_end()
    deadline_s = time.monotonic() + limit_s
    for camera in cameras:
        camera.end_by(deadline_s)


def _parse(line: str) -> CameraEvent | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _camera_environment() -> dict[str, str]:
    """No camera ever holds an AWS credential, and a simulated one none either."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FRAMEFERRY_"))}
    path = os.pathsep.join(filter(None, [str(STATION_SOURCE), kept.get("PYTHONPATH")]))
    return kept | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
