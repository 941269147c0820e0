"""The route table. A view is a plain function whose signature says everything: who may call it, what it takes,
what it gives. The table registers it with Chalice, parses for it, and describes it in /openapi.json.

    @routes.add("POST", "/devices/ingest", "Confirm a capture", raises=(ForeignObjectKey,))
    def ingest(device: Device, body: IngestRequest) -> IngestResponse: ...

A parameter of type Device or OwnerId is who sent the request, of a Query the query parameters, of another
Request the JSON body, of JpegBody a JPEG body, of Source where the request came from, of OwnPath its path. DeviceId,
Seq and CommandId stand in the path under the parameter's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, get_type_hints

from chalice.app import Blueprint, Request, Response

from chalicelib.api import device_auth, http, owner_auth
from chalicelib.api.errors import error_response, unexpected
from chalicelib.domain.device import Device
from chalicelib.domain.errors import FrameferryError
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.wire import json
from chalicelib.wire.queries import Query

_CREDENTIALS: Final[Mapping[Any, Callable[[Request], object]]] = {
    Device: device_auth.device_of,
    OwnerId: owner_auth.owner_of,
}
_CHALLENGES: Final[Mapping[Any, str]] = {Device: device_auth.SCHEME, OwnerId: owner_auth.SCHEME}
_IN_PATH: Final[Mapping[Any, Callable[[str], object]]] = {
    DeviceId: http.device_id,
    Seq: http.seq,
    http.CommandId: http.command_id,
    http.AssetName: http.asset_name,
}
_ELSEWHERE: Final[Mapping[Any, Callable[[Request], object]]] = {
    http.JpegBody: http.jpeg_body,
    http.Source: http.source,
    http.OwnPath: http.own_path,
}

View = Callable[..., json.Response] | Callable[..., http.Document] | Callable[..., bytes]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    summary: str
    raises: tuple[type[FrameferryError], ...]
    """What this route may answer besides what its parameters imply."""
    view: View

    @cached_property
    def takes(self) -> Mapping[str, Any]:
        """The type of each parameter by its name, the credential first: who may not ask learns nothing else."""
        kinds = get_type_hints(self.view)
        names = sorted(kinds.keys() - {"return"}, key=lambda name: (kinds[name] not in _CREDENTIALS, name))
        return {name: kinds[name] for name in names}

    @cached_property
    def gives(self) -> type[json.Response] | type[http.Document] | type[bytes]:
        kind: type[json.Response] | type[http.Document] | type[bytes] = get_type_hints(self.view)["return"]
        return kind

    @property
    def credential(self) -> type[Device] | type[OwnerId] | None:
        return next((kind for kind in self.takes.values() if kind in _CREDENTIALS), None)

    @property
    def body(self) -> Any:
        """A subclass of wire.json.Request, JpegBody, or None."""
        return next((kind for kind in self.takes.values() if kind is http.JpegBody or _is_body(kind)), None)

    @property
    def query(self) -> type[Query]:
        return next((kind for kind in self.takes.values() if _is_a(kind, Query)), Query)

    def serve(self, request: Request) -> Response:
        """Never raises: Chalice would answer in a form of its own."""
        request_id = http.request_id(request)
        try:
            return http.answer(self.view(**self._arguments(request)))
        except FrameferryError as error:
            return error_response(error, request_id, _CHALLENGES.get(self.credential))
        except Exception:
            return unexpected(f"{self.method} {self.path}", request_id)

    def _arguments(self, request: Request) -> dict[str, object]:
        arguments = {name: self._argument(request, name, kind) for name, kind in self.takes.items()}
        if self.query is Query:
            http.query(request, Query)
        return arguments

    def _argument(self, request: Request, name: str, kind: Any) -> object:
        if kind in _IN_PATH:
            return _IN_PATH[kind]((request.uri_params or {})[name])
        if _is_a(kind, Query):
            return http.query(request, kind)
        if _is_body(kind):
            return http.json_body(request, kind)
        return (_CREDENTIALS.get(kind) or _ELSEWHERE[kind])(request)


class Routes:
    """Some of the table, and the blueprint that brings it into the app."""

    def __init__(self, import_name: str) -> None:
        self.blueprint = Blueprint(import_name)
        self.entries: list[Route] = []

    def add[V: View](
        self, method: str, path: str, summary: str, *, raises: tuple[type[FrameferryError], ...] = ()
    ) -> Callable[[V], V]:
        def register(view: V) -> V:
            route = Route(method, path, summary, raises, view)
            self.entries.append(route)

            def serve(**_: str) -> Response:
                return route.serve(self.blueprint.current_request)

            # Chalice would judge the Content-Type itself, and answer in a form of its own.
            self.blueprint.route(path, methods=[method], content_types=["*/*"], name=view.__name__)(serve)
            return view

        return register


def _is_a(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _is_body(kind: Any) -> bool:
    return _is_a(kind, json.Request) and not _is_a(kind, Query)
