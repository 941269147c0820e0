"""Signing in from the console: the user pool's API at the console's own address, as far as a browser needs it.

moto's own address is of this machine only, and all of moto's API is open to whoever reaches it.
Source: Amazon Cognito user pools API reference, "InitiateAuth", "RespondToAuthChallenge", "RevokeToken".
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from infra.local.http_server import Exchange
from infra.local.proxy_event import HttpAnswer

PATH = "/_local/sign-in"
_SERVICE = "AWSCognitoIdentityProviderService"
_LIMIT_BYTES = 64 * 1024


class SignInRelay:
    """Answers requests for `PATH` through a `cognito-idp` client, with what needs no AWS credential in AWS."""

    def __init__(self, cognito: Any) -> None:
        self._actions = {
            f"{_SERVICE}.InitiateAuth": cognito.initiate_auth,
            f"{_SERVICE}.RespondToAuthChallenge": cognito.respond_to_auth_challenge,
            f"{_SERVICE}.RevokeToken": cognito.revoke_token,
        }

    def __call__(self, exchange: Exchange) -> HttpAnswer:
        action = self._actions.get(exchange.headers.get("X-Amz-Target", ""))
        size = exchange.body_bytes
        if exchange.command != "POST" or action is None or not size or size > _LIMIT_BYTES:
            return _refused("InvalidParameterException", "Not what a console asks.")
        try:
            told = action(**json.loads(exchange.read(size)))
        except ClientError as error:
            return _refused(error.response["Error"]["Code"], error.response["Error"]["Message"])
        except (ValueError, TypeError, ParamValidationError):
            return _refused("InvalidParameterException", "Not in the form of this action.")
        told.pop("ResponseMetadata", None)
        return _answer(200, told)


def _refused(code: str, message: str) -> HttpAnswer:
    return _answer(400, {"__type": code, "message": message})


def _answer(status: int, body: dict[str, Any]) -> HttpAnswer:
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("Cache-Control", "no-store")]
    return HttpAnswer(status, headers, json.dumps(body).encode())
