"""A moto server with something between its clients and it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class MotoServer(ThreadedMotoServer):
    """On a free port of the loopback interface; `wrap` gives the application that is served for moto's."""

    def __init__(self, wrap: Callable[[Wsgi], Wsgi]) -> None:
        super().__init__("127.0.0.1", 0, verbose=False)
        self._wrap = wrap

    def _server_entry(self) -> None:
        application = self._wrap(DomainDispatcherApplication(create_backend_app))
        self._server = make_server(
            self._ip_address, self._port, application, threaded=True, request_handler=MotoRequestHandler
        )
        self._server_ready_event.set()
        self._server.serve_forever()

    @property
    def url(self) -> str:
        host, port = self.get_host_and_port()
        return f"http://{host}:{port}"
