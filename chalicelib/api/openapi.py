"""The API in OpenAPI 3.1, made from the route table and the wire structs. Nothing here is said twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

import msgspec

from chalicelib.api.device_auth import HEADER
from chalicelib.api.errors import GATEWAY_STATUSES, STATUSES
from chalicelib.api.http import ASSET_NAME, COMMAND_ID, Document, JpegBody, OwnPath
from chalicelib.api.routes import Route, Routes
from chalicelib.domain.device import Device
from chalicelib.domain.errors import (
    BodyTooLarge,
    DeviceRevoked,
    FrameferryError,
    Internal,
    InvalidBody,
    InvalidCredential,
    InvalidJson,
    InvalidParameter,
    MissingCredential,
    RateLimited,
    Unavailable,
    UnsupportedMediaType,
)
from chalicelib.domain.ids import MAX_SEQ, OwnerId
from chalicelib.services.uploads import MAX_DIRECT_BYTES
from chalicelib.wire import json
from chalicelib.wire.queries import Query
from chalicelib.wire.responses import ErrorResponse

VERSION: Final = "1.0.0"
"""Of the protocol: the first number changes only with a change that an old device would not survive."""

_REF: Final = "#/components/schemas/{name}"
_SECURITY: Final[dict[Any, tuple[str, dict[str, Any]]]] = {
    Device: ("device", {"type": "apiKey", "in": "header", "name": HEADER}),
    OwnerId: ("owner", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),
}
_IN_PATH: Final[dict[str, dict[str, Any]]] = {
    "device_id": {"type": "string", "format": "uuid"},
    "seq": {"type": "integer", "minimum": 0, "maximum": MAX_SEQ},
    "name": {"type": "string", "pattern": f"^{ASSET_NAME.pattern}$"},
    "command_id": {"type": "string", "pattern": f"^{COMMAND_ID.pattern}$"},
}
_BY_A_CREDENTIAL: Final[dict[Any, tuple[type[FrameferryError], ...]]] = {
    Device: (MissingCredential, InvalidCredential, DeviceRevoked, RateLimited),
    OwnerId: (MissingCredential, InvalidCredential, RateLimited),
}
_BY_JSON: Final[tuple[type[FrameferryError], ...]] = (InvalidJson, InvalidBody, BodyTooLarge, UnsupportedMediaType)
_BY_JPEG: Final[tuple[type[FrameferryError], ...]] = (BodyTooLarge, UnsupportedMediaType)
_BY_ANYTHING: Final[tuple[type[FrameferryError], ...]] = (InvalidParameter, Internal, Unavailable)
_CLIENTS_RETRY_AFTER: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@cache
def encoded(*tables: Routes) -> bytes:
    """The document of these parts of the table, as JSON."""
    return json.encode(document(route for table in tables for route in table.entries))


def document(routes: Iterable[Route]) -> dict[str, Any]:
    routes = sorted(routes, key=lambda route: (route.path, route.method))
    schemas, components = _schemas(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Frameferry",
            "version": VERSION,
            "description": "Ferries frames from small cameras into their owner's own AWS account.",
        },
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": dict(_SECURITY.values())},
    }


def codes(route: Route) -> set[str]:
    """Every code that the route can answer, the gateway's included."""
    implied: tuple[type[FrameferryError], ...] = _BY_A_CREDENTIAL.get(route.credential, ())
    if route.body is JpegBody:
        implied += _BY_JPEG
    elif route.body is not None:
        implied += _BY_JSON
    return {error.code for error in (*implied, *_BY_ANYTHING, *route.raises)} | GATEWAY_STATUSES.keys()


def _schemas(routes: list[Route]) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    bodies = [route.body for route in routes if route.body not in (None, JpegBody)]
    answers = [route.gives for route in routes if route.gives not in (bytes, Document)]
    structs = list(dict.fromkeys([*bodies, *answers, ErrorResponse]))
    found, components = msgspec.json.schema_components(structs, ref_template=_REF)
    return dict(zip(structs, found, strict=True)), components


def _operation(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.view.__name__,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route.query)],
        "responses": {"200": _answer(route, schemas), **_moved(route), **_errors(codes(route), schemas[ErrorResponse])},
    }
    if route.body is not None:
        operation["requestBody"] = _request_body(route.body, schemas)
    if route.credential is not None:
        operation["security"] = [{_SECURITY[route.credential][0]: []}]
    return operation


def _path_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": _IN_PATH[name]}


def _query_parameters(form: type[Query]) -> Iterator[dict[str, Any]]:
    _, components = msgspec.json.schema_components([form], ref_template=_REF)
    described = components[form.__name__]
    for name, schema in described.get("properties", {}).items():
        is_required = name in described.get("required", [])
        yield {"name": name, "in": "query", "required": is_required, "schema": _given(schema)}


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter may be where it is there at all."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    return kinds[0] if kinds else schema


def _request_body(body: Any, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if body is JpegBody:
        # A binary body has no schema of its own in OpenAPI 3.1 but a media type.
        return {"required": True, "content": {"image/jpeg": {"schema": {"maxLength": MAX_DIRECT_BYTES}}}}
    required = any(field.required for field in msgspec.structs.fields(body))
    return {"required": required, "content": {"application/json": {"schema": schemas[body]}}}


def _answer(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if route.gives is Document:
        return {"description": HTTPStatus.OK.phrase, "content": {"text/*": {"schema": {"type": "string"}}}}
    schema = {"type": "object"} if route.gives is bytes else schemas[route.gives]
    return {"description": HTTPStatus.OK.phrase, "content": {"application/json": {"schema": schema}}}


def _moved(route: Route) -> dict[str, Any]:
    """A view looks at its own path only to lead elsewhere."""
    if OwnPath not in route.takes.values():
        return {}
    location = {"description": "Where it is.", "schema": {"type": "string", "format": "uri-reference"}}
    return {"302": {"description": HTTPStatus.FOUND.phrase, "headers": {"Location": location}}}


def _errors(possible: set[str], form: dict[str, Any]) -> dict[str, Any]:
    def status(code: str) -> int:
        return STATUSES.get(code) or GATEWAY_STATUSES[code]

    by_status = groupby(sorted(possible, key=lambda code: (status(code), code)), key=status)
    return {str(number): _error(number, list(group), form) for number, group in by_status}


def _error(status: int, possible: list[str], form: dict[str, Any]) -> dict[str, Any]:
    code = {"properties": {"error": {"properties": {"code": {"enum": possible}}}}}
    described: dict[str, Any] = {
        "description": ", ".join(possible),
        "content": {"application/json": {"schema": {"allOf": [form, code]}}},
    }
    if status in _CLIENTS_RETRY_AFTER:
        described["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return described
