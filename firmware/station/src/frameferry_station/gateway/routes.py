"""The routes of the gateway, by Flask, for the LAN server to take in. What they answer is in docs/protocol.md."""

from __future__ import annotations

import base64
import re
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, jsonify, request

from frameferry_station.gateway import bodies
from frameferry_station.gateway.places import Place
from frameferry_station.gateway.refusals import PutRefused, Refused
from frameferry_station.gateway.service import Gateway
from frameferry_station.intake.addresses import Address, address
from frameferry_station.protocol import Fields

PREFIX = "/api"
_OBJECTS = f"{PREFIX}/objects/"
_HOST = re.compile(r"[A-Za-z0-9.-]{1,100}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:]{2,45}\](?::[0-9]{1,5})?", re.ASCII)


def blueprint(gateway: Gateway) -> Blueprint:
    """It never answers 500 for anything that a client can send."""
    routes = Blueprint("gateway", __name__, url_prefix=PREFIX)

    @routes.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok"}

    @routes.post("/devices/activate")
    def activate() -> dict[str, Any]:
        return gateway.activate(_json(), _peer())

    @routes.post("/devices/sync")
    def sync() -> dict[str, Any]:
        camera = gateway.camera(request.headers.get("X-Device-Token"), _peer())
        return gateway.sync(camera, bodies.sync(_json()), _origin())

    @routes.put("/objects/<path:object_key>")
    def put(object_key: str) -> Response:
        place = gateway.place(object_key, request.args.get("ticket", ""))
        if place is None:
            raise PutRefused("AccessDenied")
        _check_headers(place)
        stream: BinaryIO = request.environ["wsgi.input"]

        def read(offset: int, length: int) -> bytes:
            stream.seek(offset)
            return stream.read(length)

        gateway.put(place, read)
        return Response(status=200)

    routes.register_error_handler(Refused, partial(_refused, gateway))
    routes.register_error_handler(PutRefused, _put_refused)
    return routes


def body_limit(gateway: Gateway, method: str, path: str, query: str) -> int | None:
    """How many bytes a request with a body above the usual bound may have: those of a pack that was announced, at its
    place. None for every other request."""
    if method != "PUT" or not path.startswith(_OBJECTS):
        return None
    try:
        tickets = parse_qs(query, max_num_fields=4).get("ticket", [""])
    except ValueError:
        return None
    place = gateway.place(path.removeprefix(_OBJECTS), tickets[0])
    return place.pack.size_bytes if place else None


def _peer() -> Address:
    return address(request.remote_addr)


def _json() -> Fields:
    if request.mimetype != "application/json":
        raise Refused("unsupported_media_type", "send JSON with Content-Type: application/json")
    if (request.content_length or 0) > bodies.MOST_BYTES:
        raise Refused("body_too_large", f"a body has at most {bodies.MOST_BYTES} bytes")
    return bodies.parsed(request.get_data(cache=False))


def _origin() -> tuple[str, int]:
    """Where the camera found the station: what stands between them may have another address for it."""
    given = request.headers.get("Host", "")
    if not _HOST.fullmatch(given):
        raise Refused("invalid_body", "Host is no host")
    try:
        parts = urlsplit(f"http://{given}")
        return parts.hostname or "", parts.port or 80
    except ValueError:
        raise Refused("invalid_body", "Host is no host") from None


def _check_headers(place: Place) -> None:
    """Raises PutRefused as S3 does where a header is not as it was signed."""
    pack = place.pack
    wanted = {
        "Content-Type": "application/zip",
        "Content-Length": str(pack.size_bytes),
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(pack.sha256)).decode(),
        "If-None-Match": "*",
    }
    if any(request.headers.get(name) != value for name, value in wanted.items()):
        raise PutRefused("AccessDenied")


def _refused(gateway: Gateway, error: Refused) -> tuple[Response, int]:
    gateway.journal.note(error, _peer())
    response = jsonify({"error": {"code": error.code, "message": error.message}})
    return _with_retry_after(response, error.retry_after_s), error.status


def _put_refused(error: PutRefused) -> tuple[Response, int]:
    response = Response(f"<Error><Code>{error.code}</Code></Error>", mimetype="application/xml")
    return _with_retry_after(response, error.retry_after_s), error.status


def _with_retry_after(response: Response, retry_after_s: int | None) -> Response:
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response
