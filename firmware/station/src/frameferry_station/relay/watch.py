"""A running ffmpeg and what it says: whether the stream moves, and how it is ended."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from frameferry_station import ffmpeg

PROGRESS = ("-nostats", "-stats_period", "1", "-progress", "pipe:1")
"""Lines `name=value` on standard output, about once a second."""

_PIECE_BYTES = 64 * 1024
_LINE_BYTES = 1024
_KILLED_S = 0.3


@dataclass(frozen=True)
class Patience:
    """How long it may take for the first picture to come, and how long none after that; what it has to end by itself
    once it is asked (SIGINT: the last file is closed), and asked again (SIGTERM: a read that hangs is given up)."""

    start_s: float = 30.0
    stalled_s: float = 15.0
    asked_s: float = 0.8
    asked_again_s: float = 0.6


@dataclass(frozen=True)
class End:
    exit_code: int | None
    """None where not even SIGKILL has ended it."""
    said: str


class Watch:
    """`heard` gets each line of standard output that tells no progress. Used by one thread."""

    def __init__(self, process: subprocess.Popen[bytes], patience: Patience, heard: Callable[[str], None]) -> None:
        self._process = process
        self._patience = patience
        self._heard = heard
        self._tail = bytearray()
        self._line = bytearray()
        self._out_time: str | None = None
        self._moved_at_s = time.monotonic()
        self._selector = selectors.DefaultSelector()
        for pipe, take in ((process.stdout, self._take_output), (process.stderr, self._take_error)):
            assert pipe is not None  # noqa: S101 - `ffmpeg.started` asked for it
            self._selector.register(pipe, selectors.EVENT_READ, take)

    @property
    def has_moved(self) -> bool:
        return self._out_time is not None

    @property
    def stalled_s(self) -> float | None:
        """For how long nothing has moved, where that is too long."""
        still_s = time.monotonic() - self._moved_at_s
        return still_s if still_s > (self._patience.stalled_s if self.has_moved else self._patience.start_s) else None

    def step(self, within_s: float) -> bool:
        """Waits for what it says next. False once it has ended, and everything is read."""
        has_ended = self._process.poll() is not None
        ready = self._selector.select(0.0 if has_ended else within_s) if self._selector.get_map() else []
        for key, _ in ready:
            piece = os.read(key.fd, _PIECE_BYTES)
            if not piece:
                self._selector.unregister(key.fileobj)
            key.data(piece)
        if not ready and not self._selector.get_map() and not has_ended:
            # It has closed its output, and works on.
            time.sleep(within_s)
        return bool(ready) or not has_ended

    def end(self) -> End:
        """It ends, whatever it takes; what it says until then is heard."""
        try:
            for number, within_s in (
                (signal.SIGINT, self._patience.asked_s),
                (signal.SIGTERM, self._patience.asked_again_s),
            ):
                ffmpeg.signalled(self._process, number)
                until_s = time.monotonic() + within_s
                while time.monotonic() < until_s and self.step(0.05):
                    pass
        finally:
            self._selector.close()
            has_ended = ffmpeg.killed(self._process, _KILLED_S)
        said = self._tail.decode("utf-8", "replace")
        return End(self._process.returncode if has_ended else None, said)

    def _take_output(self, piece: bytes) -> None:
        self._line += piece
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest[:_LINE_BYTES])
        for line in lines:
            name, is_progress, value = line.decode("utf-8", "replace").strip().partition("=")
            if not is_progress:
                self._heard(name)
            elif name == "out_time_us" and value not in ("N/A", self._out_time):
                self._out_time = value
                self._moved_at_s = time.monotonic()

    def _take_error(self, piece: bytes) -> None:
        self._tail += piece
        del self._tail[: -ffmpeg.TAIL_BYTES]
