"""Lanes in the test's hands: time, chance, disk and network as the test wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from frameferry_station.boot import Boot
from frameferry_station.captures import Seq
from frameferry_station.files import Files
from frameferry_station.http import Sender
from frameferry_station.lanes.lane import Lane
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.lanes.pairing import Pairing
from frameferry_station.lanes.surroundings import Surroundings
from frameferry_station.photos import STATION, SourceName
from frameferry_station.queue import PackLimits
from frameferry_station.settings import DiskSettings

from tests.station.fake_cloud import CODE, FakeCloud
from tests.station.fake_network import DirectSender
from tests.station.lanes.disk_taker import DiskTaker
from tests.station.lanes.photographs import photograph
from tests.station.samples import FakeTime, longest
from tests.station.simulated_disk import SimulatedDisk

FOLDER = Path("station")
GARDEN = SourceName("garden")
GATE = SourceName("gate")
PLENTY = DiskSettings(10**12, 0)


@dataclass
class Station:
    """One run of a station's lanes; make another with the same disk to restart it."""

    disk: Files = field(default_factory=SimulatedDisk)
    cloud: FakeCloud | None = None
    sinks: tuple[str, ...] = ("shelf",)
    budget: DiskSettings = PLENTY
    pack_captures: int = 3
    time: FakeTime = field(default_factory=FakeTime)
    boot_id: str = "00000000000000b1"
    clock_is_synced: Callable[[], bool] = lambda: True
    free_bytes: Callable[[], int] | None = None
    """By default what is left of the disk's capacity."""
    received: dict[str, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    connect: Callable[[], Sender] | None = None
    given_up: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    """What chance gives, never twice."""

    def __post_init__(self) -> None:
        for name in self.sinks:
            self.received.setdefault(name, {})
            self.given_up.setdefault(name, set())
        self.takers = [
            DiskTaker(self.disk, name, self.received[name], self.device, self.given_up[name]) for name in self.sinks
        ]
        self.around = Surroundings(
            FOLDER,
            self.disk,
            Boot(self.boot_id, self.time, 0.0),
            entropy=lambda size: next(self.numbers).to_bytes(size, "big"),
            uniform=longest,
            connect=self.connect or self._connection,
            space=lambda: ((self.free_bytes or self._left_bytes)(), 10**13),
            clock_is_synced=self.clock_is_synced,
            api_url=self.cloud.api_url if self.cloud else None,
            limits=PackLimits(captures=self.pack_captures),
        )
        self.lanes = Lanes(self.around, self.takers, self.budget)

    @property
    def taker(self) -> DiskTaker:
        return self.takers[0]

    def device(self, name: SourceName) -> str:
        lane = self.lanes.find(name)
        assert lane is not None
        return lane.device_id

    def lane(self, name: SourceName = GARDEN) -> Lane:
        lane = self.lanes.find(name)
        assert lane is not None, f"no lane {name}"
        return lane

    def pair(self, source: SourceName = STATION) -> str:
        return Pairing(self.lanes, self.around).pair(source, CODE)

    def accept(self, *numbers: int, source: SourceName = GARDEN) -> list[Seq | None]:
        return [self.lanes.accept(source, photograph(number)).seq for number in numbers]

    def work(self, lane: SourceName = STATION, seconds: float = 7200.0) -> None:
        """Sync and put until all is said or `seconds` are over."""
        end_s = self.time.elapsed_s + seconds
        found = self.lane(lane)
        assert found.uplink is not None
        while self.time.elapsed_s < end_s and (len(found.queue) or not found.uplink.has_said_all):
            wait_s = min(found.sync_step(), found.uplink.put_step())
            self.time.advance(min(wait_s, end_s - self.time.elapsed_s))

    def delivered(self, sink: str = "shelf", lane: SourceName = GARDEN) -> dict[int, bytes]:
        """What a sink has delivered of a lane, by seq."""
        return {seq: jpeg for (name, seq), jpeg in sorted(self.received[sink].items()) if name == lane}

    def restarted(self, disk: Files | None = None) -> Station:
        return Station(
            disk or self.disk,
            self.cloud,
            self.sinks,
            self.budget,
            self.pack_captures,
            self.time,
            self.boot_id,
            self.clock_is_synced,
            self.free_bytes,
            self.received,
            self.connect,
            self.given_up,
            self.numbers,
        )

    def _left_bytes(self) -> int:
        capacity_bytes = getattr(self.disk, "capacity_bytes", None)
        return 10**12 if capacity_bytes is None else capacity_bytes - self.disk.used_bytes(Path())

    def _connection(self) -> Sender:
        if self.cloud:
            return DirectSender(self.cloud)
        raise AssertionError("nobody should be asked")
