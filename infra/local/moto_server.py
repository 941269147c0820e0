"""A moto server with something between its clients and it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.dynamodb.responses import DynamoHandler
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import (
    BackendRequest,
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_OF_TABLES = "DynamoDB_20120810."


def tables_at_once(application: Wsgi) -> Wsgi:
    """Before moto's own application: what is asked of a table is most of what is asked, and a third of what its answer
    takes is the way there, through a Flask app that could answer anything.
    """

    def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith(_OF_TABLES):
            return application(environ, start_response)
        request = BackendRequest(environ)
        status, headers, content = DynamoHandler.dispatch(request, request.raw_url, dict(request.headers))
        return Response(content, status, headers)(environ, start_response)

    return serve


class _SilentHandler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it, and it was put together for each request."""


class MotoServer(ThreadedMotoServer):
    """On a free port of the loopback interface; `wrap` gives the application that is served for moto's."""

    def __init__(self, wrap: Callable[[Wsgi], Wsgi]) -> None:
        super().__init__("127.0.0.1", 0, verbose=False)
        self._wrap = wrap

    def _server_entry(self) -> None:
        application = self._wrap(tables_at_once(DomainDispatcherApplication(create_backend_app)))
        self._server = make_server(
            self._ip_address, self._port, application, threaded=True, request_handler=_SilentHandler
        )
        self._server_ready_event.set()
        self._server.serve_forever()

    @property
    def url(self) -> str:
        host, port = self.get_host_and_port()
        return f"http://{host}:{port}"
