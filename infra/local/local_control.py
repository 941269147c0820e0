"""`/_local/stats` and `/_local/faults`: what a test or a bench asks of the local cloud itself."""

from __future__ import annotations

from typing import Any

import msgspec

from infra.local.faults import Faults, FaultsInvalid
from infra.local.http_server import Exchange
from infra.local.stats import Stats

PREFIX = "/_local/"
_MAX_BODY_BYTES = 64 * 1024


def serve(exchange: Exchange, stats: Stats, faults: Faults) -> None:
    """Answer JSON: the state after the request, or `{"error": {"code", "message"}}`."""
    status, body = _answer(exchange, stats, faults)
    exchange.respond(status, [("Content-Type", "application/json")], msgspec.json.encode(body))


def _answer(exchange: Exchange, stats: Stats, faults: Faults) -> tuple[int, Any]:
    action = (exchange.command, exchange.path.partition("?")[0].removeprefix(PREFIX))
    if action == ("DELETE", "stats"):
        stats.reset()
    elif action == ("DELETE", "faults"):
        faults.clear()
    elif action == ("POST", "faults"):
        try:
            faults.add_json(_body(exchange))
        except FaultsInvalid as error:
            return _error(400, "invalid_faults", str(error))
    elif exchange.command != "GET":
        return _error(405, "method_not_allowed", "GET and DELETE for stats; GET, POST and DELETE for faults")
    if action[1] not in ("stats", "faults"):
        return _error(404, "not_found", "there are /_local/stats and /_local/faults")
    return 200, stats.snapshot() if action[1] == "stats" else faults.left()


def _body(exchange: Exchange) -> bytes:
    length = exchange.body_bytes
    if length is None or length > _MAX_BODY_BYTES:
        raise FaultsInvalid(f"a body of at most {_MAX_BODY_BYTES} bytes is wanted")
    return exchange.read(length)


def _error(status: int, code: str, message: str) -> tuple[int, Any]:
    return status, {"error": {"code": code, "message": message}}
