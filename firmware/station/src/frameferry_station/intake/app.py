"""The routes of three kinds of sketches, by Flask. What they are for is in docs/station-lan.md."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from frameferry_station.intake import bodies
from frameferry_station.intake.addresses import Address, address, source_of_mac
from frameferry_station.intake.bodies import Body
from frameferry_station.intake.refusals import STATUSES, Refused, body_of
from frameferry_station.intake.registry import Registration
from frameferry_station.intake.service import Intake
from frameferry_station.photos import Accepted

_log = logging.getLogger(__name__)

_CODES_OF_HTTP = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


def create_app(intake: Intake, *, max_body_bytes: int, others: Sequence[Blueprint] = ()) -> Flask:
    """A WSGI app, with the routes of `others` beside its own. It never answers 500 for anything that a client can send.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes
    _add_plain_routes(app, intake)
    _add_device_routes(app, intake)
    _add_command_routes(app, intake)
    for routes in others:
        app.register_blueprint(routes)
    app.register_error_handler(Refused, partial(_refused, intake))
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unforeseen)
    app.after_request(_with_common_headers)
    return app


def _add_plain_routes(app: Flask, intake: Intake) -> None:
    @app.post("/upload_image")
    def upload_image() -> dict[str, Any]:
        # The file name of the query is not looked at: it names nothing here.
        given = request.authorization
        user, password = (given.username, given.password) if given and given.type == "basic" else (None, None)
        source = intake.check_password(user, password, _peer())
        accepted = intake.photo(source, _jpeg())
        kept = "the photo had come before and is kept once" if accepted.is_duplicate else "the photo is kept"
        return {"message": kept} | ({} if accepted.seq is None else {"path": f"{source}/{accepted.seq}"})

    @app.post("/upload")
    def upload() -> dict[str, Any]:
        return _received(intake.photo(intake.check_address(_peer()), _jpeg()))


def _add_device_routes(app: Flask, intake: Intake) -> None:
    @app.post("/api/devices/register")
    def register() -> dict[str, Any]:
        # No more fields: the sketch has 256 bytes for this answer.
        return {"status": "registered", "token": intake.register(_json(), _peer())}

    @app.post("/api/heartbeat")
    def heartbeat() -> dict[str, Any]:
        body = _json()
        device = _device(intake, body)
        intake.heartbeat(device, body)
        return {"status": "ok", "camera_enabled": intake.is_welcome(device)}

    @app.post("/api/events/motion")
    def motion() -> dict[str, Any]:
        body = _json()
        intake.motion(_device(intake, body), body)
        return {"status": "received"}

    @app.post("/api/images/upload")
    def upload_of_device() -> dict[str, Any]:
        return _received(intake.photo(source_of_mac(_device(intake).mac), _jpeg()))


def _add_command_routes(app: Flask, intake: Intake) -> None:
    @app.get("/api/commands")
    def commands() -> dict[str, Any]:
        device = _device(intake)
        command = intake.command(device)
        return {
            "camera_enabled": intake.is_welcome(device),
            "interval_s": intake.interval_s(device),
            "commands": [{"id": command.command_id, "kind": command.kind}] if command else [],
        }

    @app.post("/api/commands/<command_id>/ack")
    def acknowledge(command_id: str) -> dict[str, Any]:
        body = _json()
        intake.acknowledge(_device(intake, body), command_id, body)
        return {"status": "ok"}


def _peer() -> Address:
    try:
        return address(request.remote_addr)
    except ValueError:
        raise Refused("bad_request", "the sender has no address") from None


def _device(intake: Intake, body: Body | None = None) -> Registration:
    given = request.authorization
    token = given.token if given and given.type == "bearer" else None
    return intake.device(token, _peer(), request.headers.get("X-Device-ID"), body.text("device_id") if body else None)


def _json() -> Body:
    # A page in somebody's browser cannot send this type to another site without being asked about.
    if request.mimetype != "application/json":
        raise Refused("unsupported_media_type", "send JSON with Content-Type: application/json")
    if (request.content_length or 0) > bodies.MOST_BYTES:
        raise Refused("body_too_large", f"a JSON body has at most {bodies.MOST_BYTES} bytes")
    return bodies.parsed(request.get_data(cache=False))


def _jpeg() -> bytes:
    if request.mimetype.startswith("multipart/"):
        raise Refused("unsupported_media_type", "send the JPEG as the body itself, not as a form")
    return request.get_data(cache=False)


def _received(accepted: Accepted) -> dict[str, Any]:
    return {"status": "duplicate" if accepted.is_duplicate else "received", "seq": accepted.seq}


def _refused(intake: Intake, error: Refused) -> tuple[Response, int]:
    intake.journal.note(error, _peer())
    response = jsonify(body_of(request.path, error.code, error.message))
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.code == "invalid_credential":
        scheme = "Bearer" if request.path.startswith("/api/") else "Basic"
        response.headers["WWW-Authenticate"] = f'{scheme} realm="station"'
    return response, error.status


def _of_http(error: HTTPException) -> tuple[Response, int]:
    if isinstance(error, RequestEntityTooLarge):
        code, message = "body_too_large", "the body is too large"
    else:
        code = _CODES_OF_HTTP.get(error.code or 0, "bad_request")
        message = {"not_found": "there is no such route", "method_not_allowed": "this route has another method"}.get(
            code, "the request is not understood"
        )
    response = jsonify(body_of(request.path, code, message))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response, STATUSES[code]


def _unforeseen(error: Exception) -> tuple[Response, int]:
    # The path would be the client's text in the journal.
    _log.error("a request failed", exc_info=error)
    return jsonify(body_of(request.path, "internal", "the station failed; its journal says why")), STATUSES["internal"]


def _with_common_headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
