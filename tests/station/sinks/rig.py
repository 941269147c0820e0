"""A sink in the test's hands: lanes, disk, time and a destination that fails as the test wants."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from frameferry_station.boot import Boot
from frameferry_station.captures import CaptureMeta, Seq
from frameferry_station.errors import NoAnswer
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.photos import SourceName
from frameferry_station.queue import PackQueue
from frameferry_station.sinks.photo import Destination, Photo
from frameferry_station.sinks.photo_times import Boots, PhotoTimes
from frameferry_station.sinks.shelf import Shelf
from frameferry_station.sinks.worker import SinkWorker

from tests.station.packs_on_card import BOOT_ID, opened
from tests.station.samples import START, FakeTime, jpeg, longest
from tests.station.simulated_disk import SimulatedDisk

GARDEN = SourceName("garden")
GATE = SourceName("gate")
SINKS = Path("sinks")
OWN = SINKS / "fake"
A_DAY_S = 86_400.0


@dataclass
class Store:
    """A destination that takes each name once. `before` and `after` are raised at the next deliveries, before it takes
    the photo or after it took it; `refuses` are seqs of which it raises `refusal`.
    """

    taken: dict[str, bytes] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)
    before: deque[BaseException | None] = field(default_factory=deque)
    after: deque[BaseException | None] = field(default_factory=deque)
    refusal: Callable[[Photo], BaseException | None] = lambda photo: None

    def deliver(self, photo: Photo) -> None:
        self.tries[photo.name] += 1
        if self.before and (error := self.before.popleft()):
            raise error
        if error := self.refusal(photo):
            raise error
        assert self.taken.setdefault(photo.name, photo.jpeg) == photo.jpeg
        self.order.append(photo.name)
        if self.after and (error := self.after.popleft()):
            raise error


class NudgedTime(FakeTime):
    """The clock on the wall runs `ahead_s` of where it stood."""

    ahead_s = 0.0

    def utc(self) -> datetime:
        return super().utc() + timedelta(seconds=self.ahead_s)


@dataclass
class SinkRig:
    disk: SimulatedDisk = field(default_factory=SimulatedDisk)
    store: Store = field(default_factory=Store)
    destination: Destination | None = None
    """In place of the store."""
    time: NudgedTime = field(default_factory=NudgedTime)
    is_synced: bool = True
    boot_id: str = BOOT_ID
    told: list[tuple[str, str]] = field(default_factory=list)
    lane_packs: dict[SourceName, list[QueuedPack]] = field(default_factory=dict)

    def queue(self, lane: SourceName = GARDEN) -> PackQueue:
        return opened(self.disk, folder=Path("lanes") / lane / "queue", boot_id=self.boot_id)

    def filled(self, numbers: Iterable[int], lane: SourceName = GARDEN, *, at: bool = True) -> list[QueuedPack]:
        """Sealed packs of three photos, a minute apart, by a clock that is set or not."""
        queue = self.queue(lane)
        for number in numbers:
            taken_at = START + timedelta(minutes=number) if at else None
            self.disk.now_s = number * 60.0
            queue.put(jpeg(number), CaptureMeta(taken_at, at, number * 60_000))
        queue.seal()
        self.lane_packs[lane] = queue.packs()
        return queue.packs()

    def worker(self) -> SinkWorker:
        """As it begins with what is on the disk."""
        shelf = Shelf(OWN, self.disk, self._tell_damage)
        boot = Boot(self.boot_id, self.time, 0.0)
        boots = Boots(SINKS / "boots.json", self.disk, boot, lambda: self.is_synced)
        times = PhotoTimes(boots, OWN / "undated.json", self.disk)
        destination = self.destination or self.store
        return SinkWorker("fake", shelf, destination, times, clock=self.time, uniform=longest, tell=self._tell)

    def hand_over(self, worker: SinkWorker, packs: Iterable[QueuedPack], lane: SourceName = GARDEN) -> None:
        for pack in packs:
            worker.take(lane, Path("lanes") / lane / "queue" / pack.name, pack)

    def empty_lane(self, lane: SourceName) -> None:
        """What was handed over leaves a lane that no cloud waits for."""
        queue = self.queue(lane)
        for pack in queue.packs():
            queue.remove(pack)
        self.lane_packs[lane] = []

    def run(self, worker: SinkWorker, seconds: float = A_DAY_S) -> None:
        """Until nothing waits, or the time is over."""
        end_s = self.time.elapsed_s + seconds
        while self.time.elapsed_s <= end_s:
            wait_s = worker.step()
            if wait_s == float("inf"):
                return
            self.time.advance(wait_s)

    def killed(self) -> SinkRig:
        """The same after the process died: what it wrote is there."""
        return self._with(self.disk.after_kill())

    def after_power_cut(self, random: Random) -> SinkRig:
        return self._with(self.disk.after_power_cut(random))

    def _with(self, disk: SimulatedDisk) -> SinkRig:
        return replace(self, disk=disk, told=[])

    def _tell(self, lane: SourceName, kind: str, message: str) -> None:
        assert kind == "error"
        self.told.append((lane, message))

    def _tell_damage(self, lane: SourceName, message: str) -> None:
        self.told.append((lane, message))


def name_of(number: int, lane: SourceName = GARDEN) -> str:
    """Of the photo with this number, as `SinkRig.filled` takes it."""
    at = START + timedelta(minutes=number)
    return f"{lane}/{at:%Y/%m/%d}/{at:%Y-%m-%dT%H-%M-%SZ}_{number:06d}.jpg"


def as_named(numbers: Iterable[int], lane: SourceName = GARDEN) -> dict[str, bytes]:
    return {name_of(number, lane): jpeg(number) for number in numbers}


def lost() -> NoAnswer:
    return NoAnswer("lost")


def seqs_of(store: Store) -> list[Seq]:
    return [Seq(int(name[-10:-4])) for name in store.order]
