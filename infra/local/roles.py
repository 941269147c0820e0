"""The roles of the functions: whose access key is whose, as IAM and STS know it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.stores.presign import Credentials
from infra.deploying.target import FUNCTIONS, Target
from infra.local.s3_signature import Credential

ENVIRONMENT = "environment"
"""Stands for a function where there is none: what is signed with the credentials of this process's environment."""
# A Lambda role's session token is about this long; presigned URLs carry it, and it costs bytes.
_SESSION_TOKEN_BYTES = 600


@dataclass(frozen=True, slots=True)
class Role:
    """A session of a role: temporary credentials, and the ARN that errors name it by."""

    function: str
    arn: str
    access_key: str = field(default_factory=lambda: "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode())
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    session_token: str = field(default_factory=lambda: secrets.token_urlsafe(_SESSION_TOKEN_BYTES), repr=False)

    def credentials(self) -> Credentials:
        return Credentials(self.access_key, self.secret_key, self.session_token)


class Roles:
    """One for each function, one for what runs in no function, and the operator's, who may do everything.

    The operator is the local cloud itself: it makes the stack, fills the user pool and stands behind the S3 front.
    """

    def __init__(self, target: Target) -> None:
        self._of = {name: _role(target, name) for name in (*FUNCTIONS, ENVIRONMENT)}
        self.operator = _role(target, "operator")

    def of(self, function: str) -> Role:
        return self._of[function]

    def find(self, access_key: str) -> Role | None:
        return next((role for role in self._all() if role.access_key == access_key), None)

    def credential(self, access_key: str) -> Credential | None:
        """For the strict S3 front."""
        role = self.find(access_key)
        return None if role is None else Credential(role.secret_key, role.session_token)

    def _all(self) -> Iterable[Role]:
        return (*self._of.values(), self.operator)


def _role(target: Target, name: str) -> Role:
    return Role(name, f"arn:{target.partition}:sts::{target.account_id}:assumed-role/{target.role_name(name)}/local")
