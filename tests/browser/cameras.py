"""Cameras for the console to show: a simulated one in a process of its own, and one in the test's hands."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.camera_process import CameraProcess
from infra.local.cloud import LocalCloud

_STOP_S = 2.0


class Camera:
    """`said` is what it printed so far, by the kind of the line."""

    def __init__(self) -> None:
        self.said: dict[str, int] = {}
        self._lock = threading.Lock()

    def hear(self, event: dict[str, Any]) -> None:
        with self._lock:
            self.said[event["event"]] = self.said.get(event["event"], 0) + 1

    def stands_still(self, kind: str, for_s: float, patience_s: float = 30.0) -> bool:
        """Whether it comes to print no such line for so long."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            before = self.said.get(kind, 0)
            time.sleep(for_s)
            if self.said.get(kind, 0) == before:
                return True
        return False


@contextmanager
def simulated(cloud: LocalCloud, code: str, folder: Path, interval_s: float = 1.0) -> Iterator[Camera]:
    camera = Camera()
    state = folder / "camera"
    state.mkdir()
    process = CameraProcess(
        api_url=cloud.api_url,
        pairing_code=code,
        state_dir=state,
        interval_s=interval_s,
        photos=None,
        seed=1,
        log_path=folder / "camera.log",
        on_event=camera.hear,
    )
    process.start()
    try:
        yield camera
    finally:
        process.ask_to_end()
        process.end_by(time.monotonic() + _STOP_S)
