"""A Reolink camera, or a channel of a recorder: one login for all of a host's channels, kept as long as its lease."""

from __future__ import annotations

import hashlib
import logging
import threading
from contextlib import suppress
from pathlib import Path

from frameferry_station.backoff import Backoff, Uniform
from frameferry_station.cameras import reolink_api
from frameferry_station.cameras.camera import Frame, TryLater
from frameferry_station.cameras.connection import CameraSender, Connect
from frameferry_station.cameras.reolink_api import Entropy
from frameferry_station.clock import Clock
from frameferry_station.device import CameraFailed
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.logins import Login

WITHIN_S = 15.0
GOODBYE_S = 1.0
MARGIN_S = 300.0
"""A session is given back this long before its lease ends, so that it does not end between login and picture."""
SETTLED_S = 10.0
"""Some cameras do not know a token in the first moments after the login that gave it."""
AGAIN_S = 60.0
"""Between two logins whose token the camera does not know a moment later."""

_log = logging.getLogger(__name__)


class KeptToken:
    """The token of the session that a camera holds for us, on disk: after a crash it is logged out. A camera has few
    sessions, and one that is forgotten is taken for an hour."""

    def __init__(self, folder: Path, host: str, login: Login, files: Files) -> None:
        name = hashlib.sha256(f"{host}\n{login.username}".encode()).hexdigest()[:16]
        self._file = JsonFile(folder / f"reolink-{name}.json", files)

    def load(self) -> str | None:
        try:
            content = self._file.load() or {}
        except (StateDamaged, OSError):
            return None
        token = content.get("token")
        return token if isinstance(token, str) else None

    def save(self, token: str) -> None:
        try:
            self._file.save({"token": token})
        except OSError as error:
            _log.warning("the session of a camera could not be noted on disk: %s", error.strerror)

    def remove(self) -> None:
        with suppress(OSError):
            self._file.remove()


class ReolinkSession:
    """At most one session at one host. Thread-safe; whoever uses it calls `enter` first and `leave` at the end.

    It logs in when a token is needed and there is none. After a login that failed, or one whose token was worth
    nothing, no channel logs in again before a while has passed.
    """

    def __init__(
        self, host: str, login: Login, connect: Connect, kept: KeptToken, *, clock: Clock, uniform: Uniform
    ) -> None:
        self.host = host
        self._login = login
        self._connect = connect
        self._sender = connect(WITHIN_S)
        self._kept = kept
        self._clock = clock
        self._backoff = Backoff(uniform)
        self._lock = threading.Lock()
        self._users = 0
        self._to_log_out = kept.load()
        self._token: str | None = None
        self._granted_at_s = self._ends_at_s = 0.0
        self._has_worked = False
        self._rest: tuple[float, str] | None = None

    def enter(self) -> None:
        with self._lock:
            self._users += 1

    def token(self) -> str:
        """Raises CameraFailed."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._token is not None and now_s < self._ends_at_s:
                return self._token
            if self._rest and now_s < self._rest[0]:
                raise TryLater(self._rest[1], self._rest[0] - now_s)
            # Where that gets no answer the login tells whether the camera is there at all.
            with suppress(CameraFailed):
                self._give_back()
            return self._taken()

    def worked(self, token: str) -> None:
        with self._lock:
            if token == self._token and not self._has_worked:
                self._has_worked = True
                self._backoff.succeeded()

    def lost(self, token: str) -> None:
        """The camera does not know it: it has started again, or ended the session; or not yet."""
        with self._lock:
            is_young = not self._has_worked and self._clock.monotonic_s() - self._granted_at_s < SETTLED_S
            if token != self._token or is_young:
                return
            self._token = None
            if self._has_worked:
                self._to_log_out = None
                self._kept.remove()
            else:
                self._wait("it forgets a login at once", AGAIN_S)

    def abort(self) -> None:
        self._sender.abort()

    def leave(self) -> None:
        """The last one logs out."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            self._sender.close()
            if self._to_log_out is not None:
                goodbye = self._connect(GOODBYE_S)
                # Where this fails it is logged out at the next start.
                with suppress(CameraFailed):
                    self._give_back(goodbye)
                goodbye.close()

    def _give_back(self, sender: CameraSender | None = None) -> None:
        if self._to_log_out is not None:
            reolink_api.log_out(sender or self._sender, self.host, self._to_log_out)
            self._token = self._to_log_out = None
            self._kept.remove()

    def _taken(self) -> str:
        try:
            granted = reolink_api.log_in(self._sender, self.host, self._login)
        except CameraFailed as failure:
            self._wait(f"{failure}", failure.retry_after_s if isinstance(failure, TryLater) else 0.0)
            raise
        self._kept.save(granted.token)
        self._token = self._to_log_out = granted.token
        self._granted_at_s = self._clock.monotonic_s()
        self._ends_at_s = self._granted_at_s + granted.lease_s - min(MARGIN_S, granted.lease_s / 4)
        self._has_worked = False
        self._rest = None
        return granted.token

    def _wait(self, why: str, at_least_s: float) -> None:
        self._rest = (self._clock.monotonic_s() + self._backoff.failed(at_least_s), why)


class ReolinkCamera:
    """A Camera."""

    def __init__(self, session: ReolinkSession, sender: CameraSender, channel: int, entropy: Entropy) -> None:
        self._session = session
        self._sender = sender
        self._channel = channel
        self._entropy = entropy
        session.enter()

    def take(self) -> Frame:
        token = self._session.token()
        try:
            return self._taken_with(token)
        except _LoggedOut:
            self._session.lost(token)
        anew = self._session.token()
        try:
            if anew != token:
                return self._taken_with(anew)
        except _LoggedOut:
            self._session.lost(anew)
        raise CameraFailed("it does not know the token that it gave")

    def abort(self) -> None:
        self._sender.abort()
        self._session.abort()

    def close(self) -> None:
        self._sender.close()
        self._session.leave()

    def _taken_with(self, token: str) -> Frame:
        answer = reolink_api.snap(self._sender, self._session.host, self._channel, token, self._entropy)
        if not answer.body.startswith(b"\xff\xd8"):
            error = reolink_api.error_in(answer)
            if error and error.is_about_login:
                raise _LoggedOut
            if error:
                raise error.failure()
        self._session.worked(token)
        return Frame(answer.body)


class _LoggedOut(Exception):
    """The camera does not know the token."""


