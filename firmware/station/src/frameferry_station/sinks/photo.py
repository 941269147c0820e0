"""A photo on its way to a sink, and what a sink says to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from frameferry_station.captures import CONTENT_TYPE, Seq
from frameferry_station.errors import StationError
from frameferry_station.photos import SourceName

__all__ = ["CONTENT_TYPE", "Destination", "NotAsConfigured", "Photo"]


@dataclass(frozen=True)
class Photo:
    """`source` and `seq` name it for ever. `captured_at` is None where no clock was ever set for it."""

    source: SourceName
    seq: Seq
    captured_at: datetime | None
    sha256: str
    jpeg: bytes = field(repr=False)

    @property
    def filename(self) -> str:
        if self.captured_at is None:
            return f"{self.seq:06d}.jpg"
        at = self.captured_at.astimezone(UTC)
        return f"{at.year:04d}-{at:%m-%dT%H-%M-%SZ}_{self.seq:06d}.jpg"

    @property
    def name(self) -> str:
        """`garden/2026/05/04/2026-05-04T12-00-00Z_000012.jpg`, or `garden/undated/000012.jpg`."""
        if self.captured_at is None:
            return f"{self.source}/undated/{self.filename}"
        at = self.captured_at.astimezone(UTC)
        return f"{self.source}/{at.year:04d}/{at:%m/%d}/{self.filename}"

    @property
    def second_name(self) -> str:
        """Where other bytes have its name already, as after a station was set up anew."""
        return f"{self.name.removesuffix('.jpg')}-{self.sha256[:12]}.jpg"

    @property
    def key(self) -> str:
        """Never that of another photo, of this station or of one before it."""
        return f"{self.source}-{self.seq}-{self.sha256[:16]}"


class NotAsConfigured(StationError):
    """It takes no photo at all until somebody changes the settings, or what they name: credentials, bucket, folder."""


class Destination(Protocol):
    """Where one sink's photos go. Called by one thread."""

    def deliver(self, photo: Photo) -> None:
        """It is held under its name once this returns, whether it was before or not.

        Raises Trouble, NotAsConfigured, and Refusal where this photo is not wanted. No message holds a secret.
        """
