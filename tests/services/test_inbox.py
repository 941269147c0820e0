from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chalicelib.domain.clock_samples import ClockSample
from chalicelib.domain.device import Device, Health
from chalicelib.domain.errors import CommandFinished, NotFound, RateLimited
from chalicelib.domain.ids import MAX_SEQ, Seq
from chalicelib.domain.inbox import Command, CommandKind, CommandStatus, EventKind
from chalicelib.domain.reported import DeviceState, StateKind
from chalicelib.services import inbox
from chalicelib.services.inbox import (
    MAX_OPEN_COMMANDS,
    Details,
    acknowledge,
    fetch_commands,
    heartbeat,
    report,
)
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER, STRANGER, stored_device


def motion(world: FakeWorld, device: Device, at: datetime) -> bool:
    return report(device, EventKind.MOTION, at, {"score": 7}, stores=world, clock=world.clock)[1]


def command(world: FakeWorld, device: Device, kind: CommandKind, duration_s: int | None = None) -> Command:
    return inbox.command(
        OWNER, device.device_id, kind, duration_s, stores=world, clock=world.clock, entropy=world.entropy
    )


def test_motion_within_five_seconds_of_other_motion_is_refused_whichever_is_told_first(
    world: FakeWorld, device: Device
) -> None:
    at = world.clock() - timedelta(hours=1)
    assert motion(world, device, at)
    for offset_ms in (1, 4999, -1, -4999):
        with pytest.raises(RateLimited) as raised:
            motion(world, device, at + timedelta(milliseconds=offset_ms))
        assert 1 <= raised.value.retry_after_s <= 10
    assert motion(world, device, at + timedelta(seconds=5))
    assert motion(world, device, at - timedelta(seconds=5))


def test_other_events_nearby_keep_no_motion_away(world: FakeWorld, device: Device) -> None:
    report(device, EventKind.BOOT, world.clock(), {}, stores=world, clock=world.clock)
    assert motion(world, device, world.clock())


def test_a_backlog_of_motion_is_taken_at_once(world: FakeWorld, device: Device) -> None:
    start = world.clock() - timedelta(hours=2)
    assert all(motion(world, device, start + timedelta(seconds=5 * n)) for n in range(40))


def test_the_same_motion_told_twice_is_one_event(world: FakeWorld, device: Device) -> None:
    at = world.clock()
    assert [motion(world, device, at), motion(world, device, at)] == [True, False]
    history = inbox.event_history(OWNER, device.device_id, 10, None, stores=world)
    assert [event.kind for event in history.entries] == [EventKind.MOTION]


def test_a_line_of_the_log_told_twice_is_one_event_and_the_next_line_is_another(
    world: FakeWorld, device: Device
) -> None:
    def tell(line: str, at: datetime) -> bool:
        return report(device, EventKind.LOG, at, {"message": line}, stores=world, clock=world.clock)[1]

    at = world.clock()
    lines = ["1 boot: power_on", "1 paired"]
    assert [tell(line, at) for line in (*lines, *lines)] == [True, True, False, False]
    assert tell(lines[1], at + timedelta(milliseconds=1))


def test_a_whole_log_of_one_moment_is_kept_and_does_not_keep_motion_from_being_told(
    world: FakeWorld, device: Device
) -> None:
    at = world.clock()
    for line in range(64):
        told: Details = {"message": f"{line} line"}
        report(device, EventKind.LOG, at + timedelta(milliseconds=line), told, stores=world, clock=world.clock)
    assert motion(world, device, at)
    history = inbox.event_history(OWNER, device.device_id, 100, None, stores=world)
    assert len(history.entries) == 65


def test_two_ranges_evicted_in_one_millisecond_are_two_events(world: FakeWorld, device: Device) -> None:
    for first in (1, 5):
        _, is_new = report(
            device,
            EventKind.EVICTED,
            world.clock(),
            {"first_seq": first, "last_seq": first + 3},
            stores=world,
            clock=world.clock,
        )
        assert is_new


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"first_seq": 3, "last_seq": 9}, [(3, 9)]),
        ({"first_seq": 9, "last_seq": 3}, [(3, 9)]),
        ({"last_seq": 0}, [(0, 0)]),
        ({"message": "card full"}, []),
    ],
)
def test_evicted_photos_are_known_for_good(
    world: FakeWorld, device: Device, told: Details, kept: list[tuple[int, int]]
) -> None:
    for _ in range(2):
        report(device, EventKind.EVICTED, world.clock(), told, stores=world, clock=world.clock)

    found = world.ranges.evicted(device.device_id, Seq(0), Seq(MAX_SEQ))
    assert [(each.first_seq, each.last_seq) for each in found] == kept


def test_numbers_that_no_capture_got_are_known_for_good(world: FakeWorld, device: Device) -> None:
    told: Details = {"first_seq": 3, "last_seq": 9}
    report(device, EventKind.SKIPPED, world.clock(), told, stores=world, clock=world.clock)

    assert [(one.first_seq, one.last_seq) for one in world.ranges.skipped(device.device_id, Seq(9), Seq(20))] == [
        (3, 9)
    ]
    assert world.ranges.evicted(device.device_id, Seq(0), Seq(MAX_SEQ)) == []


def test_numbers_that_a_device_may_have_used_before_it_lost_its_counter_are_not_skipped(
    world: FakeWorld, device: Device
) -> None:
    world.clocks.note(device.device_id, ClockSample("a" * 16, 1, Seq(7), world.clock()))
    world.clock.advance(60)
    world.clocks.note(device.device_id, ClockSample("b" * 16, 1, Seq(2), world.clock()))
    world.clock.advance(60)
    jumped_at = world.clock()
    world.clock.advance(60)
    world.clocks.note(device.device_id, ClockSample("b" * 16, 2, Seq(11), world.clock()))

    for first, last in ((2, 9), (2, 6)):
        told: Details = {"first_seq": first, "last_seq": last}
        report(device, EventKind.SKIPPED, jumped_at, told, stores=world, clock=world.clock)

    found = world.ranges.skipped(device.device_id, Seq(0), Seq(MAX_SEQ))
    assert [(one.first_seq, one.last_seq) for one in found] == [(7, 9)]


def test_pauses_and_boots_are_known_for_good_and_nothing_else_is(world: FakeWorld, device: Device) -> None:
    start = world.clock() - timedelta(hours=1)
    for minute, kind in enumerate(EventKind):
        report(device, kind, start + timedelta(minutes=minute), {}, stores=world, clock=world.clock)

    states = world.ranges.states(device.device_id, start, world.clock())
    assert {state.kind.value for state in states} == {"paused", "resumed", "boot"}
    assert len(states) == 3


def test_a_state_that_is_kept_before_a_crash_is_one_when_the_event_is_told_again(
    world: FakeWorld, device: Device
) -> None:
    crashes, at = Crashes(), world.clock()
    crashes.after(1)
    with pytest.raises(SimulatedCrash):
        report(device, EventKind.PAUSED, at, {}, stores=world.mortal(crashes), clock=world.clock)
    world.clock.advance(60)

    _, is_new = report(device, EventKind.PAUSED, at, {}, stores=world, clock=world.clock)

    assert is_new
    assert world.ranges.states(device.device_id, at, world.clock()) == [DeviceState(at, StateKind.PAUSED)]


def test_an_event_at_an_impossible_time_is_kept_under_the_time_of_its_arrival(world: FakeWorld, device: Device) -> None:
    event, _ = report(device, EventKind.BOOT, world.clock() + timedelta(days=9), {}, stores=world, clock=world.clock)
    assert event.occurred_at == world.clock()


def test_a_command_waits_until_it_is_acknowledged(world: FakeWorld, device: Device) -> None:
    made = command(world, device, CommandKind.REBOOT)
    assert heartbeat(device, Health(queue_depth=3), stores=world, clock=world.clock) == 1
    for _ in range(2):
        fetched = fetch_commands(device, inbox=world.inbox, clock=world.clock)
        assert [(c.command_id, c.status) for c in fetched] == [(made.command_id, CommandStatus.DELIVERED)]
    acknowledge(device, made.command_id, CommandStatus.DONE, None, inbox=world.inbox, clock=world.clock)
    assert fetch_commands(device, inbox=world.inbox, clock=world.clock) == []
    assert stored_device(world, device.device_id).health.queue_depth == 3


def test_an_acknowledgement_told_twice_changes_nothing_and_another_outcome_is_refused(
    world: FakeWorld, device: Device
) -> None:
    made = command(world, device, CommandKind.CAPTURE_NOW)
    first = acknowledge(device, made.command_id, CommandStatus.DONE, "ok", inbox=world.inbox, clock=world.clock)
    world.clock.advance(5)
    again = acknowledge(device, made.command_id, CommandStatus.DONE, "ok", inbox=world.inbox, clock=world.clock)
    assert again.finished_at == first.finished_at
    with pytest.raises(CommandFinished):
        acknowledge(device, made.command_id, CommandStatus.FAILED, None, inbox=world.inbox, clock=world.clock)
    with pytest.raises(NotFound):
        acknowledge(device, "0" * 26, CommandStatus.DONE, None, inbox=world.inbox, clock=world.clock)


def test_commands_come_oldest_first_and_their_history_newest_first(world: FakeWorld, device: Device) -> None:
    made = []
    for kind in (CommandKind.CAPTURE_NOW, CommandKind.REBOOT):
        made.append(command(world, device, kind).command_id)
        world.clock.advance(1)
    fetched = fetch_commands(device, inbox=world.inbox, clock=world.clock)
    history = inbox.command_history(OWNER, device.device_id, 10, None, stores=world)
    assert [c.command_id for c in fetched] == made
    assert [c.command_id for c in history.entries] == made[::-1]


def test_pause_and_resume_also_change_the_settings(world: FakeWorld, device: Device) -> None:
    command(world, device, CommandKind.PAUSE, 900)
    assert stored_device(world, device.device_id).settings.paused_until == world.clock() + timedelta(seconds=900)
    command(world, device, CommandKind.PAUSE)
    assert stored_device(world, device.device_id).settings.paused
    command(world, device, CommandKind.RESUME)
    settings = stored_device(world, device.device_id).settings
    assert (settings.paused, settings.paused_until) == (False, None)


def test_a_device_that_never_comes_back_does_not_collect_commands_for_ever(world: FakeWorld, device: Device) -> None:
    for _ in range(MAX_OPEN_COMMANDS):
        command(world, device, CommandKind.CAPTURE_NOW)
    with pytest.raises(RateLimited):
        command(world, device, CommandKind.CAPTURE_NOW)


def test_a_command_ends_with_its_lifetime(world: FakeWorld, device: Device) -> None:
    command(world, device, CommandKind.REBOOT)
    world.clock.advance(7 * 86_400)
    assert fetch_commands(device, inbox=world.inbox, clock=world.clock) == []


def test_another_owner_commands_and_sees_nothing(world: FakeWorld, device: Device) -> None:
    with pytest.raises(NotFound):
        inbox.command(
            STRANGER,
            device.device_id,
            CommandKind.REBOOT,
            None,
            stores=world,
            clock=world.clock,
            entropy=world.entropy,
        )
    for history in (inbox.command_history, inbox.event_history):
        with pytest.raises(NotFound):
            history(STRANGER, device.device_id, 10, None, stores=world)
