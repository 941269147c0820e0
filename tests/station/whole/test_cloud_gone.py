"""The cloud is gone for a week while a camera takes photos every 3 minutes: none waits or is lost, all go up later."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from frameferry_station.errors import NoAnswer
from frameferry_station.http import Answer, Content

from tests.station.fake_cloud import FakeCloud
from tests.station.fake_network import DirectSender
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import GARDEN, Station
from tests.station.rig import UnsyncedFiles

INTERVAL_S = 180
PHOTOS_A_DAY = 24 * 3600 // INTERVAL_S
DAYS = 7
PHOTOS_OF_ALL = DAYS * PHOTOS_A_DAY
PACK_CAPTURES = 20


class CountingFiles(UnsyncedFiles):
    """How often it was asked to read, write and sync, and how much was read."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.read_bytes = 0

    def read(self, path: Path, offset: int, length: int) -> bytes:
        self.calls["read"] += 1
        content = super().read(path, offset, length)
        self.read_bytes += len(content)
        return content

    def sync(self, path: Path) -> None:
        self.calls["sync"] += 1

    def sync_folder(self, folder: Path) -> None:
        self.calls["sync"] += 1

    def create(self, path: Path, size_bytes: int) -> None:
        self.calls["create"] += 1
        super().create(path, size_bytes)

    def write_at(self, path: Path, offset: int, parts: Iterable[bytes]) -> None:
        self.calls["write"] += 1
        super().write_at(path, offset, parts)


class Outage:
    """A network that nobody may touch while a photo is taken, and that leads nowhere while `is_gone`."""

    def __init__(self, cloud: FakeCloud) -> None:
        self.is_gone = self.is_taking = False
        self._direct = DirectSender(cloud)

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        assert not self.is_taking, "a photo waits for the network"
        if self.is_gone:
            raise NoAnswer("no network")
        return self._direct.send(method, url, headers, content)


def test_a_week_without_the_cloud_costs_no_photo_and_no_time(
    cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files, outage = CountingFiles(), Outage(cloud)
    station = Station(files, cloud, sinks=(), pack_captures=PACK_CAPTURES, connect=lambda: outage)
    station.pair(GARDEN)

    outage.is_gone = True
    days = [a_day(station, files, outage, day) for day in range(DAYS)]
    files.calls.clear()
    files.read_bytes = 0
    station = station.restarted()

    assert days[-1] == days[1], "a photo costs more the more of them wait"
    assert days[-1]["sync"] < 1.15 * PHOTOS_A_DAY
    assert len(station.lane(GARDEN).queue) == PHOTOS_OF_ALL
    packs = list((tmp_path / "station/lanes/garden/queue").glob("*.zip"))
    assert len(packs) <= PHOTOS_OF_ALL // PACK_CAPTURES + 2, "photos gather where nothing can go up"
    assert files.calls["read"] < len(packs) + 6 * PACK_CAPTURES, "a start looks once at each pack"
    assert files.calls["sync"] < 10
    assert files.read_bytes < 8 * 1024 * len(packs)

    outage.is_gone = False
    station.work(GARDEN, seconds=7200)

    assert [held.sha256 for _, held in sorted(cloud.items.items())] == [sha256_of(n) for n in range(PHOTOS_OF_ALL)]
    assert not len(station.lane(GARDEN).queue)
    assert {event.kind for event in cloud.events.values()} == {"boot"}, "no gap, no error"


def a_day(station: Station, files: CountingFiles, outage: Outage, day: int) -> Counter[str]:
    """Gives how often the disk was asked for what."""
    files.calls.clear()
    for number in range(day * PHOTOS_A_DAY, (day + 1) * PHOTOS_A_DAY):
        outage.is_taking = True
        station.accept(number)
        outage.is_taking = False
        until_the_next(station)
    return Counter(files.calls)


def until_the_next(station: Station) -> None:
    lane = station.lane(GARDEN)
    assert lane.uplink is not None
    end_s = station.time.elapsed_s + INTERVAL_S
    while station.time.elapsed_s < end_s:
        wait_s = min(lane.sync_step(), lane.uplink.put_step())
        station.time.advance(min(wait_s, end_s - station.time.elapsed_s))


def sha256_of(number: int) -> str:
    return hashlib.sha256(photograph(number)).hexdigest()
