"""Numbers of captures that go up alone, beside the packs of the queue."""

from __future__ import annotations

import pytest

from tests.station.packs_on_card import in_packs, opened, put
from tests.station.samples import jpeg
from tests.station.simulated_disk import SimulatedDisk


def test_a_number_is_given_to_no_photo_before_or_after_it() -> None:
    queue = opened(SimulatedDisk())
    put(queue, 0, 1)

    assert queue.take_seq() == 2
    assert put(queue, 2) == [3]
    assert queue.take_seq() == 4


def test_it_is_given_once_though_no_pack_tells_of_it() -> None:
    disk = SimulatedDisk()
    given = [opened(disk).take_seq() for _ in range(3)]

    assert given == [0, 1, 2]
    assert put(opened(disk), 0) == [3]


def test_photos_on_both_sides_of_it_are_in_packs_of_their_own() -> None:
    queue = opened(SimulatedDisk())
    put(queue, 0)
    queue.take_seq()
    put(queue, 1)
    queue.seal()

    assert in_packs(queue) == {0: jpeg(0), 2: jpeg(1)}
    assert [pack.captures for pack in queue.packs()] == [1, 1]


def test_where_it_cannot_be_made_durable_none_is_given_and_none_twice() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    disk.failing = 0
    with pytest.raises(OSError, match=r".+"):
        queue.take_seq()
    disk.failing = None

    assert queue.take_seq() == 1
