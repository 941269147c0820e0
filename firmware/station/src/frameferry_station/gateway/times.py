"""When a camera's photos were taken, by the station's clocks: what the cloud does with clock samples, done here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from frameferry_station.boot import Boot
from frameferry_station.captures import CaptureMeta
from frameferry_station.clock import from_text, in_whole_ms, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.packs import CaptureRecord
from frameferry_station.sync_protocol import ClockSample

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(minutes=10)
_REMEMBERED_BOOTS = 64


class CameraTimes:
    """Of one camera; one thread at a time. `boot` is the station's own."""

    def __init__(self, folder: Path, files: Files, boot: Boot, clock_is_synced: Callable[[], bool]) -> None:
        self._boot = boot
        self._clock_is_synced = clock_is_synced
        self._file = JsonFile(folder / "boots.json", files)
        self._offsets_ms: dict[str, int] = {}
        """By the camera's boot: the station's uptime less the camera's."""
        self._began: dict[str, datetime] = {}
        with suppress(StateDamaged, ValueError):
            self._began = {boot: from_text(at) for boot, at in (self._file.load() or {}).items()}

    def heard(self, sample: ClockSample) -> None:
        """What the camera's own clock says now."""
        self._offsets_ms.pop(sample.boot_id, None)
        self._offsets_ms[sample.boot_id] = self._boot.uptime_ms - sample.uptime_ms
        for old in list(self._offsets_ms)[:-_REMEMBERED_BOOTS]:
            del self._offsets_ms[old]
        if sample.boot_id not in self._began and self._clock_is_synced():
            with suppress(OverflowError):
                began = in_whole_ms(self._boot.clock.utc() - timedelta(milliseconds=sample.uptime_ms))
                self._began = dict([*self._began.items(), (sample.boot_id, began)][-_REMEMBERED_BOOTS:])
                with suppress(OSError):
                    self._file.save({boot: to_text(at) for boot, at in self._began.items()})

    def of(self, record: CaptureRecord) -> CaptureMeta:
        """By the camera's clock where that was synced, else by its uptime; that of a boot of which nothing was heard is
        the time at which it came."""
        now_ms, utc, is_synced = self._boot.uptime_ms, self._boot.clock.utc(), self._clock_is_synced()
        offset_ms = self._offsets_ms.get(record.boot_id)
        taken_ms = now_ms if offset_ms is None else min(now_ms, record.uptime_ms + offset_ms)
        own = record.captured_at if record.clock_synced else None
        if own and own >= EARLIEST and not (is_synced and own > utc + MOST_AHEAD):
            return CaptureMeta(own, True, max(0, taken_ms))
        if offset_ms is None and record.boot_id in self._began:
            with suppress(OverflowError):
                at = self._began[record.boot_id] + timedelta(milliseconds=record.uptime_ms)
                return CaptureMeta(min(at, in_whole_ms(utc)) if is_synced else at, True, max(0, taken_ms))
        if is_synced:
            solved = utc - timedelta(milliseconds=now_ms - taken_ms)
            return CaptureMeta(in_whole_ms(solved if solved >= EARLIEST else utc), True, max(0, taken_ms))
        return CaptureMeta(None, False, max(0, taken_ms))
