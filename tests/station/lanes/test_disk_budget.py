"""One budget for all lanes and sinks: the oldest goes, whoever has it, and the newest photo is always taken."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from frameferry_station.errors import NoAnswer
from frameferry_station.files import DiskFiles
from frameferry_station.http import Answer, Content
from frameferry_station.lanes.budget import DiskBudget
from frameferry_station.photos import STATION, NoSpace
from frameferry_station.settings import DiskSettings
from frameferry_station.sinks.taker import Waiting

from tests.station.fake_cloud import FakeCloud
from tests.station.fake_network import DirectSender
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import FOLDER, GARDEN, GATE, Station
from tests.station.simulated_disk import SimulatedDisk

COMMENT_BYTES = 30_000
BUDGET_BYTES = 600_000
PACK_BYTES = 130_000
"""A pack of three such photos, grown for somewhat more."""


class Link(DirectSender):
    """A network that comes and goes."""

    is_down = False

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        if self.is_down:
            raise NoAnswer("no network")
        return super().send(method, url, headers, content)


def fill(station: Station, numbers: range) -> None:
    """One photo of each source a minute."""
    disk = station.disk
    assert isinstance(disk, SimulatedDisk)
    for number in numbers:
        station.time.advance(60)
        disk.now_s = station.time.elapsed_s
        for source, sign in ((GARDEN, 1), (GATE, -1)):
            station.lanes.accept(source, photograph(sign * number, COMMENT_BYTES))


def test_the_oldest_go_from_lanes_and_sinks_alike_and_the_newest_are_kept() -> None:
    disk = SimulatedDisk()
    station = Station(disk, budget=DiskSettings(BUDGET_BYTES, 0), sinks=("shelf", "bucket"))

    fill(station, range(1, 40))

    assert disk.used_bytes(FOLDER) <= BUDGET_BYTES
    for lane in station.lanes.all():
        lane.queue.seal()
    for taker in station.takers:
        taker.deliver()
    for source in (GARDEN, GATE):
        shelf, bucket = (sorted(station.delivered(sink, source)) for sink in ("shelf", "bucket"))
        assert shelf == bucket
        assert shelf == list(range(shelf[0], 39))
        assert 3 <= len(shelf) < 20
    assert [counts.evicted for counts in station.lanes.sinks()] == [0, 0], "what a sink had taken, it counts itself"
    assert station.takers[0].evicted == station.takers[1].evicted


def test_a_file_with_several_names_counts_once() -> None:
    disk = SimulatedDisk()
    station = Station(disk, budget=DiskSettings(10**6, 0), sinks=tuple("abcdefgh"))

    fill(station, range(1, 13))

    assert not any(taker.evicted for taker in station.takers)


def test_on_a_real_disk_a_file_with_several_names_counts_once(tmp_path: Path) -> None:
    files = DiskFiles()
    files.make_folder(tmp_path / "a/b")
    (tmp_path / "a/b/one").write_bytes(bytes(100_000))
    files.link(tmp_path / "a/b/one", tmp_path / "a/two")
    (tmp_path / "three").write_bytes(bytes(50_000))

    assert 150_000 <= files.used_bytes(tmp_path) < 180_000
    assert files.facts(tmp_path / "a/two").names == 2
    assert sorted(files.folders(tmp_path)) == ["a"]


def test_only_what_the_cloud_had_not_got_is_told_to_it_as_evicted(cloud: FakeCloud) -> None:
    disk = SimulatedDisk()
    link = Link(cloud)
    station = Station(disk, cloud=cloud, budget=DiskSettings(BUDGET_BYTES, 0), connect=lambda: link)
    station.pair()
    fill(station, range(1, 4))
    station.work()
    link.is_down = True
    fill(station, range(4, 30))
    link.is_down = False
    station.work(seconds=10**5)

    evicted = [event for event in cloud.events.values() if event.kind == "evicted"]
    gone = [seq for event in evicted for seq in range(event.first_seq or 0, (event.last_seq or 0) + 1)]
    assert gone
    assert min(gone) == 6
    assert sorted([*gone, *cloud.items]) == list(range(58))
    assert len(station.lane(STATION).queue) == 0


def test_the_disk_of_others_keeps_its_room() -> None:
    disk = SimulatedDisk(capacity_bytes=10**7)
    keep_free_bytes = 10**7 - BUDGET_BYTES
    station = Station(
        disk,
        budget=DiskSettings(10**12, keep_free_bytes),
        free_bytes=lambda: 10**7 - disk.used_bytes(Path()),
    )

    fill(station, range(1, 30))

    assert 10**7 - disk.used_bytes(Path()) >= keep_free_bytes
    assert station.taker.evicted


def test_a_disk_that_others_fill_costs_the_oldest_photos_and_not_the_newest() -> None:
    disk = SimulatedDisk(capacity_bytes=BUDGET_BYTES)
    station = Station(disk)

    fill(station, range(1, 30))

    newest = station.lane(GARDEN).recent.find(GARDEN, hashlib.sha256(photograph(29, COMMENT_BYTES)).hexdigest())
    assert newest == 28


def test_a_disk_on_which_deleting_gives_nothing_back_costs_two_packs_now_and_then() -> None:
    disk = SimulatedDisk()
    station = Station(disk, sinks=(), budget=DiskSettings(10**12, 10**9), free_bytes=lambda: 10**6)

    fill(station, range(1, 61))

    packs = sum(len(lane.queue.packs()) for lane in station.lanes.all())
    assert 2 <= 40 - packs <= 2 * 6, "at most two in each ten minutes of an hour"


def test_a_disk_that_others_fill_wholly_takes_no_photo_and_says_so() -> None:
    disk = SimulatedDisk()
    station = Station(disk)
    station.accept(0)
    station.lane().queue.seal()
    station.taker.deliver()
    disk.capacity_bytes = 0

    with pytest.raises(NoSpace, match="full"):
        station.accept(1)

    disk.capacity_bytes = None
    assert station.accept(2)
    assert station.lanes.sources()[0].error is None


def test_the_last_pack_of_an_idle_source_holds_up_no_photo_of_another_on_a_full_disk() -> None:
    disk = SimulatedDisk()
    station = Station(disk)
    station.accept(0, source=GATE)
    station.lane(GATE).queue.seal()
    station.taker.deliver()
    disk.now_s = 1000.0
    station.accept(*range(1, 22))
    disk.capacity_bytes = disk.used_bytes(Path())

    assert station.accept(*range(30, 40)) == list(range(21, 31))


@pytest.mark.parametrize("is_rebooted", [False, True])
def test_a_station_begins_on_a_full_disk_and_takes_photos_in_the_place_of_the_oldest(
    cloud: FakeCloud, is_rebooted: bool
) -> None:
    disk = SimulatedDisk()
    station = Station(disk, cloud=cloud)
    station.pair()
    station.accept(*range(12))
    disk = disk.after_kill()
    disk.capacity_bytes = disk.used_bytes(Path())
    if is_rebooted:
        station.boot_id = "00000000000000b2"

    station = station.restarted(disk)

    assert station.accept(*range(12, 18)) == list(range(12, 18))


def test_a_source_that_is_new_on_a_full_disk_is_taken_in_the_place_of_the_oldest() -> None:
    disk = SimulatedDisk()
    station = Station(disk)
    station.taker.is_failing = True
    station.accept(*range(12))
    disk.capacity_bytes = disk.used_bytes(Path())

    assert station.accept(12, source=GATE) == [0]


def test_a_disk_that_cannot_be_measured_is_an_answer_to_the_photo() -> None:
    def broken() -> int:
        raise OSError(errno.EIO, "Input/output error")

    station = Station(free_bytes=broken)

    with pytest.raises(NoSpace, match="Input/output error"):
        station.accept(0)


def test_what_waits_for_a_sink_that_the_settings_name_no_more_goes_like_all_that_is_old() -> None:
    disk = SimulatedDisk()
    station = Station(disk, budget=DiskSettings(BUDGET_BYTES, 0), sinks=("shelf", "bucket"))
    fill(station, range(1, 4))
    station.sinks = ("shelf",)
    station = station.restarted()

    fill(station, range(4, 7))
    assert station.restarted().lanes.sinks()[0].evicted == 0
    assert sinks_of(disk) == {"shelf", "bucket"}, "there is room, and it may be named again"
    fill(station, range(7, 40))

    assert disk.used_bytes(FOLDER) <= BUDGET_BYTES
    assert sinks_of(disk) == {"shelf"}


def sinks_of(disk: SimulatedDisk) -> set[str]:
    """Those for which a pack waits."""
    return {path.parts[2] for path in disk.names if path.is_relative_to("station/sinks") and path.suffix == ".zip"}


def with_a_backlog(disk: SimulatedDisk, cloud: FakeCloud) -> Station:
    """Paired; neither the cloud nor its sink has taken any of 58 photos."""
    link = Link(cloud)
    station = Station(disk, cloud=cloud, budget=DiskSettings(5 * BUDGET_BYTES, 0), connect=lambda: link)
    station.pair()
    link.is_down = True
    fill(station, range(1, 30))
    return station


def test_what_is_set_aside_goes_first_and_hides_nothing_that_is_older(cloud: FakeCloud) -> None:
    disk = SimulatedDisk()
    station = with_a_backlog(disk, cloud)
    queue = station.lane(STATION).queue
    newest = queue.packs()[-1]
    queue.set_aside(newest, "refused")

    fill(station, range(30, 55))

    assert not disk.sizes(FOLDER / "lanes" / STATION / "queue" / "set-aside").keys() & {newest.name}
    assert {pack.name for pack in queue.packs()} <= {*station.taker.names(STATION)}, "each has what the other has"
    assert disk.used_bytes(FOLDER) > 4 * BUDGET_BYTES


def test_a_pack_that_was_written_anew_hides_nothing_that_is_older(cloud: FakeCloud) -> None:
    disk = SimulatedDisk()
    station = with_a_backlog(disk, cloud)
    queue = station.lane(STATION).queue
    station.taker.deliver_one(STATION, queue.packs()[0].name)
    queue.forget(lambda record: record.seq == 0)

    fill(station, range(30, 55))

    assert {pack.name for pack in queue.packs()} <= {*station.taker.names(STATION)}, "each has what the other has"
    assert disk.used_bytes(FOLDER) > 4 * BUDGET_BYTES


def test_an_eviction_before_a_sink_had_a_link_is_counted_for_it() -> None:
    disk = SimulatedDisk()
    station = Station(disk, budget=DiskSettings(BUDGET_BYTES, 0))
    station.taker.is_failing = True

    fill(station, range(1, 30))

    [counts] = station.lanes.sinks()
    assert counts.evicted > 20
    station.taker.is_failing = False
    station.time.advance(60)
    station.lanes.step()
    station.taker.deliver()
    assert len(station.received["shelf"]) + counts.evicted == 58


def test_what_went_while_the_disk_was_full_is_told_though_the_program_dies_later(cloud: FakeCloud) -> None:
    disk, link = SimulatedDisk(), Link(cloud)
    station = Station(disk, cloud=cloud, sinks=(), connect=lambda: link)
    station.pair(GARDEN)
    link.is_down = True
    station.accept(*range(12))
    disk.capacity_bytes = 0
    with pytest.raises(NoSpace):
        station.accept(12)
    disk.capacity_bytes = None
    station.lanes.step()

    link.is_down = False
    station = station.restarted()
    station.work(GARDEN)

    [evicted] = [event for event in cloud.events.values() if event.kind == "evicted"]
    assert evicted.first_seq == 0
    assert evicted.last_seq is not None
    assert sorted(cloud.items) == list(range(evicted.last_seq + 1, 12))


@dataclass
class Hasty:
    """A holder whose oldest pack is taken by another thread just after it was offered."""

    packs: list[str]

    def oldest(self) -> Waiting | None:
        offered = Waiting(GARDEN, self.packs[0], 100, 1.0) if self.packs else None
        if len(self.packs) == 3:
            del self.packs[0]
        return offered

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        if offered and offered.name != self.packs[0]:
            return None
        del self.packs[0]
        return 100


def test_a_pack_that_went_its_way_since_it_was_offered_costs_the_next_one_nothing() -> None:
    holder = Hasty(["one", "two", "three"])
    used = iter([150, 50])
    budget = DiskBudget(DiskSettings(100, 0), lambda: next(used), lambda: 10**9, lambda: [holder], lambda: 0.0)

    budget.make_room(10)

    assert holder.packs == ["two", "three"]


def test_each_holder_keeps_what_was_not_offered() -> None:
    station = Station(SimulatedDisk(), sinks=("shelf",), budget=DiskSettings(10**9, 0))
    fill(station, range(1, 13))
    lane = station.lane(GARDEN)
    for holder in (lane, station.taker):
        offered = holder.oldest()
        assert offered is not None
        assert holder.give_up_oldest(replace(offered, name="gone")) is None
        assert holder.oldest() == offered
        holder.give_up_oldest(offered)
        assert holder.oldest() != offered
