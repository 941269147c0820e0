"""Commands to a device, events and health from it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain import capture_time
from chalicelib.domain.clock import Clock, to_ms, to_text
from chalicelib.domain.device import Device, Health
from chalicelib.domain.errors import NotFound, RateLimited, Unavailable
from chalicelib.domain.ids import DeviceId, Entropy, OwnerId, Seq, sortable_id
from chalicelib.domain.inbox import (
    COMMAND_LIFETIME,
    EVENT_LIFETIME,
    MOTION_INTERVAL,
    Command,
    CommandKind,
    CommandStatus,
    Event,
    EventKind,
)
from chalicelib.domain.reported import StateKind
from chalicelib.services import devices as device_service
from chalicelib.services import health as health_service
from chalicelib.services.ports import Changed, ClockStore, DeviceStore, HealthStore, InboxStore, Page, ReportedRanges

if TYPE_CHECKING:  # most of its callers have to do with no pack
    from chalicelib.wire.object_keys import PackKey

MAX_OPEN_COMMANDS = 20
_TRIES = 8

Details = Mapping[str, str | int | float]


class InboxStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def inbox(self) -> InboxStore: ...


class HeartbeatStores(InboxStores, Protocol):
    @property
    def health(self) -> HealthStore: ...


class ReportStores(Protocol):
    @property
    def inbox(self) -> InboxStore: ...
    @property
    def ranges(self) -> ReportedRanges: ...
    @property
    def clocks(self) -> ClockStore: ...


def heartbeat(device: Device, health: Health, *, stores: HeartbeatStores, clock: Clock) -> int:
    """Keep what the device says of itself. Gives the number of commands that wait for it."""
    health_service.report(device, health, clock(), stores=stores)
    return len(stores.inbox.open_commands(device.device_id, MAX_OPEN_COMMANDS))


def report(
    device: Device,
    kind: EventKind,
    occurred_at: datetime | None,
    details: Details,
    *,
    stores: ReportStores,
    clock: Clock,
) -> tuple[Event, bool]:
    """Keep an event, and say whether it is new: the same event told twice is one. What it says of photos that there
    will never be is kept for good.

    Raises RateLimited for motion less than MOTION_INTERVAL from other motion, by the time at which it
    happened, so that a backlog of events is not refused. A time that cannot be is replaced by now.
    """
    now = clock()
    at = occurred_at if occurred_at and capture_time.is_plausible(occurred_at, now) else now
    event = Event(
        device_id=device.device_id,
        event_id=_event_id(kind, at, details),
        kind=kind,
        occurred_at=at,
        received_at=now,
        expires_at=now + EVENT_LIFETIME,
        details=details,
    )
    if kind is EventKind.MOTION:
        _limit_motion(event, stores.inbox)
    _remember(event, stores)
    return event, stores.inbox.add_event(event)


def _remember(event: Event, stores: ReportStores) -> None:
    """Before the event itself: one that is told again after a crash between the two is a duplicate, and complete."""
    if event.kind in StateKind:
        stores.ranges.add_state(event.device_id, event.occurred_at, StateKind(event.kind))
    seqs = [event.details[name] for name in ("first_seq", "last_seq") if name in event.details]
    if not seqs:
        return
    first, last = Seq(int(min(seqs))), Seq(int(max(seqs)))
    if event.kind is EventKind.EVICTED:
        stores.ranges.add_evicted(event.device_id, first, last, event.occurred_at)
    if event.kind is EventKind.SKIPPED:
        first = max(first, _may_have_used_before(event, stores.clocks))
        if first <= last:
            stores.ranges.add_skipped(event.device_id, first, last, event.occurred_at)


def _may_have_used_before(event: Event, clocks: ClockStore) -> Seq:
    """What lies below: a device that has lost its counter does not know what it gave to photos in a life before."""
    samples = clocks.samples(event.device_id)
    return max((sample.next_seq for sample in samples if sample.at < event.occurred_at), default=Seq(0))


def _event_id(kind: EventKind, at: datetime, details: Details) -> str:
    # Motion is one event an instant; two ranges can well be evicted in the same millisecond.
    told = "" if kind is EventKind.MOTION else repr(sorted(details.items()))
    return f"{to_text(at)}-{kind}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _limit_motion(event: Event, inbox: InboxStore) -> None:
    around = inbox.events_between(
        event.device_id,
        event.occurred_at - MOTION_INTERVAL + timedelta(milliseconds=1),
        event.occurred_at + MOTION_INTERVAL,
    )
    for other in around:
        if other.kind is EventKind.MOTION and other.event_id != event.event_id:
            wait = other.occurred_at + MOTION_INTERVAL - event.occurred_at
            raise RateLimited(math.ceil(wait.total_seconds()))


def command(
    owner_id: OwnerId,
    device_id: DeviceId,
    kind: CommandKind,
    duration_s: int | None,
    *,
    stores: InboxStores,
    clock: Clock,
    entropy: Entropy,
) -> Command:
    """Leave a command for a device. Pausing and resuming also change its settings, which outlast the
    command. Raises NotFound, and RateLimited while MAX_OPEN_COMMANDS wait.
    """
    device = device_service.owned(owner_id, device_id, devices=stores.devices)
    if len(stores.inbox.open_commands(device_id, MAX_OPEN_COMMANDS)) >= MAX_OPEN_COMMANDS:
        raise RateLimited(60)
    now = clock()
    if kind is CommandKind.PAUSE:
        until = now + timedelta(seconds=duration_s) if duration_s else None
        device_service.pause(device, until, devices=stores.devices)
    if kind is CommandKind.RESUME:
        device_service.resume(device, devices=stores.devices)
    made = Command(
        device_id=device_id,
        command_id=sortable_id(to_ms(now), entropy),
        kind=kind,
        created_at=now,
        expires_at=now + COMMAND_LIFETIME,
        arguments={"duration_s": duration_s} if duration_s else {},
    )
    # An id of 80 random bits that is taken is this very command, sent twice because an answer was lost.
    with suppress(Changed):
        stores.inbox.add_command(made)
    return made


def fetch_commands(device: Device, *, inbox: InboxStore, clock: Clock) -> list[Command]:
    """What the device has not finished yet, oldest first; each is marked as delivered."""
    waiting = inbox.open_commands(device.device_id, MAX_OPEN_COMMANDS)
    return [_save(found.delivered(clock()), found, inbox) for found in waiting]


def _save(after: Command, before: Command, inbox: InboxStore) -> Command:
    if after is not before:
        try:
            inbox.save_command(after, before)
        except Changed as changed:
            return changed.stored if isinstance(changed.stored, Command) else before
    return after


def acknowledge(
    device: Device, command_id: str, outcome: CommandStatus, detail: str | None, *, inbox: InboxStore, clock: Clock
) -> Command:
    """The device's word on a command. Told twice it changes nothing. Raises NotFound, CommandFinished."""
    found = inbox.get_command(device.device_id, command_id)
    for _ in range(_TRIES):
        if found is None:
            raise NotFound
        after = found.finished(outcome, detail, clock())
        if after is found:
            return found
        try:
            inbox.save_command(after, found)
        except Changed as changed:
            found = changed.stored
            continue
        return after
    raise Unavailable(retry_after_s=1)


def command_history(
    owner_id: OwnerId, device_id: DeviceId, limit: int, cursor: str | None, *, stores: InboxStores
) -> Page[Command]:
    """Newest first. Raises NotFound."""
    device_service.owned(owner_id, device_id, devices=stores.devices)
    return stores.inbox.commands(device_id, limit, cursor)


def event_history(
    owner_id: OwnerId, device_id: DeviceId, limit: int, cursor: str | None, *, stores: InboxStores
) -> Page[Event]:
    """Newest first. Raises NotFound."""
    device_service.owned(owner_id, device_id, devices=stores.devices)
    return stores.inbox.events(device_id, limit, cursor)


def conflict_event(
    device_id: DeviceId, seq: int, object_key: str, sha256: str, stored_at: datetime, now: datetime
) -> Event:
    """Told to the owner when bytes arrive for a seq that is held with others; the same bytes are one event."""
    return Event(
        device_id=device_id,
        event_id=f"conflict-{seq}-{sha256[:16]}",
        kind=EventKind.CONFLICT,
        occurred_at=stored_at,
        received_at=now,
        expires_at=now + EVENT_LIFETIME,
        details={"seq": seq, "object_key": object_key, "sha256": sha256},
    )


def missing_event(device_id: DeviceId, seq: int, object_key: str, created_at: datetime, now: datetime) -> Event:
    """Told to the owner when a confirmed capture's object never came."""
    return Event(
        device_id=device_id,
        event_id=f"missing-{seq}",
        kind=EventKind.OBJECT_MISSING,
        occurred_at=created_at,
        received_at=now,
        expires_at=now + EVENT_LIFETIME,
        details={"seq": seq, "object_key": object_key},
    )


def pack_event(kind: EventKind, reason: str, named: PackKey, stored_at: datetime, now: datetime) -> Event:
    """Told to the owner of a pack of which something could not be read; whoever looks at it again tells the same."""
    return Event(
        device_id=named.device_id,
        event_id=f"{kind}-{named.first_seq}-{named.sha256_start}",
        kind=kind,
        occurred_at=stored_at,
        received_at=now,
        expires_at=now + EVENT_LIFETIME,
        details={"object_key": named.object_key, "reason": reason},
    )
