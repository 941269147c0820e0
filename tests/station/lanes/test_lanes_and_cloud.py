"""A lane and its owner in the cloud: settings, commands, events, pairing, credentials."""

from __future__ import annotations

import errno
import hashlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from frameferry_station.errors import NoAnswer, Refusal
from frameferry_station.http import Answer, Connection, Content
from frameferry_station.lanes.pairing import NoCloud, Pairing
from frameferry_station.lanes.workers import LaneWorkers
from frameferry_station.photos import STATION, Accepted, NoSpace, SourcePaused

from tests.station.fake_cloud import FakeCloud, LoseReply, api_error
from tests.station.fake_network import DirectSender
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import GARDEN, GATE, Station
from tests.station.samples import FakeTime
from tests.station.simulated_disk import SimulatedDisk

COMMAND_ID = "01KDD2G0EG000G40R40M30E201"


@pytest.fixture
def station(cloud: FakeCloud) -> Station:
    station = Station(cloud=cloud, sinks=())
    station.pair()
    return station


def events(cloud: FakeCloud, kind: str) -> list[str | None]:
    return [event.message for event in cloud.events.values() if event.kind == kind]


def test_the_owner_s_interval_counts_for_all_sources_of_a_lane(cloud: FakeCloud, station: Station) -> None:
    assert station.lanes.interval_s(GARDEN) == 30

    cloud.change_settings(interval_s=7)
    station.accept(0)
    station.work()

    assert station.lanes.interval_s(GARDEN) == station.lanes.interval_s(GATE) == 7


def test_without_a_cloud_nobody_has_set_an_interval() -> None:
    station = Station()
    station.accept(0)

    assert station.lanes.interval_s(GARDEN) is None


def test_the_owner_s_pause_refuses_photos_and_outlasts_a_restart(cloud: FakeCloud, station: Station) -> None:
    cloud.change_settings(paused=True)
    station.accept(0)
    station.work()
    station.lanes.step()
    station.work(seconds=100)

    station = station.restarted()

    with pytest.raises(SourcePaused):
        station.accept(1)
    assert len(events(cloud, "paused")) == 1
    [news] = station.lanes.sources()
    assert (news.refused, news.error) == (1, None), "a pause is no trouble, and none that stays after it"


def test_trouble_that_is_over_is_told_and_no_trouble_any_more(cloud: FakeCloud, station: Station) -> None:
    station.lanes.tell(GARDEN, "error", "it does not answer")
    assert station.lanes.sources()[0].error == "it does not answer"

    station.lanes.tell_over(GARDEN, "it answers again")
    station.work()

    assert station.lanes.sources()[0].error is None
    assert events(cloud, "error") == ["garden: it does not answer", "garden: it answers again"]


def test_an_owner_who_wants_a_photo_now_gets_it_from_every_camera_of_the_lane(
    cloud: FakeCloud, station: Station
) -> None:
    asked: list[str] = []
    for source in (GARDEN, GATE):
        station.lanes.on_capture_now(source, lambda source=source: asked.append(source))  # type: ignore[misc]
    cloud.command(COMMAND_ID, "capture_now")
    station.accept(0)

    station.work()

    assert asked == [GARDEN, GATE]
    assert [ack.status for ack in cloud.acks] == ["done"]
    station.accept(1)
    assert station.lane(STATION).queue.packs(), "the wish waits for no full pack"


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_wish_that_nobody_can_fulfil_fails(cloud: FakeCloud, station: Station, is_paused: bool) -> None:
    station.accept(0)
    if is_paused:
        station.lanes.on_capture_now(GARDEN, lambda: None)
        station.lanes.local_pauses.pause(STATION, None)
    cloud.command(COMMAND_ID, "capture_now")

    station.work()

    [ack] = cloud.acks
    assert (ack.status, ack.detail) == (
        "failed",
        "the camera is paused" if is_paused else "no camera here can be asked for a photo",
    )


def test_motion_is_told_with_the_name_of_its_source(cloud: FakeCloud, station: Station) -> None:
    station.lanes.tell(GARDEN, "motion", "by the shed")
    station.accept(0)

    station.work()

    assert events(cloud, "motion") == ["garden: by the shed"]


def test_a_restart_of_the_program_is_no_boot(cloud: FakeCloud, station: Station) -> None:
    for _ in range(3):
        station.accept(0)
        station.work()
        station = station.restarted()
    assert events(cloud, "boot") == ["power_on"]

    station.boot_id = "00000000000000b2"
    station = station.restarted()
    station.work()

    assert events(cloud, "boot") == ["power_on", "power_on"]


def test_photos_taken_before_the_clock_is_set_have_a_boot_and_no_time(cloud: FakeCloud) -> None:
    is_set = False
    station = Station(cloud=cloud, sinks=(), clock_is_synced=lambda: is_set)
    station.pair()
    station.time.advance(100)
    station.accept(0)
    is_set = True
    station.accept(1)
    lane = station.lane(STATION)
    lane.queue.seal()

    [pack] = lane.queue.packs()
    records = [entry.record for entry in lane.queue.entries(pack)]

    assert [record.captured_at for record in records] == [None, station.time.utc()]
    assert [record.clock_synced for record in records] == [False, True]
    assert {(record.boot_id, record.uptime_ms) for record in records} == {("00000000000000b1", 100_000)}


def test_a_refused_credential_stops_no_photo_and_pairing_again_brings_all(cloud: FakeCloud, station: Station) -> None:
    station.accept(0)
    station.work()
    cloud.tokens = ["devtok_new"]
    station.accept(1, 2)
    lane = station.lane(STATION)
    station.time.advance(100)
    for number in range(3, 6):
        lane.sync_step()
        station.accept(number)
        station.time.advance(30)
    [news] = station.lanes.sources()
    assert news.error == "the cloud refuses its credential (invalid_credential): pair station again"
    asked = len(cloud.requests)
    station.time.advance(60)
    lane.sync_step()
    assert len(cloud.requests) == asked, "it does not ask at every photo"

    cloud.nonces.clear()
    station.pair()
    station.work()

    assert sorted(cloud.items) == list(range(6))
    assert station.lanes.sources()[0].error is None


def test_pairing_again_works_after_a_restart_too(cloud: FakeCloud, station: Station) -> None:
    station.accept(0)
    cloud.tokens = ["devtok_new"]
    cloud.nonces.clear()
    station = station.restarted()

    station.pair()
    station.work()

    assert cloud.holds(photograph(0)) == [0]


def test_an_answer_to_a_pairing_that_is_lost_strands_nobody(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud, sinks=())
    cloud.script("activate", LoseReply())
    with pytest.raises(NoAnswer):
        station.pair()

    station.pair()

    assert station.accept(0) == [0]


def test_a_code_that_the_cloud_does_not_know_changes_nothing(cloud: FakeCloud, station: Station) -> None:
    with pytest.raises(Refusal, match="pairing_code_invalid"):
        Pairing(station.lanes, station.around).pair(GARDEN, "WRONG-CODE1")

    assert station.lanes.accept(GARDEN, photograph(0)) == Accepted(station.lane(STATION).queue.oldest_seq)


def test_without_a_cloud_there_is_nothing_to_pair_with() -> None:
    with pytest.raises(NoCloud, match="none of the station's sinks"):
        Station().pair()


def test_photos_of_a_lane_without_identity_reach_the_sinks_before_it_is_paired(cloud: FakeCloud) -> None:
    station = Station()
    station.accept(0, 1)
    station.cloud = cloud
    station = station.restarted()

    station.pair(GARDEN)
    [seq] = station.accept(2)
    station.work(GARDEN)

    assert seq is not None
    assert seq > 1
    assert len(station.taker.names(GARDEN)) == 2
    assert events(cloud, "error") == [], "what every sink has needs no mention"


class Unlisted(SimulatedDisk):
    """Perhaps a card that does not answer when it is asked what is on it."""

    is_silent = False

    def sizes(self, folder: Path) -> dict[str, int]:
        if self.is_silent:
            raise OSError(errno.EIO, "the card does not answer")
        return super().sizes(folder)


def test_a_lane_that_did_not_open_after_it_was_paired_opens_for_the_next_photo(cloud: FakeCloud) -> None:
    disk = Unlisted()
    station = Station(disk, sinks=())
    station.accept(0)
    station.cloud = cloud
    station = station.restarted()
    disk.is_silent = True
    with pytest.raises(OSError, match="the card does not answer"):
        station.pair(GARDEN)
    with pytest.raises(NoSpace, match="the card does not answer"):
        station.accept(1)
    disk.is_silent = False

    station.accept(1)

    station.work(GARDEN)
    assert [held.sha256 for held in cloud.items.values()] == [hashlib.sha256(photograph(1)).hexdigest()]


def test_pairing_again_parts_what_the_cloud_would_not_take_as_one_pack(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud, sinks=(), pack_captures=20)
    station.pair()
    station.accept(0)
    cloud.next_seq = 5000
    cloud.nonces.clear()

    station.pair()
    station.accept(1)

    station.work()
    assert sorted(cloud.items) == [0, 5000]


def test_what_the_owner_forgets_is_forgotten_by_a_sink_that_is_no_longer_in_use(cloud: FakeCloud) -> None:
    disk = SimulatedDisk()
    station = Station(disk, cloud=cloud)
    station.pair()
    station.accept(0, 1, 2)
    station.sinks = ()
    station = station.restarted()
    span = {"from": "2026-05-04T11:00:00Z", "to": "2026-05-04T13:00:00Z"}
    cloud.command(COMMAND_ID, "forget", **span)

    station.work()

    assert [path for path in disk.names if path.suffix == ".zip"] == []


def test_what_the_owner_forgets_is_not_shown_as_the_latest_photo_either(cloud: FakeCloud, station: Station) -> None:
    station.accept(1)
    assert [news.latest_jpeg for news in station.lanes.sources()] != [None]
    cloud.command(COMMAND_ID, "forget", **{"from": "2026-05-04T11:00:00Z", "to": "2026-05-04T13:00:00Z"})

    station.work()

    assert [news.latest_jpeg for news in station.lanes.sources()] == [None]


def test_weeks_without_the_cloud_stop_no_photo(cloud: FakeCloud, station: Station) -> None:
    cloud.script("sync", *[api_error(503, "unavailable")] * 500)
    for number in range(60):
        station.accept(number)
        station.time.advance(6 * 3600)
        station.lane(STATION).sync_step()

    cloud.faults.clear()
    station.work(seconds=10**6)

    assert sorted(cloud.items) == list(range(60))


class Hasty(FakeTime):
    def monotonic_s(self) -> float:
        return time.monotonic() * 1000


def test_threads_bring_photos_of_a_lane_that_is_paired_while_they_run(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud, sinks=("shelf",), pack_captures=1)
    stop, beats = threading.Event(), threading.Event()

    workers = LaneWorkers(station.lanes, Hasty(), stop, beats.set)
    workers.start()
    try:
        assert beats.wait(10)
        station.pair()
        station.accept(0, 1)
        until_s = time.monotonic() + 20
        while len(cloud.items) < 2 and time.monotonic() < until_s:
            station.time.advance(10)
            beats.clear()
            beats.wait(1)
    finally:
        stop.set()
        workers.join(5)

    assert sorted(cloud.items) == [0, 1]


def test_a_lane_that_is_opened_anew_leaves_no_connection_behind(cloud: FakeCloud) -> None:
    made: list[Noted] = []

    class Noted(Connection):
        is_closed = False

        def __init__(self) -> None:
            super().__init__()
            made.append(self)

        def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
            return DirectSender(cloud).send(method, url, headers, content)

        def close(self) -> None:
            super().close()
            self.is_closed = True

    station = Station(cloud=cloud, sinks=(), connect=Noted)
    stop, beats = threading.Event(), threading.Event()
    station.pair()
    workers = LaneWorkers(station.lanes, Hasty(), stop, beats.set)
    workers.start()
    try:
        assert beats.wait(10)
        for _ in range(2):
            station.lanes.open(STATION, anew=True)
            beats.clear()
            assert beats.wait(10), "now it is served"
        until_s = time.monotonic() + 20
        while sum(not each.is_closed for each in made) > 2 and time.monotonic() < until_s:
            time.sleep(0.01)
        assert sum(not each.is_closed for each in made) == 2, "those of the lane as it is now"
    finally:
        stop.set()
        workers.join(5)
        for each in made:
            each.close()
