"""Logging in at an RTSP server that ffmpeg publishes to. ffmpeg takes the address of an output from its arguments only,
which everybody on the machine can read: so it publishes to a port of this machine, and what it says is passed on from
there with the login (RFC 2326; RFC 7616 and 7617).
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import secrets
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from frameferry_station.logins import Login

WITHIN_S = 15.0
"""For each request and its answer, and for what the server does not take."""
MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024

_PIECE_BYTES = 64 * 1024
_PORTS = {"rtsp": 554, "rtsps": 322}
_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_PARAMETER = re.compile(r'([a-zA-Z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_log = logging.getLogger(__name__)


class _Broken(Exception):
    """One side says what is no RTSP, too much, or nothing."""


@dataclass
class Challenge:
    """What the server asked for; Digest where it takes both. Without it nothing is said."""

    login: Login = field(repr=False)
    is_basic: bool = False
    digest: dict[str, str] = field(default_factory=dict)
    uses: int = 0

    def hear(self, headers: list[tuple[str, str]]) -> bool:
        """False where it asks for nothing that is known here."""
        asked = [value for name, value in headers if name == "www-authenticate"]
        for value in asked:
            found = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(value)}
            if value.lower().startswith("digest") and found.get("algorithm", "MD5").upper() in _HASHES:
                self.digest, self.uses = found, 0
                return True
        self.is_basic = any(value.lower().startswith("basic") for value in asked)
        return self.is_basic

    def authorization(self, method: str, uri: str) -> str | None:
        if self.digest:
            return self._digest(method, uri)
        if self.is_basic:
            pair = f"{self.login.username}:{self.login.password}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        return None

    def _digest(self, method: str, uri: str) -> str:
        asked = self.digest
        algorithm = asked.get("algorithm", "MD5").upper()
        hashed = _HASHES[algorithm]
        realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
        who = hashed(f"{self.login.username}:{realm}:{self.login.password}".encode())
        what = hashed(f"{method}:{uri}".encode())
        said = f'username="{self.login.username}", realm="{realm}", nonce="{nonce}", uri="{uri}"'
        if "auth" in [one.strip() for one in asked.get("qop", "").split(",")]:
            self.uses += 1
            count, client_nonce = f"{self.uses:08x}", secrets.token_hex(8)
            response = hashed(f"{who}:{nonce}:{count}:{client_nonce}:auth:{what}".encode())
            said += f', qop=auth, nc={count}, cnonce="{client_nonce}"'
        else:
            response = hashed(f"{who}:{nonce}:{what}".encode())
        opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
        return f'Digest {said}, response="{response}", algorithm={algorithm}{opaque}'


@dataclass(frozen=True)
class _Message:
    first_line: str
    headers: list[tuple[str, str]]
    """By lower-case name."""
    lines: list[str]
    body: bytes

    def encoded(self, first_line: str, *more: str) -> bytes:
        return "\r\n".join((first_line, *self.lines, *more, "", "")).encode() + self.body


class _Side:
    """One of the two connections."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(WITHIN_S)
        self.socket = connection
        self.unread = b""

    def message(self) -> _Message:
        """Raises _Broken and OSError."""
        while b"\r\n\r\n" not in self.unread:
            self._more(MAX_HEAD_BYTES)
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        first_line, *lines = head.decode("utf-8", "replace").split("\r\n")
        headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        length = dict(headers).get("content-length", "0")
        if not (length.isascii() and length.isdigit() and int(length) <= MAX_BODY_BYTES):
            raise _Broken
        while len(self.unread) < int(length):
            self._more(MAX_BODY_BYTES + _PIECE_BYTES)
        body, self.unread = self.unread[: int(length)], self.unread[int(length) :]
        return _Message(first_line, headers, lines, body)

    def _more(self, most_bytes: int) -> None:
        piece = self.socket.recv(_PIECE_BYTES)
        if not piece or len(self.unread) + len(piece) > most_bytes:
            raise _Broken
        self.unread += piece


@contextmanager
def logged_in(url: str, login: Login) -> Iterator[str]:
    """Gives the URL that ffmpeg publishes to, once. Raises OSError."""
    path = f"/{secrets.token_hex(8)}"
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        local = f"rtsp://127.0.0.1:{listener.getsockname()[1]}{path}"
        thread = threading.Thread(
            target=_serve, args=(listener, local, url, login), name="rtsp login", daemon=True
        )
        thread.start()
        try:
            yield local
        finally:
            with suppress(OSError):
                # Whoever waits for a connection is woken.
                listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, local: str, url: str, login: Login) -> None:
    try:
        with closing(listener.accept()[0]) as client:
            listener.close()
            said = _Side(client)
            first = said.message()
            if local not in first.first_line:
                raise _Broken
            with closing(_connected(url)) as server:
                _introduce(first, said, _Side(server), local, url, Challenge(login))
                _pass_on(client, server)
    except (OSError, _Broken) as error:
        _log.debug("publishing ends: %s", type(error).__name__)


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    host, scheme = parts.hostname or "", parts.scheme.lower()
    connection = socket.create_connection((host, parts.port or _PORTS[scheme]), WITHIN_S)
    if scheme == "rtsps":
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    return connection


def _introduce(
    asked: _Message, client: _Side, server: _Side, local: str, url: str, challenge: Challenge
) -> None:
    """Until the server records. Raises _Broken and OSError."""
    while True:
        method, _, rest = asked.first_line.partition(" ")
        uri, _, version = rest.rpartition(" ")
        if not uri.startswith(local):
            raise _Broken
        uri = url + uri.removeprefix(local)
        answer = _answered(server, asked, method, uri, version, challenge)
        client.socket.sendall(answer.encoded(answer.first_line))
        if method == "RECORD" and answer.first_line.split(" ")[1:2] == ["200"]:
            server.socket.sendall(client.unread)
            client.socket.sendall(server.unread)
            return
        asked = client.message()


def _answered(
    server: _Side, asked: _Message, method: str, uri: str, version: str, challenge: Challenge
) -> _Message:
    for is_last in (False, True):
        said = challenge.authorization(method, uri)
        server.socket.sendall(
            asked.encoded(f"{method} {uri} {version}", *([f"Authorization: {said}"] if said else []))
        )
        answer = server.message()
        if is_last or answer.first_line.split(" ")[1:2] != ["401"] or not challenge.hear(answer.headers):
            break
    return answer


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    """Until one of them ends. Raises OSError."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)  # noqa: S101
                piece = source.recv(_PIECE_BYTES)
                if not piece:
                    return
                key.data.sendall(piece)
