"""Where packs may be put: paths that nobody can guess, for a while, each for one pack of one camera."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from dataclasses import dataclass

from frameferry_station.clock import Clock
from frameferry_station.gateway.cameras import Camera
from frameferry_station.identity import Entropy
from frameferry_station.sync_protocol import NamedPack

LIFETIME_S = 900.0
_MOST_OF_A_CAMERA = 100
_TICKET_BYTES = 32


@dataclass(frozen=True)
class Place:
    camera: Camera
    pack: NamedPack
    ends_at_s: float

    @property
    def object_key(self) -> str:
        return f"devices/{self.camera.device_id}/{key_tail(self.pack)}"


class Places:
    """In memory: after a restart a camera asks anew. Thread-safe."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()
        self._places: dict[str, OrderedDict[str, Place]] = {}
        """By device and ticket, oldest first."""

    def make(self, camera: Camera, pack: NamedPack) -> str:
        """A ticket."""
        ticket = base64.urlsafe_b64encode(self._entropy(_TICKET_BYTES)).rstrip(b"=").decode()
        with self._lock:
            of_camera = self._places.setdefault(camera.device_id, OrderedDict())
            of_camera[ticket] = Place(camera, pack, self._clock.monotonic_s() + LIFETIME_S)
            while len(of_camera) > _MOST_OF_A_CAMERA:
                of_camera.popitem(last=False)
        return ticket

    def find(self, object_key: str, ticket: str) -> Place | None:
        device_id = object_key.removeprefix("devices/")[:36]
        with self._lock:
            of_camera = self._places.get(device_id)
            place = of_camera.get(ticket) if of_camera else None
        is_good = place and place.object_key == object_key and self._clock.monotonic_s() < place.ends_at_s
        return place if is_good else None

    def forget(self, device_id: str) -> None:
        """It was paired anew."""
        with self._lock:
            self._places.pop(device_id, None)


def key_tail(pack: NamedPack) -> str:
    return f"packs/{pack.first_seq:016d}-{pack.last_seq:016d}-{pack.sha256[:12]}.zip"
