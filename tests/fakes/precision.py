"""Values as a database keeps them: instants to the millisecond."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any, cast


def as_stored[T](value: T) -> T:
    """The same value, with every instant in it in UTC and cut to whole milliseconds."""
    return cast(T, _cut(value))


def _cut(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=value.microsecond // 1000 * 1000)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.init)
        return dataclasses.replace(value, **{name: _cut(getattr(value, name)) for name in fields})
    if isinstance(value, dict):
        return {name: _cut(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_cut(inner) for inner in value)
    return value
