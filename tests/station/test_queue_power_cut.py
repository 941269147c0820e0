"""A power cut before and within every operation of the disk; and every sync of the queue taken away in turn."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from frameferry_station.captures import Seq, SeqRange
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.queue import PackLimits, PackQueue

from tests.station.packs_on_card import ASIDE, FOLDER, Told, all_captures, in_packs, opened
from tests.station.samples import META, jpeg
from tests.station.simulated_disk import PowerCut, SimulatedDisk

SIZE_BYTES = 3000
"""Of a photo: several sectors."""
BUDGET_BYTES = 55_000


@dataclass
class Story:
    """What was done to a queue, and what its owner was told: what must be true after a power cut follows from it."""

    disk: SimulatedDisk
    kept: dict[int, bytes] = field(default_factory=dict)
    """Acknowledged, and not begun to be given up."""
    leaving: dict[int, bytes] = field(default_factory=dict)
    """Removed, evicted or under way to another seq: may be found or not."""
    gone: set[int] = field(default_factory=set)
    """Of these the queue said that they are no more."""
    largest: int = -1
    """Of the seqs that anybody was told of."""
    sealed: dict[Path, bytes] = field(default_factory=dict)
    """What lies on the card as an object, and may have been named to the cloud."""

    def play(self) -> None:
        queue = self._opened()
        for number in range(4):
            self._put(queue, number)
        self._take_out(queue, 0, 1)
        self._put(queue, 4)
        self._seal(queue)
        queue = self._opened()
        self._forget(queue, 4)
        for number in range(5, 7):
            self._put(queue, number)
        queue = self._opened()
        self._remove_all(queue)
        for number in range(7, 24):
            self._put(queue, number)
        aside = self._set_aside(queue, 1)
        self._forget(queue, aside)
        self._forget(queue, *range(19, 24))
        for number in range(24, 28):
            self._put(queue, number)
        self._remove_all(queue)
        self._put(queue, 28)

    def check(self, disk: SimulatedDisk) -> None:
        for path, content in self.sealed.items():
            assert path not in disk.names or disk.names[path].content == content, "an object is not what it was"
        queue = opened(disk)
        found = in_packs(queue)
        assert self.kept.items() <= found.items(), "a capture is lost"
        unknown = found.keys() - self.kept.keys() - self.leaving.keys()
        assert all(seq > self.largest for seq in unknown), "a capture from nowhere"
        assert not found.keys() & self.gone, "a capture is back"
        assert queue.next_seq > max([self.largest, *found]), "a seq would be given twice"
        assert len(set(found.values())) == len(found) or self.leaving, "a capture is there twice"
        assert not [path for path in disk.names if path.suffix == ".tmp"], "a rest of a file is left"

    def _opened(self) -> PackQueue:
        queue = opened(self.disk, Told(self._evicted), budget_bytes=BUDGET_BYTES, limits=PackLimits(captures=3))
        self._objects(queue)
        return queue

    def _objects(self, queue: PackQueue) -> None:
        paths = [FOLDER / pack.name for pack in queue.packs()]
        self.sealed = {path: self.disk.names[path].content for path in paths}

    def _put(self, queue: PackQueue, number: int) -> None:
        photo = jpeg(number, SIZE_BYTES)
        seq = queue.put(photo, META)
        self.kept[seq] = photo
        self.largest = max(self.largest, seq)
        self._objects(queue)

    def _seal(self, queue: PackQueue) -> None:
        queue.seal()
        self._objects(queue)

    def _take_out(self, queue: PackQueue, at: int, which: int) -> None:
        pack = queue.packs()[at]
        taken = Seq(pack.first_seq + which)
        photos = self._leave(pack)
        new = queue.next_seq
        self.leaving[new] = photos[taken]
        self.sealed.clear()
        assert queue.take_out(pack, {taken: 0}) == [(taken, new)]
        self.kept[new] = self.leaving.pop(new)
        self.gone |= photos.keys()
        self.largest = max(self.largest, new)
        self._objects(queue)

    def _forget(self, queue: PackQueue, *seqs: int) -> None:
        self.leaving |= {seq: self.kept.pop(seq) for seq in seqs if seq in self.kept}
        self.sealed.clear()
        queue.forget(lambda record: record.seq in seqs)
        self._objects(queue)
        self.gone |= set(seqs)

    def _remove_all(self, queue: PackQueue) -> None:
        for pack in queue.packs():
            self._leave(pack)
            queue.remove(pack)

    def _set_aside(self, queue: PackQueue, at: int) -> int:
        """Gives one of its seqs."""
        pack = queue.packs()[at]
        self._leave(pack)
        self.sealed.clear()
        queue.set_aside(pack, "bad")
        self._objects(queue)
        return pack.first_seq

    def _evicted(self, seqs: SeqRange) -> None:
        for seq in range(seqs.first, seqs.last + 1):
            if seq in self.kept:
                self.leaving[seq] = self.kept.pop(seq)

    def _leave(self, pack: QueuedPack) -> dict[int, bytes]:
        photos = {seq: self.kept.pop(seq) for seqs in pack.seqs for seq in range(seqs.first, seqs.last + 1)}
        self.leaving |= photos
        return photos


def cut(at: int, ignores: frozenset[str] = frozenset()) -> Story:
    """A story that ends with a power cut before or in operation `at`."""
    story = Story(SimulatedDisk(cut_at=at, ignores=ignores))
    with pytest.raises(PowerCut):
        story.play()
    return story


def check_all_cuts(ignores: frozenset[str] = frozenset(), worlds: int = 6, since: int = 0) -> None:
    for at in range(since, OPERATIONS):
        story = cut(at, ignores)
        story.check(story.disk.after_kill())
        for seed in range(worlds):
            story.check(story.disk.after_power_cut(Random(f"{at} {seed}")))


def whole_story() -> Story:
    story = Story(SimulatedDisk())
    story.play()
    return story


SYNCS = whole_story().disk.syncs
OPERATIONS = whole_story().disk.operations


def test_power_cut_at_every_operation_loses_nothing_and_reuses_no_seq() -> None:
    check_all_cuts()


def test_a_second_cut_while_the_queue_is_put_right_loses_nothing_either() -> None:
    for at in range(0, OPERATIONS, 3):
        story = cut(at)
        for again in range(6):
            disk = story.disk.after_power_cut(Random(at))
            disk.cut_at = again
            try:
                opened(disk)
            except PowerCut:
                story.check(disk.after_power_cut(Random(again)))


def test_the_story_meets_every_sync_of_the_queue() -> None:
    assert len(SYNCS) >= 9
    assert {sync.split(" < ")[0] for sync in SYNCS} == {"sync", "sync_folder"}


@pytest.mark.parametrize("forgotten", SYNCS)
def test_the_power_cut_test_notices_each_forgotten_sync(forgotten: str) -> None:
    with pytest.raises(AssertionError):
        check_all_cuts(frozenset({forgotten}), worlds=20, since=SYNCS[forgotten])


def test_what_is_set_aside_is_in_one_of_both_places_after_a_cut() -> None:
    for operation in range(8):
        disk = SimulatedDisk()
        queue = opened(disk)
        for number in range(3):
            queue.put(jpeg(number), META)
        disk.cut_at = disk.operations + operation
        with suppress(PowerCut):
            queue.set_aside(queue.packs()[0], "bad")
        for seed in range(8):
            after = disk.after_power_cut(Random(seed))
            aside = [name for name in after.sizes(ASIDE) if name.endswith(".zip")]
            assert len(aside) + len(opened(after).packs()) == 1


def test_a_lost_capture_would_be_noticed() -> None:
    story = whole_story()
    story.kept[99] = b"never put"

    with pytest.raises(AssertionError, match="a capture is lost"):
        story.check(story.disk.after_kill())


def test_two_starts_after_a_cut_find_the_same() -> None:
    for at in range(0, OPERATIONS, 7):
        story = cut(at)
        disk = story.disk.after_power_cut(Random(at))
        first = all_captures(opened(disk))
        assert all_captures(opened(disk)) == first
        assert all(path.parent != FOLDER or path.suffix == ".zip" for path in disk.names)
