"""What an object that holds one capture is: a photo, which is read whole, or a clip, of which the beginning tells."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from chalicelib import clips, imaging
from chalicelib.domain.content_types import is_clip
from chalicelib.domain.item import Examined, Item, StoredObject
from chalicelib.services.capture_times import with_zone
from chalicelib.services.ports import CaptureObjects, Fetched
from chalicelib.wire import object_keys
from chalicelib.wire.fields import MAX_CLIP_BYTES, MAX_PACK_BYTES, MAX_SINGLE_BYTES
from chalicelib.wire.object_keys import SingleKey


def fetched(key: str, version_id: str | None, captures: CaptureObjects) -> Fetched | None:
    """As much of it as has to be read, which of a clip is the start. None where it is gone."""
    if not is_clip(key):
        return captures.fetch(key, version_id, at_most_bytes=MAX_SINGLE_BYTES)
    start = captures.fetch_start(key, version_id, at_most_bytes=clips.MAX_START_BYTES)
    if start is None or start.object.sha256 is not None:
        return start
    # Its device told S3 no sha256, and gets no receipt before somebody has worked it out.
    return captures.fetch(key, version_id, at_most_bytes=MAX_CLIP_BYTES)


def examined(named: SingleKey, fetched: Fetched) -> tuple[Examined, bytes | None]:
    """What the object is, and its thumbnail."""
    found, body = fetched.object, fetched.body
    if body is None or found.size_bytes > MAX_CLIP_BYTES:
        return Examined(found, reject_reason="too_large"), None
    if is_clip(found.key):
        held = found if found.sha256 else replace(found, sha256=hashlib.sha256(body).hexdigest())
        result, thumbnail = _clip(held, body)
    else:
        held = replace(found, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))
        result, thumbnail = _photo(held, body)
    if thumbnail is None:
        return result, None
    return replace(result, thumbnail_key=object_keys.thumbnail(named.device_id, named.seq)), thumbnail


def thumbnail_of(item: Item, captures: CaptureObjects) -> bytes | None:
    """Made again from the bytes that the item holds, in a pack or alone; None where there is none to be made."""
    if item.is_clip:
        start = captures.fetch_start(item.object_key, item.version_id, at_most_bytes=clips.MAX_START_BYTES)
        return None if start is None or start.body is None else _clip(start.object, start.body)[1]
    fetched = captures.fetch(item.object_key, item.version_id, at_most_bytes=MAX_PACK_BYTES)
    if fetched is None or fetched.body is None:
        return None
    first = item.offset or 0
    return _photo(fetched.object, fetched.body[first : first + (item.size_bytes or 0)])[1]


def _photo(held: StoredObject, jpeg: bytes) -> tuple[Examined, bytes | None]:
    try:
        photo = imaging.examine(jpeg)
    except imaging.BadPhoto as bad:
        return Examined(held, reject_reason=bad.reason), None
    exif = with_zone(photo.exif_captured_at)
    return Examined(held, width=photo.width, height=photo.height, exif_captured_at=exif), photo.thumbnail


def _clip(held: StoredObject, start: bytes) -> tuple[Examined, bytes | None]:
    """One whose poster is none, or no picture, is shown without."""
    try:
        clip = clips.examine(start, held.size_bytes)
    except clips.BadClip as bad:
        return Examined(held, reject_reason=bad.reason), None
    result = Examined(held, width=clip.width, height=clip.height, duration_ms=clip.duration_ms)
    return result, None if clip.poster is None else _photo(held, clip.poster)[1]
