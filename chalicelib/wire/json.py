"""JSON bodies in and out. Requests refuse unknown fields; every refusal is a domain error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.domain.errors import InvalidBody, InvalidJson


class Request(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of request bodies. Instants are in UTC, whatever zone they were written in."""

    def __post_init__(self) -> None:
        for name, wire_name in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True):
            value = getattr(self, name)
            if isinstance(value, datetime):
                setattr(self, name, _in_utc(wire_name, value))


class Response(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Base of response bodies: a field with a default is left out where it holds that default."""


def decode[T](body: bytes, form: type[T]) -> T:
    """Raises InvalidJson, or InvalidBody with the path of the field that is wrong."""
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        raise InvalidBody(f"{error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidJson from None


def encode(body: Any) -> bytes:
    return msgspec.json.encode(body)


def _in_utc(name: str, at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} is out of range") from None
