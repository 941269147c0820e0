"""Commands: each carried out once, whatever is cut off when, and acknowledged with what became of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from frameferry_station.clock import to_text
from frameferry_station.device import End
from frameferry_station.steps import Captured, CommandEnded

from tests.station.fake_cloud import FakeCloud, api_error
from tests.station.rig import Died, Life, Rig, capture_for
from tests.station.samples import START

ONE, TWO = "01KDD2G0EG000G40R40M30E201", "01KDD2G0EG000G40R40M30E202"


def work_for_ever(rig: Rig) -> None:
    while True:
        rig.time.advance(min(rig.device.sync_step(), rig.device.put_step(), 61))


def test_capture_now_takes_a_picture_between_two(rig: Rig) -> None:
    capture_for(rig, 1)
    rig.cloud.command(ONE, "capture_now")

    rig.work()

    assert len(rig.told(Captured)) == 2
    assert len(rig.cloud.items) == 2
    assert rig.told(CommandEnded) == [CommandEnded(ONE, "capture_now", "done", None)]


def test_a_paused_camera_looks_not_even_on_command(rig: Rig) -> None:
    rig.cloud.change_settings(paused=True)
    rig.cloud.command(ONE, "capture_now")

    rig.work()

    assert rig.told(Captured) == []
    assert [(ack.status, ack.detail) for ack in rig.cloud.acks] == [("failed", "the device is paused")]


def test_pause_and_resume_commands_act_at_once(rig: Rig) -> None:
    rig.cloud.command(ONE, "pause", duration_s=10**8)
    rig.work()
    assert capture_for(rig, 55) == 0
    rig.cloud.command(TWO, "resume")
    rig.time.advance(10)

    rig.work()

    assert capture_for(rig, 55) >= 1


def test_a_resume_that_comes_late_ends_no_pause_that_the_owner_has_set_since(rig: Rig) -> None:
    rig.cloud.command(ONE, "pause", duration_s=60)
    rig.cloud.command(TWO, "resume")
    rig.cloud.change_settings(paused=True)

    rig.device.sync_step()

    assert capture_for(rig, 55) == 0
    rig.work()
    assert [(ack.status, ack.detail) for ack in rig.cloud.acks] == [
        ("done", None),
        ("failed", "its settings say that it is paused"),
    ]


def test_a_pause_of_an_hour_that_comes_late_ends_no_longer_one(rig: Rig) -> None:
    rig.cloud.command(ONE, "pause", duration_s=60)
    rig.cloud.commands[ONE] = msgspec.structs.replace(rig.cloud.commands[ONE], created_at=START.isoformat())
    rig.cloud.change_settings(paused=True)

    rig.device.sync_step()
    rig.time.advance(60)

    assert capture_for(rig, 55) == 0


def test_a_pause_that_comes_late_begins_none_that_the_owner_has_ended_since(rig: Rig) -> None:
    rig.cloud.command(ONE, "pause")
    rig.cloud.commands[ONE] = msgspec.structs.replace(rig.cloud.commands[ONE], created_at=START.isoformat())
    rig.cloud.change_settings(paused=False)

    rig.device.sync_step()

    assert capture_for(rig, 55) >= 1
    rig.work()
    assert [(ack.status, ack.detail) for ack in rig.cloud.acks] == [
        ("failed", "its settings say that it is not paused"),
    ]


def test_a_pause_of_a_moment_ago_is_carried_out_though_the_settings_were_read_before_it(rig: Rig) -> None:
    rig.cloud.command(ONE, "pause")
    rig.cloud.change_settings(paused=False)

    rig.device.sync_step()

    assert capture_for(rig, 55) == 0


def test_after_a_command_the_owner_s_own_settings_are_asked_for_once(rig: Rig) -> None:
    rig.cloud.change_settings(paused=True)
    rig.work()
    rig.cloud.command(ONE, "pause")

    rig.work()
    rig.time.advance(61)
    rig.device.sync_step()

    versions = [sync.settings_version for sync in rig.cloud.syncs]
    assert versions[-2:] == [None, rig.cloud.settings_version]


def test_an_unknown_command_is_answered(rig: Rig) -> None:
    rig.cloud.command(ONE, "upload_log")

    rig.work()

    assert [(ack.status, ack.detail) for ack in rig.cloud.acks] == [("failed", "not supported by this device")]


def test_a_command_whose_acknowledgement_was_lost_is_not_carried_out_again(rig: Rig) -> None:
    rig.cloud.command(ONE, "capture_now")
    rig.device.sync_step()
    rig.cloud.script("sync", *[api_error(503, "unavailable")] * 3)
    rig.work(1)
    assert rig.cloud.acks == []

    rig.restarted().work()

    assert len(rig.told(Captured)) == 1
    assert [ack.status for ack in rig.cloud.acks] == ["done"]


def test_a_reboot_command_ends_this_run_once_and_is_acknowledged_by_the_next(rig: Rig) -> None:
    rig.cloud.command(ONE, "reboot")
    rig.work()
    assert rig.device.end is End.REBOOT
    assert rig.cloud.acks == []

    rig = rig.restarted()
    rig.work()

    assert rig.device.end is None
    assert [(ack.command_id, ack.status) for ack in rig.cloud.acks] == [(ONE, "done")]


@pytest.mark.parametrize("kind", ["capture_now", "pause"])
def test_a_command_cut_off_by_a_restart_is_told_so(rig: Rig, kind: str) -> None:
    rig.state.ledger.begin(ONE, kind)
    rig.cloud.command(ONE, kind)

    rig.restarted().work()

    assert [(ack.status, ack.detail) for ack in rig.cloud.acks] == [("failed", "cut off by a restart")]


def test_a_token_is_rotated_on_command_and_the_old_one_is_forgotten(rig: Rig) -> None:
    rig.cloud.command(ONE, "rotate_token")

    rig.work()

    assert rig.cloud.tokens == ["devtok_rotated1"]
    assert rig.state.identity.tokens() == rig.restarted().state.identity.tokens() == ("devtok_rotated1",)


def test_a_rotation_that_the_network_cut_off_is_tried_again(rig: Rig) -> None:
    rig.cloud.command(ONE, "rotate_token")
    rig.cloud.script("token", api_error(503, "unavailable"))

    rig.work()

    assert [ack.status for ack in rig.cloud.acks] == ["done"]
    assert rig.cloud.tokens == ["devtok_rotated1"]


def test_a_rotation_cut_off_at_any_step_leaves_a_token_that_works(cloud: FakeCloud, tmp_path: Path) -> None:
    for dies_at in range(12):
        rig = Rig(cloud, tmp_path / str(dies_at))
        cloud.nonces.clear()
        rig.work()
        cloud.command(f"{ONE[:-2]}{dies_at:02}", "rotate_token")
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


def forget(rig: Rig, start_s: float, end_s: float) -> None:
    times = (to_text(START + timedelta(seconds=seconds)) for seconds in (start_s, end_s))
    rig.cloud.command(ONE, "forget", **dict(zip(("from", "to"), times, strict=True)))


def test_forgotten_photos_leave_the_card_before_they_are_sent(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, interval_s=10)
    capture_for(rig, 75)
    forget(rig, 20, 60)
    for seq in range(2, 6):
        del rig.kept[seq]
    cloud.script("put", *[api_error(503, "unavailable")] * 2)

    rig.work()

    assert sorted(cloud.items) == [0, 1, 6, 7]
    assert [(ack.status, ack.detail) for ack in cloud.acks] == [("done", "4 photos were deleted from the card")]


def test_a_photo_without_a_time_is_forgotten_by_its_uptime_once_the_clock_is_set(
    cloud: FakeCloud, tmp_path: Path
) -> None:
    clock_is_synced = [False]
    rig = Rig(cloud, tmp_path, interval_s=10, clock_is_synced=lambda: clock_is_synced[0])
    capture_for(rig, 35)
    clock_is_synced[0] = True
    forget(rig, 5, 15)
    del rig.kept[1]

    rig.work()

    assert sorted(cloud.items) == [0, 2, 3]


def test_a_forget_without_a_time_range_fails(rig: Rig) -> None:
    rig.cloud.command(ONE, "forget", to="then")
    rig.put(0)

    rig.work()

    assert [(ack.status, ack.detail) for ack in rig.cloud.acks] == [("failed", "no time range")]
    assert sorted(rig.cloud.items) == [0]


def test_commands_that_come_again_are_acknowledged_again_but_not_in_a_hurry(rig: Rig) -> None:
    class Deaf(dict[str, object]):
        def pop(self, *_: object) -> None:
            """No acknowledgement is heard."""

    rig.cloud.command(ONE, "upload_log")
    rig.cloud.commands = Deaf(rig.cloud.commands)  # type: ignore[assignment]

    rig.work(600)

    assert len(rig.cloud.syncs) <= 13
    assert len(rig.told(CommandEnded)) > 3
