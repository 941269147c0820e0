"""The stack's secrets from SSM SecureStrings, in the form in which the deploy wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.receipts import ReceiptKeys
from chalicelib.domain.tokens import Peppers
from chalicelib.stores.aws_errors import busy_as_unavailable

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


def read_parameters(ssm: SSMClient, names: Sequence[str]) -> Mapping[str, str]:
    """The values of those that exist, at most ten, in one call: every cold start waits for it. Raises Unavailable."""
    with busy_as_unavailable():
        found = ssm.get_parameters(Names=names, WithDecryption=True)["Parameters"]
    return {each["Name"]: each["Value"] for each in found}


def peppers(parameters: Mapping[str, str], name: str) -> Peppers:
    """From `{"current": "p1", "peppers": {"p1": "<base64 of 32 bytes>"}}`. Raises SecretUnusable."""
    found = _decoded(parameters, name, _Peppers)
    return Peppers(found.current, _checked(name, found.current, found.peppers))


def receipt_keys(parameters: Mapping[str, str], name: str) -> ReceiptKeys:
    """From `{"current": "r1", "keys": {"r1": "<base64 of a 32-byte seed>"}}`. Raises SecretUnusable."""
    found = _decoded(parameters, name, _ReceiptKeys)
    return ReceiptKeys(found.current, _checked(name, found.current, found.keys))


def _decoded[T](parameters: Mapping[str, str], name: str, form: type[T]) -> T:
    if name not in parameters:
        raise SecretUnusable(f"{name} does not exist")
    try:
        return msgspec.json.decode(parameters[name], type=form)
    except msgspec.DecodeError:
        raise SecretUnusable(f"{name} is not in the form of a secret") from None


def _checked(name: str, current: str, keys: Mapping[str, bytes]) -> Mapping[str, bytes]:
    if current not in keys or any(len(key) != _KEY_SIZE_BYTES for key in keys.values()):
        raise SecretUnusable(f"{name} lacks its current key or holds a key that is not {_KEY_SIZE_BYTES} bytes long")
    return keys
