"""Lanes against a model of them: any sequence of photos, deliveries, failing sinks, kills and power cuts."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from frameferry_station.lanes.lanes import Lanes
from frameferry_station.photos import STATION, SourceName
from frameferry_station.settings import DiskSettings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.station.fake_cloud import FakeCloud
from tests.station.lanes.photographs import photograph
from tests.station.lanes.shelf_taker import ShelfTaker
from tests.station.lanes.stations import FOLDER, GARDEN, GATE, Station
from tests.station.simulated_disk import PowerCut, SimulatedDisk

SINKS = ("shelf", "bucket")
BUDGET_BYTES = 185_000
NOT_MEASURED_BYTES = 80_000
"""Digests (64 KiB), and the small files of state, of a lane that began after the disk was measured."""
some = st.integers(0, 10**6)
sources = st.sampled_from([GARDEN, GATE])


Shot = tuple[SourceName, int]


def picture(shot: Shot) -> bytes:
    """No two sources see the same."""
    source, number = shot
    return photograph(number if source == GARDEN else -1 - number)


class WithoutCloud(RuleBasedStateMachine):
    """`accepted` holds the photos that were acknowledged, `unsure` those whose answer was cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: set[Shot] = set()
        self.seqs: dict[Shot, int] = {}
        self.unsure: list[Shot] = []
        self.count = 0
        self.disk = SimulatedDisk()
        self.station = self.first_station()

    def first_station(self) -> Station:
        return Station(self.disk, sinks=SINKS)

    def lane_name(self, source: SourceName) -> SourceName:
        return source

    @rule(source=sources, photos=st.integers(1, 7))
    def accept(self, source: SourceName, photos: int = 1) -> None:
        for _ in range(photos):
            self.send(source, self.count)

    @precondition(lambda self: self.count)
    @rule(source=sources, back=st.integers(0, 30))
    def send_again(self, source: SourceName, back: int) -> None:
        number = max(0, self.count - 1 - back)
        is_known = (source, number) in self.accepted
        answer = self.send(source, number)
        assert answer or not is_known

    @rule()
    def wait(self) -> None:
        self.station.time.advance(31)
        self.station.lanes.step()

    @rule(sink=st.integers(0, 1))
    def deliver(self, sink: int) -> None:
        self.station.takers[sink].deliver()

    @rule(sink=st.integers(0, 1))
    def fail(self, sink: int) -> None:
        self.station.takers[sink].is_failing = not self.station.takers[sink].is_failing

    @rule(seed=some, is_kill=st.booleans())
    def die(self, seed: int, is_kill: bool) -> None:
        self.come_back(self.disk.after_kill() if is_kill else self.disk.after_power_cut(Random(seed)))

    @rule(source=sources, operations=st.integers(0, 30), seed=some, is_kill=st.booleans())
    def cut_while_accepting(self, source: SourceName, operations: int, seed: int, is_kill: bool) -> None:
        shot = (source, self.count)
        if self.is_cut(operations, lambda: self.accept(source), seed, is_kill):
            self.unsure.append(shot)

    @precondition(lambda self: self.unsure)
    @rule()
    def send_what_got_no_answer(self) -> None:
        self.send(*self.unsure[-1])

    @rule(operations=st.integers(0, 30), seed=some, is_kill=st.booleans())
    def cut_while_waiting(self, operations: int, seed: int, is_kill: bool) -> None:
        self.is_cut(operations, self.wait, seed, is_kill)

    @rule(sink=st.integers(0, 1), operations=st.integers(0, 20), seed=some, is_kill=st.booleans())
    def cut_while_delivering(self, sink: int, operations: int, seed: int, is_kill: bool) -> None:
        self.is_cut(operations, lambda: self.deliver(sink), seed, is_kill)

    @rule(operations=st.integers(0, 60), seed=some, is_kill=st.booleans())
    def cut_while_starting(self, operations: int, seed: int, is_kill: bool) -> None:
        self.is_cut(operations, lambda: self.come_back(self.disk), seed, is_kill)

    def send(self, source: SourceName, number: int) -> bool:
        """True where the photo was known."""
        self.count = max(self.count, number + 1)
        answer = self.station.lanes.accept(source, picture((source, number)))
        self.accepted.add((source, number))
        if answer.seq is not None:
            self.seqs[source, number] = answer.seq
        return answer.is_duplicate

    def is_cut(self, operations: int, act: Callable[[], object], seed: int, is_kill: bool) -> bool:
        self.disk.cut_at = self.disk.operations + operations
        try:
            act()
        except PowerCut:
            self.come_back(self.disk.after_kill() if is_kill else self.disk.after_power_cut(Random(seed)))
            return True
        self.disk.cut_at = None
        return False

    def come_back(self, disk: SimulatedDisk) -> None:
        self.disk = disk
        self.station = self.station.restarted(disk)

    def deliver_all(self) -> None:
        for taker in self.station.takers:
            taker.deliver()

    def teardown(self) -> None:
        self.come_back(self.disk.after_kill())
        self.wait()
        self.deliver_all()
        perhaps = {(self.lane_name(shot[0]), picture(shot)) for shot in self.unsure}
        for sink, received in self.station.received.items():
            given_up = self.station.given_up.get(sink, set())
            expected = {
                (self.lane_name(shot[0]), picture(shot))
                for shot in self.accepted
                if (self.lane_name(shot[0]), self.seqs[shot]) not in given_up
            }
            found = [(lane, jpeg) for (lane, _), jpeg in received.items()]
            assert len(set(found)) == len(found), "a photo is there twice"
            assert expected <= set(found), "a photo is lost"
            everything = {(self.lane_name(shot[0]), picture(shot)) for shot in self.accepted}
            assert not set(found) - everything - perhaps, "a photo from nowhere"


class WithCloud(WithoutCloud):
    """One lane for all sources, and a cloud that takes its packs before, between or after the other sinks."""

    def first_station(self) -> Station:
        self.cloud = FakeCloud()
        station = Station(self.disk, cloud=self.cloud, sinks=SINKS)
        station.pair()
        return station

    def lane_name(self, source: SourceName) -> SourceName:
        return STATION

    @rule(syncs=st.integers(1, 6))
    def ferry(self, syncs: int) -> None:
        lane = self.station.lane(STATION)
        assert lane.uplink is not None
        for _ in range(syncs):
            wait_s = min(lane.sync_step(), lane.uplink.put_step())
            self.station.time.advance(min(wait_s, 60.0))

    @rule(operations=st.integers(0, 20), seed=some, is_kill=st.booleans())
    def cut_while_ferrying(self, operations: int, seed: int, is_kill: bool) -> None:
        self.is_cut(operations, lambda: self.ferry(6), seed, is_kill)

    def teardown(self) -> None:
        super().teardown()
        self.station.work(seconds=10**5)
        for shot in self.accepted:
            assert len(self.cloud.holds(picture(shot))) == 1, "a photo is not in the cloud, or twice"


class WithRealSinks(WithoutCloud):
    """The sinks of the station in the place of the test's."""

    def __init__(self) -> None:
        self.shelves: list[ShelfTaker] = []
        super().__init__()

    def first_station(self) -> Station:
        return self.shelved(Station(self.disk, sinks=()))

    def shelved(self, station: Station) -> Station:
        beyond = {name: station.received.setdefault(name, {}) for name in SINKS}
        self.shelves = [ShelfTaker(self.disk, name, beyond[name], station.time) for name in SINKS]
        station.lanes = Lanes(station.around, self.shelves, station.budget)
        return station

    def come_back(self, disk: SimulatedDisk) -> None:
        self.disk = disk
        self.station = self.shelved(self.station.restarted(disk))

    @rule(sink=st.integers(0, 1))
    def deliver(self, sink: int) -> None:
        self.shelves[sink].deliver()

    @rule(sink=st.integers(0, 1))
    def fail(self, sink: int) -> None:
        self.shelves[sink].is_failing = not self.shelves[sink].is_failing

    def deliver_all(self) -> None:
        for shelf in self.shelves:
            shelf.deliver()


class WithLittleRoom(WithoutCloud):
    """What is given up for want of space is told, and nothing else is lost."""

    def first_station(self) -> Station:
        return Station(self.disk, sinks=SINKS, budget=DiskSettings(BUDGET_BYTES, 0))

    def fail(self, sink: int) -> None:
        """Not here: what a sink was never handed, it cannot tell of."""

    def send(self, source: SourceName, number: int) -> bool:
        is_duplicate = super().send(source, number)
        self.disk.now_s = self.station.time.elapsed_s
        assert self.disk.used_bytes(FOLDER) < BUDGET_BYTES + NOT_MEASURED_BYTES
        return is_duplicate


TestWithoutCloud = WithoutCloud.TestCase
TestWithCloud = WithCloud.TestCase
TestWithLittleRoom = WithLittleRoom.TestCase
TestWithRealSinks = WithRealSinks.TestCase
