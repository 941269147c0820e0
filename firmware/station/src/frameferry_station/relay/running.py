"""All relays of the settings, a thread each."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frameferry_station import ffmpeg
from frameferry_station.backoff import Uniform
from frameferry_station.clock import Clock, SystemClock
from frameferry_station.files import DiskFiles, Files
from frameferry_station.logins import Login, apart
from frameferry_station.photos import Photos, SourceName
from frameferry_station.relay.left_behind import LeftBehind
from frameferry_station.relay.outlets import HlsFolder, Outlet, Republished
from frameferry_station.relay.relay import SILENCE_S, Means, Relay, RelayStatus, Stream
from frameferry_station.relay.segments import SegmentFolder
from frameferry_station.relay.watch import Patience
from frameferry_station.settings import RelaySettings

STOP_S = 2.0


def launcher() -> tuple[str, ...]:
    """A command that becomes ffmpeg, and has the kernel end it when the thread ends that began it (PR_SET_PDEATHSIG):
    util-linux's, where it is installed."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


@dataclass(frozen=True)
class World:
    """What relays touch. `folder` is the station's state."""

    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    uniform: Uniform = random.uniform
    files: Files = field(default_factory=DiskFiles)
    ffmpeg: str = "ffmpeg"
    launcher: Sequence[str] = field(default_factory=launcher)
    patience: Patience = field(default_factory=Patience)
    silence_s: float = SILENCE_S

    def started(self, arguments: Sequence[str], *, folder: Path | None) -> subprocess.Popen[bytes]:
        return ffmpeg.started(arguments, program=self.ffmpeg, launcher=self.launcher, folder=folder)


Announce = Callable[[SourceName, Path], None]
"""Of a relay whose segments go to the cloud: its name, and where the finished segment will lie at once."""


def announce_nowhere(_: SourceName, __: Path) -> None:
    """Segments stay where they are."""


class RelayMaker:
    def __init__(self, photos: Photos, world: World, announce: Announce) -> None:
        self._photos = photos
        self._world = world
        self._announce = announce

    def made(self, settings: RelaySettings) -> Relay:
        """Raises ValueError where an address is none, and OSError where the state folder is of no use."""
        world = self._world
        url, login = apart(settings.stream_url, None, None)
        outlet, target_login = self._outlet(settings)
        return Relay(
            RelayStatus(settings.name, settings.kind, folder=Path(settings.target) if settings.kind == "hls" else None),
            Stream(url, login),
            outlet,
            self._photos,
            LeftBehind(world.folder / "relays" / f"{settings.name}.json", world.files),
            Means(world.started, world.clock, world.uniform, world.patience, world.silence_s),
            secrets=(target_login,),
        )

    def _outlet(self, settings: RelaySettings) -> tuple[Outlet, Login | None]:
        if settings.kind == "rtsp":
            url, login = apart(settings.target, None, None)
            return Republished(url, login), login
        folder = Path(settings.target)
        if settings.kind == "hls":
            return HlsFolder(folder, settings.segment_s, settings.keep_segments), None

        def announce(name: str) -> None:
            if settings.clips_to_cloud:
                self._announce(settings.name, folder / name)

        return SegmentFolder(folder, settings.segment_s, settings.keep_segments, announce=announce), None


class Relays:
    """Running until `stop`."""

    def __init__(self, relays: Sequence[Relay]) -> None:
        self._relays = tuple(relays)
        self._stop = threading.Event()
        # The kernel ends an ffmpeg with the thread that began it: each lives as long as its relay.
        self._threads = [
            threading.Thread(target=relay.run, args=(self._stop,), name=f"relay {relay.status.name}", daemon=True)
            for relay in self._relays
        ]
        for thread in self._threads:
            thread.start()

    def statuses(self) -> list[RelayStatus]:
        """In the order of the settings."""
        return [relay.status for relay in self._relays]

    def stop(self, within_s: float = STOP_S) -> bool:
        """The last segments are closed. False where an ffmpeg does not end even when it is killed."""
        deadline_s = time.monotonic() + within_s
        self._stop.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)


def start(
    settings: Sequence[RelaySettings], photos: Photos, world: World, announce: Announce = announce_nowhere
) -> Relays:
    """Raises ValueError, with the relay's name, where its settings cannot be, and OSError."""
    maker, made = RelayMaker(photos, world, announce), []
    for one in settings:
        try:
            made.append(maker.made(one))
        except ValueError as error:
            raise ValueError(f"relay {one.name}: {error}") from None
    return Relays(made)
