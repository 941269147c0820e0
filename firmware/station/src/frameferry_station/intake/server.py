"""The LAN server, from the settings to its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint

from frameferry_station.clock import Clock
from frameferry_station.files import Files
from frameferry_station.intake.app import create_app
from frameferry_station.intake.connections import LargeBodies, Listener, listening_socket
from frameferry_station.intake.presence import LanDevice
from frameferry_station.intake.service import Intake
from frameferry_station.photos import Photos
from frameferry_station.settings import LanSettings

_log = logging.getLogger(__name__)

_GRACE_S = 0.8
_BACKLOG = 32


@dataclass(frozen=True)
class Guest:
    """Routes of another room that the LAN server carries, and which of their bodies may be large."""

    routes: Blueprint
    large_bodies: LargeBodies


class LanServer:
    """Takes photos from sketches from `start` to `stop`, in threads of its own. `state` is the station's folder."""

    def __init__(
        self,
        settings: LanSettings,
        photos: Photos,
        *,
        state: Path,
        files: Files,
        clock: Clock,
        entropy: Callable[[int], bytes],
        guest: Guest | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guest = guest
        self._intake = Intake(settings, photos, state=state, files=files, clock=clock, entropy=entropy)
        self._stopping = threading.Event()
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listens once this returns. Raises OSError where the address is taken or not of this machine."""
        most_bytes, guest = self._settings.max_photo_bytes, self._guest
        app = create_app(self._intake, max_body_bytes=most_bytes, others=[guest.routes] if guest else [])
        self._listener = Listener(
            app,
            listening_socket(self._settings.host, self._settings.port, _BACKLOG),
            self._clock,
            max_body_bytes=most_bytes,
            large=guest.large_bodies if guest else None,
        )
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._listener.serve, args=(self._stopping,), name="lan", daemon=True
        )
        self._thread.start()
        _log.info("cameras of the LAN are welcome at port %d", self.port)

    def stop(self) -> None:
        """Within 2 s, whatever clients do. Photos under way are finished if that is quick; else they were not taken."""
        listener, thread = self._listener, self._thread
        if listener is None or thread is None:
            return
        self._listener = self._thread = None
        self._stopping.set()
        listener.pull_trigger()
        thread.join(_GRACE_S)
        listener.end(_GRACE_S)

    @property
    def port(self) -> int:
        """What it listens on; the system's choice where the settings say 0."""
        if self._listener is None:
            return self._settings.port
        return int(self._listener.effective_port)

    def devices(self) -> list[LanDevice]:
        """The cameras that registered, for the page."""
        return self._intake.devices()
