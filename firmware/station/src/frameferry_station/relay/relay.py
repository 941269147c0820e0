"""One stream that is passed on: ffmpeg is started, watched, ended, and started again."""

from __future__ import annotations

import logging
import math
import random
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from frameferry_station import ffmpeg
from frameferry_station.backoff import Backoff, Uniform
from frameferry_station.clock import Clock, SystemClock
from frameferry_station.errors import StationError
from frameferry_station.logins import Login, masked
from frameferry_station.photos import Photos, SourceName
from frameferry_station.relay.left_behind import LeftBehind
from frameferry_station.relay.outlets import Outlet
from frameferry_station.relay.watch import PROGRESS, End, Patience, Watch

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 60.0
REFUSED_S = 600.0
"""Cameras lock an account after a few wrong passwords, for minutes: so it is tried again this seldom."""
WELL_AFTER_S = 30.0
"""A stream that has moved for so long was no failure."""
IN_A_ROW = 3
"""Failures that the owner is told of."""
TELL_EVERY_S = 600.0
SILENCE_S = 10.0
"""After which ffmpeg ends by itself; where it does not, `Patience.stalled_s` counts."""

_LOOK_S = 0.2
_log = logging.getLogger(__name__)

State = Literal["starting", "running", "resting", "paused", "stopped"]


class Start(Protocol):
    """`ffmpeg.started`, or another program in its place."""

    def __call__(self, arguments: Sequence[str], *, folder: Path | None) -> subprocess.Popen[bytes]: ...


@dataclass(frozen=True)
class RelayStatus:
    """`folder` holds the playlist of an HLS relay. `since` is when it began to run, where it does; `starts` count since
    the program started. `error` is why it does not run, or did not the last time; nothing secret is in it."""

    name: SourceName
    kind: str
    state: State = "starting"
    since: datetime | None = None
    starts: int = 0
    error: str | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Stream:
    """What is passed on: a URL without its credentials, and them."""

    url: str
    login: Login | None = field(repr=False)


@dataclass(frozen=True)
class Means:
    """What a relay does its work with."""

    start: Start
    clock: Clock = field(default_factory=SystemClock)
    uniform: Uniform = random.uniform
    patience: Patience = field(default_factory=Patience)
    silence_s: float = SILENCE_S


class _Refused(StationError):
    """The camera's login."""


class Relay:
    """`run` has a thread of its own, until `stop` is set; whoever holds the source paused has it wait.

    `secrets` are further logins that no word of ffmpeg's may show.
    """

    def __init__(
        self,
        status: RelayStatus,
        stream: Stream,
        outlet: Outlet,
        photos: Photos,
        left_behind: LeftBehind,
        means: Means,
        *,
        secrets: Sequence[Login | None] = (),
    ) -> None:
        self._status = status
        self._stream = stream
        self._outlet = outlet
        self._photos = photos
        self._left_behind = left_behind
        self._means = means
        self._secrets = (stream.login, *secrets)
        self._backoff = Backoff(means.uniform, FIRST_WAIT_S, LONGEST_WAIT_S)
        self._failures = 0
        self._runs_since_s = self._told_at_s = -math.inf
        self._is_told = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def status(self) -> RelayStatus:
        return self._status

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._rest(stop, self._step(stop))
            except Exception as error:
                # Not the stream's: what takes its segments or its events has trouble. It may pass, the thread must not.
                _log.error("relay %s: %s", self._status.name, type(error).__name__)
                stop.wait(LONGEST_WAIT_S)
        self._closed("stopped")

    def _rest(self, stop: threading.Event, wait_s: float) -> None:
        """A pause cuts it short: what is to be seen goes at once."""
        until_s = time.monotonic() + wait_s
        while not stop.wait(max(0.0, min(_LOOK_S, until_s - time.monotonic()))) and time.monotonic() < until_s:
            if self._status.state != "paused" and self._is_paused():
                return

    def _step(self, stop: threading.Event) -> float:
        """Seconds to wait."""
        if self._is_paused():
            if self._status.state != "paused":
                self._closed("paused")
            return _LOOK_S
        refused_s = 0.0
        try:
            reason = self._once(stop)
        except _Refused as error:
            reason, refused_s = f"{error}", REFUSED_S
        except ffmpeg.NotStarted as error:
            reason = f"{error}"
        except OSError as error:
            reason = f"its target: {error.strerror or type(error).__name__}"
        return self._failed(reason, refused_s) if reason else 0.0

    def _once(self, stop: threading.Event) -> str | None:
        """Until it ends; why it did. None where it was to end."""
        self._clear_away()
        self._status = replace(self._status, state="starting", starts=self._status.starts + 1)
        with self._outlet.run() as order:
            arguments = (*PROGRESS, *ffmpeg.STREAM, *order.arguments)
            self._process = process = self._means.start(arguments, folder=order.folder)
            watch = Watch(process, self._means.patience, self._outlet.said)
            reason = None
            try:
                self._left_behind.note(process.pid)
                ffmpeg.give(process, ffmpeg.stream_list(self._stream.url, self._stream.login, self._means.silence_s))
                while watch.step(_LOOK_S) and not stop.is_set() and not self._is_paused():
                    if still_s := watch.stalled_s:
                        reason = f"nothing came for {still_s:.0f} s"
                        break
                    self._look(watch)
            finally:
                end = watch.end()
            if end.exit_code is not None:
                self._left_behind.clear()
        return None if stop.is_set() or self._is_paused() else reason or self._why(end)

    def _clear_away(self) -> None:
        if self._process is not None and self._process.poll() is None:
            raise ffmpeg.NotStarted(f"an ffmpeg that was killed is still there (process {self._process.pid})")
        if self._left_behind.end():
            _log.warning("relay %s: ended the ffmpeg of a station that was killed", self._status.name)

    def _look(self, watch: Watch) -> None:
        if not watch.has_moved:
            return
        clock = self._means.clock
        if self._status.state != "running":
            _log.info("relay %s: runs", self._status.name)
            self._status = replace(self._status, state="running", since=clock.utc())
            self._runs_since_s = clock.monotonic_s()
        elif self._failures and clock.monotonic_s() - self._runs_since_s >= WELL_AFTER_S:
            self._backoff.succeeded()
            self._failures = 0
            if self._is_told:
                self._is_told = False
                self._photos.tell_over(self._status.name, f"the stream of {self._status.name} comes again")

    def _why(self, end: End) -> str:
        said = end.said.lower()
        who = "the camera: " if "impossible to open" in said else ""
        if any(sign in said for sign in ffmpeg.REFUSED_SIGNS):
            raise _Refused(f"{who}it refuses the user name or the password")
        for sign, words in ffmpeg.RTSP_WORDS:
            if sign in said:
                return f"{who}{words}"
        lines = end.said.strip().splitlines()
        # A camera that vanishes: no message, and an exit code of 0.
        return masked(lines[-1], *self._secrets) if lines else "the stream ended"

    def _failed(self, reason: str, least_s: float) -> float:
        self._failures += 1
        wait_s = max(self._backoff.failed(), least_s)
        _log.info("relay %s: %s; again in %.0f s", self._status.name, reason, wait_s)
        self._status = replace(self._status, state="resting", since=None, error=reason)
        now_s = self._means.clock.monotonic_s()
        is_due = self._failures >= IN_A_ROW or least_s > 0
        if is_due and not self._is_told and now_s - self._told_at_s >= TELL_EVERY_S:
            self._is_told, self._told_at_s = True, now_s
            self._photos.tell(self._status.name, "error", f"no stream from {self._status.name}: {reason}")
        return wait_s

    def _is_paused(self) -> bool:
        return self._photos.pause_of(self._status.name) is not None

    def _closed(self, state: State) -> None:
        self._status = replace(self._status, state=state, since=None)
        try:
            self._outlet.close()
        except OSError as error:
            _log.warning("relay %s: its target: %s", self._status.name, error.strerror)
