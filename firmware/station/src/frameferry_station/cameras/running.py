"""All cameras of the settings, a thread each."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from frameferry_station.backoff import Uniform
from frameferry_station.cameras import reolink, reolink_api, snapshot_url
from frameferry_station.cameras.camera import Camera
from frameferry_station.cameras.connection import CameraConnection, CameraSender
from frameferry_station.cameras.ffmpeg import Ffmpeg
from frameferry_station.cameras.polling import CameraStatus, Poller, unforeseen
from frameferry_station.cameras.reolink import KeptToken, ReolinkCamera, ReolinkSession
from frameferry_station.cameras.rtsp import RtspCamera
from frameferry_station.cameras.snapshot_url import SnapshotUrl
from frameferry_station.cameras.usb import UsbCamera
from frameferry_station.clock import Clock, SystemClock
from frameferry_station.files import DiskFiles, Files
from frameferry_station.logins import Login, apart
from frameferry_station.photos import Photos
from frameferry_station.settings import CameraSettings

_log = logging.getLogger(__name__)

STOP_S = 2.0
_LOOK_S = 1.0
"""How soon a thread sees that it was paused, or its interval shortened."""

MakeSender = Callable[[float, Login | None, bool], CameraSender]
"""`(within_s, login, verify_tls)`: a connection to one camera."""


def connection(within_s: float, login: Login | None, verify_tls: bool) -> CameraSender:
    return CameraConnection(within_s, login=login, verify_tls=verify_tls)


@dataclass(frozen=True)
class World:
    """What cameras touch. `folder` is the station's state: the tokens of open sessions are in `cameras/` of it."""

    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    uniform: Uniform = random.uniform
    entropy: Callable[[int], bytes] = secrets.token_bytes
    sender: MakeSender = connection
    files: Files = field(default_factory=DiskFiles)
    ffmpeg: str = "ffmpeg"


class CameraMaker:
    """Makes a Camera for its settings. Channels of one Reolink host share its session."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[tuple[str, Login], ReolinkSession] = {}

    def made(self, settings: CameraSettings) -> Camera:
        """Raises ValueError where an address is none."""
        if settings.kind == "reolink":
            return self._reolink(settings)
        if settings.kind == "usb":
            return UsbCamera(settings.address, Ffmpeg(self._world.ffmpeg))
        url, login = apart(settings.address, settings.username, settings.password)
        if settings.kind == "rtsp":
            return RtspCamera(url, login, Ffmpeg(self._world.ffmpeg))
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError("the address of a snapshot begins with http:// or https://")
        return SnapshotUrl(url, self._world.sender(snapshot_url.WITHIN_S, login, settings.verify_tls))

    def _reolink(self, settings: CameraSettings) -> Camera:
        host = reolink_api.host_url(settings.address, use_https=settings.use_https)
        login = Login(settings.username or "admin", settings.password or "")
        world, connect = self._world, partial(self._connected, settings.verify_tls)
        session = self._sessions.get((host, login))
        if session is None:
            kept = KeptToken(world.folder / "cameras", host, login, world.files)
            session = ReolinkSession(host, login, connect, kept, clock=world.clock, uniform=world.uniform)
            self._sessions[host, login] = session
        return ReolinkCamera(session, connect(reolink.WITHIN_S), settings.channel, world.entropy)

    def _connected(self, verify_tls: bool, within_s: float) -> CameraSender:
        # A Reolink camera wants its password in the login's body, and nowhere else.
        return self._world.sender(within_s, None, verify_tls)


class Cameras:
    """Running until `stop`."""

    def __init__(self, pollers: Sequence[Poller]) -> None:
        self._pollers = tuple(pollers)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(poller,), name=f"camera {poller.status.source}", daemon=True)
            for poller in self._pollers
        ]
        for thread in self._threads:
            thread.start()

    def statuses(self) -> list[CameraStatus]:
        """In the order of the settings."""
        return [poller.status for poller in self._pollers]

    def stop(self, within_s: float = STOP_S) -> bool:
        """Logs out where it is logged in. False where a camera hangs even so; its thread ends with the process."""
        deadline_s = time.monotonic() + within_s
        self._stop.set()
        for poller in self._pollers:
            poller.abort()
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self, poller: Poller) -> None:
        try:
            while not self._stop.is_set():
                poller.wake.wait(min(self._stepped(poller), _LOOK_S))
                poller.wake.clear()
        finally:
            poller.close()

    def _stepped(self, poller: Poller) -> float:
        try:
            return poller.step()
        except Exception as error:
            # Not the camera's: what takes its photos, or its events, has trouble. It may pass, and the thread must not.
            _log.error("camera %s: %s", poller.status.source, unforeseen(error))
            return _LOOK_S


def pollers(settings: Sequence[CameraSettings], photos: Photos, world: World) -> list[Poller]:
    """Raises ValueError, with the camera's name, where its settings cannot be."""
    maker, found = CameraMaker(world), []
    for one in settings:
        try:
            camera = maker.made(one)
        except ValueError as error:
            raise ValueError(f"camera {one.name}: {error}") from None
        found.append(
            Poller(
                one.name, one.kind, camera, photos, interval_s=one.interval_s, clock=world.clock, uniform=world.uniform
            )
        )
    return found


def start(settings: Sequence[CameraSettings], photos: Photos, world: World) -> Cameras:
    """Raises ValueError, with the camera's name, where its settings cannot be."""
    return Cameras(pollers(settings, photos, world))
