"""What the gateway does, whatever carries its requests."""

from __future__ import annotations

import json
import logging
import math
import threading
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from frameferry_station.boot import Boot
from frameferry_station.clock import to_text
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.gateway import bodies, codes
from frameferry_station.gateway.aside import PacksAside
from frameferry_station.gateway.bodies import Sync, Told
from frameferry_station.gateway.cameras import FOLDER, Camera, Cameras
from frameferry_station.gateway.codes import LanCode, LanOrders
from frameferry_station.gateway.commands import Wishes
from frameferry_station.gateway.kept import KeptPhotos
from frameferry_station.gateway.places import LIFETIME_S, Place, Places, key_tail
from frameferry_station.gateway.refusals import PutRefused, Refused
from frameferry_station.gateway.signing import StationKey
from frameferry_station.gateway.times import CameraTimes
from frameferry_station.gateway.unpacking import Unpacking, check_sha256
from frameferry_station.identity import Entropy
from frameferry_station.intake.addresses import Address
from frameferry_station.intake.journal import RefusalJournal
from frameferry_station.intake.limits import Allowances
from frameferry_station.packs import Read
from frameferry_station.photos import DatedPhotos, SourceName
from frameferry_station.protocol import Fields
from frameferry_station.protocol import Settings as CameraSettings
from frameferry_station.sync_protocol import NamedPack

BUSY_S = 5
MOTION_EVERY_S = 5.0
_REMEMBERED_EVENTS = 200

_log = logging.getLogger(__name__)


@dataclass
class _Known:
    """What the station has of one camera."""

    kept: KeptPhotos
    times: CameraTimes
    unpacking: Unpacking
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_seq: int = 0
    """As the camera said."""
    told: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_EVENTS))


class Gateway:
    """Its methods raise Refused, and `put` PutRefused too. Thread-safe. `boot` is the station's. What it has set
    `aside` is a Holder of the disk budget, which is told of it by `make_room`.

    Raises OSError and StateDamaged where its state is of no use.
    """

    def __init__(
        self,
        photos: DatedPhotos,
        *,
        state: Path,
        files: Files,
        boot: Boot,
        entropy: Entropy,
        clock_is_synced: Callable[[], bool],
        make_room: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.folder = state / FOLDER
        self._state = state
        self._photos = photos
        self._files = files
        self._boot = boot
        self._clock_is_synced = clock_is_synced
        files.make_folder(self.folder)
        self._key = StationKey(self.folder, files, entropy)
        self._cameras = Cameras(self.folder, files, self._key, entropy)
        self.aside = PacksAside(self.folder, files, self._source_of, make_room)
        self._places = Places(boot.clock, entropy)
        self._wishes = Wishes(boot.clock, entropy)
        self._tries = Allowances(boot.clock, burst=10, every_s=20.0)
        self._wrong = Allowances(boot.clock, burst=10, every_s=10.0)
        self._motions = Allowances(boot.clock, burst=1, every_s=MOTION_EVERY_S)
        self.journal = RefusalJournal(boot.clock)
        self._opening = threading.Lock()
        self._known: dict[str, _Known] = {}
        for camera in self._cameras.all():
            self._listen(camera)

    def activate(self, body: Fields, address: Address) -> dict[str, Any]:
        """A device's identity, for a code; the same again for the same code and nonce."""
        _slow_down(self._tries.take(address))
        typed, nonce = bodies.activation(body)
        code = self._code(typed)
        try:
            activated = self._cameras.activate(code.source, code.digest, nonce) if code else None
        except OSError as error:
            raise Refused("unavailable", f"the station could not keep it: {error.strerror}", BUSY_S) from None
        if activated is None:
            raise Refused("pairing_code_invalid", "wrong, used or expired: run `frameferry-station lan-code NAME`")
        self._tries.give_back(address)
        camera, token = activated
        self._places.forget(camera.device_id)
        self._listen(camera)
        known = self._knows(camera)
        _log.info("%s was paired from %s", camera.source, address)
        settings, version = self._settings(camera)
        return {
            "device_id": camera.device_id,
            "device_token": token,
            "settings": settings,
            "settings_version": version,
            "next_seq": max(known.kept.next_seq, known.next_seq),
            "server_time": to_text(self._boot.clock.utc()),
            "receipt_keys": self._key.public_keys,
        }

    def camera(self, token: str | None, address: Address) -> Camera:
        """Whose token it is. Only wrong ones are limited."""
        if token is None:
            raise Refused("missing_credential", "X-Device-Token is missing")
        camera = self._cameras.holder(token)
        if camera is None:
            _slow_down(self._wrong.take(address))
            raise Refused("invalid_credential", "the token is not valid (any more): pair the camera again")
        if camera.code_digest in self._orders().ended:
            raise Refused("device_revoked", "the owner has shut this camera out")
        return camera

    def sync(self, camera: Camera, said: Sync, origin: tuple[str, int]) -> dict[str, Any]:
        """`origin` is the host and port under which the camera reached the station."""
        known = self._knows(camera)
        if said.clock:
            with known.lock:
                known.times.heard(said.clock)
                known.next_seq = max(known.next_seq, said.clock.next_seq)
        now = self._boot.clock.utc()
        settings, version = self._settings(camera)
        wish = self._wishes.waiting(camera.device_id)
        answer: dict[str, Any] = {
            "server_time": to_text(now),
            "settings_version": version,
            "commands": [wish.as_json(now)] if wish else [],
            "events": [self._tell(camera, known, event) for event in said.events],
            "acks": ["done" if self._wishes.end(camera.device_id, each) else "not_found" for each in said.acks],
            "objects": [self._object(camera, known, pack) for pack in said.packs],
        }
        if said.settings_version != version:
            answer["settings"] = settings
        if said.receipt_key_ids is not None and said.receipt_key_ids != self._key.public_keys.keys():
            answer["receipt_keys"] = self._key.public_keys
        if any("tail" in each for each in answer["objects"]):
            answer["uploads"] = self._uploads(camera, origin)
        return answer

    def place(self, object_key: str, ticket: str) -> Place | None:
        """None where nothing may be put there (any more)."""
        return self._places.find(object_key, ticket)

    def put(self, place: Place, read: Read) -> None:
        """Keep the photos of a pack whose bytes `read` gives; all are durable once this returns."""
        if place.camera.code_digest in self._orders().ended:
            raise PutRefused("AccessDenied")
        known = self._knows(place.camera)
        if not known.lock.acquire(blocking=False):
            raise PutRefused("SlowDown", BUSY_S)
        try:
            if known.kept.has_pack(place.pack):
                raise PutRefused("PreconditionFailed")
            check_sha256(place, read)
            known.unpacking.take(place, read)
        finally:
            known.lock.release()

    def _code(self, typed: str) -> LanCode | None:
        digest, now, given = codes.digest_of(typed), self._boot.clock.utc(), self._orders()
        return next((each for each in given.codes if each.digest == digest and each.is_good(now)), None)

    def _orders(self) -> LanOrders:
        """Raises Refused where they cannot be read: nobody knows then who is shut out."""
        try:
            return codes.read(self._state, self._files)
        except (OSError, StateDamaged, ValueError, KeyError) as error:
            _log.error("the codes of the command line cannot be read (run it as the station's user): %s", error)
            raise Refused("unavailable", "the station cannot read who may send photos", BUSY_S) from None

    def _object(self, camera: Camera, known: _Known, pack: NamedPack) -> dict[str, Any]:
        key = f"devices/{camera.device_id}/{key_tail(pack)}"
        if known.kept.has_pack(pack):
            return {"receipt": self._key.receipt(camera.device_id, key, pack)}
        if pack.is_sent or self._photos.pause_of(camera.source):
            return {}
        return {"tail": key_tail(pack), "signature": self._places.make(camera, pack)}

    def _uploads(self, camera: Camera, origin: tuple[str, int]) -> dict[str, Any]:
        host, port = origin
        named = f"[{host}]" if ":" in host else host
        return {
            "origin": f"http://{named}:{port}",
            "host": host,
            "port": port,
            "path_prefix": f"/api/objects/devices/{camera.device_id}/",
            "query": "ticket=",
            "expires_at": to_text(self._boot.clock.utc() + timedelta(seconds=LIFETIME_S)),
        }

    def _tell(self, camera: Camera, known: _Known, event: Told) -> str:
        if event.name and event.name in known.told:
            return "duplicate"
        if event.kind == "motion" and self._motions.take(camera.device_id):
            return "rate_limited"
        known.told.append(event.name)
        kind, message = event.kind, event.message
        if kind in ("evicted", "skipped"):
            kind, message = "error", f"the camera {event.kind} photos {event.seqs}"
        if kind in ("motion", "error", "boot"):
            self._photos.tell(camera.source, kind, message[:200] or None)
        return "accepted"

    def _settings(self, camera: Camera) -> tuple[dict[str, Any], int]:
        """What the owner wants of it, and a number that is another for other settings."""
        usual = CameraSettings()
        paused = self._photos.pause_of(camera.source)
        settings: dict[str, Any] = {
            **vars(usual),
            "interval_s": int(self._photos.interval_s(camera.source) or usual.interval_s),
            "paused": paused is not None and paused.until is None,
            "paused_until": to_text(paused.until) if paused and paused.until else None,
        }
        return settings, zlib.crc32(json.dumps(settings, sort_keys=True).encode())

    def _knows(self, camera: Camera) -> _Known:
        with self._opening:
            known = self._known.get(camera.device_id)
            if known is None:
                folder = self.folder / camera.device_id
                self._files.make_folder(folder)
                kept = KeptPhotos(folder, self._files)
                times = CameraTimes(folder, self._files, self._boot, self._clock_is_synced)
                unpacking = Unpacking(self.aside, self._photos, kept, times)
                known = self._known[camera.device_id] = _Known(kept, times, unpacking)
            return known

    def _source_of(self, device_id: str) -> SourceName:
        """Of the gateway's folders, the name of one that a camera left which is not known any more is all there is."""
        sources = {camera.device_id: camera.source for camera in self._cameras.all()}
        return sources.get(device_id, SourceName(device_id))

    def _listen(self, camera: Camera) -> None:
        self._photos.on_capture_now(camera.source, partial(self._wishes.want_photo, camera.device_id))


def _slow_down(wait_s: float) -> None:
    if wait_s:
        raise Refused("rate_limited", "too many tries: wait a while", retry_after_s=math.ceil(wait_s))
