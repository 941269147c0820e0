"""A capture, and the words that everything about captures shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NewType, Protocol

Seq = NewType("Seq", int)
"""The device's capture number: never reused, with `device_id` it names a capture for ever."""

MAX_SEQ = 2**53 - 1
CONTENT_TYPE = "image/jpeg"
CLIP_CONTENT_TYPE = "video/mp4"
_SUFFIXES = {CONTENT_TYPE: ".jpg", CLIP_CONTENT_TYPE: ".mp4"}


class Body(Protocol):
    def chunks(self) -> Iterator[bytes]:
        """The bytes from the beginning, at each call anew."""


@dataclass(frozen=True)
class CaptureMeta:
    """What is known when a capture is taken. `captured_at` is None where nobody has set the clock."""

    captured_at: datetime | None
    ntp_synced: bool = False
    uptime_ms: int = 0
    """Since the device started."""


@dataclass(frozen=True)
class Capture:
    """One photo or clip that goes up alone. `sha256` is 64 lower-case hex digits."""

    seq: Seq
    meta: CaptureMeta
    size_bytes: int
    sha256: str
    body: Body = field(repr=False)
    content_type: str = CONTENT_TYPE

    @property
    def filename(self) -> str:
        """The same for the same capture, so that a retry gets the same object key."""
        at = self.meta.captured_at
        when = f"{at.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}" if at else "undated"
        return f"{when}_{self.seq:06d}{_SUFFIXES[self.content_type]}"


@dataclass(frozen=True)
class SeqRange:
    """Captures from `first` to `last`, both included."""

    first: Seq
    last: Seq
