"""What becomes of bytes that have come for a seq."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.content_types import is_clip
from chalicelib.domain.item import Examined, Item, ItemStatus, StoredObject


class Outcome(StrEnum):
    PROCESSED = "processed"
    REJECTED = "rejected"
    POSTPONED = "postponed"
    """Of a capture in a pack: it could not be examined, and the reconciler tries again."""
    ALREADY_DONE = "already_done"
    COPY_REMOVED = "copy_removed"
    """The same bytes are held under another key or version, or in another pack."""
    RESTORED = "restored"
    """The same bytes were held, and somebody has removed them: these took their place."""
    CONFLICT = "conflict"
    """Other bytes are held under this seq: these were set aside, or stay in their pack, and the owner told."""
    PURGED = "purged"
    """The owner has deleted this capture, or forgotten the time in which it was taken."""
    PACK_REJECTED = "pack_rejected"
    """Nothing in a pack can be read: it is kept, and the owner told."""
    GONE = "gone"
    UNKNOWN_DEVICE = "unknown_device"
    NOT_A_CAPTURE = "not_a_capture"


@dataclass(frozen=True)
class Processed:
    """What became of an object, and the item of a single. Of a pack, `captures` has what became of each."""

    outcome: Outcome
    item: Item | None = None
    captures: Sequence[Processed] = ()
    error: str | None = None
    """Of what is postponed: the kind of exception that was the reason."""


def is_at(item: Item, found: StoredObject) -> bool:
    """Whether these very bytes are the item's."""
    return (item.object_key, item.version_id, item.offset) == (found.key, found.version_id, found.offset)


def judged(item: Item | None, found: StoredObject) -> Outcome | None:
    """None if these bytes may become, or are, the item's; else what they are instead. COPY_REMOVED is for the caller
    to check: the other copy may be gone. The bytes of a clip under the name of a photo are none.
    """
    if item is None:
        return None
    if item.is_deleted:
        return Outcome.PURGED
    if item.status is ItemStatus.AWAITING_OBJECT or is_at(item, found):
        return None
    if item.sha256 is None or item.sha256 != found.sha256 or item.is_clip != is_clip(found.key):
        return Outcome.CONFLICT
    return Outcome.COPY_REMOVED if item.has_object else None


def checked(examined: Examined, item: Item) -> Examined:
    """The device said what the bytes would hash to: others are refused, and kept."""
    if item.claimed_sha256 in (None, examined.object.sha256) or examined.reject_reason:
        return examined
    return Examined(examined.object, reject_reason="sha256_mismatch", boot_id=examined.boot_id)
