"""Owners in the local user pool: made by the administrator, signed in as the console signs in."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, replace
from typing import Any

from infra.stack import StackOutputs


@dataclass(frozen=True, slots=True)
class Owner:
    """A signed-in person; `sub` is the owner_id, `token` an access token that lasts an hour."""

    username: str
    password: str
    token: str
    sub: str


class UserPool:
    """The stack's user pool through a `cognito-idp` client."""

    def __init__(self, cognito: Any, outputs: StackOutputs) -> None:
        self._cognito = cognito
        self._pool_id = outputs.user_pool_id
        self._client_id = outputs.user_pool_client_id

    def new_owner(self, username: str) -> Owner:
        """A new owner with a random password that is valid at once, signed in."""
        password = _random_password()
        self._cognito.admin_create_user(UserPoolId=self._pool_id, Username=username, MessageAction="SUPPRESS")
        self._cognito.admin_set_user_password(
            UserPoolId=self._pool_id, Username=username, Password=password, Permanent=True
        )
        return self.sign_in(Owner(username, password, token="", sub=""))

    def sign_in(self, owner: Owner) -> Owner:
        """The same owner with a fresh token."""
        result = self._cognito.initiate_auth(
            ClientId=self._client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": owner.username, "PASSWORD": owner.password},
        )
        token = result["AuthenticationResult"]["AccessToken"]
        return replace(owner, token=token, sub=_claims(token)["sub"])


def _random_password() -> str:
    """Meets the pool's policy whatever the dice say: the tail has one of each kind that it asks for."""
    return f"{secrets.token_urlsafe(15)}aA1"


def _claims(token: str) -> dict[str, Any]:
    """The claims, unverified: this token comes straight from the pool."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
