"""A Photos that is paused when told, and keeps what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from frameferry_station.photos import Accepted, SourceName, SourcePaused

GARDEN = SourceName("garden")


@dataclass
class FakePhotos:
    told: list[tuple[str, str, str | None]] = field(default_factory=list)
    paused: SourcePaused | None = None

    def accept(self, source: SourceName, jpeg: bytes) -> Accepted:
        raise NotImplementedError("a relay brings no photos")

    def pause_of(self, source: SourceName) -> SourcePaused | None:
        return self.paused

    def interval_s(self, source: SourceName) -> float | None:
        return None

    def tell(self, source: SourceName, kind: str, message: str | None = None) -> None:
        self.told.append((source, kind, message))

    def tell_over(self, source: SourceName, message: str) -> None:
        self.told.append((source, "over", message))

    def on_capture_now(self, source: SourceName, act: Callable[[], None]) -> None: ...
