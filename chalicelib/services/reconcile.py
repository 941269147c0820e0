"""What was forgotten on the way: found by looking, driven forward by the same code as all else.

Two looks, each bounded a run: items that have waited too long (the sparse index tells), and objects
that no item knows (each device's keys, listed from where the last run stopped).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.item import OBJECT_MISSING, Examined, Item, ItemStatus, StoredObject
from chalicelib.services.deleting import finish_deletion
from chalicelib.services.forward import move_forward
from chalicelib.services.inbox import missing_event
from chalicelib.services.processing import ProcessingStores, process_object
from chalicelib.wire import object_keys

GRACE = timedelta(minutes=15)
"""Younger things are still on their way: Lambda's own retries of an event take minutes."""
OBJECT_DEADLINE = timedelta(hours=24)
"""A presigned URL lives an hour; after a day the object of a confirmed capture is given up."""
MAX_ATTEMPTS = 3
SWEEP_WINDOW = timedelta(days=45)
"""How old the date in a key mostly is at most when its object arrives: more than a card holds."""
FULL_SWEEP_INTERVAL = timedelta(days=7)
"""For what arrives under an older date all the same."""
QUIET = timedelta(hours=2)
"""How long after a device was last seen an object of its may still turn up."""
_PENDING_LIMIT = 200
_SWEEP_LIMIT = 5_000


@dataclass
class Findings:
    """How many of what; a run that finds nothing is a good run."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def reconcile(*, stores: ProcessingStores, clock: Clock, time_left: Callable[[], bool] = lambda: True) -> Findings:
    """One run. Each thing is tried once a run, and one that fails does not stop the others."""
    findings = Findings()
    for device_id, seq in stores.items.pending(clock() - GRACE, _PENDING_LIMIT):
        if not time_left():
            break
        _guarded(findings, partial(_drive, device_id, seq, stores, clock))
    for device_id in stores.devices.all_ids():
        if not time_left():
            break
        _guarded(findings, partial(_sweep, device_id, stores, clock, findings))
    return findings


def _guarded(findings: Findings, step: Callable[[], str | None]) -> None:
    try:
        finding = step()
    except Exception as error:
        # Whatever it is, tomorrow's run would end at the same place if it ended this one.
        findings.errors.append(getattr(error, "code", type(error).__name__))
    else:
        if finding:
            findings.counts[finding] += 1


def _drive(device_id: DeviceId, seq: Seq, stores: ProcessingStores, clock: Clock) -> str | None:
    item = stores.items.get(device_id, seq)
    if item is None or item.pending_since is None:
        return None
    if item.is_deleted:
        finish_deletion(item, stores=stores)
        return "deletion_finished"
    found = stores.captures.head(item.object_key, item.version_id)
    if found is None:
        return _without_object(item, stores, clock())
    if item.attempts >= MAX_ATTEMPTS:
        _reject(item, found, "processing_failed", stores, clock())
        return "processing_failed"
    move_forward(stores, device_id, seq, lambda now: (now or item).driven(clock()))
    done = process_object(found.key, found.version_id, stores=stores, clock=clock)
    return f"driven_{done.outcome}"


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
    return "object_missing" if given_up else "still_awaited"


def _reject(item: Item, held: StoredObject, reason: str, stores: ProcessingStores, now: datetime) -> None:
    result = Examined(held, reject_reason=reason)
    move_forward(
        stores, item.device_id, item.seq, lambda current: (current or item).examined(result, item.captured, now)
    )


def _sweep(device_id: DeviceId, stores: ProcessingStores, clock: Clock, findings: Findings) -> str | None:
    device = stores.devices.get(device_id)
    now = clock()
    if device is None or (begins := _beginning(device, now)) is None:
        return None
    listed = stores.captures.list_versions(object_keys.device_prefix(device_id), begins.after_key, _SWEEP_LIMIT)
    for lost in _without_item(listed, stores, now):
        _guarded(findings, partial(_process_listed, lost, stores, clock))
    goes_on_at = None if len(listed) < _SWEEP_LIMIT else _last_whole_key(listed)
    stores.devices.note_sweep(device_id, goes_on_at, now if begins.is_full else None)
    return None


@dataclass(frozen=True)
class _Beginning:
    after_key: str | None
    is_full: bool = False


def _beginning(device: Device, now: datetime) -> _Beginning | None:
    """Where to list from: where the last run stopped; once a week at the very first key; at the days from which a
    backlog may come while the device is about; and nowhere while nothing can have come.
    """
    if device.sweep_key is not None:
        return _Beginning(device.sweep_key)
    last_at = device.full_sweep_at
    # The last URL may outlive the last request, and its object must be older than GRACE to be looked at.
    quiet_from = device.last_seen_at + QUIET if device.last_seen_at else device.created_at
    if last_at is None or (now - last_at >= FULL_SWEEP_INTERVAL and last_at < quiet_from):
        return _Beginning(None, is_full=True)
    if now < quiet_from:
        return _Beginning(object_keys.day_prefix(device.device_id, now - SWEEP_WINDOW))
    return None


def _last_whole_key(listed: list[StoredObject]) -> str:
    """The last key all of whose versions are sure to be in a list that was cut at its limit."""
    last = listed[-1].key
    return next((found.key for found in reversed(listed) if found.key != last), last)


def _without_item(listed: Iterable[StoredObject], stores: ProcessingStores, now: datetime) -> list[StoredObject]:
    old = {
        (named.device_id, named.seq, found.key, found.version_id): found
        for found in listed
        if (named := object_keys.parse_single(found.key)) and found.stored_at <= now - GRACE
    }
    held = stores.items.get_many(sorted({(device_id, seq) for device_id, seq, *_ in old}))
    known = {
        (item.device_id, item.seq, item.object_key, item.version_id)
        for item in held
        if item.status is not ItemStatus.AWAITING_OBJECT
    }
    return [found for key, found in old.items() if key not in known]


def _process_listed(found: StoredObject, stores: ProcessingStores, clock: Clock) -> str:
    done = process_object(found.key, found.version_id, stores=stores, clock=clock)
    return f"found_{done.outcome}"
