"""ffmpeg, run once for one picture."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from frameferry_station import ffmpeg
from frameferry_station.cameras.gate import MAX_JPEG_BYTES
from frameferry_station.device import CameraFailed

PICTURE = ("-frames:v", "1", "-c:v", "mjpeg", "-q:v", "2", "-f", "image2pipe", "pipe:1")
"""One JPEG to standard output."""

_KILLED_S = 1.0


@dataclass(frozen=True)
class Output:
    """What it left behind: the picture, if there is one, and the end of what it said."""

    exit_code: int
    stdout: bytes = field(repr=False)
    said: str = field(repr=False)


class Ffmpeg:
    """Runs one process at a time; `abort` may come from another thread."""

    def __init__(self, program: str = "ffmpeg") -> None:
        self._program = program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_aborted = False

    def run(self, arguments: Sequence[str], *, stdin: bytes = b"", within_s: float) -> Output:
        """`stdin` is at most a few KiB. Raises CameraFailed where it is not installed, does not end in time, or says
        more than a picture has."""
        deadline_s = time.monotonic() + within_s
        process = self._started(arguments)
        try:
            ffmpeg.give(process, stdin)
            stdout, said = ffmpeg.read_to_end(process, deadline_s, MAX_JPEG_BYTES)
            exit_code = process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise CameraFailed(f"it gave no picture within {within_s:.0f} s") from None
        except ffmpeg.SaidTooMuch:
            raise CameraFailed(f"its picture is larger than {MAX_JPEG_BYTES // 2**20} MiB") from None
        finally:
            self._ended(process)
        if self._is_aborted:
            raise CameraFailed("stopped")
        return Output(exit_code, stdout, said)

    def abort(self) -> None:
        with self._lock:
            self._is_aborted = True
            if self._process is not None:
                ffmpeg.signalled(self._process, signal.SIGKILL)

    def _started(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_aborted:
                raise CameraFailed("stopped")
            if self._process is not None and self._process.poll() is None:
                raise CameraFailed(f"an ffmpeg that was killed is still there (process {self._process.pid})")
            try:
                self._process = ffmpeg.started(arguments, program=self._program)
            except ffmpeg.NotStarted as error:
                raise CameraFailed(f"{error}") from None
            return self._process

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            ffmpeg.signalled(process, signal.SIGKILL)
        # One that cannot be killed is left behind, and no other started.
        if ffmpeg.killed(process, _KILLED_S):
            with self._lock:
                self._process = None
