"""The disk queue against a model of it, by any sequence of operations with kills and power cuts in between."""

from __future__ import annotations

from random import Random

from frameferry_station.captures import Seq, SeqRange
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.station.rig import META, jpeg
from tests.station.simulated_disk import PowerCut, SimulatedDisk
from tests.station.test_queue import ASIDE, content, opened

BUDGET_BYTES = 4200
any_of_them = st.integers(0, 10**6)


class QueueMachine(RuleBasedStateMachine):
    """`model` holds what must be in the queue; `unsure` what a cut-off operation or an unsynced removal may leave."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimulatedDisk()
        self.model: dict[int, bytes] = {}
        self.unsure: dict[int, bytes] = {}
        self.aside: set[int] = set()
        self.largest = -1
        self.put_count = 0
        self.open()

    def open(self) -> None:
        self.queue = opened(self.disk, BUDGET_BYTES, self.evicted)

    def evicted(self, seqs: SeqRange) -> None:
        assert seqs.first == seqs.last
        assert seqs.first == min(self.aside or self.model)
        if self.aside:
            self.aside.discard(seqs.first)
        else:
            self.unsure[seqs.first] = self.model.pop(seqs.first)

    @rule()
    def put(self) -> None:
        picture = jpeg(self.put_count)
        self.put_count += 1
        seq = self.queue.put(picture, META)
        assert seq > self.largest
        self.model[seq] = picture
        self.largest = seq

    @precondition(lambda self: self.model)
    @rule(which=any_of_them)
    def remove(self, which: int) -> None:
        seq = self.chosen(which)
        self.queue.remove(seq)
        self.unsure[seq] = self.model.pop(seq)

    @precondition(lambda self: self.model)
    @rule(which=any_of_them, ahead=st.integers(0, 5))
    def renumber(self, which: int, ahead: int) -> None:
        old, new = self.chosen(which), Seq(self.queue.next_seq + ahead)
        self.queue.renumber(old, new)
        self.model[new] = self.model.pop(old)
        self.largest = new

    @precondition(lambda self: self.model)
    @rule(which=any_of_them)
    def poison(self, which: int) -> None:
        seq = self.chosen(which)
        self.queue.poison(seq, "bad")
        del self.model[seq]
        self.aside.add(seq)

    @rule()
    def kill(self) -> None:
        self.disk = self.disk.after_kill()
        self.open()

    @rule(seed=any_of_them)
    def cut_power(self, seed: int) -> None:
        self.come_back(seed)

    @rule(seed=any_of_them, operations=st.integers(0, 8))
    def cut_power_while_putting(self, seed: int, operations: int) -> None:
        seq, picture = self.queue.next_seq, jpeg(self.put_count)
        self.disk.cut_at = self.disk.operations + operations
        try:
            self.put()
        except PowerCut:
            self.unsure[seq] = picture
        self.come_back(seed)

    @precondition(lambda self: self.model)
    @rule(seed=any_of_them, operations=st.integers(0, 8), which=any_of_them)
    def cut_power_while_renumbering(self, seed: int, operations: int, which: int) -> None:
        old, new = self.chosen(which), self.queue.next_seq
        self.disk.cut_at = self.disk.operations + operations
        try:
            self.renumber(which, 0)
        except PowerCut:
            moved = self.model.pop(old)
            self.unsure |= {old: moved, new: moved}
            self.come_back(seed)
            assert (old in self.model) != (new in self.model), "neither lost nor doubled"
            return
        self.come_back(seed)

    def come_back(self, seed: int) -> None:
        """After a power cut what was unsure is known."""
        self.disk = self.disk.after_power_cut(Random(seed))
        self.open()
        pending = set(self.queue.pending())
        self.model |= {seq: picture for seq, picture in self.unsure.items() if seq in pending}
        self.unsure.clear()
        self.aside = {int(name[:16]) for name in self.disk.sizes(ASIDE) if name.endswith(".capture")}
        self.largest = max([self.largest, *self.model])

    def chosen(self, which: int) -> Seq:
        seqs = sorted(self.model)
        return Seq(seqs[which % len(seqs)])

    @invariant()
    def the_queue_is_the_model(self) -> None:
        assert {seq: content(self.queue.capture(seq)) for seq in self.queue.pending()} == self.model
        assert self.queue.next_seq > self.largest
        on_disk = [path for path in self.disk.names if path.suffix == ".capture"]
        assert self.queue.size_bytes == sum(len(self.disk.names[path].content) for path in on_disk)


TestQueueMachine = QueueMachine.TestCase
