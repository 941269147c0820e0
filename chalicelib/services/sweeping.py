"""Objects that no item knows: each device's keys are listed, a part at a time, and what is found is processed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.capture_time import guessed
from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device, Sweep
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.item import ItemStatus, StoredObject, new_item
from chalicelib.services.forward import move_forward
from chalicelib.services.inbox import pack_event
from chalicelib.services.ports import ItemStore, ProcessingStores
from chalicelib.services.processing import process_object, set_aside_unread
from chalicelib.services.verdicts import is_at
from chalicelib.wire import object_keys

GRACE = timedelta(minutes=15)
"""Younger things are still on their way: Lambda's own retries of an event take minutes."""
SWEEP_INTERVAL = timedelta(hours=1)
NEAR = timedelta(days=1)
NEAR_SEQS = 10_000
"""A sweep looks through the days since NEAR ago, and through what is keyed by seq from so many below the last."""
FULL_SWEEP_INTERVAL = timedelta(days=7)
"""Most keys are listed once a week only, and an item is read only for what was stored since the last look."""
MAX_TRIES = 2
"""Of an object in whose processing a run has ended, by its time or its memory. S3's event has tried it before."""
QUIET = timedelta(hours=2)
"""How long after a device was last seen an object of its may still turn up."""
SWEEP_LIMIT = 5_000
_BEGINNING = ""
"""Before all keys."""


def next_sweep(device: Device, now: datetime) -> Sweep | None:
    """Goes on with the one under way; once a week looks through all keys, which is what an old date needs; once
    an hour through the near ones; and not at all while nothing can have come.
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


@dataclass(frozen=True)
class _Part:
    """Keys that begin with `prefix`, after `start`."""

    prefix: str
    start: str | None

    def after(self, key: str | None) -> _Part | None:
        """What is left of it once all keys up to `key` were listed."""
        if key is None or key < self.prefix:
            return self
        if not key.startswith(self.prefix):
            return None
        return _Part(self.prefix, max(key, self.start or ""))


def swept(
    device_id: DeviceId, sweep: Sweep, now: datetime, *, stores: ProcessingStores
) -> tuple[list[StoredObject], Sweep]:
    """The next SWEEP_LIMIT objects of a sweep, and the sweep as it goes on once they are dealt with."""
    listed: list[StoredObject] = []
    for part in _parts(device_id, sweep, now, stores.items):
        left = part.after(sweep.after_key)
        if left is not None and len(listed) < SWEEP_LIMIT:
            listed += stores.captures.list_versions(left.prefix, left.start, SWEEP_LIMIT - len(listed))
    goes_on_at = None if len(listed) < SWEEP_LIMIT else _last_whole_key(listed)
    return listed, replace(sweep, after_key=goes_on_at, trying_key=None, tries=0)


def _parts(device_id: DeviceId, sweep: Sweep, now: datetime, items: ItemStore) -> Iterator[_Part]:
    """In the order of their keys."""
    if sweep.full_began_at == sweep.began_at:
        yield _Part(object_keys.device_prefix(device_id), None)
        return
    near = Seq(max(0, (items.last_seq(device_id) or 0) - NEAR_SEQS))
    yield _Part(object_keys.dated_prefix(device_id), object_keys.day_prefix(device_id, now - NEAR))
    for prefix in (object_keys.packs_prefix(device_id), object_keys.undated_prefix(device_id)):
        yield _Part(prefix, object_keys.from_seq(prefix, near))


def _last_whole_key(listed: list[StoredObject]) -> str:
    """The last key all of whose versions are sure to be in a list that was cut at its limit."""
    last = listed[-1].key
    return next((found.key for found in reversed(listed) if found.key != last), last)


def objects_without_item(
    listed: Iterable[StoredObject], since: datetime | None, now: datetime, *, items: ItemStore
) -> list[StoredObject]:
    """Those that were stored since an instant, are old enough to be looked at, and are no item's. A pack is one once
    the item of its last seq is its: that one was put when all else was done.
    """
    looked_at = {
        (key, found.key, found.version_id if is_single else None): found
        for found in listed
        if (since is None or found.stored_at >= since) and found.stored_at <= now - GRACE
        for key, is_single in _item_keys(found.key)
    }
    held = items.get_many(sorted({key for key, *_ in looked_at}))
    known = {
        ((item.device_id, item.seq), item.object_key, item.version_id)
        for item in held
        if item.status is not ItemStatus.AWAITING_OBJECT
    }
    return [found for place, found in looked_at.items() if place not in known]


def _item_keys(object_key: str) -> Iterator[tuple[tuple[DeviceId, Seq], bool]]:
    if single := object_keys.parse_single(object_key):
        yield (single.device_id, single.seq), True
    elif pack := object_keys.parse_pack(object_key):
        yield (pack.device_id, pack.last_seq), False


class Looking:
    """A run's way through the objects that no item knows. Each is named before it is processed, so that one that ends
    the run is known to the next: it is tried MAX_TRIES times and given up, and the sweep goes on behind it.
    """

    def __init__(self, device: Device, sweep: Sweep, stores: ProcessingStores, clock: Clock) -> None:
        self._device, self._stores, self._clock = device, stores, clock
        self._ended_runs = {sweep.trying_key: sweep.tries}
        self._sweep = replace(sweep, after_key=sweep.after_key or _BEGINNING)
        self._last_key: str | None = None

    def in_order(self, lost: Iterable[StoredObject]) -> list[StoredObject]:
        """What has ended a run comes first, so that its tries follow each other."""
        return sorted(lost, key=lambda found: found.key not in self._ended_runs)

    def at(self, found: StoredObject, *, has_failed: bool) -> str:
        """Raises what processing raises. What fails for good fails so once: then it is given up. `has_failed`: one
        before it is to be tried again.
        """
        if self._last_key and self._last_key < found.key and not has_failed:
            self._sweep = replace(self._sweep, after_key=self._last_key)
        self._last_key = found.key
        tries = self._ended_runs.get(found.key, 0)
        if tries >= MAX_TRIES:
            _give_up(self._device, found, self._stores, self._clock)
            return "ended_runs"
        self._note(found.key, tries + 1)
        return _finish(self._device, found, self._stores, self._clock)

    def pause(self) -> None:
        """The next run goes on here."""
        if self._last_key is not None:
            self._note(None, 0)

    def _note(self, key: str | None, tries: int) -> None:
        self._sweep = replace(self._sweep, trying_key=key, tries=tries)
        self._stores.devices.note_sweep(self._device.device_id, self._sweep)


def _finish(device: Device, found: StoredObject, stores: ProcessingStores, clock: Clock) -> str:
    try:
        done = process_object(found.key, found.version_id, stores=stores, clock=clock)
    except Exception as error:
        is_pack = object_keys.parse_pack(found.key) is not None
        is_tried_again = is_pack and isinstance(error, Unavailable)
        if not is_tried_again and not _give_up(device, found, stores, clock):
            return "pack_failed"
        raise
    return f"found_{done.outcome}"


def _give_up(device: Device, found: StoredObject, stores: ProcessingStores, clock: Clock) -> bool:
    """A single becomes an item that waits, and gets its further tries and an end, or is set aside where its seq is
    another's; of a pack the owner is told, and the result is whether this is news.
    """
    named = object_keys.parse_pack(found.key)
    if named is None:
        _adopt(device, found, stores, clock)
        return True
    event = pack_event(EventKind.PACK_REJECTED, "processing_failed", named, found.stored_at, clock())
    return bool(stores.inbox.add_event(event))


def _adopt(device: Device, found: StoredObject, stores: ProcessingStores, clock: Clock) -> None:
    named = object_keys.parse_single(found.key)
    if named is None:
        return
    captured = guessed((object_keys.instant_in_name(named.filename),), found.stored_at)
    fresh = new_item(device.device_id, named.seq, device.owner_id, found.key, captured, clock())
    _, item = move_forward(stores, device.device_id, named.seq, lambda item: (item or fresh).stored(found))
    if not is_at(item, found):
        set_aside_unread(device, found, captured, item, stores=stores, clock=clock)
