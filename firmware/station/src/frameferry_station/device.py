"""A device: captures on time whatever the network does, and drains what it captured."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from frameferry_station import __version__
from frameferry_station.backoff import Uniform
from frameferry_station.captures import CaptureMeta
from frameferry_station.client import DeviceClient
from frameferry_station.clock import Clock, in_whole_ms
from frameferry_station.control import Action, CommandFailed, Control, Restart
from frameferry_station.drain import Deliver, Drain
from frameferry_station.errors import CredentialRefused, StationError
from frameferry_station.identity import IdentityStore
from frameferry_station.ledger import CommandLedger
from frameferry_station.outbox import Outbox
from frameferry_station.protocol import Command, Health, Settings
from frameferry_station.queue import DiskQueue
from frameferry_station.settings_store import SettingsStore
from frameferry_station.steps import Captured, CaptureFailed, Observer, PauseChanged, Rebooting, Refused

FIRMWARE_VERSION = f"frameferry-station/{__version__}"
_LOOK_S = 0.2
"""How often a waiting loop looks whether it should end."""


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


class State(Protocol):
    """What of a device is on disk."""

    @property
    def queue(self) -> DiskQueue: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def ledger(self) -> CommandLedger: ...
    @property
    def settings(self) -> SettingsStore: ...
    @property
    def identity(self) -> IdentityStore: ...


class Device:
    """`capture_step` and `upload_step` do one thing each and say how long to wait; `run` calls them in two threads.

    `interval_s` overrides the owner's setting. `clock_is_synced` says whether captured_at can be believed.
    `space` gives free and total bytes of the disk that holds the queue.
    """

    def __init__(
        self,
        state: State,
        client: DeviceClient,
        deliver: Deliver,
        pictures: PictureSource,
        *,
        clock: Clock,
        uniform: Uniform,
        observe: Observer,
        space: Callable[[], tuple[int, int]],
        interval_s: float | None = None,
        clock_is_synced: Callable[[], bool] = lambda: True,
        reset_reason: str = "power_on",
    ) -> None:
        self._state = state
        self._client = client
        self._pictures = pictures
        self._clock = clock
        self._observe = observe
        self._space = space
        self._interval_s = interval_s
        self._clock_is_synced = clock_is_synced
        self._reset_reason = reset_reason
        self._started_at_s = clock.monotonic_s()
        self._capture_lock = threading.Lock()
        self._due_at_s = self._started_at_s
        self._was_paused = False
        self._camera_failed = False
        self._no_more_pictures = False
        self._end: End | None = None
        self._upload_wake = threading.Event()
        self._drain = Drain(state.queue, deliver, state.outbox, clock=clock, uniform=uniform, observe=observe)
        self._control = Control(
            client,
            state.outbox,
            state.ledger,
            self._actions(),
            health=self._health,
            on_settings=state.settings.change,
            clock=clock,
            uniform=uniform,
            observe=observe,
        )
        state.outbox.add("boot", reset_reason)

    @property
    def end(self) -> End | None:
        """Set once the device will do no more."""
        return self._end

    def run(self, stop: threading.Event) -> End:
        """Capture and upload until something ends it. Raises what neither thread foresaw."""
        failures: list[BaseException] = []

        def capture() -> None:
            try:
                self._repeat(self.capture_step, threading.Event(), stop)
            except BaseException as error:
                failures.append(error)
                self._end = End.STOPPED

        thread = threading.Thread(target=capture, name="capture", daemon=True)
        thread.start()
        self._repeat(self.upload_step, self._upload_wake, stop)
        self._end = self._end or End.STOPPED
        thread.join()
        if failures:
            raise failures[0]
        return self._end

    def capture_step(self) -> float:
        """Take a picture if one is due. Gives seconds until the next is."""
        now_s = self._clock.monotonic_s()
        if self._paused() or self._no_more_pictures:
            self._due_at_s = max(self._due_at_s, now_s)
            return 1.0
        if now_s < self._due_at_s:
            # The owner may have shortened the interval since.
            self._due_at_s = min(self._due_at_s, now_s + self._interval())
            return self._due_at_s - now_s
        self._capture()
        # A camera that is late keeps its rhythm, but does not catch up.
        late_s = self._clock.monotonic_s() - self._due_at_s
        self._due_at_s += self._interval() * max(1, math.ceil(late_s / self._interval()))
        return max(0.0, self._due_at_s - self._clock.monotonic_s())

    def upload_step(self) -> float:
        """One thing of control, one capture. Gives seconds until there is more to do."""
        try:
            control_s = self._control.step()
            newest_first = self._state.settings.settings.upload_policy == "newest_first"
            drain_s = self._drain.step(newest_first=newest_first)
        except CredentialRefused as refused:
            self._observe(Refused(refused.code))
            self._end = End.REFUSED
            return 0.0
        except Restart:
            self._observe(Rebooting())
            self._end = End.REBOOT
            return 0.0
        if self._no_more_pictures and not len(self._state.queue) and not len(self._state.outbox):
            self._end = End.FINISHED
        return min(control_s, drain_s)

    def _repeat(self, step: Callable[[], float], wake: threading.Event, stop: threading.Event) -> None:
        while self._end is None and not stop.is_set():
            wake.wait(min(step(), _LOOK_S))
            wake.clear()

    def _interval(self) -> float:
        return self._interval_s or self._state.settings.settings.interval_s

    def _paused(self) -> bool:
        paused = self._state.settings.settings.is_paused(self._clock.utc())
        if paused != self._was_paused:
            self._was_paused = paused
            self._state.outbox.add("paused" if paused else "resumed")
            self._observe(PauseChanged(paused))
        return paused

    def _capture(self) -> bool:
        """False where there is no new capture."""
        with self._capture_lock:
            at = in_whole_ms(self._clock.utc())
            try:
                jpeg = self._pictures.take(at)
                if jpeg is None:
                    self._no_more_pictures = True
                    return False
                seq = self._state.queue.put(jpeg, CaptureMeta(at, self._clock_is_synced()))
            except (CameraFailed, OSError) as error:
                self._lost(f"{error}")
                return False
            self._camera_failed = False
        self._observe(Captured(seq, len(jpeg)))
        self._upload_wake.set()
        return True

    def _lost(self, reason: str) -> None:
        """Told once for all failures in a row."""
        self._observe(CaptureFailed(reason))
        if not self._camera_failed:
            self._state.outbox.add("error", f"no capture: {reason}")
        self._camera_failed = True

    def _health(self) -> Health:
        free_bytes, total_bytes = self._space()
        return Health(
            queue_depth=len(self._state.queue),
            uptime_s=int(self._clock.monotonic_s() - self._started_at_s),
            sd_free_bytes=free_bytes,
            sd_total_bytes=total_bytes,
            reset_reason=self._reset_reason,
            firmware_version=FIRMWARE_VERSION,
        )

    def _actions(self) -> dict[str, Action]:
        return {
            "capture_now": self._capture_now,
            "pause": self._pause,
            "resume": lambda _: self._set(paused=False, until=None),
            "reboot": _reboot,
            "rotate_token": lambda _: self._state.identity.keep_pending(self._client.rotate_token()),
        }

    def _capture_now(self, _: Command) -> None:
        if self._state.settings.settings.is_paused(self._clock.utc()):
            raise CommandFailed("the device is paused")
        if not self._capture():
            raise CommandFailed("the camera gave no picture")

    def _pause(self, command: Command) -> None:
        duration_s = command.arguments.get("duration_s")
        until = command.created_at + timedelta(seconds=duration_s) if isinstance(duration_s, int) else None
        self._set(paused=until is None, until=until)

    def _set(self, *, paused: bool, until: datetime | None) -> None:
        settings: Settings = self._state.settings.settings
        self._state.settings.change(replace(settings, paused=paused, paused_until=until))


def _reboot(_: Command) -> None:
    raise Restart
