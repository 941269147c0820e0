"""A device asks where to PUT, PUTs, and confirms; or hands the bytes over directly."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib import services
from chalicelib.domain import capture_time
from chalicelib.domain.clock import Clock
from chalicelib.domain.content_types import JPEG, MP4, content_type_of
from chalicelib.domain.device import Device
from chalicelib.domain.errors import (
    BodyTooLarge,
    Conflict,
    ContentTypeNotAllowed,
    ForeignObjectKey,
    InvalidParameter,
    NotAJpeg,
    ObjectKeyMismatch,
    SizeLimitExceeded,
)
from chalicelib.domain.ids import MAX_SEQ, Seq
from chalicelib.domain.item import Item, ItemStatus, StoredObject, new_item
from chalicelib.domain.receipts import Receipt, ReceiptKeys
from chalicelib.services.devices import next_seq
from chalicelib.services.ports import (
    CaptureObjects,
    DeviceStore,
    InboxStore,
    ItemStore,
    TimelineStore,
    UploadSigner,
    UploadTarget,
)
from chalicelib.services.receipts import receipt_for
from chalicelib.wire import object_keys
from chalicelib.wire.fields import MAX_CLIP_BYTES
from chalicelib.wire.fields import MAX_SINGLE_BYTES as MAX_SINGLE_BYTES

MAX_DIRECT_BYTES = 4 * 2**20
"""Of one capture in a request body: Lambda takes 6 MB and counts base64."""
_DIRECT_FILENAME = "image.jpg"
_JPEG_START = b"\xff\xd8\xff"


class UploadStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...
    @property
    def captures(self) -> CaptureObjects: ...
    @property
    def inbox(self) -> InboxStore: ...


@dataclass(frozen=True)
class UploadRequest:
    filename: str
    content_type: str
    seq: Seq
    captured_at: datetime | None = None
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True)
class UploadIssued:
    """`held` is the item that has these bytes already: then nothing needs to be sent."""

    object_key: str
    target: UploadTarget
    held: Item | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Claim:
    """What a device says of a capture whose object it has put, or is about to put."""

    object_key: str
    seq: Seq
    captured_at: datetime | None = None
    ntp_synced: bool = False
    sha256: str | None = None


@dataclass(frozen=True)
class Confirmed:
    """`duplicate`: the device had confirmed this capture before, or the owner has deleted it."""

    item: Item
    duplicate: bool
    receipt: Receipt | None


def issue_upload(
    device: Device, wanted: UploadRequest, *, stores: UploadStores, signer: UploadSigner, keys: ReceiptKeys
) -> UploadIssued:
    """One presigned PUT. Writes nothing: an object in the bucket is enough to make an item.

    Raises InvalidFilename, ContentTypeNotAllowed, SizeLimitExceeded, and Conflict where the seq is held
    with another sha256.
    """
    if wanted.content_type != content_type_of(wanted.filename):
        raise ContentTypeNotAllowed
    at_most_bytes = MAX_CLIP_BYTES if wanted.content_type == MP4 else MAX_SINGLE_BYTES
    if wanted.size_bytes is not None and wanted.size_bytes > at_most_bytes:
        raise SizeLimitExceeded
    key = object_keys.single(device.device_id, wanted.seq, wanted.filename, wanted.captured_at)
    held = _held(device, wanted.seq, wanted.sha256, stores)
    target = signer.put(
        key,
        content_type=wanted.content_type,
        size_bytes=wanted.size_bytes,
        sha256=wanted.sha256,
    )
    if held is None:
        return UploadIssued(key, target)
    receipt = receipt_for(held, wanted.sha256, keys, stores.captures, named_size_bytes=wanted.size_bytes)
    if receipt is None and not held.is_deleted:
        # Somebody has removed the object: it is to be sent again.
        return UploadIssued(key, target)
    return UploadIssued(key, target, held, receipt)


def _held(device: Device, seq: Seq, sha256: str | None, stores: UploadStores) -> Item | None:
    """The item that has this seq's bytes for good. Raises Conflict where they are others."""
    item = stores.items.get(device.device_id, seq)
    if item is None:
        return None
    if sha256 is not None and item.known_sha256() not in (None, sha256):
        raise _conflict(device, seq, stores)
    is_held = item.has_object and sha256 is not None and item.sha256 == sha256
    return item if item.is_deleted or is_held else None


def confirm(device: Device, claim: Claim, *, stores: UploadStores, keys: ReceiptKeys, clock: Clock) -> Confirmed:
    """The device's word that it has put an object. Before the object, after it or again: all are welcome.

    Raises ForeignObjectKey, ObjectKeyMismatch, CapturedAtOutOfRange, and Conflict where the seq is held
    by another capture.
    """
    _check_key(device, claim)
    now = clock()
    captured = capture_time.claimed(claim.captured_at, ntp_synced=claim.ntp_synced, now=now)

    def decide(item: Item | None) -> Item:
        fresh = item or new_item(device.device_id, claim.seq, device.owner_id, claim.object_key, captured, now)
        if fresh.is_deleted and (claim.sha256 is None or fresh.known_sha256() in (None, claim.sha256)):
            return fresh
        if not fresh.is_same_capture(claim.object_key, claim.sha256):
            raise _conflict(device, claim.seq, stores)
        claimed = fresh.claimed(captured, claim.sha256, now)
        if device.forgets(claimed.captured.at):
            return claimed.deleted(now)
        if claimed.status is ItemStatus.AWAITING_OBJECT:
            found = stores.captures.head(claim.object_key)
            if found and claim.sha256 is not None and found.sha256 not in (None, claim.sha256):
                # Another capture lies there whole, and no event has told of it yet: the seq is its.
                raise _conflict(device, claim.seq, stores)
            claimed = claimed.stored(found) if found else claimed
        return fresh if claimed == item else claimed

    before, after = services.forward.move_forward(stores, device.device_id, claim.seq, decide)
    receipt = receipt_for(after, claim.sha256, keys, stores.captures, just_seen=_was_just_seen(before, after))
    return Confirmed(after, _is_duplicate(before, after), receipt)


def _was_just_seen(before: Item | None, after: Item) -> bool:
    """Whether it was this call that found the object, or put it."""
    return after.has_object and (before is None or before.status is ItemStatus.AWAITING_OBJECT)


def _is_duplicate(before: Item | None, after: Item) -> bool:
    return after.is_deleted or (before is not None and before.claimed_at is not None)


def _check_key(device: Device, claim: Claim) -> None:
    named = object_keys.parse_single(claim.object_key)
    if not claim.object_key.startswith(object_keys.device_prefix(device.device_id)):
        raise ForeignObjectKey
    if named is None or named.seq != claim.seq:
        raise ObjectKeyMismatch


def accept_image(
    device: Device,
    body: bytes,
    seq: Seq | None,
    captured_at: datetime | None,
    *,
    stores: UploadStores,
    keys: ReceiptKeys,
    clock: Clock,
) -> Confirmed:
    """A JPEG in the request's body. Without a seq the server allots one, the same for the same bytes.

    Raises BodyTooLarge, NotAJpeg, InvalidParameter when a device has used up its seqs, and Conflict where
    the seq is held with other bytes.
    """
    if len(body) > MAX_DIRECT_BYTES:
        raise BodyTooLarge
    if not body.startswith(_JPEG_START):
        raise NotAJpeg
    sha256 = hashlib.sha256(body).hexdigest()
    if seq is None:
        seq = _allotted(device, sha256, stores)
    now = clock()
    captured = capture_time.claimed(captured_at, ntp_synced=False, now=now)
    dated = captured.at if captured_at == captured.at else None
    key = object_keys.single(device.device_id, seq, _DIRECT_FILENAME, dated)

    def decide(item: Item | None) -> Item:
        fresh = item or new_item(device.device_id, seq, device.owner_id, key, captured, now)
        if fresh.known_sha256() not in (None, sha256) or fresh.is_clip:
            raise _conflict(device, seq, stores)
        claimed = fresh.claimed(captured, sha256, now)
        if claimed.status is ItemStatus.AWAITING_OBJECT:
            found = _put(claimed.object_key, body, sha256, stores.captures)
            if found is None:
                raise _conflict(device, seq, stores)
            claimed = claimed.stored(found)
        return fresh if claimed == item else claimed

    before, after = services.forward.move_forward(stores, device.device_id, seq, decide)
    receipt = receipt_for(after, sha256, keys, stores.captures, just_seen=_was_just_seen(before, after))
    if receipt is None and after.has_object:
        # Somebody has removed the object. Processing finds that these bytes take its place, but for the key of a pack.
        _put(key if after.is_in_pack else after.object_key, body, sha256, stores.captures)
    return Confirmed(after, _is_duplicate(before, after), receipt)


def _allotted(device: Device, sha256: str, stores: UploadStores) -> Seq:
    known = stores.inbox.recall_upload(device.device_id, sha256)
    if known is not None:
        return known
    seq = stores.devices.allot_seq(device.device_id, next_seq(device, items=stores.items))
    return stores.inbox.remember_upload(device.device_id, sha256, usable(seq))


def _put(key: str, body: bytes, sha256: str, captures: CaptureObjects) -> StoredObject | None:
    """None where somebody PUT other bytes under this key first; those keep the seq."""
    captures.put(key, body, JPEG, sha256)
    found = captures.head(key)
    return found if found and found.sha256 == sha256 else None


def _conflict(device: Device, seq: Seq, stores: UploadStores) -> Conflict:
    """`seq` is taken, perhaps by an object that no item knows yet."""
    return Conflict(usable(max(next_seq(device, items=stores.items), Seq(seq + 1))))


def usable(seq: Seq) -> Seq:
    """Raises InvalidParameter, which so can come wherever a Conflict can."""
    if seq > MAX_SEQ:
        raise InvalidParameter("This device has used up its seqs; pair a new one.")
    return seq
