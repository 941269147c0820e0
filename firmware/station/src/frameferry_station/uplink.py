"""The way of one queue to its cloud: syncs, uploads, and what the owner commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from frameferry_station import __version__
from frameferry_station.backoff import Uniform
from frameferry_station.boot import Boot
from frameferry_station.client import DeviceClient
from frameferry_station.clock import from_text
from frameferry_station.control import Account, Action, CommandFailed, Control
from frameferry_station.drain import Drain
from frameferry_station.http import Sender
from frameferry_station.identity import Identity, IdentityStore
from frameferry_station.ledger import CommandLedger
from frameferry_station.outbox import Outbox
from frameferry_station.packs import CaptureRecord
from frameferry_station.protocol import Command, Health, Settings
from frameferry_station.queue import PackQueue
from frameferry_station.receipts import ReceiptVerifier
from frameferry_station.settings_store import SettingsStore
from frameferry_station.steps import Observer
from frameferry_station.sync_protocol import ClockSample
from frameferry_station.uploads import Uploads

FIRMWARE_VERSION = f"frameferry-station/{__version__}"


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


class Uplink:
    """`sync_step` and `put_step` do one thing each and say how long to wait; each has a thread of its own, which
    `wake_sync` and `wake_put` wake. Whoever fills the queue sets `wake_sync`.

    `storage` sends what goes to S3. `actions` are commands that the queue alone cannot carry out, by kind.
    `newest_first` overrides the owner's setting. `clock_is_synced` says whether captured_at can be believed. `space`
    gives free and total bytes of the disk that holds the queue. `forget_elsewhere` gives how many photos it dropped.
    """

    def __init__(
        self,
        state: State,
        queue: PackQueue,
        client: DeviceClient,
        storage: Sender,
        *,
        boot: Boot,
        uniform: Uniform,
        observe: Observer,
        space: Callable[[], tuple[int, int]],
        actions: Mapping[str, Action] | None = None,
        newest_first: bool = False,
        clock_is_synced: Callable[[], bool] = lambda: True,
        reset_reason: str | None = None,
        forget_elsewhere: Callable[[Callable[[CaptureRecord], bool]], int] = lambda _: 0,
    ) -> None:
        self.wake_sync, self.wake_put = threading.Event(), threading.Event()
        self.state = state
        self.queue = queue
        self._client = client
        self.boot = boot
        self._clock = boot.clock
        self._space = space
        self._newest_first = newest_first
        self.clock_is_synced = clock_is_synced
        self.reset_reason = reset_reason
        self._forget_elsewhere = forget_elsewhere
        self.observe = observe
        self._commands = {**self._actions(), **(actions or {})}
        self._drain = Drain(queue, state.outbox, self._verifier, clock=self._clock, uniform=uniform, observe=observe)
        self._uploads = Uploads(storage, queue, self._drain)
        self._control = Control(
            client,
            self._drain,
            state.outbox,
            state.ledger,
            state.settings,
            state.identity,
            self._commands,
            Account(self._health, self._clock_sample),
            clock=self._clock,
            uniform=uniform,
            observe=observe,
        )

    def carries_out(self, actions: Mapping[str, Action]) -> None:
        """These commands too, from now on."""
        self._commands.update(actions)

    @property
    def has_said_all(self) -> bool:
        """Nothing is left to tell the server, but for the photos."""
        return self._control.has_said_all

    @property
    def is_failing(self) -> bool:
        """The last sync or upload failed."""
        return self._control.is_failing or self._drain.is_failing

    @property
    def stuck(self) -> int:
        """Captures that do not get through while others do."""
        return self._drain.stuck

    def sync_step(self, *, hurry: bool = False) -> float:
        """Sync if it is due. Gives seconds until there is more to do; 0 after a sync. In a `hurry` nothing waits to be
        sent together. Raises CredentialRefused, and what an action raises to end the run.
        """
        if hurry or self._may_go_at_once:
            self.queue.seal()
        wait_s = self._control.step(newest_first=self._is_newest_first, hurry=hurry)
        if not wait_s:
            self.wake_put.set()
        return wait_s

    def put_step(self) -> float:
        """Put a pack if there is one. Gives seconds until there is more to do; 0 after an upload."""
        wait_s = self._uploads.step(newest_first=self._is_newest_first)
        if not wait_s:
            self.wake_sync.set()
        return wait_s

    @property
    def _may_go_at_once(self) -> bool:
        """No capture waits for its pack to fill where the link has nothing to do, or where it is to overtake the rest.
        Without a link they gather.
        """
        if self.is_failing:
            return False
        return self._is_newest_first or self._drain.is_idle

    @property
    def _is_newest_first(self) -> bool:
        return self._newest_first or self.state.settings.settings.upload_policy == "newest_first"

    def _verifier(self) -> ReceiptVerifier:
        identity: Identity | None = self.state.identity.identity
        return ReceiptVerifier(identity.device_id, identity.receipt_keys) if identity else ReceiptVerifier("", {})

    def _health(self) -> Health:
        free_bytes, total_bytes = self._space()
        return Health(
            queue_depth=len(self.queue),
            uptime_s=self.boot.uptime_ms // 1000,
            sd_free_bytes=free_bytes,
            sd_total_bytes=total_bytes,
            reset_reason=self.reset_reason,
            firmware_version=FIRMWARE_VERSION,
        )

    def _clock_sample(self) -> ClockSample:
        return ClockSample(self.boot.boot_id, self.boot.uptime_ms, self.queue.next_seq, self.queue.oldest_seq)

    def _actions(self) -> dict[str, Action]:
        return {
            "pause": self._pause,
            "resume": self._resume,
            "rotate_token": lambda _: self.state.identity.keep_pending(self._client.rotate_token()),
            "forget": self._forget,
        }

    def _pause(self, command: Command) -> None:
        duration_s = command.arguments.get("duration_s")
        until = command.created_at + timedelta(seconds=duration_s) if isinstance(duration_s, int) else None
        told = self.state.settings.told
        if self.state.settings.know_of(command.created_at):
            self._pause_as(told)
            if not told.paused and told.paused_until is None:
                raise CommandFailed("its settings say that it is not paused")
        else:
            self._pause_as(max(told, replace(told, paused=until is None, paused_until=until), key=_lasts))

    def _resume(self, _: Command) -> None:
        told = self.state.settings.told
        self._pause_as(told)
        if told.is_paused(self._clock.utc()):
            raise CommandFailed("its settings say that it is paused")

    def _pause_as(self, other: Settings) -> None:
        """At once. A command may come days after it was given: it ends no pause that the settings say, and begins none
        that the owner has ended since. The owner's own settings, which the server has changed too, come with the next
        sync.
        """
        settings: Settings = self.state.settings.settings
        pause = replace(settings, paused=other.paused, paused_until=other.paused_until)
        self.state.settings.change(pause, None)

    def _forget(self, command: Command) -> str:
        """Photos of a time range leave the card. Of one whose time is not known yet the server knows it later, and
        purges it then.
        """
        try:
            start, end = (from_text(str(command.arguments[name])) for name in ("from", "to"))
        except (KeyError, ValueError):
            raise CommandFailed("no time range") from None
        now, uptime_ms = self._clock.utc(), self.boot.uptime_ms

        def is_forgotten(record: CaptureRecord) -> bool:
            at = record.captured_at
            if at is None and record.boot_id == self.boot.boot_id and self.clock_is_synced():
                at = now - timedelta(milliseconds=uptime_ms - record.uptime_ms)
            return at is not None and start <= at < end

        self._forget_elsewhere(is_forgotten)
        return f"{self.queue.forget(is_forgotten)} photos were deleted from the card"


def _lasts(settings: Settings) -> tuple[bool, datetime]:
    return settings.paused, settings.paused_until or datetime.min.replace(tzinfo=UTC)
