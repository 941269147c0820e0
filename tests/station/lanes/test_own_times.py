"""A photo that brings the time at which it was taken."""

from __future__ import annotations

from datetime import timedelta

from frameferry_station.captures import CaptureMeta

from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import GARDEN, Station
from tests.station.samples import START


def times_in_the_lane(station: Station) -> list[CaptureMeta]:
    queue = station.lane().queue
    queue.seal()
    records = [entry.record for pack in queue.packs() for entry in queue.entries(pack)]
    return [CaptureMeta(each.captured_at, each.clock_synced, each.uptime_ms) for each in records]


def test_photo_keeps_the_time_that_it_brings_and_another_gets_that_of_now() -> None:
    station = Station(sinks=("shelf",), pack_captures=100)
    station.time.advance(100.0)
    yesterday = CaptureMeta(START - timedelta(days=1), ntp_synced=True, uptime_ms=5)
    unknown = CaptureMeta(None, ntp_synced=False, uptime_ms=7000)

    station.lanes.accept(GARDEN, photograph(1), yesterday)
    station.lanes.accept(GARDEN, photograph(2), unknown)
    station.lanes.accept(GARDEN, photograph(3))

    now = CaptureMeta(START + timedelta(seconds=100), ntp_synced=True, uptime_ms=100_000)
    assert times_in_the_lane(station) == [yesterday, unknown, now]
