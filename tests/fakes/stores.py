"""The tables in memory. tests/contract holds them to the same rules as the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain import rates
from chalicelib.domain.clock import Clock, to_ms, to_text
from chalicelib.domain.device import CardQueue, Device, Health, Sweep, month_of, months_long_past
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.inbox import Command, Event
from chalicelib.domain.item import Item
from chalicelib.domain.pairing import Pairing
from chalicelib.domain.rates import Granted, Rate, Refused
from chalicelib.domain.storage import Changed, Page
from chalicelib.domain.timeline import RowTotals, TimelineRow
from chalicelib.stores import cursors
from tests.fakes.precision import as_stored


class FakeDevices:
    def __init__(self) -> None:
        self._devices: dict[DeviceId, Device] = {}
        self._full_at_ms: dict[DeviceId, int] = {}

    def create(self, device: Device) -> None:
        if device.device_id in self._devices:
            raise Changed(self._devices[device.device_id])
        self._devices[device.device_id] = as_stored(device)

    def get(self, device_id: DeviceId) -> Device | None:
        return self._devices.get(device_id)

    def glance(self, device_id: DeviceId) -> Device | None:
        return self._devices.get(device_id)

    def of_owner(self, owner_id: OwnerId) -> list[Device]:
        mine = (device for device in self._devices.values() if device.owner_id == owner_id)
        return sorted(mine, key=lambda device: device.device_id)

    def page_of_owner(self, owner_id: OwnerId, limit: int, cursor: str | None) -> Page[Device]:
        after = "" if cursor is None else cursors.device(cursor)
        left = [device for device in self.of_owner(owner_id) if device.device_id > after]
        return Page(left[:limit], left[limit - 1].device_id if len(left) > limit else None)

    def all_ids(self) -> Iterable[DeviceId]:
        return iter(list(self._devices))

    def save(self, device: Device) -> Device:
        stored = self._devices.get(device.device_id)
        if stored is None or stored.rev != device.rev:
            raise Changed(stored)
        saved = replace(
            as_stored(device),
            rev=device.rev + 1,
            last_seen_at=stored.last_seen_at,
            health=stored.health,
            health_at=stored.health_at,
            next_seq=stored.next_seq,
            oldest_seq=stored.oldest_seq,
            upcoming_seq=stored.upcoming_seq,
            requests=stored.requests,
            sweep=stored.sweep,
        )
        self._devices[device.device_id] = saved
        return saved

    def touch(self, device_id: DeviceId, now: datetime, rate: Rate) -> Granted | Refused:
        device = self._existing(device_id)
        answer = rates.take(rate, self._full_at_ms.get(device_id, 0), to_ms(now))
        if isinstance(answer, Granted):
            self._full_at_ms[device_id] = answer.full_at_ms
            month = month_of(now)
            counted = {**device.requests, month: device.requests.get(month, 0) + 1}
            self._devices[device_id] = replace(device, last_seen_at=as_stored(now), requests=counted)
        return answer

    def report_health(
        self, device_id: DeviceId, health: Health | None, at: datetime, queue: CardQueue | None = None
    ) -> None:
        device, told_at = self._devices.get(device_id), as_stored(at)
        if device is None or (health is not None and device.health_at is not None and device.health_at >= told_at):
            return
        if health is not None:
            device = replace(device, health=health, health_at=told_at)
        if queue is not None:
            device = replace(device, oldest_seq=queue.oldest_seq, upcoming_seq=queue.upcoming_seq)
        self._devices[device_id] = device

    def allot_seq(self, device_id: DeviceId, at_least: Seq) -> Seq:
        device = self._existing(device_id)
        seq = max(device.next_seq, at_least)
        self._devices[device_id] = replace(device, next_seq=Seq(seq + 1))
        return seq

    def note_sweep(self, device_id: DeviceId, sweep: Sweep) -> None:
        device = self._devices.get(device_id)
        if device is not None:
            past = months_long_past(sweep.began_at)
            requests = {month: count for month, count in device.requests.items() if month not in past}
            self._devices[device_id] = replace(device, sweep=as_stored(sweep), requests=requests)

    def _existing(self, device_id: DeviceId) -> Device:
        if device_id not in self._devices:
            raise Changed[Device](None)
        return self._devices[device_id]


class FakeItems:
    def __init__(self) -> None:
        self._items: dict[tuple[DeviceId, Seq], Item] = {}

    def get(self, device_id: DeviceId, seq: Seq) -> Item | None:
        return self._items.get((device_id, seq))

    def get_many(self, keys: Sequence[tuple[DeviceId, Seq]]) -> list[Item]:
        return [self._items[key] for key in dict.fromkeys(keys) if key in self._items]

    def range(self, device_id: DeviceId, first: Seq, last: Seq) -> list[Item]:
        return [
            item for (owner, seq), item in sorted(self._items.items()) if owner == device_id and first <= seq <= last
        ]

    def put(self, item: Item) -> Item:
        stored = self._items.get((item.device_id, item.seq))
        if (stored.rev if stored else 0) != item.rev:
            raise Changed(stored)
        written = replace(as_stored(item), rev=item.rev + 1)
        self._items[item.device_id, item.seq] = written
        return written

    def last_seq(self, device_id: DeviceId) -> Seq | None:
        return max((seq for owner, seq in self._items if owner == device_id), default=None)

    def pending(self, before: datetime, limit: int) -> list[tuple[DeviceId, Seq]]:
        waiting = sorted(
            (item.pending_since, item.device_id, item.seq) for item in self._items.values() if item.pending_since
        )
        return [(device_id, seq) for since, device_id, seq in waiting if since < as_stored(before)][:limit]

    def all(self) -> list[Item]:
        """For a test to look at everything, in the order of device and seq."""
        return [self._items[key] for key in sorted(self._items)]


_ROWS_BETWEEN = 20
"""So many rows of other devices a page of one device's looks at, before it is cut short."""


class FakeTimeline:
    def __init__(self) -> None:
        self._rows: dict[tuple[OwnerId, str], TimelineRow] = {}

    def put(self, row: TimelineRow) -> None:
        self._rows[row.owner_id, row.position] = as_stored(row)

    def replace(self, row: TimelineRow) -> bool:
        found = (row.owner_id, row.position) in self._rows
        if found:
            self.put(row)
        return found

    def delete(self, owner_id: OwnerId, position: str) -> None:
        self._rows.pop((owner_id, position), None)

    def newest(
        self,
        owner_id: OwnerId,
        *,
        device_id: DeviceId | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> Page[TimelineRow]:
        after = None if cursor is None else cursors.timeline_position(cursor)
        rows = [
            row
            for (owner, position), row in sorted(self._rows.items(), reverse=True)
            if owner == owner_id
            and (since is None or position >= to_text(since))
            and (until is None or position < to_text(until))
            and (after is None or position < after)
        ]
        looked_at = rows[: limit + _ROWS_BETWEEN]
        found = [row for row in looked_at if device_id in (None, row.device_id)]
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1].position)
        return Page(found, looked_at[-1].position if len(looked_at) < len(rows) else None)

    def totals(self, owner_id: OwnerId, since: datetime, until: datetime) -> list[RowTotals]:
        mine = (row for (owner, _), row in self._rows.items() if owner == owner_id)
        return [
            RowTotals(row.device_id, row.photos, row.rejected, row.deleted, row.size_bytes)
            for row in mine
            if to_text(since) <= row.position < to_text(until)
        ]

    def last_before(self, owner_id: OwnerId, device_id: DeviceId, at: datetime) -> TimelineRow | None:
        mine = (row for (owner, _), row in sorted(self._rows.items(), reverse=True) if owner == owner_id)
        return next((row for row in mine if row.device_id == device_id and row.position < to_text(at)), None)

    def first_after(self, owner_id: OwnerId, device_id: DeviceId, at: datetime) -> TimelineRow | None:
        mine = (row for (owner, _), row in sorted(self._rows.items()) if owner == owner_id)
        return next((row for row in mine if row.device_id == device_id and row.position >= to_text(at)), None)

    def all(self) -> list[TimelineRow]:
        """For a test to look at everything, in the order of owner and position."""
        return [self._rows[key] for key in sorted(self._rows)]


class FakePairings:
    def __init__(self) -> None:
        self._pairings: dict[str, Pairing] = {}

    def create(self, pairing: Pairing) -> None:
        if pairing.pairing_key in self._pairings:
            raise Changed(self._pairings[pairing.pairing_key])
        self._pairings[pairing.pairing_key] = as_stored(pairing)

    def get(self, pairing_key: str) -> Pairing | None:
        return self._pairings.get(pairing_key)

    def use(self, pairing: Pairing) -> None:
        stored = self._pairings.get(pairing.pairing_key)
        if stored is None or stored.used_at is not None:
            raise Changed(stored)
        self._pairings[pairing.pairing_key] = as_stored(pairing)


class FakeRates:
    def __init__(self) -> None:
        self._full_at_ms: dict[str, int] = {}

    def take(self, bucket: str, rate: Rate, now: datetime) -> Granted | Refused:
        answer = rates.take(rate, self._full_at_ms.get(bucket, 0), to_ms(now))
        if isinstance(answer, Granted):
            self._full_at_ms[bucket] = answer.full_at_ms
        return answer


class FakeInbox:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._commands: dict[tuple[DeviceId, str], Command] = {}
        self._events: dict[tuple[DeviceId, str], Event] = {}
        self._uploads: dict[tuple[DeviceId, str], Seq] = {}

    def add_command(self, command: Command) -> None:
        key = command.device_id, command.command_id
        if key in self._commands:
            raise Changed(self._commands[key])
        self._commands[key] = as_stored(command)

    def get_command(self, device_id: DeviceId, command_id: str) -> Command | None:
        command = self._commands.get((device_id, command_id))
        return command if command and command.expires_at > self._clock() else None

    def save_command(self, command: Command, was: Command) -> None:
        key = command.device_id, command.command_id
        stored = self._commands.get(key)
        if stored is None or stored.status is not was.status:
            raise Changed(stored)
        self._commands[key] = as_stored(command)

    def commands(self, device_id: DeviceId, limit: int, cursor: str | None) -> Page[Command]:
        before = None if cursor is None else cursors.command(cursor)
        newest = [
            command
            for command in reversed(self._live_commands(device_id))
            if before is None or command.command_id < before
        ]
        return Page(newest[:limit], newest[limit - 1].command_id if len(newest) > limit else None)

    def open_commands(self, device_id: DeviceId, limit: int) -> list[Command]:
        return [command for command in self._live_commands(device_id) if not command.status.is_final][:limit]

    def add_event(self, event: Event) -> bool:
        key = event.device_id, _event_place(event)
        if key in self._events:
            return False
        self._events[key] = as_stored(event)
        return True

    def events(self, device_id: DeviceId, limit: int, cursor: str | None) -> Page[Event]:
        before = None if cursor is None else cursors.event(cursor)
        newest = [
            event for event in reversed(self._live_events(device_id)) if before is None or _event_place(event) < before
        ]
        return Page(newest[:limit], _event_place(newest[limit - 1]) if len(newest) > limit else None)

    def events_between(self, device_id: DeviceId, since: datetime, until: datetime) -> list[Event]:
        live = self._live_events(device_id)
        return [event for event in live if as_stored(since) <= event.occurred_at < as_stored(until)][:100]

    def remember_upload(self, device_id: DeviceId, sha256: str, seq: Seq) -> Seq:
        return self._uploads.setdefault((device_id, sha256), seq)

    def recall_upload(self, device_id: DeviceId, sha256: str) -> Seq | None:
        return self._uploads.get((device_id, sha256))

    def _live_commands(self, device_id: DeviceId) -> list[Command]:
        now = self._clock()
        return [
            command
            for (owner, _), command in sorted(self._commands.items())
            if owner == device_id and command.expires_at > now
        ]

    def _live_events(self, device_id: DeviceId) -> list[Event]:
        now = self._clock()
        return [
            event for (owner, _), event in sorted(self._events.items()) if owner == device_id and event.expires_at > now
        ]


def _event_place(event: Event) -> str:
    return f"{to_text(event.occurred_at)}#{event.event_id}"
