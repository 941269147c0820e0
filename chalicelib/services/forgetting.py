"""How a time is forgotten: what a device took in it is deleted, and what still comes of it is purged.

The range on the device's row comes first: from then on processing purges. Then tombstones, and for each object one
rewriting; then what is kept as a conflict, which is no item. What a request has no time for, and what processing put
while it had not seen the range yet, the reconciler deletes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from chalicelib.domain.capture_time import EARLIEST
from chalicelib.domain.clock import Clock, to_ms, to_text
from chalicelib.domain.device import MAX_FORGOTTEN, Device, ForgottenRange
from chalicelib.domain.errors import InvalidBody
from chalicelib.domain.ids import DeviceId, Entropy, OwnerId, sortable_id
from chalicelib.domain.inbox import COMMAND_LIFETIME, Command, CommandKind
from chalicelib.domain.item import Item
from chalicelib.domain.timeline import MAX_SPAN, Shown, TimelineRow
from chalicelib.services import conflicts
from chalicelib.services.deleting import DeletingStores, finish_deletion, finish_in_pack
from chalicelib.services.devices import owned, update
from chalicelib.services.forward import change_item
from chalicelib.services.inbox import MAX_OPEN_COMMANDS
from chalicelib.services.ports import (
    Changed,
    InboxStore,
    TimelineStore,
)
from chalicelib.wire import object_keys

_PAGE = 200


class ForgettingStores(DeletingStores, Protocol):
    @property
    def inbox(self) -> InboxStore: ...


@dataclass(frozen=True)
class Forgotten:
    """`since` and `until` are what was taken of the range that was asked for."""

    since: datetime
    until: datetime
    deleted: int
    is_done: bool
    """Otherwise the reconciler goes on."""
    command_id: str | None
    """What tells the device; None where it has as many commands waiting as it may have."""


def forget(
    owner_id: OwnerId,
    device_id: DeviceId,
    since: datetime,
    until: datetime,
    *,
    stores: ForgettingStores,
    clock: Clock,
    entropy: Entropy,
    time_left: Callable[[], bool],
) -> Forgotten:
    """Everything with since <= captured_at < until, as far as it is past. Telling it again changes nothing.

    Raises NotFound, and InvalidBody for a range that is all to come, or one more than MAX_FORGOTTEN.
    """
    device = owned(owner_id, device_id, devices=stores.devices)
    now = clock()
    since, until = max(since, EARLIEST), min(until, now)
    if since >= until:
        raise InvalidBody("There is nothing between from and to that could have been taken by now.")

    def forgetting(device: Device) -> Device:
        after = device.forgetting(since, until, now)
        if len(after.forgotten) > MAX_FORGOTTEN:
            raise InvalidBody(f"A device forgets {MAX_FORGOTTEN} ranges at most: name one that reaches over several.")
        return after

    device = update(device, stores.devices, forgetting)
    command_id = _tell(device, since, until, stores.inbox, now, entropy)
    deleted, is_done = carry_out(device, since, until, stores=stores, clock=clock, time_left=time_left)
    return Forgotten(since, until, deleted, is_done, command_id)


def _tell(
    device: Device, since: datetime, until: datetime, inbox: InboxStore, now: datetime, entropy: Entropy
) -> str | None:
    arguments: dict[str, str | int] = {"from": to_text(since), "to": to_text(until)}
    waiting = inbox.open_commands(device.device_id, MAX_OPEN_COMMANDS)
    for command in waiting:
        if command.kind is CommandKind.FORGET and command.arguments == arguments:
            return command.command_id
    if len(waiting) >= MAX_OPEN_COMMANDS:
        return None
    made = Command(
        device_id=device.device_id,
        command_id=sortable_id(to_ms(now), entropy),
        kind=CommandKind.FORGET,
        created_at=now,
        expires_at=now + COMMAND_LIFETIME,
        arguments=arguments,
    )
    with suppress(Changed):
        inbox.add_command(made)
    return made.command_id


def finish_forgetting(
    device: Device, asked: ForgottenRange, *, stores: ForgettingStores, clock: Clock, time_left: Callable[[], bool]
) -> int:
    """For the reconciler, once whatever had not seen the range has come to its end. Gives how many were deleted."""
    deleted, is_done = carry_out(
        device, asked.since, asked.until, stores=stores, clock=clock, time_left=time_left, is_last_look=True
    )
    if is_done:
        update(device, stores.devices, lambda now: now.forgot(asked))
    return deleted


def carry_out(
    device: Device,
    since: datetime,
    until: datetime,
    *,
    stores: ForgettingStores,
    clock: Clock,
    time_left: Callable[[], bool],
    is_last_look: bool = False,
) -> tuple[int, bool]:
    """How many were deleted, and whether all of them."""
    deleted = 0
    for row in _rows(device, since, until, stores.timeline):
        if not time_left():
            return deleted, False
        deleted += _delete_in(row, since, until, stores, clock)
    for kept in conflicts.within(device.device_id, since, until, conflicts=stores.conflicts):
        if not time_left():
            return deleted, False
        deleted += conflicts.remove(kept, stores=stores, is_last_look=is_last_look)
    return deleted, True


def _rows(device: Device, since: datetime, until: datetime, timeline: TimelineStore) -> Iterator[TimelineRow]:
    """Those that have anything left in the range."""
    cursor = None
    while True:
        page = timeline.newest(
            device.owner_id,
            device_id=device.device_id,
            since=since,
            until=until + MAX_SPAN,
            limit=_PAGE,
            cursor=cursor,
        )
        for row in page.entries:
            if any(since <= one.at < until and one.shown is not Shown.DELETED for one in row.captures):
                yield row
        if page.cursor is None:
            return
        cursor = page.cursor


def _delete_in(row: TimelineRow, since: datetime, until: datetime, stores: ForgettingStores, clock: Clock) -> int:
    def decide(found: Item, now: Item | None) -> Item:
        item = now or found
        is_due = item.object_key == row.object_key and since <= item.captured.at < until
        return item.deleted(clock()) if is_due else item

    keys = [(row.device_id, one.seq) for one in row.captures if since <= one.at < until]
    found = stores.items.get_many(keys)
    changed = [change_item(stores.items, item.device_id, item.seq, partial(decide, item), known=item) for item in found]
    tombstones = [after for before, after in changed if after.is_deleted and before is not after]
    named = object_keys.parse_pack(row.object_key)
    if named is not None:
        finish_in_pack(named, stores=stores)
        return len(tombstones)
    for tombstone in tombstones:
        finish_deletion(tombstone, stores=stores)
    return len(tombstones)
