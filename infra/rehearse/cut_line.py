"""The line to AWS, which something befalls after a chosen change: it is cut, AWS refuses, the client is killed.

A cut is at the worst place: AWS has made the change, its answer is lost, and nothing gets through after it.
"""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qs

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
_FORM = "application/x-www-form-urlencoded"
_READS = ("Get", "List", "Describe", "BatchGet", "Head", "Validate")
_REASON = "The rehearsal was told to refuse this."


@dataclass
class _Trouble:
    left: int
    """Changes that still get through."""
    at_the_last: Callable[[Environ, Iterable[bytes]], Iterable[bytes]]
    """Gets the answer to the last of them, and gives what is sent instead."""
    after_it: Wsgi
    """Answers all calls after that, reads too."""


class CutLine:
    """Wraps moto's WSGI application. Whole until something is to befall it, and after `mend`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trouble: _Trouble | None = None
        self.changes = 0
        """Counted since the beginning, or the last call of one of the methods below."""

    def mend(self) -> None:
        self._set(None)

    def cut_after(self, changes: int) -> None:
        self._set(_Trouble(changes, lambda environ, _: _hang_up(environ), lambda environ, _: _refuse_to_read(environ)))

    def refuse_after(self, changes: int, code: str) -> None:
        """What comes after so many changes is answered with the error `code`, as where a permission is missing."""
        self._set(_Trouble(changes, lambda _, answer: answer, lambda environ, start: _refuse(environ, start, code)))

    def call_after(self, changes: int, action: Callable[[], None]) -> None:
        """`action` is called when so many changes are made. The last of them gets no answer; what follows does."""

        def call(environ: Environ, _: Iterable[bytes]) -> Iterable[bytes]:
            action()
            self.mend()
            return _hang_up(environ)

        self._set(_Trouble(changes, call, lambda environ, _: _refuse_to_read(environ)))

    def wrap(self, application: Wsgi) -> Wsgi:
        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"].startswith("/moto-api/"):
                return application(environ, start_response)
            is_change = _is_change(environ)
            with self._lock:
                trouble = self._trouble
                if trouble and not trouble.left:
                    return trouble.after_it(environ, start_response)
                self.changes += is_change
                if trouble:
                    trouble.left -= is_change
                is_last = trouble is not None and is_change and not trouble.left
            answer = application(environ, start_response)
            return trouble.at_the_last(environ, answer) if trouble and is_last else answer

        return serve

    def _set(self, trouble: _Trouble | None) -> None:
        with self._lock:
            self._trouble, self.changes = trouble, 0


def _is_change(environ: Environ) -> bool:
    """The JSON protocol names its operation in a header, the query protocol in the body, REST by its method."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return not target.rpartition(".")[2].startswith(_READS)
    if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return False
    if environ.get("CONTENT_TYPE", "").startswith(_FORM):
        body = _read_body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        return not parse_qs(body.decode()).get("Action", [""])[0].startswith(_READS)
    return True


def _read_body(environ: Environ) -> bytes:
    """werkzeug would take what is left of it for the next request."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def _refuse_to_read(environ: Environ) -> NoReturn:
    _read_body(environ)
    _hang_up(environ)


def _hang_up(environ: Environ) -> NoReturn:
    """Raises ConnectionAbortedError, which werkzeug takes for the client's going away."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _refuse(environ: Environ, start_response: StartResponse, code: str) -> Iterable[bytes]:
    """403 in the form of the protocol: JSON, or XML for S3 and what is asked by a form."""
    _read_body(environ)
    is_s3 = "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
    error = f"<Error><Code>{code}</Code><Message>{_REASON}</Message></Error>"
    if is_s3 or environ.get("CONTENT_TYPE", "").startswith(_FORM):
        kind, body = "text/xml", error if is_s3 else f"<ErrorResponse>{error}</ErrorResponse>"
    else:
        kind, body = "application/json", json.dumps({"__type": code, "message": _REASON})
    start_response("403 Forbidden", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body.encode()]
