"""The stack's two secrets, made once and never changed here: the pepper and the receipt key.

They are SSM SecureStrings, which CloudFormation cannot make. Each value is JSON that names its
current key and holds every key still in use, so that a rotation adds one and breaks nothing.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_KEY_SIZE_BYTES = 32


@dataclass(frozen=True, slots=True)
class SecretNames:
    """Names of the SSM parameters, never their values."""

    pepper: str
    receipt_key: str


def secret_names(stack_name: str) -> SecretNames:
    return SecretNames(pepper=f"/{stack_name}/pepper", receipt_key=f"/{stack_name}/receipt-key")


def ensure_secrets(
    ssm: Any, stack_name: str, *, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> SecretNames:
    """Make what is missing, leave what is there.

    Pepper: `{"current": "p1", "peppers": {"p1": <base64 of 32 bytes>}}`.
    Receipt key: `{"current": "r1", "keys": {"r1": <base64 of a 32-byte Ed25519 seed>}}` (RFC 8032).
    """
    names = secret_names(stack_name)
    _put_once(ssm, names.pepper, {"current": "p1", "peppers": {"p1": _fresh_key(random_bytes)}})
    _put_once(ssm, names.receipt_key, {"current": "r1", "keys": {"r1": _fresh_key(random_bytes)}})
    return names


def _fresh_key(random_bytes: Callable[[int], bytes]) -> str:
    return base64.b64encode(random_bytes(_KEY_SIZE_BYTES)).decode("ascii")


def _put_once(ssm: Any, name: str, value: dict[str, Any]) -> None:
    try:
        ssm.put_parameter(Name=name, Value=json.dumps(value), Type="SecureString", Overwrite=False)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterAlreadyExists":
            raise
