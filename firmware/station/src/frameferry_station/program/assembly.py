"""What of a station is made of what, and what starts and ends in which order."""

from __future__ import annotations

import logging
import random
import secrets
import shutil
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from frameferry_station import machine
from frameferry_station.boot import Boot
from frameferry_station.errors import StateDamaged, StationError
from frameferry_station.http import Connection
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.lanes.pairing import Pairing
from frameferry_station.lanes.surroundings import Surroundings
from frameferry_station.lanes.workers import LaneWorkers
from frameferry_station.photos import SourceName
from frameferry_station.program.control_socket import ControlSocket
from frameferry_station.program.operator import Operator
from frameferry_station.settings import CloudSink, StationSettings
from frameferry_station.sinks import assembly as sinks
from frameferry_station.sinks.links import LinkedDiskFiles

if TYPE_CHECKING:
    from frameferry_station.intake.server import Guest, LanServer
    from frameferry_station.program.relaying import Relaying

CLIPS = "clips"
"""The folder of the state in which clips wait for the cloud."""
STOPPED_WITHIN_S = 4.0
"""All of it together: a service manager waits five."""

_log = logging.getLogger(__name__)


class Station:
    """The parts of a station on its state folder, which its caller holds alone. `start` at most once, then `stop`.

    Raises OSError where the state folder is of no use, and ValueError for settings that a part does not take.
    """

    def __init__(
        self, settings: StationSettings, *, clock_is_synced: Callable[[], bool] = machine.clock_is_synced
    ) -> None:
        self._settings = settings
        self._clock_is_synced = clock_is_synced
        self._serves_devices = False
        self._relaying: Relaying | None = None
        self._lan: LanServer | None = None
        self._files = LinkedDiskFiles()
        self._boot = machine.boot(machine.MachineClock())
        self._stop = threading.Event()
        # A lane that is paired anew makes others, and lets go of these.
        self._connections: WeakSet[Connection] = WeakSet()
        api_url = next((sink.api_url for sink in settings.sinks if isinstance(sink, CloudSink)), None)
        # What sinks find while they open is told once there are lanes, which want the sinks.
        early: list[tuple[SourceName, str, str]] = []
        self._tell: Callable[[SourceName, str, str], None] = lambda *found: early.append(found)
        self._sinks = sinks.workers(
            settings.sinks,
            settings.state / "sinks",
            boot=self._boot,
            clock_is_synced=clock_is_synced,
            uniform=random.uniform,
            tell=lambda *found: self._tell(*found),
            files=self._files,
            connect=self._connect,
        )
        self._around = around = Surroundings(
            settings.state,
            self._files,
            self._boot,
            entropy=secrets.token_bytes,
            uniform=random.uniform,
            connect=self._connect,
            space=self._space,
            clock_is_synced=clock_is_synced,
            api_url=api_url,
        )
        self.lanes = Lanes(around, self._sinks, settings.disk)
        self._tell = self.lanes.tell
        for found in early:
            self.lanes.tell(*found)
        configured = [SourceName(camera.name) for camera in settings.cameras]
        streams = [relay.name for relay in settings.relays]
        self.operator = Operator(self.lanes, Pairing(self.lanes, around), configured, streams, self._boot.clock)
        self._workers: LaneWorkers | None = None
        self._parts: list[Part] = []
        self._threads: list[threading.Thread] = []

    def start(self, beat: Callable[[], None]) -> None:
        """Sinks first, and last what brings photos. `beat` is called every few seconds while the station is well.

        Raises OSError, ValueError and StationError; then it still is to be stopped.
        """
        for sink in self._sinks:
            thread = threading.Thread(target=sink.run, args=(self._stop,), name=f"sink {sink.name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._workers = LaneWorkers(self.lanes, self._boot.clock, self._stop, beat)
        self._workers.start()
        control = ControlSocket(self._settings.state, self.operator.answer)
        control.start()
        self._parts.append(control)
        for begin in (self._begin_lan, self._begin_cameras, self._begin_relays, self._begin_page, self._begin_mdns):
            part = begin(self._boot)
            if part is not None:
                self._parts.append(part)

    def stop(self) -> None:
        """Within STOPPED_WITHIN_S, whatever hangs. Nothing that was accepted is lost by it."""
        clock = self._boot.clock
        until_s = clock.monotonic_s() + STOPPED_WITHIN_S
        self._stop.set()
        stopping = [threading.Thread(target=part.stop, daemon=True) for part in reversed(self._parts)]
        for thread in stopping:
            thread.start()
        for thread in [*stopping, *self._threads]:
            thread.join(max(0.0, until_s - clock.monotonic_s()))
        if self._workers:
            self._workers.join(max(0.0, until_s - clock.monotonic_s()))
        for connection in list(self._connections):
            connection.close()

    def _connect(self) -> Connection:
        connection = Connection()
        self._connections.add(connection)
        return connection

    def _begin_lan(self, boot: Boot) -> Part | None:
        if self._settings.lan is None:
            return None
        # A station without sketches does without a web server's memory.
        from frameferry_station.intake.server import LanServer

        server = LanServer(
            self._settings.lan,
            self.lanes,
            state=self._settings.state,
            files=self._files,
            clock=boot.clock,
            entropy=secrets.token_bytes,
            guest=self._gateway(boot),
        )
        try:
            server.start()
        except OSError as error:
            where = f"{self._settings.lan.host} port {self._settings.lan.port}"
            raise StationError(f"station.toml [lan]: {where}: {error.strerror}") from None
        self._lan = server
        return server

    def _gateway(self, boot: Boot) -> Guest | None:
        from frameferry_station.gateway import running
        from frameferry_station.gateway.service import Gateway

        try:
            gateway = Gateway(
                self.lanes,
                state=self._settings.state,
                files=self._files,
                boot=boot,
                entropy=secrets.token_bytes,
                clock_is_synced=self._clock_is_synced,
                make_room=self.lanes.make_room,
            )
        except StateDamaged as error:
            _log.error("no camera with our own firmware is served: %s in the state's gateway folder", error)
            return None
        self.lanes.also_held_by(gateway.aside)
        self._serves_devices = True
        return running.guest(gateway)

    def _begin_cameras(self, boot: Boot) -> Part | None:
        if not self._settings.cameras:
            return None
        from frameferry_station.cameras import running

        world = running.World(self._settings.state, clock=boot.clock, files=self._files)
        return running.start(self._settings.cameras, self.lanes, world)

    def _begin_relays(self, _: Boot) -> Part | None:
        # Clips may be left of a relay that is no more.
        if not self._settings.relays and not (self._settings.state / CLIPS).is_dir():
            return None
        from frameferry_station.program.relaying import Relaying

        folder = self._settings.state / CLIPS
        self._relaying = Relaying(self._settings, folder, self.lanes, self._around, self._files)
        return self._relaying

    def _begin_page(self, boot: Boot) -> Part | None:
        from frameferry_station.program import web_page

        return web_page.begin(
            self._settings,
            self.lanes,
            boot.clock,
            self._clock_is_synced,
            self._relaying,
            self._lan.devices if self._lan else list,
        )

    def _begin_mdns(self, boot: Boot) -> Part | None:
        from frameferry_station.program import advertisement

        return advertisement.begin(self._settings, serves_devices=self._serves_devices)

    def _space(self) -> tuple[int, int]:
        usage = shutil.disk_usage(self._settings.state)
        return usage.free, usage.total


class Part(Protocol):
    """What was started and can be stopped, within two seconds."""

    def stop(self) -> object: ...
