"""How the station is: the answer of `GET /health`, with reasons where it is not well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from frameferry_station import __version__
from frameferry_station.clock import to_text
from frameferry_station.page import streams as of_streams
from frameferry_station.page.machine_health import Machine
from frameferry_station.page.streams import NoStreams, StreamReport
from frameferry_station.photos import SinkCounts, SourceName, SourceNews, StationReport

Status = Literal["healthy", "degraded", "unhealthy"]

STALE_S = 900.0
STALE_INTERVALS = 3
"""A camera that gave nothing for so long, or so many of its intervals, gives no photos."""
HOT_C = 80.0
"""Here a Raspberry Pi begins to slow itself down."""
DISK_FULL_BYTES = 16 * 2**20
BUDGET_SHORT = 0.9


@dataclass(frozen=True)
class Health:
    status: Status
    reasons: tuple[str, ...]
    document: Mapping[str, Any]
    """JSON: the six fields that the snapshot uploader told, and more."""


class HealthCheck:
    """Thread-safe, and reads no photo. Nothing secret is in what it gives. `intervals_s` names the cameras that are
    asked for photos, each with its interval as it is now."""

    def __init__(
        self,
        report: StationReport,
        machine: Machine,
        intervals_s: Callable[[], Mapping[SourceName, float]],
        streams: StreamReport | None = None,
    ) -> None:
        self._report = report
        self._streams = streams or NoStreams()
        self._machine = machine
        self._intervals_s = intervals_s

    def look(self) -> Health:
        sources, sinks, disk = self._report.sources(), self._report.sinks(), self._report.disk()
        streams, clips = self._streams.statuses(), self._streams.clips()
        is_synced, temperature_c = self._machine.clock_is_synced(), self._machine.temperature_c()
        bad, worse = self._trouble_of_cameras(sources)
        bad += _trouble_of_sinks(sinks) + of_streams.trouble(streams, clips)
        disk_bad, disk_worse = _trouble_of_disk(disk)
        bad, worse = bad + disk_bad, worse + disk_worse
        if not is_synced:
            bad.append("the clock is not set: photos get their time later")
        if temperature_c is not None and temperature_c >= HOT_C:
            bad.append(f"{temperature_c:.0f} °C: the machine slows itself down")
        status: Status = "unhealthy" if worse else "degraded" if bad else "healthy"
        reasons = (*worse, *bad)
        document = {
            "status": status,
            "reasons": list(reasons),
            "last_capture": _text(max((news.last_at for news in sources if news.last_at), default=None)),
            "uptime_seconds": int(self._machine.uptime_s),
            "total_captures": sum(news.accepted for news in sources),
            "total_uploads": sum(sink.delivered for sink in sinks),
            "failed_uploads": sum(sink.failures for sink in sinks),
            "queue_depth": sum(sink.waiting for sink in sinks),
            "oldest_photo": _text(min((sink.oldest_at for sink in sinks if sink.oldest_at), default=None)),
            "disk": dict(zip(("used_bytes", "budget_bytes", "free_bytes"), disk, strict=True)),
            "temperature_c": temperature_c,
            "clock_synced": is_synced,
            "sources": [_source(news) for news in sources],
            "sinks": [_sink(sink) for sink in sinks],
            "streams": [of_streams.stream_as_json(stream) for stream in streams],
            "clips": of_streams.clips_as_json(clips) if clips else None,
            "version": __version__,
        }
        return Health(status, reasons, document)

    def _trouble_of_cameras(self, sources: list[SourceNews]) -> tuple[list[str], list[str]]:
        """What is bad, and what is worse: no camera at all that should gives photos."""
        news_of = {news.source: news for news in sources}
        intervals_s = self._intervals_s()
        wanted = [name for name in intervals_s if name not in news_of or news_of[name].paused is None]
        silent = [name for name in wanted if self._is_silent(news_of.get(name), intervals_s[name])]
        failing = [news for news in sources if is_failing(news) and news.source not in silent]
        bad = [f"{news.source}: {news.error}" for news in failing]
        told = []
        for name in silent:
            error = news_of[name].error if name in news_of else None
            told.append(f"{name} gives no photos" + (f": {error}" if error else ""))
        return (bad, told) if silent and len(silent) == len(wanted) else (bad + told, [])

    def _is_silent(self, news: SourceNews | None, interval_s: float) -> bool:
        limit_s = max(STALE_S, STALE_INTERVALS * interval_s)
        if self._machine.uptime_s <= limit_s:
            return False
        if news is None or news.last_at is None:
            return True
        return (self._machine.clock.utc() - news.last_at).total_seconds() > limit_s


def is_failing(news: SourceNews) -> bool:
    """It brings no photos though it should: not while its owner has paused it."""
    return news.error is not None and news.paused is None


def _trouble_of_sinks(sinks: list[SinkCounts]) -> list[str]:
    found = [f"{sink.name}: {_photos(sink.waiting)} waiting: {sink.last_error}" for sink in sinks if sink.last_error]
    found += [
        f"{sink.name}: {_photos(sink.stuck)} not taken while others are, tried again now and then: {sink.stuck_because}"
        for sink in sinks
        if sink.stuck
    ]
    given_up = [sink for sink in sinks if sink.evicted]
    return found + [f"{sink.name}: {_photos(sink.evicted)} given up: the disk is too small" for sink in given_up]


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


def _trouble_of_disk(disk: tuple[int, int, int]) -> tuple[list[str], list[str]]:
    used, budget, free = disk
    if free < DISK_FULL_BYTES:
        return [], ["the disk is full"]
    if used > BUDGET_SHORT * budget:
        return ["photos take nearly all of the disk that they may: soon the oldest go"], []
    return [], []


def _source(news: SourceNews) -> dict[str, Any]:
    return {
        "source": news.source,
        "lane": news.lane,
        "accepted": news.accepted,
        "duplicates": news.duplicates,
        "refused": news.refused,
        "last_at": _text(news.last_at),
        "paused": f"{news.paused}" if news.paused else None,
        "error": news.error,
    }


def _sink(sink: SinkCounts) -> dict[str, Any]:
    return {
        "sink": sink.name,
        "delivered": sink.delivered,
        "failures": sink.failures,
        "waiting": sink.waiting,
        "waiting_bytes": sink.waiting_bytes,
        "oldest_at": _text(sink.oldest_at),
        "evicted": sink.evicted,
        "last_error": sink.last_error,
        "stuck": sink.stuck,
        "stuck_because": sink.stuck_because,
    }


def _text(at: datetime | None) -> str | None:
    return to_text(at) if at else None
