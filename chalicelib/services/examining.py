"""What the captures of a pack are: each is looked at by itself, and one that cannot be does not stop the others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import imaging
from chalicelib.domain.capture_time import CaptureTime
from chalicelib.domain.clock_samples import BootTime, ClockSample
from chalicelib.domain.item import Examined, StoredObject
from chalicelib.services.capture_times import Told, time_of, with_zone
from chalicelib.wire.packs import PackedCapture

Samples = Callable[[], Iterable[ClockSample]]
MAX_PACK_PIXEL_SCANS = 5_000_000_000
"""A hundred progressive photos of 1600x1200 are 1,920,000,000; baseline ones are a tenth."""


@dataclass
class DecodingLeft:
    """How much may still be decoded of one pack."""

    pixel_scans: int = MAX_PACK_PIXEL_SCANS

    def is_enough_for(self, photo: imaging.Opened) -> bool:
        """If so, it is taken."""
        is_enough = photo.pixel_scans <= self.pixel_scans
        self.pixel_scans -= photo.pixel_scans if is_enough else 0
        return is_enough


@dataclass(frozen=True)
class Arrived:
    """A capture of a pack, examined; its thumbnail has no place yet."""

    packed: PackedCapture
    captured: CaptureTime
    result: Examined
    thumbnail: bytes | None = None
    error: str | None = None
    """Why it could not be examined: then `result` tells no more than where its bytes lie."""

    @property
    def place(self) -> StoredObject:
        return self.result.object


def examined(packed: PackedCapture, found: StoredObject, body: bytes, samples: Samples, left: DecodingLeft) -> Arrived:
    """`body` is the pack's. Raises what `samples` raises."""
    place = StoredObject(found.key, None, packed.size_bytes, packed.sha256, found.stored_at, offset=packed.offset)
    result, thumbnail, error = Examined(place, boot_id=packed.boot_id), None, None
    try:
        jpeg = body[packed.offset : packed.offset + packed.size_bytes]
        result, thumbnail = _damaged(result, jpeg) if packed.fault else _looked_at(result, jpeg, left)
    except Exception as unforeseen:
        error = type(unforeseen).__name__
    captured = time_of(_told(packed, result.exif_captured_at), packed.seq, found.stored_at, samples)
    return Arrived(packed, captured, result, thumbnail, error)


def _looked_at(result: Examined, jpeg: bytes, left: DecodingLeft) -> tuple[Examined, bytes | None]:
    try:
        opened = imaging.opened(jpeg)
        if not left.is_enough_for(opened):
            return replace(result, reject_reason="pack_limit_exceeded"), None
        photo = opened.photo()
    except imaging.BadPhoto as bad:
        return replace(result, reject_reason=bad.reason), None
    exif = with_zone(photo.exif_captured_at)
    return replace(result, width=photo.width, height=photo.height, exif_captured_at=exif), photo.thumbnail


def _damaged(result: Examined, jpeg: bytes) -> tuple[Examined, None]:
    """Not what its device packed: it is known by what it is."""
    place = replace(result.object, sha256=hashlib.sha256(jpeg).hexdigest())
    return replace(result, object=place, reject_reason="sha256_mismatch"), None


def _told(packed: PackedCapture, exif: datetime | None) -> Told:
    return Told(
        synced_at=packed.captured_at if packed.clock_synced else None,
        boot=BootTime(packed.boot_id, packed.uptime_ms),
        unsynced_at=None if packed.clock_synced else packed.captured_at,
        guesses=(exif,),
    )
