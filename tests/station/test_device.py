"""The device's loop: captures on time, heartbeats, settings, commands carried out once, events that wait."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from frameferry_station.backoff import Backoff
from frameferry_station.captures import Seq, SeqRange
from frameferry_station.device import End
from frameferry_station.outbox import MAX_EVENTS, Outbox
from frameferry_station.steps import Captured, CaptureFailed, CommandEnded, Confirmed, Evicted, PauseChanged

from tests.station.fake_cloud import FakeCloud, LoseReply, api_error
from tests.station.rig import Died, FakeTime, Life, Rig, jpeg
from tests.station.simulated_disk import SimulatedDisk


def one(seq: int) -> SeqRange:
    return SeqRange(Seq(seq), Seq(seq))


def capture_for(rig: Rig, seconds: float) -> int:
    """How many pictures are taken in that time."""
    before, end_s = len(rig.told(Captured)), rig.time.elapsed_s + seconds
    while rig.time.elapsed_s < end_s:
        rig.time.advance(min(max(rig.device.capture_step(), 0.001), end_s - rig.time.elapsed_s))
    return len(rig.told(Captured)) - before


def work_for_ever(rig: Rig) -> None:
    while True:
        rig.time.advance(min(rig.device.upload_step(), 61))


def test_a_picture_is_taken_each_interval_that_the_owner_set(rig: Rig) -> None:
    rig.cloud.settings.interval_s = 10
    assert capture_for(rig, 60) == 2
    rig.work()

    assert capture_for(rig, 60) == 6


def test_an_interval_that_the_owner_shortens_counts_from_now(rig: Rig) -> None:
    rig.cloud.settings.interval_s = 3600
    rig.work()
    capture_for(rig, 60)
    rig.cloud.settings.interval_s = 10
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


def test_the_device_says_how_it_is_each_minute(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, reset_reason="watchdog")
    rig.put(0)
    rig.cloud.script("upload-url", *[api_error(400, "invalid_body")] * 2)

    for _ in range(400):
        rig.time.advance(min(rig.device.upload_step(), 1.0))

    told = rig.cloud.heartbeats
    assert len(told) in (4, 5, 6, 7)
    assert (told[0].queue_depth, told[0].reset_reason, told[0].sd_free_bytes) == (1, "watchdog", 10**9)
    assert told[1].uptime_s == pytest.approx(60, abs=2)
    assert told[0].firmware_version == "frameferry-station/0.1.0"


def test_a_boot_is_told_once(rig: Rig) -> None:
    rig.cloud.script("events", LoseReply(), LoseReply())

    rig.work()

    assert [event.message for event in rig.cloud.events.values()] == ["power_on"]


def test_a_pause_stops_the_camera_outlasts_a_restart_and_leaves_its_marks(rig: Rig) -> None:
    rig.cloud.settings.paused = True
    rig.work()
    assert capture_for(rig, 120) == 0

    rig = rig.restarted()
    assert capture_for(rig, 120) == 0
    rig.cloud.settings.paused = False
    rig.time.advance(60)
    rig.work()
    assert capture_for(rig, 60) >= 2
    rig.work()

    assert [step.paused for step in rig.told(PauseChanged)] == [True, False]
    kinds = [event.kind for event in rig.cloud.events.values()]
    assert kinds.count("paused") >= 1
    assert kinds.count("resumed") == 1


def test_a_pause_with_an_end_ends_without_network(rig: Rig) -> None:
    rig.cloud.settings.paused_until = "2026-05-04T12:10:00.000Z"
    rig.work()

    assert capture_for(rig, 590) == 0
    assert capture_for(rig, 60) >= 1


def test_settings_that_cannot_be_read_count_as_a_pause(rig: Rig) -> None:
    (rig.folder / "settings.json").write_bytes(b"crc32 00000000\n{}")

    assert capture_for(rig.restarted(), 120) == 0


def test_capture_now_takes_a_picture_between_two(rig: Rig) -> None:
    capture_for(rig, 1)
    rig.cloud.command("c1", "capture_now")

    rig.work()

    assert len(rig.told(Captured)) == 2
    assert len(rig.cloud.items) == 2
    assert rig.told(CommandEnded) == [CommandEnded("c1", "capture_now", "done", None)]


def test_a_paused_camera_looks_not_even_on_command(rig: Rig) -> None:
    rig.cloud.settings.paused = True
    rig.cloud.command("c1", "capture_now")

    rig.work()

    assert rig.told(Captured) == []
    assert [(ack.status, ack.detail) for _, ack in rig.cloud.acks] == [("failed", "the device is paused")]


def test_pause_and_resume_commands_act_at_once(rig: Rig) -> None:
    rig.cloud.command("c1", "pause", duration_s=10**8)
    rig.work()
    assert capture_for(rig, 55) == 0
    rig.cloud.command("c2", "resume")
    rig.time.advance(10)

    rig.work()

    assert capture_for(rig, 55) >= 1


def test_an_unknown_command_is_answered(rig: Rig) -> None:
    rig.cloud.command("c1", "upload_log")

    rig.work()

    assert [(ack.status, ack.detail) for _, ack in rig.cloud.acks] == [("failed", "not supported by this device")]


def test_a_command_whose_acknowledgement_was_lost_is_not_carried_out_again(rig: Rig) -> None:
    rig.cloud.command("c1", "capture_now")
    rig.cloud.script("ack", *[api_error(503, "unavailable")] * 3)
    rig.work(1)
    assert rig.cloud.acks == []

    rig.restarted().work()

    assert len(rig.told(Captured)) == 1
    assert [ack.status for _, ack in rig.cloud.acks] == ["done"]


def test_a_reboot_command_ends_this_run_once_and_is_acknowledged_by_the_next(rig: Rig) -> None:
    rig.cloud.command("c1", "reboot")
    rig.work()
    assert rig.device.end is End.REBOOT
    assert rig.cloud.acks == []

    rig = rig.restarted()
    rig.work()

    assert rig.device.end is None
    assert [(command_id, ack.status) for command_id, ack in rig.cloud.acks] == [("c1", "done")]


@pytest.mark.parametrize("kind", ["capture_now", "pause"])
def test_a_command_cut_off_by_a_restart_is_told_so(rig: Rig, kind: str) -> None:
    rig.state.ledger.begin("c1", kind)
    rig.cloud.command("c1", kind)

    rig.restarted().work()

    assert [(ack.status, ack.detail) for _, ack in rig.cloud.acks] == [("failed", "cut off by a restart")]


def test_a_token_is_rotated_on_command_and_the_old_one_is_forgotten(rig: Rig) -> None:
    rig.cloud.command("c1", "rotate_token")

    rig.work()

    assert rig.cloud.tokens == ["devtok_rotated1"]
    assert rig.state.identity.tokens() == rig.restarted().state.identity.tokens() == ("devtok_rotated1",)


def test_a_rotation_that_the_network_cut_off_is_tried_again(rig: Rig) -> None:
    rig.cloud.command("c1", "rotate_token")
    rig.cloud.script("token", api_error(503, "unavailable"))

    rig.work()

    assert [ack.status for _, ack in rig.cloud.acks] == ["done"]
    assert rig.cloud.tokens == ["devtok_rotated1"]


def test_a_rotation_cut_off_at_any_step_leaves_a_token_that_works(cloud: FakeCloud, tmp_path: Path) -> None:
    for dies_at in range(12):
        rig = Rig(cloud, tmp_path / str(dies_at))
        cloud.nonces.clear()
        rig.work()
        cloud.command(f"c{dies_at}", "rotate_token")
        rig = rig.restarted(life=Life(dies_at=dies_at))
        with pytest.raises(Died):
            work_for_ever(rig)

        rig = rig.restarted()
        rig.work()

        assert rig.device.end is None
        assert rig.state.identity.tokens() == tuple(cloud.tokens)


def test_a_pending_token_that_the_server_does_not_know_is_dropped_for_the_old_one(rig: Rig) -> None:
    rig.state.identity.keep_pending("devtok_never_issued")

    rig.work()

    assert rig.device.end is None
    assert rig.state.identity.tokens() == ("devtok_current",)


def test_evicted_photos_are_reported_as_one_range_even_after_a_restart(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, budget_bytes=3000)
    rig.put(*range(10))
    kept = rig.state.queue.pending()
    assert [step.first_seq for step in rig.told(Evicted)] == list(range(kept[0]))

    rig.restarted().work()

    [event] = [event for event in cloud.events.values() if event.kind == "evicted"]
    assert (event.first_seq, event.last_seq) == (0, kept[0] - 1)
    assert sorted(cloud.items) == kept


def test_a_range_that_was_sent_once_does_not_grow_any_more() -> None:
    time = FakeTime()
    outbox = Outbox(Path("events.json"), SimulatedDisk(), time.utc)
    for seq in (1, 2):
        outbox.evicted(one(seq))
    first = outbox.first()

    outbox.evicted(one(3))

    assert first is not None
    assert (first.first_seq, first.last_seq) == (1, 2)
    outbox.told(first)
    second = outbox.first()
    assert second is not None
    assert (second.first_seq, second.last_seq) == (3, 3)
    assert second.occurred_at != first.occurred_at


def test_waiting_events_are_bounded_and_evictions_outlive_the_rest() -> None:
    outbox = Outbox(Path("events.json"), SimulatedDisk(), FakeTime().utc)
    outbox.evicted(one(0))
    for _ in range(2 * MAX_EVENTS):
        outbox.add("boot")
    for seq in range(10, 10 + 4 * MAX_EVENTS, 2):
        outbox.evicted(one(seq))

    assert len(outbox) == MAX_EVENTS
    oldest = outbox.first()
    assert oldest is not None
    assert oldest.first_seq == 0


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


def test_running_for_real_captures_and_uploads_in_two_threads(cloud: FakeCloud, tmp_path: Path) -> None:
    stop, confirmed = threading.Event(), threading.Event()
    rig = Rig(cloud, tmp_path, on_step=lambda step: confirmed.set() if isinstance(step, Confirmed) else None)
    ends: list[End] = []
    thread = threading.Thread(target=lambda: ends.append(rig.device.run(stop)))
    thread.start()

    assert confirmed.wait(5)
    stop.set()
    thread.join(5)

    assert ends == [End.STOPPED]
    assert cloud.holds(jpeg(0)) == [0]


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
