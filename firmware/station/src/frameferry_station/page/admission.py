"""Who may see the page."""

from __future__ import annotations

import hmac
from ipaddress import IPv6Address, ip_address
from typing import Protocol
from urllib.parse import urlsplit

from flask import Request, Response

ONLY_HERE = (
    "This page shows photos, so it wants a password when it is looked at from another computer.\n"
    "Set [page] password in station.toml and restart the station.\n"
)


class Guesses(Protocol):
    """How often a password may be tried, for each address by itself."""

    def take(self, key: str) -> float:
        """0 where a try was left and is taken, else seconds until there is one."""

    def give_back(self, key: str) -> None: ...


class Doorkeeper:
    """With a password: who knows it (Basic auth; the user's name does not matter). Without: browsers of this machine,
    whatever site sent them here, by the name that the page is called by."""

    def __init__(self, password: str | None, guesses: Guesses) -> None:
        self._password = password.encode() if password else None
        self._guesses = guesses

    def refusal(self, request: Request) -> Response | None:
        """None for who may go in."""
        if self._password is None:
            return None if _is_local(request) else _text(ONLY_HERE, 403)
        given = request.authorization
        if given is None or given.type != "basic" or given.password is None:
            return _asked()
        key = request.remote_addr or ""
        wait_s = self._guesses.take(key)
        if wait_s:
            response = _text("Too many wrong passwords. Wait a little.\n", 429)
            response.headers["Retry-After"] = str(int(wait_s) + 1)
            return response
        if not hmac.compare_digest(given.password.encode("utf-8", "replace"), self._password):
            return _asked()
        self._guesses.give_back(key)
        return None


def _is_local(request: Request) -> bool:
    """A page of the internet whose name leads here is no page of this machine."""
    try:
        peer = ip_address(request.remote_addr or "")
        name = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    return peer.is_loopback and name in ("localhost", "127.0.0.1", "::1")


def _asked() -> Response:
    response = _text("The page wants its password.\n", 401)
    response.headers["WWW-Authenticate"] = 'Basic realm="Frameferry station", charset="UTF-8"'
    return response


def _text(text: str, status: int) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")
