"""`photos.StationReport` as the test wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from frameferry_station.page.local_photos import LocalPhoto
from frameferry_station.photos import SinkCounts, SourceName, SourceNews

GARDEN, GATE = SourceName("garden"), SourceName("gate")
PLENTY = (2**20, 2**34, 2**33)


@dataclass
class FakeReport:
    news: list[SourceNews] = field(default_factory=list)
    counts: list[SinkCounts] = field(default_factory=list)
    space: tuple[int, int, int] = PLENTY

    def sources(self) -> list[SourceNews]:
        return self.news

    def sinks(self) -> list[SinkCounts]:
        return self.counts

    def disk(self) -> tuple[int, int, int]:
        return self.space


@dataclass(frozen=True)
class FakeStream:
    name: str = "gate"
    kind: str = "hls"
    state: str = "running"
    since: datetime | None = None
    starts: int = 1
    error: str | None = None


@dataclass(frozen=True)
class FakeClips:
    waiting: int = 0
    waiting_bytes: int = 0
    delivered: int = 0
    evicted: int = 0
    last_error: str | None = None
    stuck: int = 0


@dataclass
class FakeStreams:
    streams: list[FakeStream] = field(default_factory=list)
    of_clips: FakeClips | None = None

    def statuses(self) -> list[FakeStream]:
        return self.streams

    def clips(self) -> FakeClips | None:
        return self.of_clips


class NoGuesses:
    """No password may be tried."""

    def take(self, key: str) -> float:
        return 60.0

    def give_back(self, key: str) -> None: ...


class NoPhotos:
    def days(self) -> list[str]:
        return []

    def of_day(self, day: str, offset: int, limit: int) -> list[LocalPhoto]:
        return []

    def jpeg(self, photo_id: str) -> bytes | None:
        return None

    def has(self, photo_id: str) -> bool:
        return False


def news(source: SourceName = GARDEN, last_at: datetime | None = None, **rest: Any) -> SourceNews:
    usual: dict[str, Any] = {"accepted": 0, "duplicates": 0, "refused": 0, "paused": None}
    return SourceNews(source, source, last_at=last_at, **usual | rest)


def counts(name: str = "cloud", **rest: Any) -> SinkCounts:
    usual: dict[str, Any] = {"delivered": 0, "failures": 0, "waiting": 0, "waiting_bytes": 0, "oldest_at": None}
    return SinkCounts(name, **usual | rest)
