"""The device's loop: captures on time, heartbeats, settings, commands carried out once, events that wait."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from frameferry_station import boot
from frameferry_station.backoff import Backoff
from frameferry_station.captures import Seq, SeqRange
from frameferry_station.device import End
from frameferry_station.outbox import MAX_EVENTS, Outbox
from frameferry_station.packs import CaptureRecord
from frameferry_station.steps import CaptureFailed, Evicted, PauseChanged, Uploaded

from tests.station.fake_cloud import FakeCloud, LoseReply
from tests.station.fake_network import Network
from tests.station.rig import Rig, capture_for
from tests.station.samples import FakeTime, jpeg
from tests.station.simulated_disk import SimulatedDisk


def one(seq: int) -> SeqRange:
    return SeqRange(Seq(seq), Seq(seq))


def test_a_picture_is_taken_each_interval_that_the_owner_set(rig: Rig) -> None:
    rig.cloud.change_settings(interval_s=10)
    assert capture_for(rig, 60) == 2
    rig.work()
    capture_for(rig, 1)

    assert capture_for(rig, 60) == 6


def test_an_interval_that_the_owner_shortens_counts_from_now(rig: Rig) -> None:
    rig.cloud.change_settings(interval_s=3600)
    rig.work()
    capture_for(rig, 60)
    rig.cloud.change_settings(interval_s=10)
    rig.work()

    assert capture_for(rig, 31) == 3


def test_the_interval_of_the_command_line_overrides_the_owner_s(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, interval_s=5)
    rig.work()

    assert capture_for(rig, 60) == 12


def test_a_camera_that_was_late_keeps_its_rhythm_and_does_not_catch_up(rig: Rig) -> None:
    capture_for(rig, 1)
    rig.time.advance(100)

    assert capture_for(rig, 19) == 1
    assert capture_for(rig, 30) == 1


def test_an_idle_device_says_how_it_is_once_a_minute_and_asks_for_nothing_else(
    cloud: FakeCloud, tmp_path: Path
) -> None:
    rig = Rig(cloud, tmp_path, reset_reason="watchdog")
    rig.work()
    cloud.requests.clear()

    end_s = rig.time.elapsed_s + 600
    while rig.time.elapsed_s <= end_s:
        rig.time.advance(min(rig.device.sync_step(), rig.device.put_step(), 1.0))

    assert cloud.requests == ["sync"] * 10
    health, clock = cloud.syncs[0].health, cloud.syncs[-1].clock
    assert health is not None
    assert clock is not None
    assert (health.queue_depth, health.reset_reason, health.sd_free_bytes) == (0, "watchdog", 10**9)
    assert health.firmware_version == "frameferry-station/0.1.0"
    assert (clock.boot_id, clock.next_seq, clock.oldest_seq) == (rig.boot.boot_id, 0, None)
    assert clock.uptime_ms == pytest.approx(600_000, abs=61_000)


def test_a_sync_tells_what_lies_on_the_card(rig: Rig) -> None:
    rig.put(*range(5))

    rig.device.sync_step()

    [sync] = rig.cloud.syncs
    assert sync.health is not None
    assert sync.clock is not None
    assert (sync.health.queue_depth, sync.clock.oldest_seq, sync.clock.next_seq) == (5, 0, 5)


def test_each_start_is_a_boot_of_its_own() -> None:
    numbers = iter(range(256))
    boots = [boot.begin(FakeTime(), lambda size: bytes([next(numbers)] * size)) for _ in range(2)]

    assert [each.boot_id for each in boots] == ["00" * 8, "01" * 8]


def test_a_boot_is_told_once(rig: Rig) -> None:
    rig.cloud.script("sync", LoseReply(), LoseReply())

    rig.work()

    assert [event.message for event in rig.cloud.events.values()] == ["power_on"]


def test_a_pause_stops_the_camera_outlasts_a_restart_and_leaves_its_marks(rig: Rig) -> None:
    rig.cloud.change_settings(paused=True)
    rig.work()
    assert capture_for(rig, 120) == 0

    rig = rig.restarted()
    assert capture_for(rig, 120) == 0
    rig.cloud.change_settings(paused=False)
    rig.time.advance(60)
    rig.work()
    assert capture_for(rig, 60) >= 2
    rig.work()

    assert [step.paused for step in rig.told(PauseChanged)] == [True, False]
    kinds = [event.kind for event in rig.cloud.events.values()]
    assert kinds.count("paused") >= 1
    assert kinds.count("resumed") == 1


def test_a_pause_with_an_end_ends_without_network(rig: Rig) -> None:
    rig.cloud.change_settings(paused_until="2026-05-04T12:10:00.000Z")
    rig.work()

    assert capture_for(rig, 590) == 0
    assert capture_for(rig, 60) >= 1


def test_settings_that_cannot_be_read_count_as_a_pause(rig: Rig) -> None:
    (rig.folder / "settings.json").write_bytes(b"crc32 00000000\n{}")

    assert capture_for(rig.restarted(), 120) == 0


def test_evicted_photos_are_reported_as_one_range_even_after_a_restart(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, budget_bytes=14_000)
    rig.put(*range(30))
    kept = rig.queue.oldest_seq
    assert kept is not None
    assert [step.first_seq for step in rig.told(Evicted)] == list(range(0, kept, 3))

    rig.restarted().work()

    [event] = [event for event in cloud.events.values() if event.kind == "evicted"]
    assert (event.first_seq, event.last_seq) == (0, kept - 1)
    assert sorted(cloud.items) == list(range(kept, 30))


def test_a_range_that_was_sent_once_does_not_grow_any_more() -> None:
    time = FakeTime()
    outbox = Outbox(Path("events.json"), SimulatedDisk(), time.utc)
    for seq in (1, 2):
        outbox.evicted(one(seq))
    [first] = outbox.first(5)

    outbox.evicted(one(3))

    assert (first.first_seq, first.last_seq) == (1, 2)
    outbox.told([first])
    [second] = outbox.first(5)
    assert (second.first_seq, second.last_seq) == (3, 3)
    assert second.occurred_at != first.occurred_at


def test_many_events_are_told_in_few_syncs(rig: Rig) -> None:
    for _ in range(120):
        rig.state.outbox.add("error", "again")

    rig.work()

    assert len(rig.cloud.events) == 121
    assert len(rig.cloud.syncs) <= 4


def test_waiting_events_are_bounded_and_evictions_outlive_the_rest() -> None:
    outbox = Outbox(Path("events.json"), SimulatedDisk(), FakeTime().utc)
    outbox.evicted(one(0))
    for _ in range(2 * MAX_EVENTS):
        outbox.add("boot")
    for seq in range(10, 10 + 4 * MAX_EVENTS, 2):
        outbox.evicted(one(seq))

    assert len(outbox) == MAX_EVENTS
    assert outbox.first(1)[0].first_seq == 0


def test_events_that_a_full_disk_does_not_take_still_wait() -> None:
    disk = SimulatedDisk(capacity_bytes=0)
    outbox = Outbox(Path("events.json"), disk, FakeTime().utc)
    outbox.evicted(one(4))
    disk.capacity_bytes = None

    outbox.add("boot")

    again = Outbox(Path("events.json"), disk, FakeTime().utc)
    assert len(again) == 2


def test_a_failing_camera_is_told_once_and_the_rest_goes_on(rig: Rig) -> None:
    rig.pictures.is_capped = True
    assert capture_for(rig, 120) == 0
    rig.pictures.is_capped = False

    assert capture_for(rig, 60) == 2
    rig.work()
    assert len(rig.told(CaptureFailed)) == 4
    assert [event.message for event in rig.cloud.events.values() if event.kind == "error"] == [
        "no capture: lens cap on"
    ]


def test_a_camera_that_gives_no_photo_at_all_is_told_as_failing(rig: Rig) -> None:
    rig.pictures.take = lambda _: b""  # type: ignore[assignment, method-assign]

    assert capture_for(rig, 60) == 0

    assert {step.reason for step in rig.told(CaptureFailed)} == {"a pack holds no photo of 0 bytes"}


def test_a_capture_without_a_clock_says_so_and_when_after_the_start_it_was(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, clock_is_synced=lambda: False)
    rig.time.advance(12.5)
    capture_for(rig, 1)
    told: list[CaptureRecord] = []

    def remember(record: CaptureRecord) -> bool:
        told.append(record)
        return False

    rig.queue.forget(remember)

    assert told == [CaptureRecord(Seq(0), rig.boot.boot_id, 12_500, None, False)]


def test_running_for_real_captures_syncs_and_uploads_in_three_threads(
    cloud: FakeCloud, network: Network, tmp_path: Path
) -> None:
    stop, uploaded = threading.Event(), threading.Event()
    rig = Rig(
        cloud,
        tmp_path,
        network.connection,
        on_step=lambda step: uploaded.set() if isinstance(step, Uploaded) else None,
    )
    ends: list[End] = []
    thread = threading.Thread(target=lambda: ends.append(rig.device.run(stop)))
    thread.start()

    assert uploaded.wait(5)
    stop.set()
    thread.join(5)

    assert ends == [End.STOPPED]
    assert cloud.holds(jpeg(0)) == [0]


def test_what_no_thread_foresaw_ends_the_run(cloud: FakeCloud, tmp_path: Path) -> None:
    def unforeseen(step: object) -> None:
        if isinstance(step, Uploaded):
            raise LookupError("unforeseen")

    rig = Rig(cloud, tmp_path, on_step=unforeseen)

    with pytest.raises(LookupError):
        rig.device.run(threading.Event())


@pytest.mark.parametrize(("failures", "bound_s"), [(0, 2), (1, 4), (5, 64), (7, 256), (8, 300), (5000, 300)])
def test_backoff_is_full_jitter_doubling_to_five_minutes(failures: int, bound_s: float) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return low

    backoff = Backoff(uniform)
    for _ in range(failures + 1):
        assert backoff.failed() == 0

    assert bounds[-1] == (0, bound_s)
    assert backoff.failed(retry_after_s=33) == 33
    assert backoff.failed(retry_after_s=99_999) == 600
    backoff.succeeded()
    backoff.failed()
    assert bounds[-1] == (0, 2)
