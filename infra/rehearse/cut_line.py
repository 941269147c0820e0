"""The line to AWS, cut after a chosen change: AWS has made it, its answer is lost, and nothing gets through after it.

That is what a deploy sees whose network fails, and what it leaves behind when it is killed at that place.
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_READS = ("Get", "List", "Describe", "BatchGet", "Head", "Validate")


class CutLine:
    """Wraps moto's WSGI application. Whole until `cut_after` is called, and after `mend`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: int | None = None
        self.changes = 0
        """Counted since the beginning or the last `mend`."""

    def cut_after(self, changes: int) -> None:
        with self._lock:
            self._left, self.changes = changes, 0

    def mend(self) -> None:
        with self._lock:
            self._left, self.changes = None, 0

    def wrap(self, application: Wsgi) -> Wsgi:
        def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if environ["PATH_INFO"].startswith("/moto-api/"):
                return application(environ, start_response)
            is_change = _is_change(environ)
            with self._lock:
                if self._left is not None and self._left <= 0:
                    _read_body(environ)
                    _hang_up(environ)
                if is_change:
                    self.changes += 1
                    self._left = None if self._left is None else self._left - 1
                is_last = is_change and self._left == 0
            answer = application(environ, start_response)
            if is_last:
                _hang_up(environ)
            return answer

        return serve


def _is_change(environ: dict[str, Any]) -> bool:
    """The JSON protocol names its operation in a header, the query protocol in the body, REST by its method."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return not target.rpartition(".")[2].startswith(_READS)
    if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return False
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return not parse_qs(body.decode()).get("Action", [""])[0].startswith(_READS)
    return True


def _read_body(environ: dict[str, Any]) -> None:
    """werkzeug would take what is left of it for the next request."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _hang_up(environ: dict[str, Any]) -> None:
    """Raises ConnectionAbortedError, which werkzeug takes for the client's going away."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
