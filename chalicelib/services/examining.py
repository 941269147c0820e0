"""What the captures of a pack are: each is looked at by itself, and one that cannot be does not stop the others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib import imaging
from chalicelib.domain.capture_time import CaptureTime
from chalicelib.domain.clock_samples import BootTime, ClockSample
from chalicelib.domain.item import Examined, StoredObject
from chalicelib.services.capture_times import Told, time_of, with_zone
from chalicelib.wire.packs import PackedCapture

Samples = Callable[[], Iterable[ClockSample]]


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


def examined(packed: PackedCapture, found: StoredObject, body: bytes, samples: Samples) -> Arrived:
    """`body` is the pack's. Raises what `samples` raises."""
    jpeg = body[packed.offset : packed.offset + packed.size_bytes]
    sha256 = hashlib.sha256(jpeg).hexdigest() if packed.fault else packed.sha256
    place = StoredObject(found.key, None, len(jpeg), sha256, found.stored_at, offset=packed.offset)
    photo: imaging.Photo | None = None
    reason = "sha256_mismatch" if packed.fault else None
    error = None
    if reason is None:
        try:
            photo = imaging.examine(jpeg)
        except imaging.BadPhoto as bad:
            reason = bad.reason
        except Exception as unforeseen:
            error = type(unforeseen).__name__
    exif = with_zone(photo.exif_captured_at) if photo else None
    result = Examined(
        place,
        width=photo.width if photo else None,
        height=photo.height if photo else None,
        exif_captured_at=exif,
        reject_reason=reason,
        boot_id=packed.boot_id,
    )
    captured = time_of(_told(packed, exif), packed.seq, found.stored_at, samples)
    return Arrived(packed, captured, result, photo.thumbnail if photo else None, error)


def _told(packed: PackedCapture, exif: datetime | None) -> Told:
    return Told(
        synced_at=packed.captured_at if packed.clock_synced else None,
        boot=BootTime(packed.boot_id, packed.uptime_ms),
        unsynced_at=None if packed.clock_synced else packed.captured_at,
        guesses=(exif,),
    )
