"""The queue against a model of it, by any sequence of operations with kills and power cuts in between."""

from __future__ import annotations

from random import Random

from frameferry_station.captures import Seq, SeqRange
from frameferry_station.pack_folder import QueuedPack
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.station.packs_on_card import FOLDER, Told, all_captures, in_packs, opened
from tests.station.samples import META, jpeg
from tests.station.simulated_disk import PowerCut, SimulatedDisk

BUDGET_BYTES = 16_000
any_of_them = st.integers(0, 10**6)


def seqs_of(pack: QueuedPack) -> list[int]:
    return [seq for seqs in pack.seqs for seq in range(seqs.first, seqs.last + 1)]


class QueueMachine(RuleBasedStateMachine):
    """`model` holds what must be in the queue; `unsure` what a cut-off operation or an unsynced removal may leave."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimulatedDisk()
        self.model: dict[int, bytes] = {}
        self.unsure: dict[int, bytes] = {}
        self.aside: dict[int, bytes] = {}
        self.largest = -1
        self.put_count = 0
        self.boots = 0
        self.open()

    def open(self) -> None:
        self.boots += 1
        self.queue = opened(self.disk, Told(self.evicted), budget_bytes=BUDGET_BYTES, boot_id=f"{self.boots:016x}")

    def evicted(self, seqs: SeqRange) -> None:
        for seq in range(seqs.first, seqs.last + 1):
            if seq in self.aside:
                self.unsure[seq] = self.aside.pop(seq)
            else:
                assert not self.aside, "what is set aside goes first"
                self.unsure[seq] = self.model.pop(seq)

    @rule(size_bytes=st.integers(100, 2500))
    def put(self, size_bytes: int) -> None:
        photo = jpeg(self.put_count, size_bytes)
        self.put_count += 1
        seq = self.queue.put(photo, META)
        assert seq > self.largest
        self.model[seq] = photo
        self.largest = seq

    @rule()
    def seal(self) -> None:
        self.queue.seal()

    @precondition(lambda self: self.queue.packs())
    @rule(which=any_of_them)
    def remove(self, which: int) -> None:
        pack = self.chosen(which)
        self.queue.remove(pack)
        self.unsure |= {seq: self.model.pop(seq) for seq in seqs_of(pack)}

    @precondition(lambda self: self.queue.packs())
    @rule(which=any_of_them, some=st.integers(1, 7), ahead=st.integers(0, 5))
    def take_out(self, which: int, some: int, ahead: int) -> None:
        pack = self.chosen(which)
        taken = [seq for number, seq in enumerate(seqs_of(pack)) if some >> number & 1]
        least = self.queue.next_seq + ahead
        renumbered = self.queue.take_out(pack, {Seq(seq): least for seq in taken})
        photos = {seq: self.model.pop(seq) for seq in seqs_of(pack)}
        assert [old for old, _ in renumbered] == taken
        for old, new in renumbered:
            assert new >= least
            self.model[new] = photos[old]
            self.largest = new
        if not taken:
            self.unsure |= photos

    @rule(forgotten=st.integers(0, 2**16 - 1))
    def forget(self, forgotten: int) -> None:
        def is_forgotten(seq: int) -> bool:
            return bool(forgotten >> (seq % 16) & 1)

        gone = [seq for seq in self.model if is_forgotten(seq)]
        assert self.queue.forget(lambda record: is_forgotten(record.seq)) == len(gone)
        for seq in gone:
            del self.model[seq]
        self.aside = {seq: photo for seq, photo in self.aside.items() if seq in self.set_aside()}

    @precondition(lambda self: self.queue.packs())
    @rule(which=any_of_them)
    def put_aside(self, which: int) -> None:
        pack = self.chosen(which)
        self.queue.set_aside(pack, "bad")
        for seq in seqs_of(pack):
            self.aside[seq] = self.model.pop(seq)

    @rule()
    def kill(self) -> None:
        self.disk = self.disk.after_kill()
        self.open()

    @rule(seed=any_of_them)
    def cut_power(self, seed: int) -> None:
        self.come_back(seed)

    @rule(seed=any_of_them, operations=st.integers(0, 12))
    def cut_power_while_putting(self, seed: int, operations: int) -> None:
        seq, photo = self.queue.next_seq, jpeg(self.put_count, 1500)
        self.disk.cut_at = self.disk.operations + operations
        try:
            self.put(1500)
        except PowerCut:
            self.unsure[seq] = photo
        self.come_back(seed)

    @precondition(lambda self: self.queue.packs())
    @rule(seed=any_of_them, operations=st.integers(0, 12), which=any_of_them)
    def cut_power_while_taking_out(self, seed: int, operations: int, which: int) -> None:
        pack, new = self.chosen(which), self.queue.next_seq
        photos = {seq: self.model[seq] for seq in seqs_of(pack)}
        self.disk.cut_at = self.disk.operations + operations
        try:
            self.take_out(which, 1, 0)
        except PowerCut:
            for seq in photos:
                self.model.pop(seq, None)
            self.unsure |= photos | {new: photos[pack.first_seq]}
            self.come_back(seed)
            assert (pack.first_seq in self.model) != (new in self.model), "neither lost nor doubled"
            return
        self.come_back(seed)

    def come_back(self, seed: int) -> None:
        """After a power cut what was unsure is known."""
        self.disk = self.disk.after_power_cut(Random(seed))
        self.open()
        waiting = {seq for pack in self.queue.packs() for seq in seqs_of(pack)}
        self.model |= {seq: photo for seq, photo in self.unsure.items() if seq in waiting}
        # What was moved may be in either place again.
        self.model |= {seq: photo for seq, photo in self.aside.items() if seq in waiting}
        beside = self.set_aside()
        self.aside = {seq: photo for seq, photo in (self.aside | self.unsure).items() if seq in beside}
        self.unsure.clear()
        self.largest = max([self.largest, *self.model])

    def set_aside(self) -> set[int]:
        """The seqs of the packs that lie in the folder beside, as a queue of them tells."""
        names = {path: node for path, node in self.disk.names.items() if path.parent.name == "set-aside"}
        beside = SimulatedDisk({FOLDER / path.name: node for path, node in names.items() if path.suffix == ".zip"})
        return set(all_captures(opened(beside)))

    def chosen(self, which: int) -> QueuedPack:
        packs = self.queue.packs()
        return packs[which % len(packs)]

    @invariant()
    def the_queue_is_the_model(self) -> None:
        sealed = in_packs(self.queue)
        assert sealed.items() <= self.model.items()
        assert len(self.queue) == len(self.model)
        assert self.queue.oldest_seq == min(self.model, default=None)
        assert self.queue.next_seq > self.largest
        lying = [node for path, node in self.disk.names.items() if path.suffix == ".zip"]
        assert self.queue.size_bytes == sum(len(node.content) for node in lying)

    def teardown(self) -> None:
        assert all_captures(self.queue) == self.model


TestQueueMachine = QueueMachine.TestCase
