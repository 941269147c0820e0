"""What the owner wants of cameras that ask: one photo now. In memory, for it is not wanted later."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from frameferry_station.clock import Clock, to_text
from frameferry_station.identity import Entropy

KEPT_S = 300.0
_ID_BYTES = 13


@dataclass(frozen=True)
class Wish:
    """A `capture_now`; `command_id` has 26 of 0-9 and A-Z."""

    command_id: str
    made_at: datetime
    ends_at_s: float

    def as_json(self, now: datetime) -> dict[str, Any]:
        return {
            "command_id": self.command_id,
            "kind": "capture_now",
            "status": "delivered",
            "created_at": to_text(self.made_at),
            "expires_at": to_text(self.made_at + timedelta(seconds=KEPT_S)),
            "delivered_at": to_text(now),
        }


class Wishes:
    """At most one for each device. Thread-safe."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()
        self._wishes: dict[str, Wish] = {}

    def want_photo(self, device_id: str) -> None:
        with self._lock:
            if self._waiting(device_id) is None:
                command_id = self._entropy(_ID_BYTES).hex().upper()
                ends_at_s = self._clock.monotonic_s() + KEPT_S
                self._wishes[device_id] = Wish(command_id, self._clock.utc(), ends_at_s)

    def waiting(self, device_id: str) -> Wish | None:
        with self._lock:
            return self._waiting(device_id)

    def end(self, device_id: str, command_id: str) -> bool:
        """False where there is no such command (any more)."""
        with self._lock:
            wish = self._wishes.get(device_id)
            if wish is None or wish.command_id != command_id:
                return False
            del self._wishes[device_id]
            return True

    def _waiting(self, device_id: str) -> Wish | None:
        wish = self._wishes.get(device_id)
        return wish if wish and self._clock.monotonic_s() < wish.ends_at_s else None
