"""The routes of the station's page, by Flask: `/health` and `/metrics` for anyone."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from frameferry_station.page.health import HealthCheck
from frameferry_station.page.machine_health import Machine
from frameferry_station.photos import StationReport

_log = logging.getLogger(__name__)

_POLICY = (
    "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app(report: StationReport, health: HealthCheck, machine: Machine) -> Flask:
    """A WSGI app that only tells: no request changes anything."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 4096

    @app.get("/health")
    def state() -> tuple[Response, int]:
        found = health.look()
        return jsonify(dict(found.document)), 503 if found.status == "unhealthy" else 200

    @app.get("/metrics")
    def metrics() -> Response:
        # Only a station that Prometheus asks pays for its library.
        from frameferry_station.page.metrics import CONTENT_TYPE_LATEST, StationCollector, exposition

        return Response(exposition(StationCollector(report, machine)), content_type=CONTENT_TYPE_LATEST)

    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unforeseen)
    app.after_request(_with_common_headers)
    return app


def _of_http(error: HTTPException) -> tuple[Response, int]:
    headers = [(name, value) for name, value in error.get_headers() if name in ("Allow", "WWW-Authenticate")]
    response = Response(f"{error.name}\n", content_type="text/plain; charset=utf-8")
    response.headers.extend(headers)
    return response, error.code or 500


def _unforeseen(error: Exception) -> tuple[Response, int]:
    # The path would be the client's text in the journal.
    _log.error("a request to the page failed", exc_info=error)
    return Response("the station failed; its journal says why\n", content_type="text/plain; charset=utf-8"), 500


def _with_common_headers(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
