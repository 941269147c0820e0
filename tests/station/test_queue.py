"""The disk queue: order, numbers and budget, and a power cut before every operation of the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from frameferry_station.captures import Capture, CaptureMeta, Seq, SeqRange
from frameferry_station.errors import CaptureDamaged, CaptureGone, StateInUse
from frameferry_station.files import DiskFiles, Files, held_alone
from frameferry_station.queue import DiskQueue

from tests.station.rig import META, jpeg
from tests.station.simulated_disk import PowerCut, SimulatedDisk

FOLDER = Path("queue")
COUNTER = Path("seq.json")
ASIDE = FOLDER / "set-aside"


def opened(files: Files, budget_bytes: int = 10**9, on_evict: Callable[[SeqRange], None] | None = None) -> DiskQueue:
    return DiskQueue(FOLDER, COUNTER, budget_bytes=budget_bytes, on_evict=on_evict or (lambda _: None), files=files)


def content(capture: Capture) -> bytes:
    return b"".join(capture.body.chunks())


def test_a_capture_comes_back_as_it_was_put(tmp_path: Path) -> None:
    queue = DiskQueue(
        tmp_path / "q", tmp_path / "c", budget_bytes=10**9, on_evict=lambda _: None, files=DiskFiles()
    )
    picture = jpeg(1, 200_000)

    capture = queue.capture(queue.put(picture, CaptureMeta(datetime(2026, 5, 4, 3, 2, 1, 987_000, UTC), True)))

    assert content(capture) == picture
    assert (capture.size_bytes, capture.sha256) == (200_000, hashlib.sha256(picture).hexdigest())
    assert capture.meta == CaptureMeta(datetime(2026, 5, 4, 3, 2, 1, 987_000, UTC), True)
    assert capture.filename == "2026-05-04T03-02-01Z_000000.jpg"


def test_a_capture_without_a_clock_has_a_name_without_a_date() -> None:
    queue = opened(SimulatedDisk())

    assert queue.capture(queue.put(jpeg(1), CaptureMeta(None))).filename == "undated_000000.jpg"


def test_seqs_rise_by_one_and_go_on_after_a_restart() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    assert [queue.put(jpeg(number), META) for number in range(3)] == [0, 1, 2]
    for seq in queue.pending():
        queue.remove(seq)

    assert opened(disk).put(jpeg(3), META) == 3


def test_an_empty_queue_with_a_lost_counter_is_put_right_by_the_server() -> None:
    queue = opened(SimulatedDisk())

    queue.raise_next_seq(41)

    assert queue.put(jpeg(0), META) == 41


def test_a_damaged_counter_does_not_stop_the_camera() -> None:
    disk = SimulatedDisk()
    opened(disk).raise_next_seq(7)
    disk.names[COUNTER].content = b"crc32 00000000\n{"

    assert opened(disk).put(jpeg(0), META) == 0


def test_renumbering_moves_a_capture_behind_the_others() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    for number in range(3):
        queue.put(jpeg(number), META)

    queue.renumber(Seq(0), Seq(9))

    assert queue.pending() == opened(disk).pending() == [1, 2, 9]
    assert content(queue.capture(Seq(9))) == jpeg(0)
    assert queue.put(jpeg(3), META) == 10


def test_a_seq_that_may_be_in_use_is_no_new_number() -> None:
    queue = opened(SimulatedDisk())
    queue.put(jpeg(0), META)
    queue.put(jpeg(1), META)

    with pytest.raises(ValueError, match="may be in use"):
        queue.renumber(Seq(0), Seq(1))


def test_a_poisoned_capture_is_set_aside_with_its_reason() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    queue.put(jpeg(0), META)

    queue.poison(Seq(0), "refused: because")

    assert queue.pending() == []
    assert jpeg(0) in disk.names[ASIDE / f"{0:016d}.capture"].content
    assert disk.names[ASIDE / f"{0:016d}.reason"].content == b"refused: because"
    assert opened(disk).put(jpeg(1), META) == 1


def test_over_budget_the_oldest_go_first_and_each_is_told_before() -> None:
    disk = SimulatedDisk()
    told: list[SeqRange] = []
    queue = opened(disk, 3000, told.append)
    for number in range(6):
        queue.put(jpeg(number), META)

    assert queue.pending() == [3, 4, 5] or queue.pending() == [2, 3, 4, 5]
    assert [seqs.first for seqs in told] == list(range(6 - len(queue)))
    assert queue.size_bytes == sum(len(disk.names[FOLDER / f"{seq:016d}.capture"].content) for seq in queue.pending())
    assert queue.size_bytes <= 3000


def test_captures_set_aside_are_given_up_before_those_that_can_be_sent() -> None:
    told: list[SeqRange] = []
    queue = opened(SimulatedDisk(), 2600, told.append)
    for number in range(3):
        queue.put(jpeg(number), META)
    queue.poison(Seq(2), "bad")

    queue.put(jpeg(3), META)

    assert told == [SeqRange(Seq(2), Seq(2))]
    assert queue.pending() == [0, 1, 3]


def test_a_full_disk_costs_the_oldest_capture() -> None:
    disk = SimulatedDisk(capacity_bytes=3000)
    told: list[SeqRange] = []
    queue = opened(disk, on_evict=told.append)

    for number in range(8):
        queue.put(jpeg(number), META)

    assert queue.pending()[-1] == 7
    assert len(queue) + len(told) == 8
    assert all(content(queue.capture(seq)) == jpeg(seq) for seq in queue.pending())


def test_a_disk_that_others_filled_is_an_error_and_leaves_no_rest() -> None:
    disk = SimulatedDisk(capacity_bytes=10)
    queue = opened(disk)

    with pytest.raises(OSError, match="no space left"):
        queue.put(jpeg(0), META)

    assert not disk.names
    assert len(queue) == 0


def test_a_file_that_somebody_deleted_is_gone_and_no_more() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    queue.put(jpeg(0), META)
    disk.remove(FOLDER / f"{0:016d}.capture")

    with pytest.raises(CaptureGone):
        queue.capture(Seq(0))
    assert queue.pending() == []


def test_a_flipped_bit_in_the_header_is_found() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    queue.put(jpeg(0), META)
    node = disk.names[FOLDER / f"{0:016d}.capture"]
    node.content = node.content.replace(b"true", b"trve", 1)

    with pytest.raises(CaptureDamaged):
        queue.capture(Seq(0))


def test_two_processes_never_share_a_state_folder(tmp_path: Path) -> None:
    with held_alone(tmp_path), pytest.raises(StateInUse), held_alone(tmp_path):
        pass


@dataclass
class Story:
    """What was done to a queue, and what its owner was told: what must be true after a power cut follows from it."""

    disk: SimulatedDisk
    kept: dict[int, bytes] = field(default_factory=dict)
    """Put, acknowledged, and not (begun to be) given up."""
    leaving: dict[int, bytes] = field(default_factory=dict)
    """Removed, evicted or under way to another place: may be found or not."""
    largest: int = -1
    """Of the seqs that anybody was told of."""

    def play(self) -> None:
        queue = opened(self.disk, 4200, self._evicted)
        for number in range(4):
            self._put(queue, number)
        self._remove(queue, 0)
        self._renumber(queue, 1, 6)
        self._put(queue, 4)
        self._poison(queue, 2)
        for seq in (3, 6, 7):
            self._remove(queue, seq)
        for number in range(5, 13):
            self._put(queue, number)
        for seq in queue.pending():
            self._remove(queue, seq)
        self._put(queue, 13)

    def check(self, disk: SimulatedDisk) -> None:
        queue = opened(disk)
        found = {seq: content(queue.capture(seq)) for seq in queue.pending()}
        aside = {int(name[:16]) for name in disk.sizes(ASIDE) if name.endswith(".capture")}
        assert self.kept.items() <= found.items(), "a capture is lost"
        assert found.keys() - self.kept.keys() <= self.leaving.keys() | {queue.next_seq - 1}, "a capture from nowhere"
        assert queue.next_seq > max([self.largest, *aside]), "a seq would be given twice"
        assert not [path for path in disk.names if path.suffix == ".tmp"], "a rest of a file is left"

    def _put(self, queue: DiskQueue, number: int) -> None:
        seq = queue.put(jpeg(number), META)
        self.kept[seq] = jpeg(number)
        self.largest = max(self.largest, seq)

    def _remove(self, queue: DiskQueue, seq: int) -> None:
        self._leave(seq)
        queue.remove(Seq(seq))

    def _renumber(self, queue: DiskQueue, old: int, new: int) -> None:
        self.leaving[new] = self.leaving[old] = moved = self.kept.pop(old)
        queue.renumber(Seq(old), Seq(new))
        self.kept[new] = moved
        self.largest = max(self.largest, new)

    def _poison(self, queue: DiskQueue, seq: int) -> None:
        self._leave(seq)
        queue.poison(Seq(seq), "bad")

    def _evicted(self, seqs: SeqRange) -> None:
        if seqs.first in self.kept:
            self._leave(seqs.first)

    def _leave(self, seq: int) -> None:
        self.leaving[seq] = self.kept.pop(seq)


def cut(at: int, ignores: frozenset[str] = frozenset()) -> Story | None:
    """A story that ends with a power cut before or in operation `at`; None if it is shorter."""
    story = Story(SimulatedDisk(cut_at=at, ignores=ignores))
    try:
        story.play()
    except PowerCut:
        return story
    return None


def check_all_cuts(ignores: frozenset[str] = frozenset(), worlds: int = 6) -> int:
    at = 0
    while story := cut(at, ignores):
        story.check(story.disk.after_kill())
        for seed in range(worlds):
            again = cut(at, ignores)
            assert again is not None
            again.check(again.disk.after_power_cut(Random(f"{at} {seed}")))
        at += 1
    return at


def test_power_cut_at_every_operation_loses_nothing_and_reuses_no_seq() -> None:
    assert check_all_cuts() > 60


@pytest.mark.parametrize("ignored", ["sync", "sync_folder"])
def test_the_power_cut_test_notices_a_forgotten_sync(ignored: str) -> None:
    with pytest.raises((AssertionError, CaptureDamaged)):
        check_all_cuts(frozenset({ignored}))


def test_a_capture_lost_in_renumbering_would_be_noticed() -> None:
    story = cut(10**6) or Story(SimulatedDisk())
    story.kept[99] = b"never put"

    with pytest.raises(AssertionError, match="a capture is lost"):
        story.check(story.disk.after_kill())
