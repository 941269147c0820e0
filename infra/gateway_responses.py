"""The answers that API Gateway gives without asking the app, in the shape of the app's own errors.

One table for the deploy (which sets them as gateway responses) and for the local API server (which
gives them itself). API Gateway cannot tell an unknown path from an unknown method: both are
MISSING_AUTHENTICATION_TOKEN, 403 by default, and here 404 `not_found`.
Source: API Gateway Developer Guide, "Gateway response types".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto


class GatewayResponseType(Enum):
    """The name of each is as API Gateway spells it."""

    MISSING_AUTHENTICATION_TOKEN = auto()
    REQUEST_TOO_LARGE = auto()
    THROTTLED = auto()
    INTEGRATION_TIMEOUT = auto()
    INTEGRATION_FAILURE = auto()
    DEFAULT_4XX = auto()
    DEFAULT_5XX = auto()


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """`status` None keeps the status that API Gateway chose for the case (the two defaults)."""

    status: int | None
    code: str
    message: str

    def body(self, request_id: str) -> str:
        """The JSON body; `$context.requestId` as `request_id` makes it the template that the deploy sets."""
        return json.dumps({"error": {"code": self.code, "message": self.message, "request_id": request_id}})


_BAD_GATEWAY = "The function failed or gave no valid answer; try again."

GATEWAY_RESPONSES: dict[GatewayResponseType, GatewayResponse] = {
    GatewayResponseType.MISSING_AUTHENTICATION_TOKEN: GatewayResponse(404, "not_found", "There is no such route."),
    GatewayResponseType.REQUEST_TOO_LARGE: GatewayResponse(413, "body_too_large", "The request is too large."),
    GatewayResponseType.THROTTLED: GatewayResponse(429, "rate_limited", "Too many requests; wait and try again."),
    GatewayResponseType.INTEGRATION_TIMEOUT: GatewayResponse(504, "timeout", "The answer took too long; try again."),
    GatewayResponseType.INTEGRATION_FAILURE: GatewayResponse(502, "bad_gateway", _BAD_GATEWAY),
    GatewayResponseType.DEFAULT_4XX: GatewayResponse(None, "bad_request", "The gateway refused the request."),
    GatewayResponseType.DEFAULT_5XX: GatewayResponse(None, "bad_gateway", _BAD_GATEWAY),
}
