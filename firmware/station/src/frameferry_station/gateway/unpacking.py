"""A pack that came, photo by photo into the camera's lane."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from frameferry_station.gateway.aside import PacksAside
from frameferry_station.gateway.kept import KeptPhotos
from frameferry_station.gateway.places import Place
from frameferry_station.gateway.refusals import PutRefused
from frameferry_station.gateway.times import CameraTimes
from frameferry_station.packs import PackDamaged, PackedEntry, Read, read_sealed, scan
from frameferry_station.photos import DatedPhotos, NotAPhoto, PhotoRefused, PhotoTooLarge

RETRY_S = 30
_CHUNK_BYTES = 256 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unpacking:
    """Of one camera; one thread at a time."""

    aside: PacksAside
    photos: DatedPhotos
    kept: KeptPhotos
    times: CameraTimes

    def take(self, place: Place, read: Read) -> None:
        """All photos of the pack are durable in the lane once this returns, and it gets receipts from then on. What is
        no photo, though it is as the camera packed it, is kept as it came. Raises PutRefused."""
        pack = place.pack
        entries, is_whole = _entries(read, place)
        broken = 0
        for entry in entries:
            jpeg = read(entry.offset, entry.size_bytes)
            if hashlib.sha256(jpeg).hexdigest() != entry.sha256 or not self._accept(place, entry, jpeg):
                broken += 1
        try:
            if broken or not is_whole:
                self._set_aside(place, read, broken)
            self.kept.keep(pack)
        except OSError as error:
            raise self._no_space(error) from None

    def _accept(self, place: Place, entry: PackedEntry, jpeg: bytes) -> bool:
        """False where it is no photo."""
        try:
            if not self.kept.has(entry.seq, entry.sha256):
                self.photos.accept(place.camera.source, jpeg, self.times.of(entry.record))
                self.kept.add(entry.seq, entry.sha256)
        except (NotAPhoto, PhotoTooLarge):
            return False
        except PhotoRefused as refused:
            _log.warning("%s: a pack waits on the camera: %s", place.camera.source, refused)
            raise PutRefused("SlowDown", RETRY_S) from None
        except OSError as error:
            raise self._no_space(error) from None
        return True

    def _set_aside(self, place: Place, read: Read, broken: int) -> None:
        pack, name = place.pack, place.object_key.rpartition("/")[2]
        self.aside.keep(place.camera.device_id, name, pack.size_bytes, _chunks(read, pack.size_bytes))
        what = f"{broken} of them are no photos" if broken else "it is damaged"
        message = f"pack {pack.first_seq} to {pack.last_seq}: {what}; kept in {name}"
        with suppress(PhotoRefused):
            self.photos.tell(place.camera.source, "error", message[:200])

    def _no_space(self, error: OSError) -> PutRefused:
        _log.error("a pack of a camera was not kept: %s", error.strerror)
        return PutRefused("SlowDown", RETRY_S)


def check_sha256(place: Place, read: Read) -> None:
    """Raises PutRefused."""
    digest = hashlib.sha256()
    for chunk in _chunks(read, place.pack.size_bytes):
        digest.update(chunk)
    if digest.hexdigest() != place.pack.sha256:
        raise PutRefused("BadDigest")


def _chunks(read: Read, size_bytes: int) -> Iterator[bytes]:
    for at in range(0, size_bytes, _CHUNK_BYTES):
        yield read(at, min(_CHUNK_BYTES, size_bytes - at))


def _entries(read: Read, place: Place) -> tuple[tuple[PackedEntry, ...], bool]:
    """What is in it, and whether that is all. Raises PutRefused where it holds nothing of this camera."""
    pack, device_id = place.pack, place.camera.device_id
    try:
        entries, is_whole = read_sealed(read, pack.size_bytes, device_id), True
    except PackDamaged:
        entries, is_whole = scan(read, pack.size_bytes, device_id, first_seq=pack.first_seq).entries, False
    named = tuple(entry for entry in entries if pack.first_seq <= entry.seq <= pack.last_seq)
    if not named:
        raise PutRefused("InvalidRequest")
    return named, is_whole and len(named) == len(entries)
