"""API Gateway on one machine: the app's handler behind real sockets, under `/api`, with AWS's limits.

What AWS refuses without asking the app is refused here in the same way, in the words of
`infra.gateway_responses`. Limits: API Gateway Developer Guide, "Quotas for configuring and running a
REST API": 10 MB of payload, 29 s for the integration, 10,240 bytes of request line and header values.
AWS documents the last limit but no status for it; 431 (RFC 6585) is ours.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from chalice.app import Chalice
from chalice.local import RouteMatcher

from infra.deploying.target import API_FUNCTION
from infra.gateway_responses import GATEWAY_RESPONSES, GatewayResponse, GatewayResponseType
from infra.local.http_server import Exchange, HttpServer
from infra.local.lambda_runner import (
    AnswerTooLarge,
    InvocationTimedOut,
    LambdaFunction,
    OnRan,
    PayloadTooLarge,
    let_requests_overlap,
)
from infra.local.proxy_event import STAGE, HttpAnswer, HttpRequest, MalformedAnswer, http_answer, proxy_event

REQUEST_LIMIT_BYTES = 10 * 1024 * 1024
HEADER_LIMIT_BYTES = 10_240
INTEGRATION_TIMEOUT_S = 29.0
IDLE_TIMEOUT_S = 60.0
_LINE_LIMIT_BYTES = 1024

_log = logging.getLogger(__name__)
_HEADERS_TOO_LARGE = GatewayResponse(431, "headers_too_large", "Request line and headers exceed 10,240 bytes.")


class TrafficCounter(Protocol):
    """The part of `infra.local.stats.Stats` that a server writes to."""

    def record(self, kind: str, *, bytes_in: int, bytes_out: int, status: int) -> None: ...

    def connection_opened(self, kind: str) -> None: ...


class RoutesClash(Exception):
    """Two routes that API Gateway would not take together."""


@dataclass(frozen=True, slots=True)
class _Match:
    """`route` is None where the app has no such path and method."""

    route: str | None
    captured: dict[str, str]


class _Refused(Exception):
    """API Gateway answers by itself."""

    def __init__(self, response: GatewayResponse, status: int | None = None) -> None:
        super().__init__(response.code)
        self.response = response
        self.status = response.status or status or 500


class ApiServer:
    """Holds its port from the beginning, and serves `app` at `url` (which ends in `/api`) from `start` to `stop`.

    `integration_timeout_s` is a parameter for tests only. Raises OSError where the port is taken.
    """

    def __init__(
        self,
        stats: TrafficCounter,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        integration_timeout_s: float = INTEGRATION_TIMEOUT_S,
    ) -> None:
        self._stats = stats
        self._host = host
        self._integration_timeout_s = integration_timeout_s
        self._server = HttpServer(host, port, self._serve, _bad_request, IDLE_TIMEOUT_S)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.port}/{STAGE}"

    def start(
        self,
        app: Chalice,
        on_invoked: Callable[[str], None] = lambda name: None,
        on_ran: OnRan = lambda name, wall_s, cpu_s: None,
        others: Mapping[str, Callable[[Exchange], HttpAnswer]] = MappingProxyType({}),
    ) -> None:
        """`on_invoked` and `on_ran` are LambdaFunction's. `others` answer paths that are not the app's.

        Raises RoutesClash for a set of routes that API Gateway refuses.
        """
        routes = list(app.routes)
        _refuse_clashing_routes(routes)
        let_requests_overlap(app)
        self._app = app
        self._matcher = RouteMatcher(routes)
        self._function = LambdaFunction(
            app, API_FUNCTION, timeout_s=self._integration_timeout_s, on_invoked=on_invoked, on_ran=on_ran
        )
        self._others = others
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _serve(self, exchange: Exchange) -> None:
        if not exchange.is_counted:
            exchange.is_counted = True
            self._stats.connection_opened("api")
        request_id = str(uuid.uuid4())
        raw_path, _, query = exchange.path.partition("?")
        if raw_path in self._others:
            answer = self._others[raw_path](exchange)
            exchange.respond(answer.status, answer.headers, answer.body)
            return
        match = self._match(exchange.command, raw_path)
        try:
            answer = self._answer(exchange, match, raw_path, query, request_id)
        except _Refused as refusal:
            body = refusal.response.body(request_id).encode("utf-8")
            answer = HttpAnswer(refusal.status, [("Content-Type", "application/json")], body)
        exchange.respond(answer.status, [*answer.headers, ("x-amzn-RequestId", request_id)], answer.body)
        kind = f"api:{exchange.command} {match.route}" if match.route else "api:unmatched"
        self._stats.record(kind, bytes_in=exchange.bytes_in, bytes_out=exchange.bytes_out, status=answer.status)

    def _answer(self, exchange: Exchange, match: _Match, raw_path: str, query: str, request_id: str) -> HttpAnswer:
        if _header_bytes(exchange) > HEADER_LIMIT_BYTES:
            raise _Refused(_HEADERS_TOO_LARGE)
        if raw_path == "/":
            return HttpAnswer(302, [("Location", f"/{STAGE}/")], b"")
        if match.route is None:
            raise _refused(GatewayResponseType.MISSING_AUTHENTICATION_TOKEN)
        request = HttpRequest(
            exchange.command,
            _below_stage(raw_path) or "",
            query,
            list(exchange.headers.items()),
            _read_body(exchange),
            exchange.client_address[0],
            self.port,
        )
        if request.method not in self._app.routes[match.route]:
            return self._preflight(match.route)
        return self._invoke(request, match, request_id)

    def _match(self, method: str, raw_path: str) -> _Match:
        path = _below_stage(raw_path)
        if path is None:
            return _Match(None, {})
        try:
            found = self._matcher.match_route(path or "/")
        except ValueError:
            return _Match(None, {})
        views = self._app.routes[found.route]
        preflight = method == "OPTIONS" and any(view.cors for view in views.values())
        if method not in views and not preflight:
            return _Match(None, {})
        return _Match(found.route, {k: v for k, v in found.captured.items() if f"{{{k}}}" in found.route})

    def _preflight(self, route: str) -> HttpAnswer:
        """What Chalice's generated OPTIONS method answers where a view allows other origins."""
        views = self._app.routes[route]
        cors = next(view.cors for view in views.values() if view.cors)
        headers = {name: str(value) for name, value in cors.get_access_control_headers().items()}
        headers["Access-Control-Allow-Methods"] = ",".join([*views, "OPTIONS"])
        return HttpAnswer(200, list(headers.items()), b"")

    def _invoke(self, request: HttpRequest, match: _Match, request_id: str) -> HttpAnswer:
        binary_types = self._app.api.binary_types
        event = proxy_event(
            request,
            route=str(match.route),
            captured=match.captured,
            binary_types=binary_types,
            request_id=request_id,
        )
        try:
            answer = self._function.invoke(event)
            return http_answer(answer, accept=request.first("accept"), binary_types=binary_types)
        except PayloadTooLarge:
            raise _refused(GatewayResponseType.REQUEST_TOO_LARGE) from None
        except InvocationTimedOut:
            raise _refused(GatewayResponseType.INTEGRATION_TIMEOUT) from None
        except (AnswerTooLarge, MalformedAnswer) as error:
            _log.error("%s: %s", match.route, type(error).__name__)
        except Exception:
            _log.exception("%s raised", match.route)
        raise _refused(GatewayResponseType.INTEGRATION_FAILURE)


def _refused(kind: GatewayResponseType, status: int | None = None) -> _Refused:
    return _Refused(GATEWAY_RESPONSES[kind], status)


def _below_stage(raw_path: str) -> str | None:
    """The path as the app's routes spell it, empty for the stage without a slash, or None outside the stage."""
    stage, slash, rest = raw_path.removeprefix("/").partition("/")
    return f"{slash}{rest}" if stage == STAGE else None


def _header_bytes(exchange: Exchange) -> int:
    return len(exchange.requestline) + sum(len(value) for value in exchange.headers.values())


def _read_body(exchange: Exchange) -> bytes:
    """The whole body. Raises _Refused for one over 10 MB or framed wrongly, ConnectionError where it ends early."""
    chunked = exchange.headers.get("Transfer-Encoding", "").lower() == "chunked"
    size = exchange.body_bytes
    if size is None or (chunked and "Content-Length" in exchange.headers):
        raise _refused(GatewayResponseType.DEFAULT_4XX, 400)
    if size > REQUEST_LIMIT_BYTES:
        raise _refused(GatewayResponseType.REQUEST_TOO_LARGE)
    body = _read_chunks(exchange) if chunked else exchange.read(size) if size else b""
    if not chunked and len(body) < size:
        raise ConnectionError
    return body


def _read_chunks(exchange: Exchange) -> bytes:
    """RFC 9112 section 7.1."""
    body = bytearray()
    while size := _chunk_size(exchange.read_line(_LINE_LIMIT_BYTES)):
        if len(body) + size > REQUEST_LIMIT_BYTES:
            raise _refused(GatewayResponseType.REQUEST_TOO_LARGE)
        body += exchange.read(size)
        exchange.read_line(_LINE_LIMIT_BYTES)
    while exchange.read_line(_LINE_LIMIT_BYTES).strip():
        pass
    exchange.chunked_body_done()
    return bytes(body)


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0].strip(), 16)
    except ValueError:
        raise _refused(GatewayResponseType.DEFAULT_4XX, 400) from None


def _bad_request(status: int) -> tuple[int, list[tuple[str, str]], bytes]:
    body = GATEWAY_RESPONSES[GatewayResponseType.DEFAULT_4XX].body(str(uuid.uuid4()))
    return status, [("Content-Type", "application/json")], body.encode("utf-8")


def _refuse_clashing_routes(routes: list[str]) -> None:
    """API Gateway takes one variable name a place: `/a/{x}` beside `/a/{y}/b` fails at deploy time."""
    names: dict[str, str] = {}
    for route in routes:
        parts = route.split("/")
        for place, part in enumerate(parts):
            if part.startswith("{"):
                parent = "/".join(parts[:place])
                if names.setdefault(parent, part) != part:
                    raise RoutesClash(json.dumps({"below": parent, "names": [names[parent], part]}))
