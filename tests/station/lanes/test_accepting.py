"""What a lane takes, and what it says of it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from frameferry_station.photos import (
    STATION,
    NotAPhoto,
    PhotoRefused,
    PhotoTooLarge,
    SourceName,
    SourcePaused,
    SourceUnpaired,
)

from tests.station.fake_cloud import FakeCloud
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import FOLDER, GARDEN, GATE, Station
from tests.station.simulated_disk import PowerCut, SimulatedDisk


def test_photos_get_rising_seqs_for_each_source() -> None:
    station = Station()

    assert station.accept(0, 1, 2) == [0, 1, 2]
    assert station.accept(3, source=GATE) == [0]


def test_the_same_bytes_of_a_source_are_kept_once() -> None:
    station = Station()
    station.accept(0, 1)

    again = station.lanes.accept(GARDEN, photograph(0))
    other = station.lanes.accept(GATE, photograph(0))

    assert (again.seq, again.is_duplicate) == (0, True)
    assert not other.is_duplicate
    assert len(station.lane().queue) == 2


@pytest.mark.parametrize("is_power_cut", [False, True])
def test_bytes_that_are_sent_again_after_a_crash_are_kept_once(is_power_cut: bool) -> None:
    disk = SimulatedDisk()
    Station(disk).accept(*range(8))

    again = disk.after_power_cut(Random(7)) if is_power_cut else disk.after_kill()
    station = Station(again)

    assert [station.lanes.accept(GARDEN, photograph(number)).is_duplicate for number in range(8)] == [True] * 8


@pytest.mark.parametrize("cut_at", range(14))
def test_a_photo_that_was_known_after_a_kill_outlasts_a_power_cut(cloud: FakeCloud, cut_at: int) -> None:
    disk = SimulatedDisk()
    station = Station(disk, cloud=cloud, sinks=())
    station.pair(GARDEN)
    disk.cut_at = disk.operations + cut_at
    with suppress(PowerCut):
        station.accept(0)
    disk = disk.after_kill()

    station.restarted(disk).accept(0)

    for seed in range(12):
        assert len(station.restarted(disk.after_power_cut(Random(seed))).lane().queue) == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_power_cut_while_packs_wait_for_a_sink_makes_no_photo_new(seed: int) -> None:
    disk = SimulatedDisk()
    station = Station(disk)
    station.taker.is_failing = True
    station.accept(*range(40))

    station = Station(disk.after_power_cut(Random(seed)))

    assert [number for number in range(40) if not station.lanes.accept(GARDEN, photograph(number)).is_duplicate] == []


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b'{"cmd": "Snap", "error": {"rspCode": -6}}',
        photograph(0)[:-2],
        photograph(0)[:40] + b"\xff\xd9",
        photograph(0) + b"more",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff" + bytes(1000) + b"\xff\xd9",
    ],
)
def test_what_is_no_whole_jpeg_is_refused(junk: bytes) -> None:
    station = Station()

    with pytest.raises(NotAPhoto):
        station.lanes.accept(GARDEN, junk)

    [news] = station.lanes.sources()
    assert (news.accepted, news.refused) == (0, 1)
    assert news.error


def test_zeros_behind_the_end_are_taken_as_they_are() -> None:
    station = Station()
    jpeg = photograph(0) + bytes(700)

    station.lanes.accept(GARDEN, jpeg)
    station.lane().queue.seal()
    station.taker.deliver()

    assert station.delivered() == {0: jpeg}


def test_a_photo_that_no_pack_holds_is_too_large() -> None:
    with pytest.raises(PhotoTooLarge):
        Station().lanes.accept(GARDEN, b"\xff\xd8\xff" + bytes(33 * 2**20))


def test_a_header_that_promises_too_many_pixels_is_refused() -> None:
    jpeg = bytearray(photograph(0))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"

    with pytest.raises(NotAPhoto, match="65535 x 65535"):
        Station().lanes.accept(GARDEN, bytes(jpeg))


def test_a_paused_source_is_refused_until_it_is_resumed_and_after_a_restart_too() -> None:
    station = Station()
    station.lanes.local_pauses.pause(GARDEN, None)
    station = station.restarted()

    with pytest.raises(SourcePaused, match="until it is resumed"):
        station.accept(0)
    station.accept(1, source=GATE)
    station.lanes.local_pauses.resume(GARDEN)

    assert station.accept(2) == [0]


def test_a_pause_of_the_station_holds_for_all_its_sources() -> None:
    station = Station()
    station.lanes.local_pauses.pause(GATE, station.time.utc() + timedelta(minutes=10))

    station.lanes.local_pauses.pause(STATION, None)

    for source in (GARDEN, GATE):
        with pytest.raises(SourcePaused, match="until it is resumed"):
            station.accept(0, source=source)
    station.lanes.local_pauses.resume(STATION)
    station.accept(1)
    with pytest.raises(SourcePaused, match="until 2026-05-04 12:10 UTC"):
        station.accept(2, source=GATE)


def test_pauses_that_cannot_be_read_hold_for_each_source_until_it_is_resumed() -> None:
    disk = SimulatedDisk()
    Station(disk).lanes.local_pauses.pause(GARDEN, None)
    node = disk.names[FOLDER / "pauses.json"]
    node.content = node.content[:-1]
    station = Station(disk)

    station.lanes.local_pauses.resume(GATE)

    for run in (station, station.restarted()):
        run.accept(0, source=GATE)
        with pytest.raises(SourcePaused):
            run.accept(0)
    station.lanes.local_pauses.resume(STATION)
    assert station.restarted().accept(0) == [0]


def test_a_pause_with_an_end_ends_by_itself() -> None:
    station = Station()
    station.lanes.local_pauses.pause(GARDEN, station.time.utc() + timedelta(minutes=10))
    with pytest.raises(SourcePaused, match="until 2026-05-04 12:10 UTC"):
        station.accept(0)

    station.time.advance(601)

    assert station.accept(0) == [0]


def test_with_a_cloud_and_no_pairing_photos_are_refused(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud)

    with pytest.raises(SourceUnpaired, match="frameferry-station pair garden CODE"):
        station.accept(0)


def test_an_unpaired_source_goes_through_the_station_s_lane(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud)
    station.pair()
    station.accept(0)
    station.accept(1, source=GATE)

    station.work()

    assert [cloud.holds(photograph(number)) for number in range(2)] == [[0], [1]]
    assert {news.source: news.lane for news in station.lanes.sources()} == {"garden": "station", "gate": "station"}


def test_a_paired_source_has_a_lane_of_its_own(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud)
    station.pair(GARDEN)

    station.accept(0)
    station.work(GARDEN)

    assert cloud.holds(photograph(0)) == [0]
    with pytest.raises(SourceUnpaired):
        station.accept(1, source=GATE)


def test_the_report_tells_what_came_from_a_source() -> None:
    station = Station()
    station.accept(0, 1)
    station.accept(1)
    with pytest.raises(PhotoRefused):
        station.lanes.accept(GARDEN, b"no")
    station.lanes.tell(GARDEN, "error", "the lens is dirty")

    [news] = station.lanes.sources()

    assert (news.source, news.lane) == ("garden", "garden")
    assert (news.accepted, news.duplicates, news.refused) == (2, 1, 1)
    assert (news.error, news.last_at) == ("the lens is dirty", station.time.utc())
    assert news.latest_jpeg == photograph(1)
    station.accept(2)
    assert station.lanes.sources()[0].error is None


def test_pictures_for_the_page_take_a_bounded_part_of_memory() -> None:
    station = Station(pack_captures=1)
    for number in range(40):
        station.time.advance(1)
        jpeg = photograph(number, 60_000)[:-2] + bytes(2**20) + b"\xff\xd9"
        station.lanes.accept(SourceName(f"camera-{number}"), jpeg)

    kept = [news for news in station.lanes.sources() if news.latest_jpeg]

    assert sum(len(news.latest_jpeg or b"") for news in kept) <= 24 * 2**20
    assert "camera-39" in {news.source for news in kept}
