"""An item: what is known of one capture, and the only ways in which that may change.

Every transition returns the item that follows, or the same item where nothing is new. None goes
back: a status only ever rises, bytes once known never change, a better-known time replaces a worse.
Stores write the outcome on condition that the item is still the one that was read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.capture_time import CaptureTime
from chalicelib.domain.content_types import content_type_of, is_clip
from chalicelib.domain.ids import DeviceId, ItemId, OwnerId, Seq, item_id

OBJECT_MISSING = "object_missing"
"""The reject reason of an item whose bytes somebody removed from the bucket."""


class ItemStatus(StrEnum):
    AWAITING_OBJECT = "awaiting_object"
    STORED = "stored"
    PROCESSED = "processed"
    REJECTED = "rejected"
    DELETED = "deleted"

    @property
    def rank(self) -> int:
        """How far forward; PROCESSED and REJECTED are two ends of the same step."""
        return {"awaiting_object": 0, "stored": 1, "processed": 2, "rejected": 2, "deleted": 3}[self]


@dataclass(frozen=True)
class StoredObject:
    """Where a capture's bytes lie in the captures bucket: an object as S3 describes it, or a part of a pack."""

    key: str
    version_id: str | None
    """None for a part of a pack: a pack has one current version, which changes when a capture in it is deleted."""
    size_bytes: int
    sha256: str | None
    """64 lower-case hex digits; None where the upload named no checksum."""
    stored_at: datetime
    offset: int | None = None
    """Where in the object the `size_bytes` begin; None: they are the whole object."""
    sealed_sha256: str | None = None
    """Of a pack that a deletion has rewritten: what it hashed to when its device sealed it."""


@dataclass(frozen=True)
class Examined:
    """What processing found out about a capture's bytes."""

    object: StoredObject
    """With its sha256, which is known by now."""
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    """Of a clip, where it tells."""
    exif_captured_at: datetime | None = None
    thumbnail_key: str | None = None
    thumbnail_offset: int | None = None
    """With `thumbnail_length`, the part of the object that is this capture's; None: all of it."""
    thumbnail_length: int | None = None
    reject_reason: str | None = None
    """Stable snake_case; None for a good photo."""
    boot_id: str | None = None
    """Of a capture in a pack: the run of the device in which it was taken."""


@dataclass(frozen=True)
class Item:
    device_id: DeviceId
    seq: Seq
    owner_id: OwnerId
    status: ItemStatus
    object_key: str
    captured: CaptureTime
    created_at: datetime
    rev: int = 0
    """Counts writes; a write names the rev that it read. 0: not written yet."""
    version_id: str | None = None
    offset: int | None = None
    """Where in the object, which is a pack, the capture's `size_bytes` begin; None: it has the object to itself."""
    boot_id: str | None = None
    """Of a capture in a pack: the run of the device in which it was taken."""
    size_bytes: int | None = None
    sha256: str | None = None
    """Of the bytes held; None until S3 or processing has told."""
    claimed_sha256: str | None = None
    """What the device said the bytes would hash to, if it said."""
    claimed_at: datetime | None = None
    """When the device first confirmed the capture by an ingest call."""
    stored_at: datetime | None = None
    processed_at: datetime | None = None
    deleted_at: datetime | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    """Of a clip, where it tells."""
    thumbnail_key: str | None = None
    thumbnail_offset: int | None = None
    thumbnail_length: int | None = None
    reject_reason: str | None = None
    attempts: int = 0
    """How often the reconciler has driven this item."""
    pending_since: datetime | None = None
    """Set while something is still to come: the object, its processing, or the end of its bytes."""

    @property
    def item_id(self) -> ItemId:
        return item_id(self.device_id, self.seq)

    @property
    def is_deleted(self) -> bool:
        return self.status is ItemStatus.DELETED

    @property
    def is_examined(self) -> bool:
        return self.status in (ItemStatus.PROCESSED, ItemStatus.REJECTED)

    @property
    def is_in_pack(self) -> bool:
        return self.offset is not None

    @property
    def is_clip(self) -> bool:
        return is_clip(self.object_key)

    @property
    def content_type(self) -> str:
        return content_type_of(self.object_key)

    @property
    def has_object(self) -> bool:
        """Whether there are bytes to show."""
        absent = self.status in (ItemStatus.AWAITING_OBJECT, ItemStatus.DELETED)
        return not absent and self.reject_reason != OBJECT_MISSING

    def known_sha256(self) -> str | None:
        """The identity of the bytes: what is held, or else what was promised."""
        return self.sha256 or self.claimed_sha256

    def is_same_capture(self, object_key: str, sha256: str | None) -> bool:
        """Whether a claim of this seq means this capture.

        By its sha256 where both sides name one; else by its object key, once an object is held.
        """
        known = self.known_sha256()
        if known is not None and sha256 is not None:
            return known == sha256
        return self.status is ItemStatus.AWAITING_OBJECT or object_key == self.object_key

    def claimed(self, captured: CaptureTime, sha256: str | None, at: datetime) -> Item:
        """The device confirmed the capture, perhaps with a better time or its sha256. A pack has told the time."""
        if self.is_deleted:
            return self
        return replace(
            self,
            claimed_at=self.claimed_at or at,
            claimed_sha256=self.claimed_sha256 or (sha256 if self.sha256 is None else None),
            captured=self.captured if self.is_in_pack else self._better(captured),
        )

    def stored(self, found: StoredObject) -> Item:
        """S3 holds the object. Processing is still to come."""
        if self.status.rank >= ItemStatus.STORED.rank:
            return self
        return replace(
            self,
            status=ItemStatus.STORED,
            object_key=found.key,
            version_id=found.version_id,
            offset=found.offset,
            size_bytes=found.size_bytes,
            sha256=found.sha256,
            stored_at=found.stored_at,
            pending_since=self.pending_since or found.stored_at,
        )

    def examined(self, result: Examined, captured: CaptureTime, at: datetime) -> Item:
        """Processing came to an end: PROCESSED, or REJECTED with the reason and the object kept.

        A second end there is only for bytes that went missing and came back.
        """
        came_back = self.reject_reason == OBJECT_MISSING and self.sha256 == result.object.sha256
        if self.is_deleted or (self.is_examined and not came_back):
            return self
        held = result.object
        return replace(
            self,
            status=ItemStatus.REJECTED if result.reject_reason else ItemStatus.PROCESSED,
            object_key=held.key,
            version_id=held.version_id,
            offset=held.offset,
            boot_id=result.boot_id,
            size_bytes=held.size_bytes,
            sha256=held.sha256,
            stored_at=self.stored_at or held.stored_at,
            processed_at=at,
            captured=self._better(captured),
            width=result.width,
            height=result.height,
            duration_ms=result.duration_ms,
            thumbnail_key=result.thumbnail_key,
            thumbnail_offset=result.thumbnail_offset,
            thumbnail_length=result.thumbnail_length,
            reject_reason=result.reject_reason,
            pending_since=None,
        )

    def held_by(self, found: StoredObject) -> Item:
        """What held the bytes is gone, and here they are again."""
        if not self.has_object or self.sha256 is None or self.sha256 != found.sha256:
            return self
        return replace(
            self, object_key=found.key, version_id=found.version_id, offset=found.offset, stored_at=found.stored_at
        )

    def deleted(self, at: datetime) -> Item:
        """The tombstone: the seq and its sha256 stay taken. Pending until the bytes are gone."""
        if self.is_deleted:
            return self
        return replace(self, status=ItemStatus.DELETED, deleted_at=at, pending_since=at)

    def settled(self) -> Item:
        """Nothing is to come any more: the bytes of a tombstone are gone, or an object is given up."""
        return self if self.pending_since is None else replace(self, pending_since=None)

    def driven(self, again_at: datetime) -> Item:
        """The reconciler is about to try once more; counted first, so that a crash counts. If the try comes to
        nothing, the item waits from `again_at` on.
        """
        if self.pending_since is None:
            return self
        return replace(self, attempts=self.attempts + 1, pending_since=again_at)

    def looked_for(self, at: datetime) -> Item:
        """The reconciler found no object yet: the item goes to the end of the line."""
        return replace(self, pending_since=at)

    def _better(self, captured: CaptureTime) -> CaptureTime:
        return captured if captured.better_than(self.captured) else self.captured


def new_item(
    device_id: DeviceId, seq: Seq, owner_id: OwnerId, object_key: str, captured: CaptureTime, at: datetime
) -> Item:
    """A capture whose object is not known to be there."""
    return Item(
        device_id=device_id,
        seq=seq,
        owner_id=owner_id,
        status=ItemStatus.AWAITING_OBJECT,
        object_key=object_key,
        captured=captured,
        created_at=at,
        pending_since=at,
    )
