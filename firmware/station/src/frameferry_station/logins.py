"""Credentials of addresses: kept apart from them, and out of what other programs say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


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


def with_login(url: str, login: Login | None) -> str:
    """The opposite of `apart`."""
    if login is None:
        return url
    parts = urlsplit(url)
    userinfo = f"{quote(login.username, safe='')}:{quote(login.password, safe='')}"
    return parts._replace(netloc=f"{userinfo}@{parts.netloc}").geturl()


def masked(text: str, *logins: Login | None) -> str:
    """A line of another program, short, without URLs and without the passwords."""
    line = _WITH_SCHEME.sub("<address>", text)
    for login in logins:
        if login is not None and login.password:
            for secret in (login.password, quote(login.password, safe="")):
                line = line.replace(secret, "<password>")
    return "".join(letter for letter in line if letter.isprintable())[:120]
