"""moto's Lambda keeps packages and runs none. What is registered here is run when it is invoked by the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from infra.rehearse.cut_line import Environ, StartResponse, Wsgi

_PREFIX, _SUFFIX = "/2015-03-31/functions/", "/invocations"


class Invocations:
    """Wraps moto's WSGI application. Lambda API Reference, "Invoke"; what is invoked as an event has ended by then."""

    def __init__(self) -> None:
        self._functions: dict[str, Callable[[Any], object]] = {}

    @contextmanager
    def of(self, function_name: str, invoke: Callable[[Any], object]) -> Iterator[None]:
        self._functions[function_name] = invoke
        try:
            yield
        finally:
            del self._functions[function_name]

    def wrap(self, application: Wsgi) -> Wsgi:
        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            path: str = environ["PATH_INFO"]
            name = unquote(path.removeprefix(_PREFIX).removesuffix(_SUFFIX))
            if not (path.startswith(_PREFIX) and path.endswith(_SUFFIX)) or name not in self._functions:
                return application(environ, start_response)
            is_event = environ.get("HTTP_X_AMZ_INVOCATION_TYPE") == "Event"
            payload = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            answer = self._functions[name](json.loads(payload))
            body = b"" if is_event else json.dumps(answer).encode()
            start_response("202 Accepted" if is_event else "200 OK", [("Content-Length", str(len(body)))])
            return [body]

        return serve
