"""The stack's secrets from SSM SecureStrings, in the form in which the deploy wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from chalicelib.domain.receipts import ReceiptKeys
from chalicelib.domain.tokens import Peppers
from chalicelib.stores.aws_errors import busy_as_unavailable, code

if TYPE_CHECKING:
    from mypy_boto3_ssm.client import SSMClient

_KEY_SIZE_BYTES = 32


class SecretUnusable(Exception):
    """A parameter does not hold what the deploy writes. The text names the parameter and nothing that is in it."""


class _Peppers(msgspec.Struct):
    current: str
    peppers: dict[str, bytes]


class _ReceiptKeys(msgspec.Struct):
    current: str
    keys: dict[str, bytes]


def load_peppers(ssm: SSMClient, name: str) -> Peppers:
    """From `{"current": "p1", "peppers": {"p1": "<base64 of 32 bytes>"}}`. Raises SecretUnusable, Unavailable."""
    found = _load(ssm, name, _Peppers)
    return Peppers(found.current, _checked(name, found.current, found.peppers))


def load_receipt_keys(ssm: SSMClient, name: str) -> ReceiptKeys:
    """From `{"current": "r1", "keys": {"r1": "<base64 of a 32-byte seed>"}}`. Raises SecretUnusable, Unavailable."""
    found = _load(ssm, name, _ReceiptKeys)
    return ReceiptKeys(found.current, _checked(name, found.current, found.keys))


def _load[T](ssm: SSMClient, name: str, form: type[T]) -> T:
    try:
        with busy_as_unavailable():
            value = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", "")
    except ClientError as error:
        if code(error) != "ParameterNotFound":
            raise
        raise SecretUnusable(f"{name} does not exist") from None
    try:
        return msgspec.json.decode(value, type=form)
    except msgspec.DecodeError:
        raise SecretUnusable(f"{name} is not in the form of a secret") from None


def _checked(name: str, current: str, keys: Mapping[str, bytes]) -> Mapping[str, bytes]:
    if current not in keys or any(len(key) != _KEY_SIZE_BYTES for key in keys.values()):
        raise SecretUnusable(f"{name} lacks its current key or holds a key that is not {_KEY_SIZE_BYTES} bytes long")
    return keys
