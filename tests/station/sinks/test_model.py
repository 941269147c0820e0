"""Any order of photos, outages, refusals, kills, power cuts and restarts: each photo arrives once, or is aside."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from frameferry_station.errors import Busy, NoAnswer, Refusal
from frameferry_station.photos import SourceName
from frameferry_station.sinks.photo import NotAsConfigured, Photo
from frameferry_station.sinks.worker import SinkWorker
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.station.simulated_disk import PowerCut
from tests.station.sinks.rig import GARDEN, GATE, SinkRig, as_named

LANES = (GARDEN, GATE)
FAULTS = st.sampled_from(
    (None, NoAnswer("cut"), Busy("SlowDown", 503), Busy("later", 429, 900.0), NotAsConfigured("wrong"), PowerCut())
)


class SinkLife(RuleBasedStateMachine):
    @initialize(bad=st.sets(st.integers(0, 30), max_size=4))
    def begin(self, bad: set[int]) -> None:
        self.rig = SinkRig()
        self.counts: dict[SourceName, int] = dict.fromkeys(LANES, 0)
        self.bad = bad
        self.rig.store.refusal = self.refusal
        self.worker: SinkWorker = self.rig.worker()

    def refusal(self, photo: Photo) -> Refusal | None:
        return Refusal("EntityTooLarge", 413) if photo.seq in self.bad else None

    @rule(lane=st.sampled_from(LANES), more=st.integers(1, 5))
    def photos_come(self, lane: SourceName, more: int) -> None:
        numbers = range(self.counts[lane], self.counts[lane] + more)
        self.counts[lane] += more
        self.rig.filled(numbers, lane)
        self.living(lambda: self.hand_over(lane))

    @rule(before=st.lists(FAULTS, max_size=6), after=st.lists(FAULTS, max_size=3), seconds=st.integers(1, 3000))
    def time_passes_in_trouble(
        self, before: list[BaseException | None], after: list[BaseException | None], seconds: int
    ) -> None:
        self.rig.store.before, self.rig.store.after = deque(before), deque(after)
        self.living(lambda: self.rig.run(self.worker, seconds))
        self.rig.store.before.clear()
        self.rig.store.after.clear()

    @rule(operations=st.integers(0, 40), seconds=st.integers(1, 2000))
    def the_process_dies_while_it_works(self, operations: int, seconds: int) -> None:
        self.rig.disk.cut_at = self.rig.disk.operations + operations
        self.living(lambda: self.rig.run(self.worker, seconds))
        self.rig.disk.cut_at = None

    @rule(number=st.integers())
    def the_power_goes(self, number: int) -> None:
        self.restart(self.rig.after_power_cut(random.Random(number)))

    @rule()
    def the_program_is_started_anew(self) -> None:
        self.restart(self.rig.killed())

    def living(self, act: Callable[[], None]) -> None:
        try:
            act()
        except PowerCut:
            self.restart(self.rig.killed())

    def restart(self, rig: SinkRig) -> None:
        self.rig = rig
        self.worker = rig.worker()
        for lane in LANES:
            self.hand_over(lane)

    def hand_over(self, lane: SourceName) -> None:
        """The gate's lane has no cloud: what all sinks have leaves it."""
        self.rig.hand_over(self.worker, self.rig.lane_packs.get(lane, []), lane)
        if lane == GATE:
            self.rig.empty_lane(GATE)

    @invariant()
    def nothing_is_under_two_names(self) -> None:
        expected = {name: body for lane in LANES for name, body in as_named(range(self.counts[lane]), lane).items()}
        assert self.rig.store.taken.items() <= expected.items()

    def teardown(self) -> None:
        """In the end, with all trouble over, whatever is not refused arrives, and whatever is refused is not lost."""
        if not hasattr(self, "rig"):
            return
        self.rig.store.refusal = lambda photo: None
        self.rig.run(self.worker)
        aside = {
            (path.parts[2], int(path.stem[:16]))
            for path in self.rig.disk.names
            if path.parent.name == "set-aside" and path.suffix == ".zip"
        }
        assert {seq for _, seq in aside} <= self.bad
        kept = {name for lane, seq in aside for name in as_named([seq], SourceName(lane))}
        expected = {name for lane in LANES for name in as_named(range(self.counts[lane]), lane)}
        assert set(self.rig.store.taken) | kept == expected
        assert self.worker.counts().waiting == 0


TestSinkLife = SinkLife.TestCase
