"""Signed requests to one AWS service over kept-alive connections.

Why not botocore: to import it and to make its clients takes more CPU than all else in a cold start together (see
docs/adr/0013). What a device's request and a photo's processing ask of AWS is a few calls in JSON, and an object's head
or its bytes; the rest of the stores use botocore.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.domain.clock import Clock
from chalicelib.stores.aws_errors import AwsUnreachable
from chalicelib.stores.presign import Credentials
from chalicelib.stores.sigv4 import Request, signed_headers

if TYPE_CHECKING:
    from ssl import SSLContext

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 5
MAX_ATTEMPTS = 3
"""With the timeouts above the worst call ends before API Gateway gives up at 29 s."""
_USER_AGENT = "frameferry"


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


IsBusy = Callable[[Answer], bool]


class Endpoint:
    """One service at one address (scheme, host and port). Thread-safe.

    `sleep` waits between attempts, and `uniform` gives the part of the wait that is taken: 0.0 to 1.0. `tls` gives the
    context of an https address.
    """

    def __init__(
        self,
        service: str,
        url: str,
        *,
        region: str,
        credentials: Callable[[], Credentials],
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[], float] | None = None,
        tls: Callable[[], SSLContext] | None = None,
    ) -> None:
        self._service = service
        self._url = urlsplit(url)
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform or _random
        self._tls = tls or _shared_tls
        self._idle: deque[HTTPConnection] = deque()

    def __del__(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        is_busy: IsBusy,
        most_bytes: int | None = None,
    ) -> Answer:
        """Retries what `is_busy` and what gets no answer, as botocore's standard mode does, so every request must be
        one that may be carried out twice. Gives the last answer. Raises AwsUnreachable where there is none.

        `path` and `query` are escaped, the query's parameters in the order of their names. An answer's body that is
        longer than `most_bytes` is not read, and empty.
        """
        request = Request(method, path, query, {"Host": self._url.netloc, **(headers or {})}, body)
        for attempt in range(1, MAX_ATTEMPTS):
            try:
                answer = self._once(request, most_bytes)
            except (OSError, HTTPException):
                pass
            else:
                if not is_busy(answer):
                    return answer
            self._sleep(self._uniform() * 2 ** (attempt - 1))
        try:
            return self._once(request, most_bytes)
        except (OSError, HTTPException) as error:
            raise AwsUnreachable(f"{self._service}: {type(error).__name__}") from error

    def _once(self, request: Request, most_bytes: int | None) -> Answer:
        signed = signed_headers(
            request, self._credentials(), region=self._region, service=self._service, at=self._clock()
        )
        target = f"{request.path}?{request.query}" if request.query else request.path
        connection = self._connection()
        try:
            connection.request(request.method, target, request.body, signed | {"User-Agent": _USER_AGENT})
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            if most_bytes is not None and (response.length or 0) > most_bytes:
                connection.close()
                return Answer(response.status, headers, b"")
            answer = Answer(response.status, headers, response.read())
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:
            self._idle.append(connection)
        return answer

    def _connection(self) -> HTTPConnection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._opened()
            if not _is_over(connection):
                return connection
            connection.close()

    def _opened(self) -> HTTPConnection:
        host = self._url.netloc
        if self._url.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(host, timeout=CONNECT_TIMEOUT_S, context=self._tls())
        else:
            connection = HTTPConnection(host, timeout=CONNECT_TIMEOUT_S)
        connection.connect()
        connection.sock.settimeout(READ_TIMEOUT_S)
        return connection


def _is_over(connection: HTTPConnection) -> bool:
    """An idle connection has nothing to read but its end."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


@cache
def _shared_tls() -> SSLContext:
    """One for all services: it takes 15 ms to read the certificates of those who vouch for AWS."""
    from ssl import create_default_context

    return create_default_context()


def _random() -> float:
    import random

    return random.random()
