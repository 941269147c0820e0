"""What every camera that is asked has in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from frameferry_station.device import CameraFailed

REFUSED_S = 600.0
"""Cameras lock an account after a few wrong passwords, for minutes: so it is tried again this seldom."""

_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


class TryLater(CameraFailed):
    """No picture, and to ask again before `retry_after_s` would make it worse: a refused login, no free session."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Frame:
    """What a camera gave; nobody has looked at it yet. `age_s` is how old it is by the camera's own clock, and `stamp`
    what that is reckoned from, where it says so."""

    content: bytes = field(repr=False)
    age_s: float | None = None
    stamp: str | None = None


class Camera(Protocol):
    """`take` is called by one thread; `abort` may come from another at any time."""

    def take(self) -> Frame:
        """A picture of now; it takes at most half a minute. Raises CameraFailed, whose text holds nothing secret."""

    def abort(self) -> None:
        """Makes a `take` under way fail soon, and every later one."""

    def close(self) -> None:
        """After the last `take`: gives back what it holds, in about a second."""


@dataclass(frozen=True)
class Login:
    username: str
    password: str = field(repr=False)


def apart(url: str, username: str | None, password: str | None) -> tuple[str, Login | None]:
    """The URL without its user and password (RFC 3986 section 3.2.1), and them; those of the settings come first.
    Raises ValueError where it is no URL with a host."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname or any(ord(letter) <= 32 for letter in url):
        raise ValueError("a camera's address is a URL with a host")
    userinfo, _, address = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=address, fragment=""))
    if username is not None:
        return bare, Login(username, password or "")
    if userinfo:
        name, _, secret = userinfo.partition(":")
        return bare, Login(unquote(name), unquote(secret))
    return bare, None


def masked(text: str, login: Login | None) -> str:
    """A line of another program, short, without URLs and without the password."""
    line = _WITH_SCHEME.sub("<address>", text)
    if login is not None and login.password:
        for secret in (login.password, quote(login.password, safe="")):
            line = line.replace(secret, "<password>")
    return "".join(letter for letter in line if letter.isprintable())[:120]
