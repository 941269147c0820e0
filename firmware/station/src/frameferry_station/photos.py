"""What whoever brings photos says to the station, and is told: the seam between cameras and sketches on one side, lanes
and sinks on the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType, Protocol

from frameferry_station.captures import CaptureMeta, Seq
from frameferry_station.errors import StationError

SourceName = NewType("SourceName", str)
"""Where photos come from: `garden`, `lan-a0b1c2d3e4f5`. A lane, a folder and a label of metrics are named by it."""

_SOURCE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
STATION = SourceName("station")
"""The lane of every source that is not paired itself."""


def source_name(text: str) -> SourceName:
    """1 to 40 lower-case letters, digits and dashes between them. Raises ValueError."""
    if not _SOURCE_NAME.fullmatch(text):
        raise ValueError(f"a source's name has 1 to 40 of a-z, 0-9 and dashes between them, not {text[:60]!r}")
    return SourceName(text)


@dataclass(frozen=True)
class Accepted:
    """Durable. `is_duplicate`: the same bytes had come from this source before, and were kept once; then `seq` is None
    where it is not known any more which photo that was.
    """

    seq: Seq | None
    is_duplicate: bool = False


class PhotoRefused(StationError):
    """Nothing was kept of it. `code` is stable, the text is for the maker who reads the answer."""

    code = "refused"


class NotAPhoto(PhotoRefused):
    """No whole JPEG, or one that no camera makes."""

    code = "not_a_jpeg"


class PhotoTooLarge(PhotoRefused):
    code = "too_large"


class SourcePaused(PhotoRefused):
    """The privacy lock; `until` is None where somebody has to resume."""

    code = "paused"

    def __init__(self, until: datetime | None) -> None:
        super().__init__(f"paused until {until:%Y-%m-%d %H:%M} UTC" if until else "paused until it is resumed")
        self.until = until


class SourceUnpaired(PhotoRefused):
    """The cloud is a sink, and neither the source nor the station is paired."""

    code = "unpaired"


class NoSpace(PhotoRefused):
    """The disk took it in no lane; try again."""

    code = "disk_full"


class Photos(Protocol):
    """Thread-safe. Implemented by `lanes`."""

    def accept(self, source: SourceName, jpeg: bytes) -> Accepted:
        """A photo taken just now; durable once this returns. Raises PhotoRefused."""

    def pause_of(self, source: SourceName) -> SourcePaused | None:
        """None where photos of this source are welcome."""

    def interval_s(self, source: SourceName) -> float | None:
        """The owner's interval for this source; None where nobody in the cloud has set one."""

    def tell(self, source: SourceName, kind: str, message: str | None = None) -> None:
        """An event for the owner: `motion`, `error`, `boot`; at most 200 characters. An `error` is also what is wrong
        with the source from then on, until a photo comes or it is over."""

    def tell_over(self, source: SourceName, message: str) -> None:
        """What was wrong is over; the owner is told so."""

    def on_capture_now(self, source: SourceName, act: Callable[[], None]) -> None:
        """Who is asked when the owner wants a photo of this source at once."""


class DatedPhotos(Photos, Protocol):
    """For who knows when a photo was taken."""

    def accept(self, source: SourceName, jpeg: bytes, taken: CaptureMeta | None = None) -> Accepted:
        """`taken` counts uptime from the station's own boot; without it the photo was taken just now."""


@dataclass(frozen=True)
class SinkCounts:
    """Of one sink since the program started, and what waits for it now. `oldest_at` is when the oldest waiting photo
    was taken, where that is known. `stuck` are those among the waiting that do not get through while others do: they
    are tried again now and then."""

    name: str
    delivered: int
    failures: int
    waiting: int
    waiting_bytes: int
    oldest_at: datetime | None
    evicted: int = 0
    last_error: str | None = None
    """Nothing secret in it."""
    stuck: int = 0
    stuck_because: str | None = None
    """Nothing secret in it."""


@dataclass(frozen=True)
class SourceNews:
    """Of one source since the program started. `lane` is its own name, or `station`."""

    source: SourceName
    lane: SourceName
    accepted: int
    duplicates: int
    refused: int
    last_at: datetime | None
    paused: SourcePaused | None
    error: str | None = None
    """Why it brings no photos, since it brought the last one."""
    latest_jpeg: bytes | None = field(default=None, repr=False)


class StationReport(Protocol):
    """What the page, health and metrics show. Thread-safe. Implemented by `lanes`."""

    def sources(self) -> list[SourceNews]: ...

    def sinks(self) -> list[SinkCounts]: ...

    def disk(self) -> tuple[int, int, int]:
        """Bytes that the station's photos take, its budget, and what is free on the disk."""
