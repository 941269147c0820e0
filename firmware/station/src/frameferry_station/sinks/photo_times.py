"""When a photo was taken that was taken before anybody had set the clock.

What was once decided about a photo stays decided, or it would be delivered a second time under another name: a boot's
beginning is kept before it is first used, and so is until when a sink has waited for the clock in vain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from frameferry_station.boot import Boot
from frameferry_station.clock import from_text, in_whole_ms, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged, StationError
from frameferry_station.files import Files
from frameferry_station.packs import CaptureRecord

WAIT_MS = 10 * 60 * 1000
"""A photo waits for the clock so long, and at most twice as long: then all that have waited so long are undated."""
LOOK_S = 5.0
_MOST_BOOTS = 200


class ClockAwaited(StationError):
    """Somebody may still set the clock; look again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("the clock is not set yet")
        self.seconds = seconds


class Boots:
    """When the boots of this machine began, as far as the clock was set in them. One for all sinks. Thread-safe."""

    def __init__(self, path: Path, files: Files, boot: Boot, clock_is_synced: Callable[[], bool]) -> None:
        self.boot = boot
        self._clock_is_synced = clock_is_synced
        self._file = JsonFile(path, files)
        self._lock = threading.Lock()
        self._began_at = {name: from_text(text) for name, text in _kept(self._file).items()}

    def began_at(self, boot_id: str) -> datetime | None:
        """None where nobody knows, or not yet. Durable. Raises OSError."""
        if boot_id == self.boot.boot_id:
            self.note()
        return self._began_at.get(boot_id)

    def note(self) -> None:
        """Once the clock is set the boot's beginning is kept, for photos that wait longer than the boot lasts. Raises
        OSError."""
        with self._lock:
            boot = self.boot
            if boot.boot_id in self._began_at or not self._clock_is_synced():
                return
            began_at = in_whole_ms(boot.clock.utc() - timedelta(milliseconds=boot.uptime_ms))
            known = _newest({**self._began_at, boot.boot_id: began_at})
            self._file.save({name: to_text(at) for name, at in known.items()})
            self._began_at = known


class PhotoTimes:
    """As one sink sees them. Not thread-safe."""

    def __init__(self, boots: Boots, path: Path, files: Files) -> None:
        self._boots = boots
        self._file = JsonFile(path, files)
        self._undated_before_ms: dict[str, int] = _kept(self._file)

    def note(self) -> None:
        """As `Boots.note`."""
        self._boots.note()

    def of(self, record: CaptureRecord) -> datetime | None:
        """None for what is undated for ever. Raises ClockAwaited, OSError."""
        if record.captured_at is not None:
            return record.captured_at
        if record.uptime_ms < self._undated_before_ms.get(record.boot_id, -1):
            return None
        began_at = self._boots.began_at(record.boot_id)
        if began_at is not None:
            return began_at + timedelta(milliseconds=record.uptime_ms)
        if record.boot_id == self._boots.boot.boot_id:
            self._wait_for_the_clock(record)
        return None

    def _wait_for_the_clock(self, record: CaptureRecord) -> None:
        uptime_ms = self._boots.boot.uptime_ms
        left_ms = record.uptime_ms + 2 * WAIT_MS - uptime_ms
        if 0 < left_ms <= 2 * WAIT_MS:
            raise ClockAwaited(min(left_ms / 1000, LOOK_S))
        # One write for all photos of the time, not one for each.
        before_ms = max(uptime_ms - WAIT_MS, record.uptime_ms + 1)
        known = _newest({**self._undated_before_ms, record.boot_id: before_ms})
        self._file.save(known)
        self._undated_before_ms = known


def _kept(file: JsonFile) -> dict[str, Any]:
    try:
        return file.load() or {}
    except StateDamaged:
        return {}


def _newest(known: dict[str, Any]) -> dict[str, Any]:
    return dict(list(known.items())[-_MOST_BOOTS:])
