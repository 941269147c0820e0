"""The page's server: bounded as the one for sketches is, and never a reason for the station not to run."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from frameferry_station.clock import Clock
from frameferry_station.intake.connections import Listener, listening_socket
from frameferry_station.intake.limits import Allowances
from frameferry_station.intake.presence import LanDevice
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.page.admission import Doorkeeper
from frameferry_station.page.app import Shown, create_app
from frameferry_station.page.health import HealthCheck
from frameferry_station.page.local_photos import FolderPhotos, LanePhotos
from frameferry_station.page.machine_health import Machine
from frameferry_station.page.streams import NoStreams, StreamReport
from frameferry_station.photos import SourceName
from frameferry_station.relay.outlets import PLAYLIST
from frameferry_station.settings import FilesystemSink, PageSettings, StationSettings

_log = logging.getLogger(__name__)

MOST_BODY_BYTES = 4096
DEFAULT_INTERVAL_S = 30.0
"""Of a camera whose owner has set none."""
GUESSES = 10
GUESS_EVERY_S = 30.0
"""Wrong passwords from one address: so many at once, and one more each so long."""
AGAIN_S = 30.0
"""Where the address is taken, or not there yet, it is tried again this often."""
_GRACE_S = 0.5
_STOP_S = 1.0
_BACKLOG = 16


class PageServer:
    """Serves from `start` to `stop`, in threads of its own."""

    def __init__(self, settings: PageSettings, app: Flask, clock: Clock, *, again_s: float = AGAIN_S) -> None:
        self._settings = settings
        self._app = app
        self._clock = clock
        self._again_s = again_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._listener: Listener | None = None

    def start(self) -> None:
        """Listens once this returns, where the address is to be had; else as soon as it is. Raises nothing."""
        self._listener = self._listening()
        self._thread.start()

    def stop(self) -> None:
        """Within a second, whatever clients do."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._listener is not None:
            self._listener.pull_trigger()
        self._thread.join(_STOP_S)

    @property
    def port(self) -> int | None:
        """What it listens on; None where it does not."""
        return int(self._listener.effective_port) if self._listener is not None else None

    def _run(self) -> None:
        while self._listener is None and not self._stopping.wait(self._again_s):
            self._listener = self._listening()
        listener = self._listener
        if listener is None:
            return
        listener.serve(self._stopping)
        listener.end(_GRACE_S)

    def _listening(self) -> Listener | None:
        host, port = self._settings.host, self._settings.port
        try:
            listening = listening_socket(host, port, _BACKLOG)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else f"{error}"
            _log.error("no page at port %d (%s), again in %g s", port, reason, self._again_s)
            return None
        listener = Listener(self._app, listening, self._clock, max_body_bytes=MOST_BODY_BYTES)
        _log.info("the page is at port %s", listener.effective_port)
        return listener


def begin(
    settings: StationSettings,
    lanes: Lanes,
    clock: Clock,
    clock_is_synced: Callable[[], bool],
    streams: StreamReport | None = None,
    lan_devices: Callable[[], Sequence[LanDevice]] = list,
) -> PageServer:
    """The page of a station that starts just now. Raises nothing."""
    streams = streams or NoStreams()
    machine = Machine(clock, clock.monotonic_s(), clock_is_synced)

    def intervals_s() -> dict[SourceName, float]:
        names = {camera.name: camera.interval_s for camera in settings.cameras}
        return {name: given or lanes.interval_s(name) or DEFAULT_INTERVAL_S for name, given in names.items()}

    folder = next((sink.folder for sink in settings.sinks if isinstance(sink, FilesystemSink)), None)
    shown = Shown(
        lanes,
        HealthCheck(lanes, machine, intervals_s, streams),
        machine,
        # What waits in lanes is in the folder half a minute later, once the clock is set.
        photos=FolderPhotos(folder) if folder else LanePhotos(lanes),
        doorkeeper=Doorkeeper(settings.page.password, Allowances(clock, burst=GUESSES, every_s=GUESS_EVERY_S)),
        stream_folders={relay.name: Path(relay.target) for relay in settings.relays if relay.kind == "hls"},
        playlist=PLAYLIST,
        streams=streams,
        heartbeats=lambda: _heartbeats(lan_devices()),
    )
    server = PageServer(settings.page, create_app(shown), clock)
    server.start()
    return server


def _heartbeats(devices: Sequence[LanDevice]) -> dict[str, dict[str, Any]]:
    return {
        device.source: {
            "rssi_dbm": device.heartbeat.rssi_dbm,
            "free_heap_bytes": device.heartbeat.free_heap_bytes,
            "uptime_s": device.heartbeat.uptime_s,
        }
        for device in devices
        if device.heartbeat
    }
