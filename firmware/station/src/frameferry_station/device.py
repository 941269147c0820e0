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
from frameferry_station.boot import Boot
from frameferry_station.captures import CaptureMeta
from frameferry_station.client import DeviceClient
from frameferry_station.clock import from_text, in_whole_ms
from frameferry_station.control import Account, Action, CommandFailed, Control, Restart
from frameferry_station.drain import Drain
from frameferry_station.errors import CredentialRefused, StationError
from frameferry_station.http import Sender
from frameferry_station.identity import Identity, IdentityStore
from frameferry_station.ledger import CommandLedger
from frameferry_station.outbox import Outbox
from frameferry_station.packs import CaptureRecord
from frameferry_station.protocol import Command, Health, Settings
from frameferry_station.queue import PackQueue
from frameferry_station.receipts import ReceiptVerifier
from frameferry_station.settings_store import SettingsStore
from frameferry_station.steps import Captured, CaptureFailed, Observer, PauseChanged, Rebooting, Refused
from frameferry_station.sync_protocol import ClockSample
from frameferry_station.uploads import Uploads

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
    """What of a device is on disk, beside its queue."""

    @property
    def outbox(self) -> Outbox: ...
    @property
    def ledger(self) -> CommandLedger: ...
    @property
    def settings(self) -> SettingsStore: ...
    @property
    def identity(self) -> IdentityStore: ...


class Device:
    """`capture_step`, `sync_step` and `put_step` do one thing each and say how long to wait; `run` calls them in three
    threads.

    `storage` sends what goes to S3. `interval_s` and `newest_first` override the owner's settings. `clock_is_synced`
    says whether captured_at can be believed. `space` gives free and total bytes of the disk that holds the queue.
    """

    def __init__(
        self,
        state: State,
        queue: PackQueue,
        client: DeviceClient,
        storage: Sender,
        pictures: PictureSource,
        *,
        boot: Boot,
        uniform: Uniform,
        observe: Observer,
        space: Callable[[], tuple[int, int]],
        interval_s: float | None = None,
        newest_first: bool = False,
        clock_is_synced: Callable[[], bool] = lambda: True,
        reset_reason: str = "power_on",
    ) -> None:
        self._state = state
        self._queue = queue
        self._client = client
        self._pictures = pictures
        self._boot = boot
        self._clock = boot.clock
        self._observe = observe
        self._space = space
        self._interval_s = interval_s
        self._newest_first = newest_first
        self._clock_is_synced = clock_is_synced
        self._reset_reason = reset_reason
        self._capture_lock = threading.Lock()
        self._due_at_s = boot.began_at_s
        self._was_paused = False
        self._camera_failed = False
        self._no_more_pictures = False
        self._end: End | None = None
        self._wake = {"sync": threading.Event(), "put": threading.Event()}
        self._drain = Drain(queue, state.outbox, self._verifier, clock=self._clock, uniform=uniform, observe=observe)
        self._uploads = Uploads(storage, queue, self._drain)
        self._control = Control(
            client,
            self._drain,
            state.outbox,
            state.ledger,
            state.settings,
            state.identity,
            self._actions(),
            Account(self._health, self._clock_sample),
            clock=self._clock,
            uniform=uniform,
            observe=observe,
        )
        state.outbox.add("boot", reset_reason)

    @property
    def end(self) -> End | None:
        """Set once the device will do no more."""
        return self._end

    def run(self, stop: threading.Event) -> End:
        """Capture, sync and upload until something ends it. Raises what no thread foresaw."""
        failures: list[BaseException] = []

        def repeat(step: Callable[[], float], wake: threading.Event) -> None:
            try:
                self._repeat(step, wake, stop)
            except BaseException as error:
                failures.append(error)
                self._end = End.STOPPED

        # The owner may shorten the interval at any time.
        loops = [(lambda: min(self.capture_step(), 1.0), threading.Event()), (self.put_step, self._wake["put"])]
        threads = [threading.Thread(target=repeat, args=loop, daemon=True) for loop in loops]
        for thread in threads:
            thread.start()
        repeat(self.sync_step, self._wake["sync"])
        self._end = self._end or End.STOPPED
        for thread in threads:
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

    def sync_step(self) -> float:
        """Sync if it is due. Gives seconds until there is more to do; 0 after a sync."""
        hurry = self._no_more_pictures
        if hurry or self._may_go_at_once:
            self._queue.seal()
        try:
            wait_s = self._control.step(newest_first=self._is_newest_first, hurry=hurry)
        except CredentialRefused as refused:
            self._observe(Refused(refused.code))
            self._end = End.REFUSED
            return 0.0
        except Restart:
            self._observe(Rebooting())
            self._end = End.REBOOT
            return 0.0
        if self._no_more_pictures and not len(self._queue) and self._control.has_said_all:
            self._end = End.FINISHED
        if not wait_s:
            self._wake["put"].set()
        return wait_s

    def put_step(self) -> float:
        """Put a pack if there is one. Gives seconds until there is more to do; 0 after an upload."""
        wait_s = self._uploads.step(newest_first=self._is_newest_first)
        if not wait_s:
            self._wake["sync"].set()
        return wait_s

    def _repeat(self, step: Callable[[], float], wake: threading.Event, stop: threading.Event) -> None:
        """A step over thousands of packs is not free: the next is made when it is due, or when there is news."""
        while self._end is None and not stop.is_set():
            due_at_s = self._clock.monotonic_s() + step()
            while self._end is None and not stop.is_set() and not wake.is_set():
                wait_s = due_at_s - self._clock.monotonic_s()
                if wait_s <= 0:
                    break
                wake.wait(min(wait_s, _LOOK_S))
            wake.clear()

    @property
    def _may_go_at_once(self) -> bool:
        """No capture waits for its pack to fill where the link has nothing to do, or where it is to overtake the rest.
        Without a link they gather.
        """
        if self._control.is_failing or self._drain.is_failing:
            return False
        return self._is_newest_first or self._drain.is_idle

    @property
    def _is_newest_first(self) -> bool:
        return self._newest_first or self._state.settings.settings.upload_policy == "newest_first"

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
                    self._wake["sync"].set()
                    return False
                is_synced = self._clock_is_synced()
                seq = self._queue.put(jpeg, CaptureMeta(at if is_synced else None, is_synced, self._boot.uptime_ms))
            except (CameraFailed, OSError, ValueError) as error:
                self._lost(f"{error}")
                return False
            self._camera_failed = False
        self._observe(Captured(seq, len(jpeg)))
        if is_wanted_now:
            self._queue.seal()
        self._wake["sync"].set()
        return True

    def _lost(self, reason: str) -> None:
        """Told once for all failures in a row."""
        self._observe(CaptureFailed(reason))
        if not self._camera_failed:
            self._state.outbox.add("error", f"no capture: {reason}")
        self._camera_failed = True

    def _verifier(self) -> ReceiptVerifier:
        identity: Identity | None = self._state.identity.identity
        return ReceiptVerifier(identity.device_id, identity.receipt_keys) if identity else ReceiptVerifier("", {})

    def _health(self) -> Health:
        free_bytes, total_bytes = self._space()
        return Health(
            queue_depth=len(self._queue),
            uptime_s=self._boot.uptime_ms // 1000,
            sd_free_bytes=free_bytes,
            sd_total_bytes=total_bytes,
            reset_reason=self._reset_reason,
            firmware_version=FIRMWARE_VERSION,
        )

    def _clock_sample(self) -> ClockSample:
        return ClockSample(self._boot.boot_id, self._boot.uptime_ms, self._queue.next_seq, self._queue.oldest_seq)

    def _actions(self) -> dict[str, Action]:
        return {
            "capture_now": self._capture_now,
            "pause": self._pause,
            "resume": lambda _: self._set(paused=False, until=None),
            "reboot": _reboot,
            "rotate_token": lambda _: self._state.identity.keep_pending(self._client.rotate_token()),
            "forget": self._forget,
        }

    def _capture_now(self, _: Command) -> None:
        if self._state.settings.settings.is_paused(self._clock.utc()):
            raise CommandFailed("the device is paused")
        if not self._capture(is_wanted_now=True):
            raise CommandFailed("the camera gave no picture")

    def _pause(self, command: Command) -> None:
        duration_s = command.arguments.get("duration_s")
        until = command.created_at + timedelta(seconds=duration_s) if isinstance(duration_s, int) else None
        self._set(paused=until is None, until=until)

    def _set(self, *, paused: bool, until: datetime | None) -> None:
        """At once. The owner's own settings, which the server has changed too, come with the next sync."""
        settings: Settings = self._state.settings.settings
        self._state.settings.change(replace(settings, paused=paused, paused_until=until), None)

    def _forget(self, command: Command) -> str:
        """Photos of a time range leave the card. Of one whose time is not known yet the server knows it later, and
        purges it then.
        """
        try:
            start, end = (from_text(str(command.arguments[name])) for name in ("from", "to"))
        except (KeyError, ValueError):
            raise CommandFailed("no time range") from None
        now, uptime_ms = self._clock.utc(), self._boot.uptime_ms

        def is_forgotten(record: CaptureRecord) -> bool:
            at = record.captured_at
            if at is None and record.boot_id == self._boot.boot_id and self._clock_is_synced():
                at = now - timedelta(milliseconds=uptime_ms - record.uptime_ms)
            return at is not None and start <= at < end

        return f"{self._queue.forget(is_forgotten)} photos were deleted from the card"


def _reboot(_: Command) -> None:
    raise Restart
