"""Packs on their way into every sink, before they may leave their lane."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest
from frameferry_station.photos import STATION

from tests.station.fake_cloud import FakeCloud
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import GARDEN, Station
from tests.station.simulated_disk import PowerCut, SimulatedDisk


def test_a_full_pack_is_handed_to_every_sink_as_one_file_with_several_names() -> None:
    disk = SimulatedDisk()
    station = Station(disk, sinks=("shelf", "bucket"))

    station.accept(0, 1, 2)

    [pack] = station.lane().queue.packs()
    assert disk.facts(station.lane().queue.path(pack)).names == 3


def test_a_sink_sees_a_photo_within_a_minute_however_few_there_are() -> None:
    station = Station()
    station.accept(0)
    for _ in range(29):
        station.time.advance(2)
        station.lanes.step()

    station.taker.deliver()

    assert station.delivered() == {0: photograph(0)}


def test_for_the_cloud_alone_photos_gather_while_there_is_no_network(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud, sinks=(), pack_captures=20)
    station.pair()
    for number in range(5):
        station.accept(number)
        station.time.advance(30)
        station.lanes.step()

    assert station.lane(STATION).queue.packs() == []


def test_without_a_cloud_a_lane_keeps_its_newest_pack_only() -> None:
    station = Station()

    station.accept(*range(12))

    assert [pack.first_seq for pack in station.lane().queue.packs()] == [9]
    station.taker.deliver()
    assert sorted(station.delivered()) == list(range(12))


def test_photos_that_waited_for_the_cloud_reach_it_though_it_was_no_sink_for_a_while(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud)
    station.pair(GARDEN)
    station.accept(*range(7))
    station.cloud = None
    station = station.restarted()
    station.accept(*range(7, 13))
    station.cloud = cloud

    station = station.restarted()
    station.work(GARDEN)

    assert {*range(7)} <= {*cloud.items}
    assert 9 not in cloud.items, "which came while the cloud was none"
    station.taker.deliver()
    assert sorted(station.delivered()) == list(range(13))


def test_without_links_packs_stay_until_a_sink_takes_them_and_arrive_in_order() -> None:
    station = Station()
    station.taker.is_failing = True
    station.accept(*range(7))
    assert len(station.lane().queue) == 7

    station.taker.is_failing = False
    station.time.advance(31)
    station.lanes.step()

    station.taker.deliver()
    assert sorted(station.delivered()) == list(range(7))


@pytest.mark.parametrize("which", range(1, 5))
def test_a_sink_that_stumbles_over_one_pack_gets_it_before_the_next(which: int) -> None:
    station = Station()
    station.taker.is_failing = True
    station.accept(*range(12))
    station.taker.is_failing, station.taker.to_take = False, which

    station.lanes.step()
    station.lanes.step()

    station.taker.deliver()
    assert sorted(station.delivered()) == list(range(12))


def test_a_pack_that_a_sink_has_not_taken_does_not_leave_though_the_cloud_has_it(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud)
    station.pair()
    station.taker.is_failing = True
    station.accept(0, 1, 2)
    station.work(seconds=300)
    assert cloud.holds(photograph(0)) == [0]
    assert len(station.lane(STATION).queue) == 3

    station.taker.is_failing = False
    station.work(seconds=10**5)

    assert len(station.lane(STATION).queue) == 0
    station.taker.deliver()
    assert sorted(station.delivered(lane=STATION)) == [0, 1, 2]


def test_what_a_sink_has_not_taken_is_handed_over_after_a_restart() -> None:
    disk = SimulatedDisk()
    station = Station(disk)
    station.taker.is_failing = True
    station.accept(*range(5))

    station = station.restarted(disk.after_power_cut(Random(3)))
    station.lanes.step()
    station.taker.deliver()

    assert sorted(station.delivered()) == list(range(5))


def test_a_renumbered_pack_is_not_handed_over_again(cloud: FakeCloud) -> None:
    cloud.hold(1, b"another camera's")
    cloud.next_seq = 0
    station = Station(cloud=cloud)
    station.pair()
    station.accept(0, 1, 2)

    station.work(seconds=200)
    station = station.restarted()
    station.work(seconds=10**5)

    assert cloud.holds(photograph(1)) == [3]
    station.taker.deliver()
    assert station.delivered(lane=STATION) == {number: photograph(number) for number in range(3)}


def test_a_lane_that_lost_its_counter_gives_no_seq_that_a_sink_has_had() -> None:
    disk = SimulatedDisk()
    station = Station(disk)
    station.accept(*range(6))
    assert station.restarted().accept(6) == [6]
    station.taker.deliver()
    for path in [path for path in disk.names if path.is_relative_to("station/lanes")]:
        disk.remove(path)

    station = station.restarted()

    [seq] = station.accept(9)
    assert seq is not None
    assert seq > 6


@pytest.mark.parametrize("cut_at", range(30))
def test_a_pack_whose_sealing_was_killed_is_whole_in_a_sink_after_a_power_cut(cut_at: int) -> None:
    disk = SimulatedDisk()
    station = Station(disk)
    disk.cut_at = disk.operations + cut_at
    with suppress(PowerCut):
        station.accept(0, 1, 2)
    disk = disk.after_kill()
    station = station.restarted(disk)
    station.accept(*range(10, 16))

    for seed in range(5):
        later = station.restarted(disk.after_power_cut(Random(seed)))
        later.taker.deliver()

        assert set(station.delivered().values()) >= {photograph(number) for number in range(10, 16)}


@pytest.mark.parametrize("sinks", [(), ("shelf",), ("shelf", "bucket")])
def test_a_photo_costs_one_sync_and_a_pack_a_few(cloud: FakeCloud, sinks: tuple[str, ...]) -> None:
    disk = SimulatedDisk()
    station = Station(disk, cloud=None if sinks else cloud, sinks=sinks, pack_captures=20)
    if not sinks:
        station.pair()
    station.accept(0)
    before = disk.sync_count

    station.accept(*range(1, 101))

    per_pack = 4 if sinks else 3
    assert disk.sync_count - before <= 100 + 5 * (per_pack + len(sinks))


def test_a_photo_in_an_open_pack_costs_one_sync() -> None:
    disk = SimulatedDisk()
    station = Station(disk, pack_captures=20)
    station.accept(0)
    before = disk.sync_count

    station.accept(*range(1, 19))

    assert disk.sync_count - before == 18
