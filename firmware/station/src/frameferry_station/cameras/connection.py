"""HTTP to a camera: one request at a time, each with an end to its time and its size, which another thread can cut."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Protocol

import httpx

from frameferry_station.cameras.gate import MAX_JPEG_BYTES
from frameferry_station.cameras.http_auth import AskedAuth
from frameferry_station.errors import ForeignAnswer, NoAnswer
from frameferry_station.http import Answer, Content, Sender
from frameferry_station.logins import Login

CONNECT_S = 5.0
_IDLE_S = 5.0
"""Long enough for a login and the picture after it; cameras have few connections, and forget idle ones."""

_WORDS = {
    httpx.ConnectError: "nobody answers at its address",
    httpx.ConnectTimeout: "nobody answers at its address",
    httpx.ReadTimeout: "it did not answer in time",
    httpx.WriteTimeout: "it did not answer in time",
    httpx.ReadError: "it broke the connection",
    httpx.WriteError: "it broke the connection",
    httpx.RemoteProtocolError: "it broke off its answer",
    httpx.InvalidURL: "its address is no URL",
    httpx.UnsupportedProtocol: "its address is no URL",
}


class CameraSender(Sender, Protocol):
    def abort(self) -> None:
        """Cuts the request under way, and refuses every later one (NoAnswer). From any thread."""

    def close(self) -> None: ...


Connect = Callable[[float], CameraSender]
"""`connect(within_s)`: a connection whose requests take no longer than that."""


class CameraConnection:
    """A CameraSender. No redirect is followed, no proxy used. A GET that a kept-alive connection loses before any
    answer is sent once more; nothing else is, for a second login would take a second session."""

    def __init__(self, within_s: float, *, login: Login | None = None, verify_tls: bool = False) -> None:
        self._within_s = within_s
        self._is_aborted = False
        self._trace = _Trace()
        self._client = httpx.Client(
            timeout=httpx.Timeout(within_s, connect=min(CONNECT_S, within_s)),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE_S),
            headers={"Accept": "*/*", "Accept-Encoding": "identity"},
            auth=AskedAuth(login) if login else None,
            verify=_public_authorities() if verify_tls else _anyone(),
            trust_env=False,
        )

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        # In this order, or an abort in between would cut the request before this one.
        trace = self._trace = _Trace(self._trace.stream)
        if self._is_aborted:
            raise NoAnswer("stopped")
        watch = threading.Timer(self._within_s, trace.cut)
        watch.daemon = True
        watch.start()
        try:
            return self._sent(method, url, headers, content, trace)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if self._is_aborted:
                raise NoAnswer("stopped") from None
            kind = httpx.ReadTimeout if trace.is_cut else type(error)
            raise NoAnswer(_WORDS.get(kind, kind.__name__)) from None
        finally:
            watch.cancel()

    def abort(self) -> None:
        self._is_aborted = True
        self._trace.cut()

    def close(self) -> None:
        self._client.close()

    def _sent(self, method: str, url: str, headers: Mapping[str, str], content: Content, trace: _Trace) -> Answer:
        try:
            return self._once(method, url, headers, content, trace)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            if method != "GET" or trace.is_new_connection or trace.is_answered or trace.is_cut:
                raise
        return self._once(method, url, headers, content, trace)

    def _once(self, method: str, url: str, headers: Mapping[str, str], content: Content, trace: _Trace) -> Answer:
        body = content if isinstance(content, bytes) else content()
        with self._client.stream(
            method, url, headers=dict(headers), content=body, extensions={"trace": trace.note}
        ) as response:
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, named, _read(response))


class _Trace:
    """How far one request got, from httpcore's trace, and a way to cut it: a timeout for each read does not end an
    answer that comes byte by byte; to shut its socket down does. `stream` is of the connection that is kept alive."""

    def __init__(self, stream: Any = None) -> None:
        self.stream = stream
        self.is_new_connection = self.is_answered = self.is_cut = False

    def note(self, event: str, about: Mapping[str, Any]) -> None:
        self.is_new_connection |= event == "connection.connect_tcp.started"
        self.is_answered |= event == "http11.receive_response_headers.complete"
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self.stream = about["return_value"]
            if self.is_cut:
                self.cut()

    def cut(self) -> None:
        """From any thread; what is not connected yet is cut as soon as it is."""
        self.is_cut = True
        if self.stream is not None:
            with suppress(OSError):
                # Not SSLSocket's own, which takes the TLS state away under the thread that reads.
                socket.socket.shutdown(self.stream.get_extra_info("socket"), socket.SHUT_RDWR)


def _read(response: httpx.Response) -> bytes:
    if response.headers.get("content-type", "").lower().startswith("multipart/"):
        raise ForeignAnswer("its address gives a video stream, not a picture")
    length = response.headers.get("content-length", "")
    body = bytearray()
    if not (length.isdigit() and int(length) > MAX_JPEG_BYTES):
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_JPEG_BYTES:
                break
        else:
            return bytes(body)
    raise ForeignAnswer(f"its answer is larger than {MAX_JPEG_BYTES // 2**20} MiB")


@cache
def _anyone() -> ssl.SSLContext:
    """IP cameras have certificates that nobody signed, and keys as short as they were years ago."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@cache
def _public_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
