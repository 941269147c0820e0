"""What the owner wants of a device that asks for it from time to time. In memory: a photo that was wanted before the
station restarted is not wanted now.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from frameferry_station.clock import Clock
from frameferry_station.intake.addresses import Mac

KEPT_S = 300.0
"""A command that was not fetched by then is dropped: "now" has passed."""


@dataclass(frozen=True)
class LanCommand:
    """`kind` is `capture_now`, the only one: a pause is no command but a state."""

    command_id: str
    kind: str


class Commands:
    """One `capture_now` at most waits for a device: two photos at once say no more than one. Thread-safe."""

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()
        self._waiting: dict[Mac, tuple[LanCommand, float]] = {}
        self._ended: dict[Mac, str] = {}

    def want_photo(self, mac: Mac) -> None:
        with self._lock:
            if self._current(mac) is None:
                command = LanCommand(self._entropy(8).hex(), "capture_now")
                self._waiting[mac] = (command, self._clock.monotonic_s() + KEPT_S)

    def waiting(self, mac: Mac) -> LanCommand | None:
        """The same one until it is acknowledged."""
        with self._lock:
            return self._current(mac)

    def end(self, mac: Mac, command_id: str) -> bool:
        """True where it waited; False where it had ended before. Raises KeyError for any other."""
        with self._lock:
            command = self._current(mac)
            if command is not None and command.command_id == command_id:
                del self._waiting[mac]
                self._ended[mac] = command_id
                return True
            if self._ended.get(mac) != command_id:
                raise KeyError(command_id)
            return False

    def _current(self, mac: Mac) -> LanCommand | None:
        command, until_s = self._waiting.get(mac, (None, 0.0))
        if command is not None and self._clock.monotonic_s() >= until_s:
            del self._waiting[mac]
            return None
        return command
