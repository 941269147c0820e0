"""A capture as it lies in the queue, whatever form the queue keeps it in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NewType, Protocol

from frameferry_station.errors import CaptureDamaged, CaptureGone
from frameferry_station.files import Files

Seq = NewType("Seq", int)
"""The device's capture number: never reused, with `device_id` it names a capture for ever."""

MAX_SEQ = 2**53 - 1
CONTENT_TYPE = "image/jpeg"
_CHUNK_BYTES = 64 * 1024


class Body(Protocol):
    def chunks(self) -> Iterator[bytes]:
        """The bytes from the beginning, at each call anew. Raises CaptureDamaged, CaptureGone."""


@dataclass(frozen=True)
class FileSlice:
    """Bytes of a part of a file."""

    path: Path
    offset: int
    length: int
    files: Files = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        position, end = self.offset, self.offset + self.length
        while position < end:
            try:
                chunk = self.files.read(self.path, position, min(_CHUNK_BYTES, end - position))
            except FileNotFoundError:
                raise CaptureGone(self.path.name) from None
            except OSError as error:
                raise CaptureDamaged(f"cannot be read: {error.strerror}") from error
            if not chunk:
                raise CaptureDamaged("shorter than it was")
            position += len(chunk)
            yield chunk


@dataclass(frozen=True)
class CaptureMeta:
    """What is known when a capture is taken. `captured_at` is None where nobody has set the clock."""

    captured_at: datetime | None
    ntp_synced: bool = False


@dataclass(frozen=True)
class Capture:
    """One photo in the queue. `sha256` is 64 lower-case hex digits."""

    seq: Seq
    meta: CaptureMeta
    size_bytes: int
    sha256: str
    body: Body = field(repr=False)

    @property
    def filename(self) -> str:
        """The same for the same capture, so that a retry gets the same object key."""
        at = self.meta.captured_at
        when = f"{at.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}" if at else "undated"
        return f"{when}_{self.seq:06d}.jpg"


@dataclass(frozen=True)
class SeqRange:
    """Captures from `first` to `last`, both included."""

    first: Seq
    last: Seq
