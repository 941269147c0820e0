"""Instants: always UTC, always with a zone, one text form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Clock = Callable[[], datetime]
"""Gives the present instant, aware, in UTC."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def to_text(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`: fixed width, so that text sorts as time does.

    An instant beyond the years 1 to 9999 of UTC is the nearest within them.
    """
    try:
        utc = at.astimezone(UTC)
    except OverflowError:
        utc = datetime.min.replace(tzinfo=UTC) if at.year == 1 else datetime.max.replace(tzinfo=UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_text(text: str) -> datetime:
    """The inverse of `to_text`. Raises ValueError on anything that is no RFC 3339 instant."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Raises OverflowError beyond the years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=ms)
