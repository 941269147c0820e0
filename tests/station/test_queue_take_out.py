"""Captures of a pack that go up alone, under new seqs."""

from __future__ import annotations

import pytest
from frameferry_station.captures import CaptureMeta, Seq, SeqRange
from frameferry_station.packs import CaptureRecord

from tests.station.packs_on_card import Told, in_packs, opened, put, records
from tests.station.samples import START, jpeg
from tests.station.simulated_disk import SimulatedDisk


def test_captures_taken_out_get_new_seqs_and_a_pack_of_their_own() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, 0, 1, 2, 3)
    [pack] = queue.packs()

    renumbered = queue.take_out(pack, {Seq(0): 4, Seq(2): 9, Seq(77): 500})

    assert renumbered == [(0, 4), (2, 9)]
    assert in_packs(queue) == {3: jpeg(3), 4: jpeg(0), 9: jpeg(2)}
    assert in_packs(opened(disk)) == in_packs(queue)
    assert put(queue, 4) == [10]


def test_numbers_that_no_capture_got_are_told_of() -> None:
    told = Told()
    queue = opened(SimulatedDisk(), told)
    put(queue, 0, 1, 2)

    queue.take_out(queue.packs()[0], {Seq(0): 3, Seq(1): 9})
    queue.take_out(queue.packs()[0], {Seq(3): 4, Seq(9): 20})
    queue.raise_next_seq(50)

    assert told.skips == [SeqRange(Seq(4), Seq(8)), SeqRange(Seq(11), Seq(19))]


def test_numbers_that_no_capture_got_are_told_of_only_once_that_is_durable() -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2)
    disk.failing = 0
    with pytest.raises(OSError, match=r".+"):
        queue.take_out(queue.packs()[0], {Seq(0): 9})
    assert told.skips == []
    disk.failing = None

    queue.take_out(queue.packs()[0], {Seq(0): 9})

    assert told.skips == [SeqRange(Seq(3), Seq(8))]


def test_captures_taken_out_stay_near_each_other() -> None:
    queue = opened(SimulatedDisk())
    put(queue, 0, 1, 2)

    assert queue.take_out(queue.packs()[0], {Seq(0): 3, Seq(1): 2**53 - 9}) == [(0, 2**53 - 9), (1, 2**53 - 8)]


def test_captures_taken_out_keep_their_times() -> None:
    queue = opened(SimulatedDisk())
    queue.put(jpeg(0), CaptureMeta(START, True, 5))
    queue.seal()

    queue.take_out(queue.packs()[0], {Seq(0): 3})

    assert records(queue) == [CaptureRecord(Seq(3), "00000000000000b1", 5, START, True)]


def test_where_no_capture_is_to_be_taken_out_the_pack_just_goes() -> None:
    queue = opened(SimulatedDisk())
    put(queue, 0, 1, 2)

    assert queue.take_out(queue.packs()[0], {Seq(99): 100}) == []

    assert (queue.packs(), len(queue), queue.oldest_seq) == ([], 0, None)
