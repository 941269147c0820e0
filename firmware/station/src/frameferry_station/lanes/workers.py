"""The threads of lanes: two for each that goes to the cloud, and one that sees to what time brings."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from frameferry_station.clock import Clock
from frameferry_station.lanes.lane import Lane
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.loops import repeat
from frameferry_station.uplink import Uplink

STEP_S = 2.0
"""How often it is looked what time has brought."""
LOOK_S = 1.0
"""How often a waiting thread looks whether it should end: a station has many of them, and a small processor."""
FAILED_S = 60.0
"""After an error that nobody foresaw: it is logged, and the station goes on."""

_log = logging.getLogger(__name__)


class LaneWorkers:
    """`start` once; a lane that is opened later gets its threads with the next look. `beat` is called at each."""

    def __init__(
        self, lanes: Lanes, clock: Clock, stop: threading.Event, beat: Callable[[], None] = lambda: None
    ) -> None:
        self._lanes = lanes
        self._clock = clock
        self._stop = stop
        self._beat = beat
        self._served: list[Lane] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._begin("lanes", self._look, threading.Event(), self._stop.is_set)

    def join(self, timeout_s: float) -> None:
        """After a stop. Who waits for the network is not waited for: what it did not say is said by the next run."""
        until_s = self._clock.monotonic_s() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._clock.monotonic_s()))

    def _look(self) -> float:
        self._lanes.step()
        for lane in self._lanes.all():
            if lane.uplink and lane not in self._served:
                self._serve(lane, lane.uplink)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._beat()
        return STEP_S

    def _serve(self, lane: Lane, uplink: Uplink) -> None:
        self._served = [*(served for served in self._served if not served.is_closed), lane]

        def is_over() -> bool:
            return lane.is_closed or self._stop.is_set()

        def hang_up() -> None:
            if lane.is_closed:
                lane.hang_up()

        self._begin(f"{lane.name} sync", lane.sync_step, uplink.wake_sync, is_over)
        self._begin(f"{lane.name} put", uplink.put_step, uplink.wake_put, is_over, hang_up)

    def _begin(
        self,
        name: str,
        step: Callable[[], float],
        wake: threading.Event,
        is_over: Callable[[], bool],
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        def guarded() -> float:
            try:
                return step()
            except Exception:
                _log.exception("%s failed, goes on in %g s", name, FAILED_S)
                return FAILED_S

        def work() -> None:
            repeat(guarded, wake, self._clock, is_over, look_s=LOOK_S)
            at_end()

        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
