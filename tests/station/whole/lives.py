"""Lives of the real program that end by SIGKILL."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.station.program.processes import LIMIT_S, command, environment
from tests.station.whole.bringers import Runs


class Lives:
    """One after the other on the same folder. Their log is `log`."""

    def __init__(self, folder: Path, runs: Runs, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self._runs = runs
        self._count = 0
        self.log = folder / "lives.log"

    def killed_after(self, seconds: float) -> None:
        """From its start, be it ready or not."""
        self._live(until_ready_s=None, seconds=seconds)

    def killed_when_ready_for(self, seconds: float) -> None:
        self._live(until_ready_s=LIMIT_S, seconds=seconds)

    def _live(self, *, until_ready_s: float | None, seconds: float) -> None:
        self._count += 1
        address = self._folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, self.log.open("a") as log:
            manager.bind(str(address))
            process = subprocess.Popen(
                command(self._folder, "run"), env=environment(NOTIFY_SOCKET=str(address), **self._variables), stderr=log
            )
            try:
                if until_ready_s is not None:
                    manager.settimeout(until_ready_s)
                    assert manager.recv(100) == b"READY=1"
                    self._runs.number = self._count
                time.sleep(seconds)
                assert process.poll() is None, "it ended by itself"
            finally:
                self._runs.number = None
                process.kill()
                process.wait()
                address.unlink()
