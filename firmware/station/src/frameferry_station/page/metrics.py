"""The same for Prometheus. The names are those of docs/station.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from frameferry_station import __version__
from frameferry_station.page import streams as of_streams
from frameferry_station.page.health import is_failing
from frameferry_station.page.machine_health import Machine
from frameferry_station.page.streams import Clips, NoStreams, Stream, StreamReport
from frameferry_station.photos import SinkCounts, SourceNews, StationReport

__all__ = ["CONTENT_TYPE_LATEST", "StationCollector", "exposition"]

_PREFIX = "frameferry_station"


class StationCollector:
    """Asks the station at each scrape; keeps nothing."""

    def __init__(self, report: StationReport, machine: Machine, streams: StreamReport | None = None) -> None:
        self._report = report
        self._streams = streams or NoStreams()
        self._machine = machine

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(_PREFIX, "The program.", value={"version": __version__})
        yield _gauge("uptime_seconds", "Seconds since the program started.", self._machine.uptime_s)
        yield _gauge("clock_synced", "1 where somebody has set the clock.", float(self._machine.clock_is_synced()))
        temperature_c = self._machine.temperature_c()
        if temperature_c is not None:
            yield _gauge("temperature_celsius", "Of the hottest sensor.", temperature_c)
        used, budget, free = self._report.disk()
        yield _gauge("disk_used_bytes", "What photos and state take.", used)
        yield _gauge("disk_budget_bytes", "What they may take.", budget)
        yield _gauge("disk_free_bytes", "What is free on the disk.", free)
        yield from _of_sources(self._report.sources())
        yield from _of_sinks(self._report.sinks())
        yield from _of_streams(self._streams.statuses())
        clips = self._streams.clips()
        if clips:
            yield from _of_clips(clips)


def exposition(collector: StationCollector) -> bytes:
    """In a registry of its own: what others of the process register is not the station's to show."""
    shown = CollectorRegistry(auto_describe=False)
    shown.register(collector)
    return generate_latest(shown)


def _of_sources(sources: list[SourceNews]) -> Iterator[Metric]:
    yield _counters("photos_accepted", "Photos kept.", {each.source: each.accepted for each in sources}, "source")
    duplicates = {each.source: each.duplicates for each in sources}
    yield _counters("photos_duplicate", "Photos that had come before.", duplicates, "source")
    refused = {each.source: each.refused for each in sources}
    yield _counters("photos_refused", "Photos that were not kept.", refused, "source")
    yield _times("last_photo_timestamp_seconds", "The newest photo.", {e.source: e.last_at for e in sources}, "source")
    paused = {each.source: float(each.paused is not None) for each in sources}
    yield _gauges("source_paused", "1 where the source takes no photos by its owner's wish.", paused, "source")
    failing = {each.source: float(is_failing(each)) for each in sources}
    yield _gauges("source_failing", "1 where the source brings no photos though it should.", failing, "source")


def _of_sinks(sinks: list[SinkCounts]) -> Iterator[Metric]:
    yield _counters("photos_delivered", "Photos that the sink holds.", {s.name: s.delivered for s in sinks}, "sink")
    yield _counters("delivery_failures", "Tries that failed.", {s.name: s.failures for s in sinks}, "sink")
    yield _counters("photos_evicted", "Photos given up undelivered.", {s.name: s.evicted for s in sinks}, "sink")
    yield _gauges("photos_waiting", "Photos that the sink is still to get.", {s.name: s.waiting for s in sinks}, "sink")
    yield _gauges("photos_waiting_bytes", "Their bytes.", {s.name: s.waiting_bytes for s in sinks}, "sink")
    stuck = {sink.name: sink.stuck for sink in sinks}
    yield _gauges("photos_stuck", "Of them, photos that do not get through while others do.", stuck, "sink")
    oldest = {sink.name: sink.oldest_at for sink in sinks}
    yield _times("oldest_waiting_photo_timestamp_seconds", "The oldest of them.", oldest, "sink")


def _of_streams(streams: Sequence[Stream]) -> Iterator[Metric]:
    up = {stream.name: float(stream.state == "running") for stream in streams}
    yield _gauges("stream_up", "1 while the stream is passed on.", up, "stream")
    failing = {stream.name: float(of_streams.is_failing(stream)) for stream in streams}
    yield _gauges("stream_failing", "1 where it is not, though it should be.", failing, "stream")
    restarts = {stream.name: of_streams.restarts(stream) for stream in streams}
    yield _counters("stream_restarts", "How often it was started again.", restarts, "stream")


def _of_clips(clips: Clips) -> Iterator[Metric]:
    yield _gauge("clips_waiting", "Clips that the cloud is still to get.", clips.waiting)
    yield _gauge("clips_stuck", "Of them, clips that do not get through while others do.", clips.stuck)
    yield _gauge("clips_waiting_bytes", "Their bytes.", clips.waiting_bytes)
    yield CounterMetricFamily(f"{_PREFIX}_clips_delivered", "Clips that the cloud holds.", value=clips.delivered)
    yield CounterMetricFamily(f"{_PREFIX}_clips_evicted", "Clips given up undelivered.", value=clips.evicted)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", help_text, value=value)


def _gauges(name: str, help_text: str, values: Mapping[Any, float], label: str) -> Metric:
    family = GaugeMetricFamily(f"{_PREFIX}_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _times(name: str, help_text: str, values: Mapping[Any, datetime | None], label: str) -> Metric:
    return _gauges(name, help_text, {key: at.timestamp() for key, at in values.items() if at}, label)


def _counters(name: str, help_text: str, values: Mapping[Any, int], label: str) -> Metric:
    family = CounterMetricFamily(f"{_PREFIX}_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
