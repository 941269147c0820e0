"""What was forgotten on the way: found by looking, driven forward by the same code as all else.

Three looks, each bounded a run: items that have waited too long (the sparse index tells), ranges that are not wholly
forgotten yet, and objects that no item knows (each device's keys, listed from where the last run stopped).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.item import OBJECT_MISSING, Examined, Item, ItemStatus, StoredObject
from chalicelib.services import pack_rows
from chalicelib.services.deleting import finish_deletion
from chalicelib.services.forgetting import finish_forgetting
from chalicelib.services.forward import move_forward
from chalicelib.services.inbox import missing_event
from chalicelib.services.ports import ProcessingStores
from chalicelib.services.processing import process_object
from chalicelib.services.sweeping import GRACE, Looking, next_sweep, objects_without_item, swept
from chalicelib.wire import object_keys
from chalicelib.wire.object_keys import PackKey

OBJECT_DEADLINE = timedelta(hours=24)
"""A presigned URL lives an hour at most; after a day the object of a confirmed capture is given up."""
RETRY_AFTER = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=16), timedelta(0))
"""After each try. When the one after most of a day has failed too, the photo is rejected: an outage ends sooner."""
MAX_ATTEMPTS = len(RETRY_AFTER)
SEEN_WITHIN = timedelta(hours=1)
_STILL_AWAITED = "still_awaited"
_PENDING_LIMIT = 200


@dataclass
class Findings:
    """How many of what; a run that finds nothing is a good run."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    devices_seen: int = 0
    """Those that have called within SEEN_WITHIN."""

    @property
    def mended(self) -> int:
        """How many did not come right without this run; a photo that a camera still has is none of them."""
        return self.counts.total() - self.counts[_STILL_AWAITED]


def reconcile(*, stores: ProcessingStores, clock: Clock, time_left: Callable[[], bool] = lambda: True) -> Findings:
    """One run. Each thing is tried once a run, and one that fails does not stop the others."""
    findings = Findings()
    began_at = clock()
    for device_id, seq in stores.items.pending(began_at - GRACE, _PENDING_LIMIT):
        if not time_left():
            break
        _guarded(findings, partial(_drive, device_id, seq, began_at, stores, clock))
    interrupted: list[DeviceId] = []
    for device_id in stores.devices.all_ids():
        if not time_left():
            break
        _guarded(findings, partial(_look_after, device_id, stores, clock, time_left, findings, interrupted))
    for device_id in interrupted:
        if not time_left():
            break
        _guarded(findings, partial(_look_after, device_id, stores, clock, time_left, findings))
    return findings


def _guarded(findings: Findings, step: Callable[[], str | None]) -> None:
    try:
        finding = step()
    except Exception as error:
        # Whatever it is, the next run would end at the same place if it ended this one.
        findings.errors.append(getattr(error, "code", type(error).__name__))
    else:
        if finding:
            findings.counts[finding] += 1


def _drive(device_id: DeviceId, seq: Seq, began_at: datetime, stores: ProcessingStores, clock: Clock) -> str | None:
    item = stores.items.get(device_id, seq)
    if item is None or item.pending_since is None or item.pending_since >= began_at - GRACE:
        return None
    if item.is_deleted:
        finish_deletion(item, stores=stores)
        return "deletion_finished"
    named = object_keys.parse_pack(item.object_key) if item.is_in_pack else None
    found = stores.captures.head(item.object_key, item.version_id)
    if found is None:
        return _without_object(item, stores, clock())
    if item.attempts >= MAX_ATTEMPTS:
        _reject(item, found, "processing_failed", stores, clock())
        return "processing_failed"
    waiting = _waiting_in(named, stores) if named else [item]
    for each in waiting:
        move_forward(stores, device_id, each.seq, partial(_driven, each, clock() + RETRY_AFTER[each.attempts]))
    done = process_object(found.key, found.version_id, stores=stores, clock=clock)
    return f"driven_{done.outcome}"


def _driven(found: Item, again_at: datetime, now: Item | None) -> Item:
    return (now or found).driven(again_at)


def _waiting_in(named: PackKey, stores: ProcessingStores) -> list[Item]:
    """One look at a pack is a try for all that wait in it."""
    found = pack_rows.items_of(named, stores.items)
    return [each for each in found if each.status is ItemStatus.STORED and each.attempts < MAX_ATTEMPTS]


def _without_object(item: Item, stores: ProcessingStores, now: datetime) -> str:
    if item.status is ItemStatus.STORED:
        held = StoredObject(item.object_key, item.version_id, item.size_bytes or 0, item.sha256, item.stored_at or now)
        _reject(item, held, OBJECT_MISSING, stores, now)
        return "object_missing"
    given_up = now - item.created_at >= OBJECT_DEADLINE
    if given_up:
        stores.inbox.add_event(missing_event(item.device_id, item.seq, item.object_key, item.created_at, now))

    def decide(current: Item | None) -> Item:
        current = current or item
        if current.status is not ItemStatus.AWAITING_OBJECT:
            return current
        return current.settled() if given_up else current.looked_for(now)

    move_forward(stores, item.device_id, item.seq, decide)
    return "object_missing" if given_up else _STILL_AWAITED


def _reject(item: Item, found: StoredObject, reason: str, stores: ProcessingStores, now: datetime) -> None:
    named = object_keys.parse_pack(item.object_key) if item.is_in_pack else None
    if named is not None:
        found = StoredObject(
            found.key, None, item.size_bytes or 0, item.sha256, item.stored_at or now, offset=item.offset
        )
    result = Examined(found, reject_reason=reason, boot_id=item.boot_id)
    move_forward(
        stores, item.device_id, item.seq, lambda current: (current or item).examined(result, item.captured, now)
    )
    if named is not None:
        pack_rows.rewrite(named, stores=stores)


def _look_after(
    device_id: DeviceId,
    stores: ProcessingStores,
    clock: Clock,
    time_left: Callable[[], bool],
    findings: Findings,
    interrupted: list[DeviceId] | None = None,
) -> str | None:
    """With `interrupted`, a device in whose objects a run has ended is put there: it is for when all else is done."""
    device = stores.devices.get(device_id)
    now = clock()
    if device is None:
        return None
    if interrupted is not None and device.sweep and device.sweep.trying_key:
        interrupted.append(device_id)
        return None
    if device.last_seen_at and device.last_seen_at >= now - SEEN_WITHIN:
        findings.devices_seen += 1
    _sweep(device, stores, clock, time_left, findings)
    for asked in device.forgotten:
        if asked.asked_at is not None and asked.asked_at <= now - GRACE:
            deleted = finish_forgetting(device, asked, stores=stores, clock=clock, time_left=time_left)
            findings.counts.update(["forgotten"] * deleted)
    return None


def _sweep(
    device: Device, stores: ProcessingStores, clock: Clock, time_left: Callable[[], bool], findings: Findings
) -> None:
    now = clock()
    sweep = next_sweep(device, now)
    if sweep is None:
        return
    listed, after = swept(device.device_id, sweep, now, stores=stores)
    failures = len(findings.errors)
    looking = Looking(device, sweep, stores, clock)
    for lost in looking.in_order(objects_without_item(listed, sweep.look_since, now, items=stores.items)):
        if not time_left():
            return looking.pause()
        _guarded(findings, partial(looking.at, lost, has_failed=len(findings.errors) > failures))
    if len(findings.errors) > failures:
        return looking.pause()
    stores.devices.note_sweep(device.device_id, after)
    return None
