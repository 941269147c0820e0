"""Time as a device has it: one clock that never jumps, and one that tells the date."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def monotonic_s(self) -> float:
        """Seconds since some fixed instant; never goes back."""

    def utc(self) -> datetime:
        """The present instant, aware; may be wrong where no one has set the clock."""


class SystemClock:
    def monotonic_s(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)


def to_text(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """Raises ValueError on anything that is no RFC 3339 instant with a zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC)


def in_whole_ms(at: datetime) -> datetime:
    """What is left of an instant once it has been written as text."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
