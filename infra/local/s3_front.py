"""The strict S3 front: S3's refusals, CORS, events and faults before a moto server that has none of them.

moto believes signatures, expiry, signed headers and checksums; S3 does not. Addressing is
path-style. What S3 answers: Amazon S3 API Reference, "PutObject", "Error responses" and
"Authenticating Requests: Using Query Parameters (AWS Signature Version 4)"; Amazon S3 User Guide,
"Conditional requests".
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Self

from chalicelib.domain.clock import Clock
from infra.local import local_control, s3_cors, s3_errors, s3_request, s3_rules, s3_signature
from infra.local.faults import Faults
from infra.local.http_server import Exchange, Headers, HttpServer
from infra.local.moto_backend import Answer, MotoBackend
from infra.local.network import loopback_host
from infra.local.s3_changes import Changes
from infra.local.s3_errors import S3Error
from infra.local.s3_events import S3Change
from infra.local.s3_request import S3Request
from infra.local.s3_signature import FindCredential
from infra.local.stats import Stats

_LOCKS = 64
_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
_FAULT_MESSAGES = {
    "SlowDown": "Please reduce your request rate.",
    "InternalError": "We encountered an internal error. Please try again.",
    "ServiceUnavailable": "Service is unable to handle request.",
}


class _Cut(Exception):
    """The connection is to be dropped without an answer."""


def _new_request_id() -> str:
    return secrets.token_hex(8).upper()


class S3Front:
    """S3 on `http://host:port`, path-style, until `stop`. Port 0 takes a free one: see `url`.

    - `credentials` gives the credential of an access key, or None; the `get` of a dict is one.
    - `s3_client` is a boto3 client of the moto server itself: it reads CORS rules and copied objects,
      and its region is the front's.
    - `on_change` gets every change of an object, in the thread of the request and before its answer;
      it must be quick. Calls may overlap; the sequencer has the order of the changes of one key.
    - `log` gets one line a request: method, path, status, bytes, time; never a query or a header.

    `GET` and `DELETE /_local/stats` read and reset the counts; `GET`, `POST` and `DELETE
    /_local/faults` read, set (JSON of `FaultPlan`) and clear the faults. Neither needs a signature.
    """

    def __init__(
        self,
        moto_url: str,
        credentials: FindCredential,
        s3_client: Any,
        clock: Clock,
        on_change: Callable[[S3Change], None],
        stats: Stats,
        faults: Faults,
        host: str = "127.0.0.1",
        port: int = 9000,
        *,
        log: Callable[[str], None] = lambda line: None,
        new_request_id: Callable[[], str] = _new_request_id,
        idle_timeout_s: float = 20.0,
    ) -> None:
        self._region: str = s3_client.meta.region_name
        self._credentials = credentials
        self._s3_client = s3_client
        self._clock = clock
        self._on_change = on_change
        self._stats = stats
        self._faults = faults
        self._log = log
        self._new_request_id = new_request_id
        self._host = host
        self._moto = MotoBackend(moto_url, self._region)
        self._changes = Changes(s3_client, clock)
        self._key_locks = tuple(threading.Lock() for _ in range(_LOCKS))
        self._stopping = threading.Event()
        self._server = HttpServer(host, port, self._serve, self._bad_request, idle_timeout_s)

    @property
    def url(self) -> str:
        """Without a slash at its end. A front that is bound to every address names the loopback one."""
        host = loopback_host(self._host)
        return f"http://{host}:{self._server.port}"

    @property
    def port(self) -> int:
        return self._server.port

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._stopping.set()
        self._server.stop()
        self._moto.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _serve(self, exchange: Exchange) -> None:
        if exchange.path.startswith(local_control.PREFIX):
            local_control.serve(exchange, self._stats, self._faults)
            return
        if not exchange.is_counted:
            exchange.is_counted = True
            self._stats.connection_opened("s3")
        started_s = time.monotonic()
        parsed = _parse(exchange)
        try:
            answer = self._named(parsed if isinstance(parsed, Answer) else self._answer(exchange, parsed))
        except (_Cut, ConnectionError):
            self._note(exchange, parsed, 0, 0, started_s)
            exchange.abort()
            return
        message = exchange.compose(answer.status, answer.headers, answer.body)
        self._note(exchange, parsed, answer.status, len(message), started_s)
        exchange.send(message)

    def _note(
        self, exchange: Exchange, parsed: S3Request | Answer, status: int, message_bytes: int, started_s: float
    ) -> None:
        """Counts and logs before the client has its answer, so that it finds itself counted."""
        method = exchange.command if exchange.command in _METHODS else "OTHER"
        auth, path = ("unreadable", "?") if isinstance(parsed, Answer) else (parsed.auth, parsed.path)
        bytes_in, bytes_out = exchange.bytes_in, exchange.bytes_out + message_bytes
        took_ms = (time.monotonic() - started_s) * 1000
        self._stats.record(f"s3:{method} {auth}", bytes_in=bytes_in, bytes_out=bytes_out, status=status)
        self._log(f"s3 {method} {path} {status} in={bytes_in} out={bytes_out} {took_ms:.0f} ms")

    def _answer(self, exchange: Exchange, request: S3Request) -> Answer:
        """Every way a readable request can end but a cut connection."""
        try:
            answer = self._handle(exchange, request)
        except S3Error as error:
            answer = _refusal(error)
        except (_Cut, ConnectionError):
            raise
        except Exception as error:
            self._log(f"s3 {request.method} {request.path} failed: {type(error).__name__}")
            answer = _refusal(s3_errors.internal_error())
        if request.method == "OPTIONS" or request.header("Origin") is None:
            return answer
        allowed = s3_cors.answer_headers(request, s3_cors.rules_of(self._s3_client, request.bucket))
        return replace(answer, headers=(*answer.headers, *allowed))

    def _handle(self, exchange: Exchange, request: S3Request) -> Answer:
        self._make_early_faults(request)
        if request.method == "OPTIONS":
            rules = s3_cors.rules_of(self._s3_client, request.bucket)
            return Answer(200, tuple(s3_cors.preflight(request, rules)))
        access_key = s3_signature.check(request, self._credentials, self._region, self._clock())
        expected = s3_rules.check_head(request, exchange.body_bytes)
        if expected.size_bytes and (cut := self._faults.take_cut_body()):
            exchange.read(min(cut.at_byte, exchange.body_bytes or cut.at_byte))
            raise _Cut
        body = s3_rules.receive(exchange, request, expected)
        with body.content, self._lock_of(request):
            answer = self._moto.send(request, access_key, body)
            changes = self._changes.of(request, body, answer)
        for change in changes:
            self._on_change(change)
        is_stored = any(change.event_name.startswith("ObjectCreated:") for change in changes)
        if is_stored and self._faults.take_cut_answer():
            raise _Cut
        return answer

    def _make_early_faults(self, request: S3Request) -> None:
        if (slow := self._faults.take_slow()) and self._stopping.wait(slow.seconds):
            raise _Cut
        if refuse := self._faults.take_refuse(request.method):
            message = _FAULT_MESSAGES.get(refuse.code, "The local cloud was told to refuse this request.")
            raise S3Error(refuse.status, refuse.code, message)

    def _lock_of(self, request: S3Request) -> AbstractContextManager[Any]:
        """One writer a key: else two PUTs with `If-None-Match: *` could both find moto's bucket without it.

        The second waits and gets 412, as in S3, where the first to finish wins.
        """
        if request.method in ("GET", "HEAD"):
            return nullcontext()
        return self._key_locks[hash((request.bucket, request.key)) % _LOCKS]

    def _named(self, answer: Answer) -> Answer:
        """With S3's request ids, in the header fields and in an error's body."""
        request_id = self._new_request_id()
        host_id = base64.b64encode(hashlib.sha512(request_id.encode()).digest()).decode()
        ids = f"<RequestId>{request_id}</RequestId><HostId>{host_id}</HostId></Error>".encode()
        headers = (*answer.headers, ("x-amz-request-id", request_id), ("x-amz-id-2", host_id), ("Server", "AmazonS3"))
        return Answer(answer.status, headers, answer.body.replace(b"</Error>", ids))

    def _bad_request(self, status: int) -> tuple[int, Headers, bytes]:
        answer = self._named(_refusal(s3_errors.bad_request()))
        return answer.status, answer.headers, answer.body


def _parse(exchange: Exchange) -> S3Request | Answer:
    try:
        return s3_request.parse(exchange.command, exchange.path, exchange.headers)
    except S3Error as error:
        return _refusal(error)


def _refusal(error: S3Error) -> Answer:
    return Answer(error.status, (("Content-Type", "application/xml"),), error.xml())
