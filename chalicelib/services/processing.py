"""What happens to an object that landed in the captures bucket.

An object alone is enough to make an item. The same object may be told of twice, late, or while its
ingest call is under way: every path ends in the same item. The order of the writes is thumbnail,
timeline row, item; a crash between any two is mended by running the whole again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from chalicelib.domain.capture_time import CaptureTime
from chalicelib.domain.clock import Clock
from chalicelib.domain.clock_samples import BootTime
from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.content_types import is_clip
from chalicelib.domain.device import Device
from chalicelib.domain.item import Examined, Item, ItemStatus, StoredObject, new_item
from chalicelib.domain.timeline import row_of_single
from chalicelib.services import conflicts, pack_rows, singles
from chalicelib.services.capture_times import Told, time_of
from chalicelib.services.deleting import finish_deletion
from chalicelib.services.forward import move_forward
from chalicelib.services.ports import AtOnce, DerivedObjects, Fetched, ProcessingStores
from chalicelib.services.verdicts import Outcome, Processed, checked, is_at, judged
from chalicelib.wire import object_keys
from chalicelib.wire.object_keys import SingleKey


def process_object(
    key: str, version_id: str | None, *, stores: ProcessingStores, clock: Clock, at_once: AtOnce = map
) -> Processed:
    """Make the items of one object and drive them to their end. Safe to repeat at any time.

    Of a pack the current version is processed, whatever `version_id` is, and `at_once` writes its items. Raises
    Unavailable where a store is busy; then nothing is lost and the event is to be told again.
    """
    if (packed := object_keys.parse_pack(key)) is not None:
        from chalicelib.services.packs import process_pack

        first = partial(process_object, stores=stores, clock=clock)
        return process_pack(packed, stores=stores, clock=clock, process_single=first, at_once=at_once)
    named = object_keys.parse_single(key)
    if named is None:
        return Processed(Outcome.NOT_A_CAPTURE)
    # What it may not tell yet, a time that is being forgotten, the reconciler looks for a quarter of an hour later.
    device = stores.devices.glance(named.device_id)
    if device is None:
        return Processed(Outcome.UNKNOWN_DEVICE)
    if object_keys.is_of_a_sync(named.filename) and not isinstance(_told_in(named), BootTime):
        # No ingest call comes for it: nothing stands there, but for the rare fault that the write finds out. A time
        # that has to be solved may be another one the next time: such an event must not be told twice.
        return _process(device, named, key, version_id, None, stores, clock)
    item = stores.items.get(named.device_id, named.seq)
    return _process(device, named, key, version_id, item, stores, clock)


def set_aside_unread(
    device: Device, found: StoredObject, captured: CaptureTime, item: Item, *, stores: ProcessingStores, clock: Clock
) -> Processed:
    """For an object that ends whoever reads it, and whose seq `item` holds with another: it is judged by what S3 tells
    of it, and where that is no sha256, it is a conflict. Only a copy whose original is gone is left where it is.
    """
    told = stores.captures.head(found.key, found.version_id)
    if told is None:
        return Processed(Outcome.GONE, item)
    verdict = _judged(device, item, told, captured) or Outcome.CONFLICT
    if verdict is Outcome.PURGED and told.sha256 is None:
        verdict = Outcome.CONFLICT
    _drop_stale_rows(told, item, {captured.at, told.stored_at}, stores)
    if verdict is Outcome.COPY_REMOVED and stores.captures.head(item.object_key, item.version_id) is None:
        return Processed(Outcome.ALREADY_DONE, item)
    return _set_aside(verdict, told, captured, item, stores, clock)


def _process(
    device: Device,
    named: SingleKey,
    key: str,
    version_id: str | None,
    item: Item | None,
    stores: ProcessingStores,
    clock: Clock,
) -> Processed:
    """`item` is what is thought to stand there."""
    fetched = singles.fetched(key, version_id, stores.captures)
    if fetched is None:
        return Processed(Outcome.GONE, item)
    if item is not None and item.is_examined and is_at(item, fetched.object):
        return Processed(Outcome.ALREADY_DONE, item)
    if item is not None and item.status is ItemStatus.STORED and not is_at(item, fetched.object):
        # The capture that holds the seq comes first, so that its sha256 is known when this one is judged.
        process_object(item.object_key, item.version_id, stores=stores, clock=clock)
        item = stores.items.get(named.device_id, named.seq)
    return _examine_and_write(device, named, fetched, item, stores, clock)


def _examine_and_write(
    device: Device, named: SingleKey, fetched: Fetched, item: Item | None, stores: ProcessingStores, clock: Clock
) -> Processed:
    examined, thumbnail = singles.examined(named, fetched)
    found = examined.object
    told, samples = _told(named, examined), partial(stores.clocks.samples, device.device_id)
    captured = time_of(told, named.seq, found.stored_at, samples)
    times = {captured.at, time_of(replace(told, boot=None), named.seq, found.stored_at, samples).at}
    verdict = _judged(device, item, found, captured)
    if item is not None and verdict is not None:
        _drop_stale_rows(found, item, times, stores)
        return _set_aside(verdict, found, captured, item, stores, clock)
    is_first_run = _put_thumbnail(examined.thumbnail_key, thumbnail, stores.derived)
    lost: Outcome | None = None

    def decide(now: Item | None) -> Item:
        nonlocal lost
        lost = _judged(device, now, found, captured)
        if now is not None and lost is not None:
            return now
        fresh = now or new_item(device.device_id, named.seq, device.owner_id, found.key, captured, clock())
        after = fresh.examined(checked(examined, fresh), captured, clock())
        return after.deleted(clock()) if device.forgets(after.captured.at) else after

    before, after = move_forward(stores, device.device_id, named.seq, decide, known=item)
    if lost is not None or not is_first_run:
        _drop_stale_rows(found, after, times, stores)
    if lost is not None and item is None and after.status is ItemStatus.STORED:
        return _process(device, named, found.key, found.version_id, after, stores, clock)
    if lost is not None:
        return _set_aside(lost, found, captured, after, stores, clock)
    if after.is_deleted:
        return Processed(Outcome.PURGED, finish_deletion(after, stores=stores))
    if after is before:
        return Processed(Outcome.ALREADY_DONE, after)
    return Processed(Outcome.REJECTED if after.reject_reason else Outcome.PROCESSED, after)


def _judged(device: Device, item: Item | None, found: StoredObject, captured: CaptureTime) -> Outcome | None:
    """Only what was deleted is purged. Other bytes under its seq are a photo that nobody has deleted."""
    verdict = judged(item, found)
    if verdict is Outcome.CONFLICT and device.forgets(captured.at):
        return Outcome.PURGED
    if item is None or verdict is not Outcome.PURGED or device.forgets(captured.at):
        return verdict
    return verdict if item.known_sha256() in (None, found.sha256) else Outcome.CONFLICT


def _put_thumbnail(key: str | None, thumbnail: bytes | None, derived: DerivedObjects) -> bool:
    """Whether nobody has been here before, as far as the thumbnail tells."""
    if key is None or thumbnail is None:
        return False
    if derived.create(key, thumbnail, "image/jpeg"):
        return True
    derived.put(key, thumbnail, "image/jpeg")
    return False


def _drop_stale_rows(found: StoredObject, item: Item, times: set[datetime], stores: ProcessingStores) -> None:
    """What a run that died before its item was written has left, if the time of the capture is known better now."""
    rows = [row_of_single(item)] if item.object_key == found.key and not item.is_in_pack else []
    pack_rows.drop_others(rows, found.key, item, times, timeline=stores.timeline)


def _told(named: SingleKey, examined: Examined) -> Told:
    told = _told_in(named)
    guesses = (examined.exif_captured_at, object_keys.instant_in_name(named.filename))
    if isinstance(told, BootTime):
        return Told(boot=told, guesses=guesses)
    return Told(synced_at=told, guesses=guesses)


def _told_in(named: SingleKey) -> datetime | BootTime | None:
    return object_keys.told_in_name(named.filename)


def _set_aside(
    outcome: Outcome,
    found: StoredObject,
    captured: CaptureTime,
    item: Item,
    stores: ProcessingStores,
    clock: Clock,
) -> Processed:
    if outcome is Outcome.PURGED and item.is_deleted:
        return _purge(found.key, item, stores)
    if outcome is Outcome.COPY_REMOVED:
        return _remove_copy(found, item, stores, clock)
    _restore_thumbnail(item, stores)
    if outcome is Outcome.PURGED:
        if found.version_id:
            stores.captures.delete_version(found.key, found.version_id)
        return Processed(Outcome.PURGED, item)
    # Too large to be read: the version keeps two such objects apart.
    sha256 = found.sha256 or f"unread-{found.version_id}"
    aside = object_keys.conflict(item.device_id, item.seq, sha256, is_clip=is_clip(found.key))
    conflict = Conflict(item.device_id, item.seq, aside, sha256, captured.at, found.size_bytes)
    conflicts.tell(conflict, found.stored_at, clock(), stores=stores)
    if found.version_id:
        stores.captures.move_version(found.key, found.version_id, aside)
    return Processed(Outcome.CONFLICT, item)


def _remove_copy(found: StoredObject, item: Item, stores: ProcessingStores, clock: Clock) -> Processed:
    """Only once the other copy is seen to be there: this may be the last one, and is then what is held."""
    if stores.captures.head(item.object_key, item.version_id):
        own = object_keys.thumbnail(item.device_id, item.seq)
        if item.thumbnail_key != own:
            stores.derived.delete_all_versions(own)
        if found.version_id:
            stores.captures.delete_version(found.key, found.version_id)
        return Processed(Outcome.COPY_REMOVED, item)

    def decide(now: Item | None) -> Item:
        now = now or item
        return now.held_by(found) if (now.object_key, now.version_id) == (item.object_key, item.version_id) else now

    _, after = move_forward(stores, item.device_id, item.seq, decide)
    if is_at(after, found) and after.is_examined:
        pack_rows.leave(item, stores=stores)
        return Processed(Outcome.RESTORED, after)
    return process_object(found.key, found.version_id, stores=stores, clock=clock)


def _restore_thumbnail(item: Item, stores: ProcessingStores) -> None:
    """A seq has one place for a thumbnail of its own, and who loses the seq may have been the last to write there."""
    key = object_keys.thumbnail(item.device_id, item.seq)
    has_one = not item.reject_reason and (item.thumbnail_key == key or not item.is_in_pack)
    thumbnail = singles.thumbnail_of(item, stores.captures) if has_one else None
    if thumbnail is not None:
        stores.derived.put(key, thumbnail, "image/jpeg")
    now = stores.items.get(item.device_id, item.seq)
    if thumbnail is None or (now is not None and now.is_deleted):
        stores.derived.delete_all_versions(key)


def _purge(key: str, item: Item, stores: ProcessingStores) -> Processed:
    stores.captures.delete_all_versions(key)
    stores.derived.delete_all_versions(object_keys.thumbnail(item.device_id, item.seq))
    return Processed(Outcome.PURGED, item)
