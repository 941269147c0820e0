"""The one table from error code to HTTP status, and the form in which every error is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from chalice.app import Response

from chalicelib.api.log import logger
from chalicelib.domain.errors import (
    Conflict,
    FrameferryError,
    Internal,
    InvalidCredential,
    MethodNotAllowed,
    MissingCredential,
    RetryLater,
)
from chalicelib.wire import json
from chalicelib.wire.responses import ErrorBody, ErrorResponse

STATUSES: Final[Mapping[str, int]] = {
    "invalid_json": 400,
    "invalid_body": 400,
    "invalid_parameter": 400,
    "too_many_photos": 400,
    "invalid_filename": 400,
    "content_type_not_allowed": 400,
    "captured_at_out_of_range": 400,
    "size_limit_exceeded": 400,
    "not_a_jpeg": 400,
    "object_key_mismatch": 400,
    "pairing_code_invalid": 400,
    "missing_credential": 401,
    "invalid_credential": 401,
    "device_revoked": 403,
    "foreign_object_key": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "command_finished": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "internal": 500,
    "unavailable": 503,
}
"""What the app answers: every code of `chalicelib.domain.errors`, and no other."""

GATEWAY_STATUSES: Final[Mapping[str, int]] = {
    "bad_request": 400,
    "not_found": 404,
    "body_too_large": 413,
    "rate_limited": 429,
    "headers_too_large": 431,
    "bad_gateway": 502,
    "timeout": 504,
}
"""What API Gateway answers in the same form without asking the app. It may give `bad_request` and `bad_gateway`
another status of their hundred."""

COMMON_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def error_response(error: FrameferryError, request_id: str, challenge: str | None = None) -> Response:
    """`challenge` is the scheme that a 401 names in WWW-Authenticate (RFC 9110 section 11.6.1)."""
    body = ErrorResponse(
        error=ErrorBody(code=error.code, message=error.detail, request_id=request_id),
        next_seq=error.next_seq if isinstance(error, Conflict) else None,
    )
    headers: dict[str, str | list[str]] = {**COMMON_HEADERS}
    if isinstance(error, RetryLater):
        headers["Retry-After"] = str(error.retry_after_s)
    if challenge is not None and isinstance(error, MissingCredential):
        headers["WWW-Authenticate"] = challenge
    if challenge is not None and isinstance(error, InvalidCredential):
        headers["WWW-Authenticate"] = f'{challenge} error="invalid_token"'
    return Response(json.encode(body).decode(), headers, STATUSES[error.code])


def unexpected(where: str, request_id: str) -> Response:
    """To be called while the exception is handled: it goes to the log, and nothing of it to the caller."""
    logger().exception("unexpected error", where=where, request_id=request_id)
    return error_response(Internal(), request_id)


def in_our_form(request: Any, get_response: Callable[[Any], Response]) -> Response:
    """Chalice middleware: what Chalice answers by itself, before or around a view, in the form of every error."""
    context = getattr(request, "context", {})
    request_id = str(context.get("requestId", ""))
    try:
        response = get_response(request)
    except Exception:
        return unexpected("chalice", request_id)
    if not isinstance(response.body, dict):
        return response
    error = MethodNotAllowed() if response.status_code == STATUSES[MethodNotAllowed.code] else Internal()
    return error_response(error, request_id)
