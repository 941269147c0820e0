"""HTTP/1.1 over one kept-alive connection, with deadlines, bounded answers and errors of few kinds."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Protocol

import httpx

from frameferry_station.errors import NoAnswer

MAX_ANSWER_BYTES = 2**20
CONNECT_S = 15.0
"""For TCP, and again for the TLS handshake."""
STALLED_WRITE_S = 20.0
RESPONSE_S = 30.0
IDLE_S = 50.0
"""An unused connection is given up before the boxes on the way forget it."""

Content = bytes | Callable[[], Iterable[bytes]]
"""A request's body, or what gives it piece by piece, again for a second try; then Content-Length is a header."""


@dataclass(frozen=True)
class Answer:
    """`headers` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def retry_after_s(self) -> float | None:
        """Retry-After in seconds or as a date, which the answer's own Date makes relative (RFC 9110 section 10.2.3)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            until, now = parsedate_to_datetime(value), parsedate_to_datetime(self.headers.get("date", ""))
            return max(0.0, (until - now).total_seconds())
        except (ValueError, TypeError):
            return None


class Sender(Protocol):
    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        """An answer without end is cut off: its status counts, and who wants its body finds that it is none. Raises
        NoAnswer; whatever `content` raises comes through."""


class Connection:
    """At most one connection, kept alive between requests.

    A request that a reused connection loses before any answer is sent once more on a new one, so every request must
    be one that may be carried out twice; the whole device API is made so. `trusted` is for a server whose certificate
    no public authority has signed.
    """

    def __init__(self, *, response_s: float = RESPONSE_S, trusted: ssl.SSLContext | None = None) -> None:
        self._response_s = response_s
        self._client = httpx.Client(
            timeout=httpx.Timeout(response_s, connect=CONNECT_S, write=STALLED_WRITE_S),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_S),
            headers={"Accept": "*/*", "Accept-Encoding": "identity"},
            verify=trusted or _trusted(),
            # No .netrc, which would put a credential beside the presigned URL's, and S3 refuses two.
            trust_env=False,
        )

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        progress = _Progress()
        try:
            return self._once(method, url, headers, content, progress)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
            if progress.is_new_connection or progress.is_answered:
                raise NoAnswer(type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer(type(error).__name__) from None
        try:
            return self._once(method, url, headers, content, _Progress())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer(type(error).__name__) from None

    def close(self) -> None:
        self._client.close()

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], content: Content, progress: _Progress
    ) -> Answer:
        body = content if isinstance(content, bytes) else content()
        with self._client.stream(
            method, url, headers=dict(headers), content=body, extensions={"trace": progress.note}
        ) as response:
            return Answer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=self._read(response),
            )

    def _read(self, response: httpx.Response) -> bytes:
        deadline_s = time.monotonic() + self._response_s
        body = bytearray()
        with suppress(httpx.ReadTimeout):
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline_s:
                    break
        return bytes(body[:MAX_ANSWER_BYTES])


@cache
def _trusted() -> ssl.SSLContext:
    """Reading the root certificates costs more than all else here: once for all connections."""
    return httpx.create_ssl_context(trust_env=False)


class _Progress:
    """How far one request got, from httpcore's trace."""

    def __init__(self) -> None:
        self.is_new_connection = False
        self.is_answered = False

    def note(self, event: str, _: Mapping[str, Any]) -> None:
        self.is_new_connection |= event == "connection.connect_tcp.started"
        self.is_answered |= event == "http11.receive_response_headers.complete"


def _hide_urls(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


# httpx logs every URL at INFO, and the query of a presigned one is a credential.
logging.getLogger("httpx").addFilter(_hide_urls)
