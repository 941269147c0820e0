"""HTTP to Lambda and back, as an API Gateway REST API with Lambda proxy integration translates it.

Source: API Gateway Developer Guide, "Lambda proxy integrations", "Content type conversions",
"Important notes for REST APIs".
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

STAGE = "api"
_HOP_BY_HOP = frozenset(
    {"connection", "expect", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}
)
# In an answer API Gateway keeps these names for itself and passes the function's value under another.
_REMAPPED = frozenset({"authorization", "connection", "content-length", "date", "host", "server", "www-authenticate"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came; `raw_path` is below the stage (empty for `/api`), not decoded, without the query."""

    method: str
    raw_path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    host_port: int

    def first(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class MalformedAnswer(Exception):
    """The function's answer has not the form that API Gateway takes."""


def proxy_event(
    request: HttpRequest, *, route: str, captured: dict[str, str], binary_types: Iterable[str], request_id: str
) -> dict[str, Any]:
    """The Lambda event (payload format 1.0). `captured` are path parameters, not decoded yet."""
    headers = _forwarded_headers(request)
    query = parse_qs(request.query, keep_blank_values=True, errors="replace") or None
    is_binary = is_binary_type(request.first("content-type"), binary_types)
    return {
        "resource": route,
        "path": unquote(request.raw_path, errors="replace") or "/",
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": _grouped(headers),
        "queryStringParameters": query and {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": {name: unquote(value, errors="replace") for name, value in captured.items()} or None,
        "stageVariables": None,
        "requestContext": _request_context(request, route, request_id),
        "body": _event_body(request.body, is_binary),
        "isBase64Encoded": bool(request.body) and is_binary,
    }


def http_answer(answer: Any, *, accept: str | None, binary_types: Iterable[str]) -> HttpAnswer:
    """The HTTP answer for what the function returned.

    A base64 body is decoded only where the *first* media type of Accept is a binary one; otherwise
    the base64 text itself goes out. Raises MalformedAnswer.
    """
    if not isinstance(answer, dict):
        raise MalformedAnswer
    headers = _answer_headers(answer)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    body = "" if answer.get("body") is None else answer["body"]
    if not isinstance(body, str):
        raise MalformedAnswer
    decode = answer.get("isBase64Encoded", False) and is_binary_type((accept or "").split(",")[0], binary_types)
    return HttpAnswer(_status(answer), headers, _base64(body) if decode else body.encode("utf-8"))


def is_binary_type(media_type: str | None, binary_types: Iterable[str]) -> bool:
    """Whether a Content-Type or Accept value (parameters are ignored) is one of the API's binary types."""
    name = (media_type or "application/json").split(";")[0].strip().lower()
    family = name.split("/")[0] + "/*"
    return any(binary.lower() in (name, family, "*/*") for binary in binary_types)


def _forwarded_headers(request: HttpRequest) -> list[tuple[str, str]]:
    forwarded_for = [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
    own = {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
    passed = [(name, value) for name, value in request.headers if name.lower() not in _HOP_BY_HOP | own]
    return [
        *passed,
        ("X-Forwarded-For", ", ".join([*forwarded_for, request.source_ip])),
        ("X-Forwarded-Port", str(request.host_port)),
        ("X-Forwarded-Proto", "http"),
    ]


def _grouped(headers: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _request_context(request: HttpRequest, route: str, request_id: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "accountId": "000000000000",
        "apiId": "local",
        "domainName": request.first("host"),
        "extendedRequestId": request_id,
        "httpMethod": request.method,
        "identity": {"sourceIp": request.source_ip, "userAgent": request.first("user-agent")},
        "path": f"/{STAGE}{request.raw_path}",
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S %z"),
        "requestTimeEpoch": round(time.time() * 1000),
        "resourceId": route,
        "resourcePath": route,
        "stage": STAGE,
    }


def _event_body(body: bytes, is_binary: bool) -> str | None:
    if not body:
        return None
    return base64.b64encode(body).decode("ascii") if is_binary else body.decode("utf-8", errors="replace")


def _status(answer: dict[str, Any]) -> int:
    status = answer.get("statusCode")
    if isinstance(status, str) and status.isdigit():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
        raise MalformedAnswer
    return status


def _answer_headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    single, multi = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not (isinstance(single, dict) and isinstance(multi, dict)):
        raise MalformedAnswer
    pairs = [(name, value) for name, value in single.items() if name not in multi]
    pairs += [(name, value) for name, values in multi.items() for value in values]
    return [(_answer_name(name), _header_value(value)) for name, value in pairs]


def _answer_name(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name


def _header_value(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise MalformedAnswer
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "\r" in text or "\n" in text:
        raise MalformedAnswer
    return text


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise MalformedAnswer from error
