"""InboxStore, in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.ids import MAX_SEQ, DeviceId, Seq
from chalicelib.domain.inbox import Command, CommandKind, CommandStatus, Event, EventKind
from chalicelib.domain.storage import Changed, Page
from tests.contract.conftest import Cloud, Stores, new_device_id, on_moto
from tests.fakes.clock import START, FakeClock

NOW = START.replace(microsecond=123000)
SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)
SHA256 = "ab" * 32


def a_command(device_id: DeviceId, number: int = 1, created_at: datetime = NOW) -> Command:
    return Command(device_id, f"{number:026d}", CommandKind.PAUSE, created_at, created_at + WEEK)


def an_event(device_id: DeviceId, second: int = 1, event_id: str = "e1") -> Event:
    at = NOW + second * SECOND
    return Event(device_id, event_id, EventKind.MOTION, at, at, at + WEEK)


def commands_added(stores: Stores, device_id: DeviceId, count: int) -> list[Command]:
    commands = [a_command(device_id, number) for number in range(count)]
    for command in commands:
        stores.inbox.add_command(command)
    return commands


def events_added(stores: Stores, device_id: DeviceId, *seconds: int) -> list[Event]:
    events = [an_event(device_id, second) for second in seconds]
    for event in events:
        assert stores.inbox.add_event(event)
    return events


def test_an_unknown_command_is_none(stores: Stores, device_id: DeviceId) -> None:
    assert stores.inbox.get_command(device_id, "1") is None


def test_a_command_comes_back_as_it_was_added(stores: Stores, device_id: DeviceId) -> None:
    command = replace(
        a_command(device_id),
        status=CommandStatus.FAILED,
        arguments={"duration_s": 2**53 - 1, "note": "", "größe": "♥"},
        delivered_at=NOW,
        finished_at=NOW + SECOND,
        detail="",
    )
    stores.inbox.add_command(command)

    assert stores.inbox.get_command(device_id, command.command_id) == command


def test_a_command_id_that_is_taken_is_not_taken_again(stores: Stores, device_id: DeviceId) -> None:
    (command,) = commands_added(stores, device_id, 1)

    with pytest.raises(Changed) as lost:
        stores.inbox.add_command(replace(command, kind=CommandKind.REBOOT))

    assert lost.value.stored == command


def test_a_command_moves_on_from_the_status_that_was_read(stores: Stores, device_id: DeviceId) -> None:
    (command,) = commands_added(stores, device_id, 1)
    delivered = command.delivered(NOW + SECOND)

    stores.inbox.save_command(delivered, was=command)

    assert stores.inbox.get_command(device_id, command.command_id) == delivered


def test_of_two_that_move_a_command_on_one_wins(stores: Stores, device_id: DeviceId) -> None:
    (command,) = commands_added(stores, device_id, 1)
    done = command.finished(CommandStatus.DONE, "ok", NOW)
    stores.inbox.save_command(done, was=command)

    with pytest.raises(Changed) as lost:
        stores.inbox.save_command(command.finished(CommandStatus.FAILED, None, NOW), was=command)

    assert lost.value.stored == done


def test_saving_a_command_that_is_not_there_makes_none(stores: Stores, device_id: DeviceId) -> None:
    command = a_command(device_id)

    with pytest.raises(Changed) as lost:
        stores.inbox.save_command(command.delivered(NOW), was=command)

    assert lost.value.stored is None
    assert stores.inbox.get_command(device_id, command.command_id) is None


def test_commands_come_newest_first_in_whatever_status(stores: Stores, device_id: DeviceId) -> None:
    first, second, third = commands_added(stores, device_id, 3)
    done = second.finished(CommandStatus.DONE, None, NOW)
    stores.inbox.save_command(done, was=second)
    stores.inbox.add_command(a_command(new_device_id(), 9))

    assert stores.inbox.commands(device_id, 10, None) == Page([third, done, first], None)


def test_pages_of_commands_follow_each_other(stores: Stores, device_id: DeviceId) -> None:
    newest = commands_added(stores, device_id, 5)[::-1]

    first = stores.inbox.commands(device_id, 2, None)
    second = stores.inbox.commands(device_id, 2, first.cursor)
    third = stores.inbox.commands(device_id, 2, second.cursor)

    assert [first.entries, second.entries, third.entries] == [newest[:2], newest[2:4], newest[4:]]
    assert third.cursor is None


def test_a_page_of_commands_that_holds_exactly_the_rest_is_the_last(stores: Stores, device_id: DeviceId) -> None:
    commands_added(stores, device_id, 2)

    assert stores.inbox.commands(device_id, 2, None).cursor is None


def test_open_commands_come_oldest_first_without_those_that_are_done(stores: Stores, device_id: DeviceId) -> None:
    pending, done, delivered, last = commands_added(stores, device_id, 4)
    stores.inbox.save_command(done.finished(CommandStatus.DONE, None, NOW), was=done)
    stores.inbox.save_command(delivered.delivered(NOW), was=delivered)

    assert stores.inbox.open_commands(device_id, 10) == [pending, delivered.delivered(NOW), last]
    assert stores.inbox.open_commands(device_id, 1) == [pending]


def test_open_commands_are_found_behind_many_that_are_done(stores: Stores, device_id: DeviceId) -> None:
    *finished, last = commands_added(stores, device_id, 121)
    for command in finished:
        stores.inbox.save_command(command.finished(CommandStatus.DONE, None, NOW), was=command)

    assert stores.inbox.open_commands(device_id, 1) == [last]


def test_an_expired_command_is_not_shown_though_it_is_still_there(stores: Stores, device_id: DeviceId) -> None:
    commands_added(stores, device_id, 3)
    kept = a_command(device_id, 7, NOW + SECOND)
    stores.inbox.add_command(kept)

    stores.clock.now = NOW + WEEK

    assert stores.inbox.get_command(device_id, a_command(device_id, 0).command_id) is None
    assert stores.inbox.commands(device_id, 1, None) == Page([kept], None)
    assert stores.inbox.open_commands(device_id, 10) == [kept]


def test_an_event_comes_back_as_it_was_added(stores: Stores, device_id: DeviceId) -> None:
    details: dict[str, str | int | float] = {
        "score": 0.25,
        "seq": MAX_SEQ,
        "message": "",
        "rssi": -71.25,
        "ratio": 1e9,
        "zero": 0.0,
    }
    event = replace(an_event(device_id), received_at=NOW + 99 * SECOND, details=details)
    stores.inbox.add_event(event)

    assert stores.inbox.events(device_id, 1, None).entries == [event]


@pytest.mark.parametrize("score", [5e-324, 1e-120, 1e-7, 0.1 + 0.2, 123456.789, 1e22])
def test_every_finite_number_can_be_stored(stores: Stores, device_id: DeviceId, score: float) -> None:
    stores.inbox.add_event(replace(an_event(device_id), details={"score": score}))

    (found,) = stores.inbox.events(device_id, 1, None).entries
    assert found.details["score"] == pytest.approx(score, rel=1e-12, abs=1e-99)


def test_an_event_is_told_once(stores: Stores, device_id: DeviceId) -> None:
    event = an_event(device_id)

    assert stores.inbox.add_event(event)
    assert not stores.inbox.add_event(replace(event, received_at=NOW + WEEK))
    assert stores.inbox.events(device_id, 10, None) == Page([event], None)


def test_events_come_newest_first_by_the_time_they_happened(stores: Stores, device_id: DeviceId) -> None:
    two, one, three = events_added(stores, device_id, 2, 1, 3)
    events_added(stores, new_device_id(), 4)

    assert stores.inbox.events(device_id, 10, None) == Page([three, two, one], None)


def test_events_of_one_instant_are_two(stores: Stores, device_id: DeviceId) -> None:
    first, second = an_event(device_id, 1, "e1"), an_event(device_id, 1, "e2")

    assert stores.inbox.add_event(first)
    assert stores.inbox.add_event(second)
    assert stores.inbox.events(device_id, 10, None).entries == [second, first]


def test_pages_of_events_follow_each_other(stores: Stores, device_id: DeviceId) -> None:
    newest = events_added(stores, device_id, *range(5))[::-1]

    first = stores.inbox.events(device_id, 3, None)
    second = stores.inbox.events(device_id, 3, first.cursor)

    assert [first.entries, second.entries] == [newest[:3], newest[3:]]
    assert second.cursor is None


def test_events_between_two_times_come_oldest_first(stores: Stores, device_id: DeviceId) -> None:
    _, two, three, _ = events_added(stores, device_id, 1, 2, 3, 4)

    assert stores.inbox.events_between(device_id, NOW + 2 * SECOND, NOW + 4 * SECOND) == [two, three]


@pytest.mark.parametrize("backwards_s", [0, 1])
def test_between_two_times_that_are_the_same_or_backwards_there_is_nothing(
    stores: Stores, device_id: DeviceId, backwards_s: int
) -> None:
    events_added(stores, device_id, 1, 2)
    since = NOW + 2 * SECOND

    assert stores.inbox.events_between(device_id, since, since - backwards_s * SECOND) == []


def test_at_most_100_events_between_two_times_are_given(stores: Stores, device_id: DeviceId) -> None:
    events = events_added(stores, device_id, *range(105))

    assert stores.inbox.events_between(device_id, NOW, NOW + WEEK) == events[:100]


def test_an_expired_event_is_not_shown_though_it_is_still_there(stores: Stores, device_id: DeviceId) -> None:
    events_added(stores, device_id, 1)
    (kept,) = events_added(stores, device_id, 2)

    stores.clock.now = NOW + SECOND + WEEK

    assert stores.inbox.events(device_id, 10, None) == Page([kept], None)
    assert stores.inbox.events_between(device_id, NOW, NOW + WEEK) == [kept]


def test_commands_events_and_uploads_do_not_meet(stores: Stores, device_id: DeviceId) -> None:
    (command,) = commands_added(stores, device_id, 1)
    (event,) = events_added(stores, device_id, 1)
    stores.inbox.remember_upload(device_id, SHA256, Seq(1))

    assert stores.inbox.commands(device_id, 10, None).entries == [command]
    assert stores.inbox.open_commands(device_id, 10) == [command]
    assert stores.inbox.events(device_id, 10, None).entries == [event]


@pytest.mark.parametrize("cursor", ["", "a#b", "é", "a b", "1" * 5000, "\0", "\ud800"])
def test_a_cursor_that_no_page_of_commands_gave_is_an_invalid_parameter(
    stores: Stores, device_id: DeviceId, cursor: str
) -> None:
    with pytest.raises(InvalidParameter):
        stores.inbox.commands(device_id, 10, cursor)


@pytest.mark.parametrize("cursor", ["", "e1", "2026-05-04T12:00:00.123Z#", "2026-05-04#e1", "1" * 5000, "\ud800"])
def test_a_cursor_that_no_page_of_events_gave_is_an_invalid_parameter(
    stores: Stores, device_id: DeviceId, cursor: str
) -> None:
    with pytest.raises(InvalidParameter):
        stores.inbox.events(device_id, 10, cursor)


def test_a_cursor_of_another_device_shows_only_this_ones(stores: Stores, device_id: DeviceId) -> None:
    other = new_device_id()
    events_added(stores, other, 1, 3, 5)
    mine = events_added(stores, device_id, 2)
    page = stores.inbox.events(other, 2, None)

    assert stores.inbox.events(device_id, 10, page.cursor).entries == mine


def test_an_upload_keeps_the_seq_that_it_first_got(stores: Stores, device_id: DeviceId) -> None:
    assert stores.inbox.recall_upload(device_id, SHA256) is None
    assert stores.inbox.remember_upload(device_id, SHA256, Seq(MAX_SEQ)) == MAX_SEQ
    assert stores.inbox.remember_upload(device_id, SHA256, Seq(8)) == MAX_SEQ
    assert stores.inbox.recall_upload(device_id, SHA256) == MAX_SEQ


def test_the_same_bytes_of_two_devices_are_two_uploads(stores: Stores, device_id: DeviceId) -> None:
    stores.inbox.remember_upload(device_id, SHA256, Seq(0))

    assert stores.inbox.remember_upload(new_device_id(), SHA256, Seq(5)) == 5
    assert stores.inbox.recall_upload(device_id, SHA256) == 0


def test_commands_and_events_say_when_they_may_be_removed_and_uploads_never(cloud: Cloud, device_id: DeviceId) -> None:
    stores = on_moto(cloud, FakeClock())
    commands_added(stores, device_id, 1)
    events_added(stores, device_id, 1)
    stores.inbox.remember_upload(device_id, SHA256, Seq(1))

    rows = cloud.dynamodb.scan(TableName=cloud.outputs.inbox_table)["Items"]
    removal = {row["entry_id"]["S"].split("#")[0]: row.get("expires_at_s", {}).get("N") for row in rows}
    first_s = int((NOW + WEEK).timestamp()) + 1
    assert removal == {"command": str(first_s), "event": str(first_s + 1), "upload": None}
