"""Syncs: what a device says of itself and is told, and when."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frameferry_station.backoff import Lane, Uniform
from frameferry_station.client import DeviceClient
from frameferry_station.clock import Clock
from frameferry_station.drain import Drain
from frameferry_station.errors import Busy, CredentialRefused, Refusal, StationError, Trouble
from frameferry_station.identity import IdentityStore
from frameferry_station.ledger import CommandLedger, Outcome
from frameferry_station.outbox import Outbox
from frameferry_station.protocol import Command, Health
from frameferry_station.settings_store import SettingsStore
from frameferry_station.steps import CommandEnded, Observer, Waiting
from frameferry_station.sync_parts import Parts, Suspects
from frameferry_station.sync_protocol import MAX_ACKS, MAX_EVENTS, Ack, ClockSample, SyncAnswer, SyncRequest

SYNC_S = 60.0
BUSY_SYNC_S = 180.0
"""While packs go up, which need syncs of their own: a day's backlog then costs no request for the clock's sake."""


class CommandFailed(StationError):
    """A command cannot be carried out; the text is what the owner reads."""


class Restart(StationError):
    """A command that ends this run of the device: it was begun on disk, and the next run acknowledges it."""


Action = Callable[[Command], str | None]
"""Carries out one kind of command; gives what the owner reads of it, if anything. Raises CommandFailed, Restart, and
Trouble where it may be tried again."""


@dataclass(frozen=True)
class Account:
    """What a device can say of itself at any time."""

    health: Callable[[], Health]
    clock: Callable[[], ClockSample]


class Control:
    """One sync a step. Not thread-safe: one thread talks to the API."""

    def __init__(
        self,
        client: DeviceClient,
        drain: Drain,
        outbox: Outbox,
        ledger: CommandLedger,
        settings: SettingsStore,
        identity: IdentityStore,
        actions: Mapping[str, Action],
        account: Account,
        *,
        clock: Clock,
        uniform: Uniform,
        observe: Observer,
    ) -> None:
        self._client = client
        self._drain = drain
        self._outbox = outbox
        self._ledger = ledger
        self._settings = settings
        self._identity = identity
        self._actions = actions
        self._account = account
        self._clock = clock
        self._observe = observe
        self._lane = Lane(clock, uniform)
        self._suspects = Suspects()
        self._synced_at_s = -math.inf
        self._acks: dict[str, Outcome] = {}
        self._acknowledged_ids: set[str] = set()
        self._is_account_refused = False

    @property
    def is_failing(self) -> bool:
        """The last sync failed."""
        return self._lane.is_failing

    @property
    def has_said_all(self) -> bool:
        return not self._acks and not len(self._outbox)

    def step(self, *, newest_first: bool, hurry: bool) -> float:
        """Sync if it is due. Gives seconds until it is. Raises CredentialRefused, Restart.

        In a `hurry` receipts and events do not wait for the next sync.
        """
        if self._lane.rests_for_s:
            return self._lane.rests_for_s
        due_in_s = self._due_in_s(newest_first=newest_first, hurry=hurry)
        if due_in_s > 0:
            return due_in_s
        try:
            self._sync(newest_first=newest_first)
        except CredentialRefused:
            raise
        except Trouble as trouble:
            return self._rest(trouble)
        except OSError as error:
            return self._rest(Trouble(f"disk: {error.strerror}"))
        return 0.0

    def _due_in_s(self, *, newest_first: bool, hurry: bool) -> float:
        # What is acknowledged again, because the server asks again, waits for the next sync.
        has_news = bool(self._acks.keys() - self._acknowledged_ids)
        if self._suspects.next() or has_news or (hurry and not self.has_said_all):
            return 0.0
        period_s = BUSY_SYNC_S if self._drain.is_busy else SYNC_S
        periodic_s = self._synced_at_s + period_s - self._clock.monotonic_s()
        return max(0.0, min(periodic_s, self._drain.sync_due_in_s(newest_first=newest_first, hurry=hurry)))

    def _sync(self, *, newest_first: bool) -> None:
        parts = self._suspects.next() or self._all(newest_first=newest_first)
        identity = self._identity.identity
        request = SyncRequest(
            health=parts.health,
            clock=parts.clock,
            objects=[asked.named for asked in parts.asked],
            events=parts.events,
            acks=parts.acks,
            settings_version=self._settings.version,
            receipt_key_ids=sorted(identity.receipt_keys) if identity else (),
        )
        try:
            answer = self._client.sync(request)
        except CredentialRefused:
            raise
        except (Refusal, Busy) as error:
            self._failed(parts, error)
            return
        self._lane.succeeded()
        self._suspects.succeeded()
        self._synced_at_s = self._clock.monotonic_s()
        self._heed(parts, answer)

    def _all(self, *, newest_first: bool) -> Parts:
        acks = tuple(Ack(ack.command_id, ack.status, ack.detail) for ack in list(self._acks.values())[:MAX_ACKS])
        return Parts(
            health=None if self._is_account_refused else self._account.health(),
            clock=None if self._is_account_refused else self._account.clock(),
            acks=acks,
            events=self._outbox.first(MAX_EVENTS),
            asked=tuple(self._drain.to_ask(newest_first=newest_first)),
        )

    def _heed(self, parts: Parts, answer: SyncAnswer) -> None:
        """Keys before receipts, and commands last: one may end this run."""
        if answer.receipt_keys:
            self._identity.keep_receipt_keys(answer.receipt_keys)
        if answer.settings or self._settings.version is not None:
            self._settings.confirmed(answer.server_time)
        if answer.settings:
            self._settings.change(answer.settings, answer.settings_version)
        if parts.events:
            self._outbox.told(parts.events)
        for ack in parts.acks:
            self._acknowledged(ack)
        self._drain.answered(parts.asked, answer.objects)
        for command in answer.commands:
            self._acks[command.command_id] = self._ledger.outcome(command.command_id) or self._carry_out(command)

    def _acknowledged(self, ack: Ack) -> None:
        outcome = self._acks.pop(ack.command_id, None)
        self._acknowledged_ids.add(ack.command_id)
        if outcome is not None:
            self._observe(CommandEnded(outcome.command_id, outcome.kind, outcome.status, outcome.detail))

    def _carry_out(self, command: Command) -> Outcome:
        """Begun on disk first: if the power goes in between, it is not begun again."""
        action = self._actions.get(command.kind)
        if action is None:
            return Outcome(command.command_id, command.kind, "failed", "not supported by this device")
        self._ledger.begin(command.command_id, command.kind)
        try:
            outcome = Outcome(command.command_id, command.kind, "done", action(command))
        except CommandFailed as error:
            outcome = Outcome(command.command_id, command.kind, "failed", f"{error}")
        except Trouble:
            self._ledger.withdraw(command.command_id)
            raise
        self._ledger.end(outcome)
        return outcome

    def _failed(self, parts: Parts, error: Refusal | Busy) -> None:
        """Raises Trouble where nothing better is known than to wait."""
        to_blame = self._suspects.failed(parts, error)
        if to_blame is not None:
            self._give_up(to_blame, error)
        if isinstance(error, Busy):
            raise error
        if self._suspects.next() is None and to_blame is None:
            raise Trouble(f"sync refused: {error}", SYNC_S)

    def _give_up(self, parts: Parts, error: Refusal | Busy) -> None:
        """The server does not take this, said alone."""
        for asked in parts.asked:
            self._drain.refused(asked, error)
        for event in parts.events:
            self._observe(Waiting(f"event {event.kind} given up: {error}", 0.0))
            self._outbox.told([event])
        for ack in parts.acks:
            self._observe(Waiting(f"acknowledgement given up: {error}", 0.0))
            self._acknowledged(ack)
        if parts.health or parts.clock:
            self._observe(Waiting(f"health and clock given up: {error}", 0.0))
            self._is_account_refused = True

    def _rest(self, trouble: Trouble) -> float:
        wait_s = self._lane.failed(trouble)
        self._observe(Waiting(trouble.reason, round(wait_s, 3)))
        return wait_s
