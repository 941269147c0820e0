"""A device: captures on time whatever the network does, and drains what it captured."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from frameferry_station.captures import CaptureMeta
from frameferry_station.clock import in_whole_ms
from frameferry_station.control import CommandFailed, Restart
from frameferry_station.errors import CredentialRefused, StationError
from frameferry_station.loops import repeat
from frameferry_station.protocol import Command
from frameferry_station.rhythm import Rhythm
from frameferry_station.steps import Captured, CaptureFailed, PauseChanged, Rebooting, Refused
from frameferry_station.uplink import Uplink


class CameraFailed(StationError):
    """No picture this time."""


class PictureSource(Protocol):
    def take(self, at: datetime) -> bytes | None:
        """A JPEG; None where there will be no more. Raises CameraFailed."""


class End(Enum):
    """Why `Device.run` came back."""

    STOPPED = auto()
    FINISHED = auto()
    REBOOT = auto()
    REFUSED = auto()


class Device:
    """`capture_step`, `sync_step` and `put_step` do one thing each and say how long to wait; `run` calls them in three
    threads.

    `interval_s` overrides the owner's setting. The device tells by `uplink` that it has begun, and carries out what is
    for a camera to do.
    """

    def __init__(self, uplink: Uplink, pictures: PictureSource, *, interval_s: float | None = None) -> None:
        self._uplink = uplink
        self._state = uplink.state
        self._queue = uplink.queue
        self._pictures = pictures
        self._boot = uplink.boot
        self._clock = uplink.boot.clock
        self._observe = uplink.observe
        self._interval_s = interval_s
        self._capture_lock = threading.Lock()
        self._rhythm = Rhythm(self._clock, self._boot.began_at_s, self._interval)
        self._was_paused = False
        self._camera_failed = False
        self._no_more_pictures = False
        self._end: End | None = None
        uplink.carries_out({"capture_now": self._capture_now, "reboot": _reboot})
        self._state.outbox.add("boot", uplink.reset_reason)

    @property
    def end(self) -> End | None:
        """Set once the device will do no more."""
        return self._end

    def run(self, stop: threading.Event) -> End:
        """Capture, sync and upload until something ends it. Raises what no thread foresaw."""
        failures: list[BaseException] = []

        def is_over() -> bool:
            return self._end is not None or stop.is_set()

        def loop(step: Callable[[], float], wake: threading.Event) -> None:
            try:
                repeat(step, wake, self._clock, is_over)
            except BaseException as error:
                failures.append(error)
                self._end = End.STOPPED

        # The owner may shorten the interval at any time.
        loops = [(lambda: min(self.capture_step(), 1.0), threading.Event()), (self.put_step, self._uplink.wake_put)]
        threads = [threading.Thread(target=loop, args=each, daemon=True) for each in loops]
        for thread in threads:
            thread.start()
        loop(self.sync_step, self._uplink.wake_sync)
        self._end = self._end or End.STOPPED
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return self._end

    def capture_step(self) -> float:
        """Take a picture if one is due. Gives seconds until the next is."""
        if self._paused() or self._no_more_pictures:
            self._rhythm.rest()
            return 1.0
        due_in_s = self._rhythm.due_in_s()
        if due_in_s:
            return due_in_s
        self._capture()
        return self._rhythm.taken()

    def sync_step(self) -> float:
        """Sync if it is due. Gives seconds until there is more to do; 0 after a sync."""
        try:
            wait_s = self._uplink.sync_step(hurry=self._no_more_pictures)
        except CredentialRefused as refused:
            self._observe(Refused(refused.code))
            self._end = End.REFUSED
            return 0.0
        except Restart:
            self._observe(Rebooting())
            self._end = End.REBOOT
            return 0.0
        if self._no_more_pictures and not len(self._queue) and self._uplink.has_said_all:
            self._end = End.FINISHED
        return wait_s

    def put_step(self) -> float:
        """Put a pack if there is one. Gives seconds until there is more to do; 0 after an upload."""
        return self._uplink.put_step()

    def _interval(self) -> float:
        return self._interval_s or self._state.settings.settings.interval_s

    def _paused(self) -> bool:
        paused = self._state.settings.settings.is_paused(self._clock.utc())
        if paused != self._was_paused:
            self._was_paused = paused
            self._state.outbox.add("paused" if paused else "resumed")
            self._observe(PauseChanged(paused))
        return paused

    def _capture(self, *, is_wanted_now: bool = False) -> bool:
        """False where there is no new capture."""
        with self._capture_lock:
            at = in_whole_ms(self._clock.utc())
            try:
                jpeg = self._pictures.take(at)
                if jpeg is None:
                    self._no_more_pictures = True
                    self._uplink.wake_sync.set()
                    return False
                is_synced = self._uplink.clock_is_synced()
                seq = self._queue.put(jpeg, CaptureMeta(at if is_synced else None, is_synced, self._boot.uptime_ms))
            except (CameraFailed, OSError, ValueError) as error:
                self._lost(f"{error}")
                return False
            self._camera_failed = False
        self._observe(Captured(seq, len(jpeg)))
        if is_wanted_now:
            self._queue.seal()
        self._uplink.wake_sync.set()
        return True

    def _lost(self, reason: str) -> None:
        """Told once for all failures in a row."""
        self._observe(CaptureFailed(reason))
        if not self._camera_failed:
            self._state.outbox.add("error", f"no capture: {reason}")
        self._camera_failed = True

    def _capture_now(self, _: Command) -> None:
        if self._state.settings.settings.is_paused(self._clock.utc()):
            raise CommandFailed("the device is paused")
        if not self._capture(is_wanted_now=True):
            raise CommandFailed("the camera gave no picture")


def _reboot(_: Command) -> None:
    raise Restart
