"""What was forgotten on the way: found by looking, driven forward by the same code as all else.

Two looks, each bounded a run: items that have waited too long (the sparse index tells), and objects
that no item knows (each device's keys, listed from where the last run stopped).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.capture_time import guessed
from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device, Sweep
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.item import OBJECT_MISSING, Examined, Item, ItemStatus, StoredObject, new_item
from chalicelib.services.deleting import finish_deletion
from chalicelib.services.forward import move_forward
from chalicelib.services.inbox import missing_event
from chalicelib.services.processing import ProcessingStores, process_object
from chalicelib.wire import object_keys

GRACE = timedelta(minutes=15)
"""Younger things are still on their way: Lambda's own retries of an event take minutes."""
OBJECT_DEADLINE = timedelta(hours=24)
"""A presigned URL lives an hour at most; after a day the object of a confirmed capture is given up."""
RETRY_AFTER = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=16), timedelta(0))
"""After each try. When the one after most of a day has failed too, the photo is rejected: an outage ends sooner."""
MAX_ATTEMPTS = len(RETRY_AFTER)
SWEEP_INTERVAL = timedelta(hours=1)
NEAR = timedelta(days=1)
FULL_SWEEP_INTERVAL = timedelta(days=7)
"""Most keys are listed once a week only, and an item is read only for what was stored since the last look."""
QUIET = timedelta(hours=2)
"""How long after a device was last seen an object of its may still turn up."""
SEEN_WITHIN = timedelta(hours=1)
_STILL_AWAITED = "still_awaited"
_PENDING_LIMIT = 200
_SWEEP_LIMIT = 5_000


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
        # Whatever it is, the next run would end at the same place if it ended this one.
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
    again_at = clock() + RETRY_AFTER[item.attempts]
    move_forward(stores, device_id, seq, lambda now: (now or item).driven(again_at))
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
    return "object_missing" if given_up else _STILL_AWAITED


def _reject(item: Item, held: StoredObject, reason: str, stores: ProcessingStores, now: datetime) -> None:
    result = Examined(held, reject_reason=reason)
    move_forward(
        stores, item.device_id, item.seq, lambda current: (current or item).examined(result, item.captured, now)
    )


def _sweep(device_id: DeviceId, stores: ProcessingStores, clock: Clock, findings: Findings) -> str | None:
    device = stores.devices.get(device_id)
    now = clock()
    if device and device.last_seen_at and device.last_seen_at >= now - SEEN_WITHIN:
        findings.devices_seen += 1
    if device is None or (sweep := _next_sweep(device, now)) is None:
        return None
    start = sweep.after_key or (None if sweep.full_began_at == now else object_keys.day_prefix(device_id, now - NEAR))
    listed = stores.captures.list_versions(object_keys.device_prefix(device_id), start, _SWEEP_LIMIT)
    failures = len(findings.errors)
    for lost in _without_item(listed, sweep.look_since, stores, now):
        _guarded(findings, partial(_process_listed, device, lost, stores, clock))
    if len(findings.errors) == failures:
        goes_on_at = None if len(listed) < _SWEEP_LIMIT else _last_whole_key(listed)
        stores.devices.note_sweep(device_id, replace(sweep, after_key=goes_on_at))
    return None


def _next_sweep(device: Device, now: datetime) -> Sweep | None:
    """Goes on with the one under way; once a week looks through all keys, which is what an old date needs; once
    an hour through those of today and yesterday; and not at all while nothing can have come.
    """
    last = device.sweep
    if last is None:
        return Sweep(now, now)
    if last.after_key is not None:
        return last
    # The last URL may outlive the last request, and its object must be older than GRACE to be looked at.
    heard_until = (device.last_seen_at or device.created_at) + QUIET
    if now - last.full_began_at >= FULL_SWEEP_INTERVAL and last.full_began_at < heard_until:
        return Sweep(now, now, look_since=last.full_began_at - QUIET)
    if now - last.began_at >= SWEEP_INTERVAL and last.began_at < heard_until:
        return Sweep(now, last.full_began_at, look_since=last.began_at - QUIET)
    return None


def _last_whole_key(listed: list[StoredObject]) -> str:
    """The last key all of whose versions are sure to be in a list that was cut at its limit."""
    last = listed[-1].key
    return next((found.key for found in reversed(listed) if found.key != last), last)


def _without_item(
    listed: Iterable[StoredObject], since: datetime | None, stores: ProcessingStores, now: datetime
) -> list[StoredObject]:
    """Those that were stored since an instant, are old enough to be looked at, and are no item's."""
    looked_at = {
        (named.device_id, named.seq, found.key, found.version_id): found
        for found in listed
        if (since is None or found.stored_at >= since)
        and found.stored_at <= now - GRACE
        and (named := object_keys.parse_single(found.key))
    }
    held = stores.items.get_many(sorted({(device_id, seq) for device_id, seq, *_ in looked_at}))
    known = {
        (item.device_id, item.seq, item.object_key, item.version_id)
        for item in held
        if item.status is not ItemStatus.AWAITING_OBJECT
    }
    return [found for key, found in looked_at.items() if key not in known]


def _process_listed(device: Device, found: StoredObject, stores: ProcessingStores, clock: Clock) -> str:
    try:
        done = process_object(found.key, found.version_id, stores=stores, clock=clock)
    except Exception:
        # As an item that waits it gets its further tries, and an end, without holding up the sweep.
        _adopt(device, found, stores, clock())
        raise
    return f"found_{done.outcome}"


def _adopt(device: Device, found: StoredObject, stores: ProcessingStores, now: datetime) -> None:
    named = object_keys.parse_single(found.key)
    if named is not None:
        captured = guessed((object_keys.instant_in_name(named.filename),), found.stored_at)
        fresh = new_item(device.device_id, named.seq, device.owner_id, found.key, captured, now).stored(found)
        move_forward(stores, device.device_id, named.seq, lambda item: item or fresh)
