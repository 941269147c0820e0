"""Reolink's HTTP API, as far as a picture needs it ("Camera HTTP API User Guide" v7: 3.2.1 Login, 3.2.2 Logout, 3.6.7
Snap, and its table of rspCodes).

An error comes with status 200 and as `text/html`, `application/json` or `image/jpeg`: only the bytes tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from frameferry_station.cameras.camera import REFUSED_S, TryLater
from frameferry_station.cameras.connection import CameraSender
from frameferry_station.device import CameraFailed
from frameferry_station.errors import StationError
from frameferry_station.http import Answer
from frameferry_station.logins import Login

MAX_SESSIONS_S = 120.0
"""How long to leave a camera alone that has no session left. A forgotten one ends with its lease, mostly an hour."""
TOO_OFTEN_S = 300.0

_PATH = "/cgi-bin/api.cgi"
"""Old firmware knows it by this path only."""
_NOT_LOGGED_IN = {-6, -21}
_NO_SESSION = {-5, -500, -507}
_REFUSED = {-7, -27, -501, -502, -503, -506}
_TOO_OFTEN = {-105}
_REFUSED_WORDS = ("login failed", "password", "invalid user", "locked")
_MIN_LEASE_S, _LEASE_S, _MAX_LEASE_S = 60.0, 3600.0, 86400.0
_MAX_ERROR_BYTES = 64 * 1024

Entropy = Callable[[int], bytes]


@dataclass(frozen=True)
class ApiError:
    code: int
    detail: str

    @property
    def is_about_login(self) -> bool:
        """The token is worth nothing (any more), or never was."""
        return self.code in _NOT_LOGGED_IN or "login first" in self.detail or self._is_refusal

    @property
    def _is_refusal(self) -> bool:
        return self.code in _REFUSED or any(words in self.detail for words in _REFUSED_WORDS)

    def failure(self) -> CameraFailed:
        if self.code in _NO_SESSION or "max session" in self.detail:
            return TryLater("it has no free session: others are logged in", MAX_SESSIONS_S)
        if self._is_refusal:
            return TryLater(f"it refuses the user name or the password ({self})", REFUSED_S)
        if self.code in _TOO_OFTEN:
            return TryLater(f"it wants fewer logins ({self})", TOO_OFTEN_S)
        return CameraFailed(f"it says: {self}")

    def __str__(self) -> str:
        return f"{self.detail or 'error'}, {self.code}"


@dataclass(frozen=True)
class Granted:
    """A session: its token, and how long it lives."""

    token: str
    lease_s: float


def log_in(sender: CameraSender, host: str, login: Login) -> Granted:
    """Raises CameraFailed."""
    user = {"Version": "0", "userName": login.username, "password": login.password}
    answer = _asked(sender, "POST", _url(host, cmd="Login"), [{"cmd": "Login", "action": 0, "param": {"User": user}}])
    if error := error_in(answer):
        raise error.failure()
    try:
        granted = json.loads(answer.body)[0]["value"]["Token"]
        token, lease_s = str(granted["name"]), float(granted.get("leaseTime") or _LEASE_S)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise CameraFailed("its answer to the login is not a Reolink camera's") from None
    return Granted(token, min(max(lease_s, _MIN_LEASE_S), _MAX_LEASE_S))


def log_out(sender: CameraSender, host: str, token: str) -> None:
    """Whatever it answers, a session with this token is no more. Raises CameraFailed where it does not answer."""
    _asked(sender, "POST", _url(host, cmd="Logout", token=token), [{"cmd": "Logout", "action": 0, "param": {}}])


def snap(sender: CameraSender, host: str, channel: int, token: str, entropy: Entropy) -> Answer:
    """Raises CameraFailed where no answer came."""
    # `rs` keeps caches from answering in the camera's place.
    return _asked(sender, "GET", _url(host, cmd="Snap", channel=channel, rs=entropy(8).hex(), token=token))


def error_in(answer: Answer) -> ApiError | None:
    """What it complains of, None where it does not. Raises CameraFailed where the answer is no API's."""
    if answer.status in (301, 302, 303, 307, 308, 300):
        raise CameraFailed(f"it answers elsewhere (HTTP {answer.status}): does it want HTTPS?")
    if answer.status == 401:
        return ApiError(-7, "HTTP 401")
    if answer.status >= 400:
        raise CameraFailed(f"HTTP {answer.status}")
    try:
        content = json.loads(answer.body[:_MAX_ERROR_BYTES])
        first: dict[str, Any] = content[0] if isinstance(content, list) else content
        if int(first.get("code", 0)) == 0:
            return None
        error = first.get("error") or {}
        return ApiError(int(error.get("rspCode", 0)), _short(error.get("detail", "")))
    except (ValueError, LookupError, TypeError, AttributeError):
        if b"locked" in answer.body[:_MAX_ERROR_BYTES]:
            return ApiError(-506, "login has been locked")
        return None


def host_url(address: str, *, use_https: bool) -> str:
    """From `192.168.1.20`, `camera.lan:8080` or a URL. Raises ValueError."""
    scheme, separator, rest = address.strip().partition("://")
    if separator and scheme.lower() in ("http", "https"):
        use_https = scheme.lower() == "https"
    host = (rest if separator else address).strip().rpartition("@")[2].partition("/")[0]
    if not host or any(letter in " ?#\\" or ord(letter) < 32 for letter in host):
        raise ValueError("a Reolink camera's address is a host, or a host and a port")
    return f"{'https' if use_https else 'http'}://{host}"


def _url(host: str, **query: str | int) -> str:
    return f"{host}{_PATH}?{urlencode(query)}"


def _asked(sender: CameraSender, method: str, url: str, content: list[dict[str, Any]] | None = None) -> Answer:
    headers = {"Content-Type": "application/json"} if content else {}
    try:
        return sender.send(method, url, headers, json.dumps(content).encode() if content else b"")
    except StationError as error:
        raise CameraFailed(f"{error}") from None


def _short(detail: object) -> str:
    return "".join(letter for letter in f"{detail}" if letter.isprintable())[:60].lower()
