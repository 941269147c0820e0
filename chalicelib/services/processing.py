"""What happens to an object that landed in the captures bucket.

An object alone is enough to make an item. The same object may be told of twice, late, or while its
ingest call is under way: every path ends in the same item. The order of the writes is thumbnail,
timeline row, item; a crash between any two is mended by running the whole again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC
from enum import StrEnum
from typing import Protocol

from chalicelib import imaging
from chalicelib.domain import capture_time
from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq
from chalicelib.domain.item import Examined, Item, ItemStatus, StoredObject, new_item
from chalicelib.services.forward import move_forward
from chalicelib.services.inbox import conflict_event
from chalicelib.services.ports import (
    CaptureObjects,
    DerivedObjects,
    DeviceStore,
    InboxStore,
    ItemStore,
    TimelineStore,
)
from chalicelib.services.uploads import MAX_SINGLE_BYTES
from chalicelib.wire import object_keys


class ProcessingStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...
    @property
    def captures(self) -> CaptureObjects: ...
    @property
    def derived(self) -> DerivedObjects: ...
    @property
    def inbox(self) -> InboxStore: ...


class Outcome(StrEnum):
    PROCESSED = "processed"
    REJECTED = "rejected"
    ALREADY_DONE = "already_done"
    COPY_REMOVED = "copy_removed"
    """The same bytes are held under another key or version."""
    RESTORED = "restored"
    """The same bytes were held, and somebody has removed them: these took their place."""
    CONFLICT = "conflict"
    """Other bytes are held under this seq: these were set aside and the owner told."""
    PURGED = "purged"
    """The owner has deleted this capture."""
    GONE = "gone"
    UNKNOWN_DEVICE = "unknown_device"
    NOT_A_CAPTURE = "not_a_capture"


@dataclass(frozen=True)
class Processed:
    outcome: Outcome
    item: Item | None = None


def process_object(key: str, version_id: str | None, *, stores: ProcessingStores, clock: Clock) -> Processed:
    """Make the item of one object and drive it to its end. Safe to repeat at any time.

    Raises Unavailable where a store is busy; then nothing is lost and the event is to be told again.
    """
    named = object_keys.parse_single(key)
    if named is None:
        return Processed(Outcome.NOT_A_CAPTURE)
    device = stores.devices.get(named.device_id)
    if device is None:
        return Processed(Outcome.UNKNOWN_DEVICE)
    item = stores.items.get(named.device_id, named.seq)
    if item is not None and item.is_deleted:
        return _purge(key, item, stores)
    found = stores.captures.head(key, version_id)
    if found is None:
        return Processed(Outcome.GONE, item)
    if item is not None and item.is_examined and _is_object_of(item, found):
        return Processed(Outcome.ALREADY_DONE, item)
    if item is not None and item.status is ItemStatus.STORED and not _is_object_of(item, found):
        # The capture that holds the seq comes first, so that its sha256 is known when this one is judged.
        process_object(item.object_key, item.version_id, stores=stores, clock=clock)
    return _examine_and_write(device, named.seq, named.filename, found, stores, clock)


def _is_object_of(item: Item, found: StoredObject) -> bool:
    return item.object_key == found.key and item.version_id == found.version_id


def _examine_and_write(
    device: Device, seq: Seq, filename: str, found: StoredObject, stores: ProcessingStores, clock: Clock
) -> Processed:
    known = _examine(device, seq, found, stores.captures)
    item = stores.items.get(device.device_id, seq)
    if known is None:
        return Processed(Outcome.GONE, item)
    examined, thumbnail = known
    verdict = _judge(item, examined)
    if verdict is not None:
        return _set_aside(verdict, device, seq, examined.object, item, stores, clock)
    if thumbnail is not None and examined.thumbnail_key is not None:
        stores.derived.put(examined.thumbnail_key, thumbnail, "image/jpeg")
    captured = capture_time.guessed((examined.exif_captured_at, object_keys.instant_in_name(filename)), found.stored_at)
    lost: Outcome | None = None

    def decide(item: Item | None) -> Item:
        nonlocal lost
        now = clock()
        fresh = item or new_item(device.device_id, seq, device.owner_id, found.key, captured, now)
        lost = _judge(item, examined)
        if lost is not None:
            return fresh
        return fresh.examined(_checked(examined, fresh), captured, now)

    _, after = move_forward(stores, device.device_id, seq, decide)
    if lost is not None:
        return _set_aside(lost, device, seq, examined.object, after, stores, clock)
    return Processed(Outcome.REJECTED if after.reject_reason else Outcome.PROCESSED, after)


def _examine(
    device: Device, seq: Seq, found: StoredObject, captures: CaptureObjects
) -> tuple[Examined, bytes | None] | None:
    """What the object is, and its thumbnail; None where somebody has removed it since it was found."""
    if found.size_bytes > MAX_SINGLE_BYTES:
        return Examined(found, reject_reason="too_large"), None
    fetched = captures.fetch(found.key, found.version_id, at_most_bytes=MAX_SINGLE_BYTES)
    if fetched is None or fetched.body is None:
        return None
    body = fetched.body
    held = replace(found, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))
    try:
        photo = imaging.examine(body)
    except imaging.BadPhoto as bad:
        return Examined(held, reject_reason=bad.reason), None
    taken = photo.exif_captured_at
    examined = Examined(
        held,
        width=photo.width,
        height=photo.height,
        exif_captured_at=taken.replace(tzinfo=taken.tzinfo or UTC) if taken else None,
        thumbnail_key=object_keys.thumbnail(device.device_id, seq),
    )
    return examined, photo.thumbnail


def _judge(item: Item | None, examined: Examined) -> Outcome | None:
    """None if these bytes may become, or are, the item's; else what they are instead."""
    if item is None:
        return None
    if item.is_deleted:
        return Outcome.PURGED
    if item.status is ItemStatus.AWAITING_OBJECT or _is_object_of(item, examined.object):
        return None
    if item.sha256 is None or item.sha256 != examined.object.sha256:
        return Outcome.CONFLICT
    return Outcome.COPY_REMOVED if item.has_object else None


def _checked(examined: Examined, item: Item) -> Examined:
    """The device said what the bytes would hash to: others are refused, and kept."""
    if item.claimed_sha256 in (None, examined.object.sha256) or examined.reject_reason:
        return examined
    return Examined(examined.object, reject_reason="sha256_mismatch")


def _set_aside(
    outcome: Outcome,
    device: Device,
    seq: Seq,
    found: StoredObject,
    item: Item | None,
    stores: ProcessingStores,
    clock: Clock,
) -> Processed:
    if outcome is Outcome.PURGED and item is not None:
        return _purge(found.key, item, stores)
    if outcome is Outcome.COPY_REMOVED and item is not None:
        return _remove_copy(found, item, stores, clock)
    if item is not None:
        _restore_thumbnail(device, item, stores)
    # Too large to be read: the version keeps two such objects apart.
    sha256 = found.sha256 or f"unread-{found.version_id}"
    aside = object_keys.conflict(device.device_id, seq, sha256)
    stores.inbox.add_event(conflict_event(device.device_id, seq, aside, sha256, found.stored_at, clock()))
    if found.version_id:
        stores.captures.move_version(found.key, found.version_id, aside)
    return Processed(Outcome.CONFLICT, item)


def _remove_copy(found: StoredObject, item: Item, stores: ProcessingStores, clock: Clock) -> Processed:
    """Only once the other copy is seen to be there: this may be the last one, and is then what is held."""
    if stores.captures.head(item.object_key, item.version_id):
        if found.version_id:
            stores.captures.delete_version(found.key, found.version_id)
        return Processed(Outcome.COPY_REMOVED, item)

    def decide(now: Item | None) -> Item:
        now = now or item
        return now.held_by(found) if (now.object_key, now.version_id) == (item.object_key, item.version_id) else now

    _, after = move_forward(stores, item.device_id, item.seq, decide)
    if after.is_examined:
        return Processed(Outcome.RESTORED, after)
    return process_object(found.key, found.version_id, stores=stores, clock=clock)


def _restore_thumbnail(device: Device, item: Item, stores: ProcessingStores) -> None:
    """A seq has one place for a thumbnail, and who loses the seq may have been the last to write there."""
    found = stores.captures.head(item.object_key, item.version_id)
    known = _examine(device, item.seq, found, stores.captures) if found else None
    thumbnail = known[1] if known and not item.reject_reason else None
    key = object_keys.thumbnail(item.device_id, item.seq)
    if thumbnail is not None:
        stores.derived.put(key, thumbnail, "image/jpeg")
    now = stores.items.get(item.device_id, item.seq)
    if thumbnail is None or (now is not None and now.is_deleted):
        stores.derived.delete_all_versions(key)


def _purge(key: str, item: Item, stores: ProcessingStores) -> Processed:
    stores.captures.delete_all_versions(key)
    stores.derived.delete_all_versions(object_keys.thumbnail(item.device_id, item.seq))
    return Processed(Outcome.PURGED, item)
