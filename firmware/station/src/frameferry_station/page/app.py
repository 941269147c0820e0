"""The routes of the station's page, by Flask: `/health` and `/metrics` for anyone, the rest for who may see photos."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, abort, jsonify, request, send_from_directory
from werkzeug.exceptions import HTTPException

from frameferry_station.clock import to_text
from frameferry_station.page.admission import Doorkeeper
from frameferry_station.page.health import HealthCheck
from frameferry_station.page.local_photos import LocalPhotos
from frameferry_station.page.machine_health import Machine
from frameferry_station.page.streams import NoStreams, StreamReport
from frameferry_station.page.thumbnails import Thumbnails
from frameferry_station.photos import StationReport

_log = logging.getLogger(__name__)

PHOTOS_ON_A_PAGE: Final = 48
FOR_ANYONE: Final = frozenset({"/health", "/metrics"})
_ASSETS: Final = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_STREAM_PARTS: Final = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}
_STREAM_PART = re.compile(r"[a-z0-9-]{1,60}(\.m3u8|\.ts)", re.ASCII)
_POLICY = (
    "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY_OF_PICTURES = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""A browser that shows a picture alone makes a page of its own around it, with a style in it."""
_ASKED_EACH_TIME = "private, no-cache"
"""It is the same for ever, but the owner may delete it: then it is gone from browsers too."""


@dataclass(frozen=True)
class Shown:
    """What the page shows. `stream_folders` are those that relays fill for a browser, by the relay's name."""

    report: StationReport
    health: HealthCheck
    machine: Machine
    photos: LocalPhotos
    doorkeeper: Doorkeeper
    stream_folders: Mapping[str, Path] = field(default_factory=dict)
    playlist: str = "stream.m3u8"
    streams: StreamReport = field(default_factory=NoStreams)
    heartbeats: Callable[[], Mapping[str, Mapping[str, Any]]] = dict
    """By source, what the cameras of the LAN said of themselves last: `rssi_dbm`, `free_heap_bytes`, `uptime_s`; each
    may be None."""


def create_app(shown: Shown) -> Flask:
    """A WSGI app that only tells: no request changes anything."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 4096
    app.before_request(partial(_refused, shown.doorkeeper))
    _add_health(app, shown)
    _add_page(app, shown)
    _add_photos(app, shown)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unforeseen)
    app.after_request(_with_common_headers)
    return app


def _add_health(app: Flask, shown: Shown) -> None:
    @app.get("/health")
    def health() -> tuple[Response, int]:
        found = shown.health.look()
        return jsonify(dict(found.document)), 503 if found.status == "unhealthy" else 200

    @app.get("/metrics")
    def metrics() -> Response:
        # Only a station that Prometheus asks pays for its library.
        from frameferry_station.page.metrics import CONTENT_TYPE_LATEST, StationCollector, exposition

        collector = StationCollector(shown.report, shown.machine, shown.streams)
        return Response(exposition(collector), content_type=CONTENT_TYPE_LATEST)


def _add_page(app: Flask, shown: Shown) -> None:
    assets = files("frameferry_station.page") / "assets"

    @app.get("/")
    def page() -> Response:
        return Response((assets / "page.html").read_bytes(), content_type="text/html; charset=utf-8")

    @app.get("/assets/<name>")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            abort(404)
        return Response((assets / name).read_bytes(), content_type=_ASSETS[name])

    @app.get("/favicon.ico")
    def icon() -> Response:
        """What a browser asks for that shows a photo alone."""
        return asset("icon.svg")

    @app.get("/state.json")
    def state() -> dict[str, Any]:
        return {
            "host": socket.gethostname(),
            "health": dict(shown.health.look().document),
            "with_photo": [news.source for news in shown.report.sources() if news.latest_jpeg],
            "heartbeats": dict(shown.heartbeats()),
            "streams": {name: f"/streams/{name}/{shown.playlist}" for name in shown.stream_folders},
        }

    @app.get("/streams/<name>/<part>")
    def stream(name: str, part: str) -> Response:
        match = _STREAM_PART.fullmatch(part)
        if name not in shown.stream_folders or not match:
            abort(404)
        folder = shown.stream_folders[name].resolve()
        return send_from_directory(folder, part, mimetype=_STREAM_PARTS[match[1]], max_age=0)


def _add_photos(app: Flask, shown: Shown) -> None:
    thumbnails = Thumbnails()

    @app.get("/latest/<source>")
    def latest(source: str) -> Response:
        news = next((news for news in shown.report.sources() if news.source == source), None)
        return _jpeg(news.latest_jpeg if news else None)

    @app.get("/days.json")
    def days() -> dict[str, Any]:
        return {"days": shown.photos.days()}

    @app.get("/photos.json")
    def photos() -> dict[str, Any]:
        day, offset = request.args.get("day", ""), request.args.get("offset", "0")
        if not re.fullmatch(r"\d{1,6}", offset, re.ASCII):
            abort(400)
        found = shown.photos.of_day(day, int(offset), PHOTOS_ON_A_PAGE + 1)
        return {
            "photos": [
                {"id": photo.photo_id, "source": photo.source, "at": to_text(photo.at) if photo.at else None}
                for photo in found[:PHOTOS_ON_A_PAGE]
            ],
            "next": int(offset) + PHOTOS_ON_A_PAGE if len(found) > PHOTOS_ON_A_PAGE else None,
        }

    @app.get("/photos/<path:photo_id>")
    def photo(photo_id: str) -> Response:
        return _unless_known(photo_id, shown, lambda: shown.photos.jpeg(photo_id))

    @app.get("/thumbnails/<path:photo_id>")
    def thumbnail(photo_id: str) -> Response:
        def small() -> bytes | None:
            return thumbnails.of(
                photo_id, lambda: shown.photos.jpeg(photo_id), lambda: shown.photos.has(photo_id)
            )

        return _unless_known(photo_id, shown, small)


def _unless_known(photo_id: str, shown: Shown, made: Callable[[], bytes | None]) -> Response:
    """A browser that has it is told so, as long as the photo is there."""
    is_known = request.if_none_match.contains(photo_id) and shown.photos.has(photo_id)
    response = Response(status=304) if is_known else _jpeg(made(), cache=_ASKED_EACH_TIME)
    response.headers["Cache-Control"] = _ASKED_EACH_TIME
    response.set_etag(photo_id)
    return response


def _jpeg(content: bytes | None, cache: str = "no-store") -> Response:
    if content is None:
        abort(404)
    return Response(content, content_type="image/jpeg", headers={"Cache-Control": cache})


def _refused(doorkeeper: Doorkeeper) -> Response | None:
    return None if request.path in FOR_ANYONE else doorkeeper.refusal(request)


def _of_http(error: HTTPException) -> tuple[Response, int]:
    headers = [(name, value) for name, value in error.get_headers() if name == "Allow"]
    response = Response(f"{error.name}\n", content_type="text/plain; charset=utf-8")
    response.headers.extend(headers)
    return response, error.code or 500


def _unforeseen(error: Exception) -> tuple[Response, int]:
    # The path would be the client's text in the journal.
    _log.error("a request to the page failed", exc_info=error)
    return Response("the station failed; its journal says why\n", content_type="text/plain; charset=utf-8"), 500


def _with_common_headers(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    is_picture = response.mimetype == "image/jpeg"
    response.headers["Content-Security-Policy"] = _POLICY_OF_PICTURES if is_picture else _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
