"""What a device says of itself and is told: heartbeats, commands, events."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from frameferry_station.backoff import Backoff, Uniform
from frameferry_station.client import DeviceClient
from frameferry_station.clock import Clock
from frameferry_station.errors import CredentialRefused, Refusal, StationError, Trouble
from frameferry_station.ledger import CommandLedger, Outcome
from frameferry_station.outbox import Outbox
from frameferry_station.protocol import Command, Health, Settings
from frameferry_station.steps import CommandEnded, Observer, Waiting

HEARTBEAT_S = 60.0


class CommandFailed(StationError):
    """A command cannot be carried out; the text is what the owner reads."""


class Restart(StationError):
    """A command that ends this run of the device: it was begun on disk, and the next run acknowledges it."""


Action = Callable[[Command], None]
"""Carries out one kind of command. Raises CommandFailed, Restart, and Trouble where it may be tried again."""


class Control:
    """One request a step. Not thread-safe: one thread talks to the server."""

    def __init__(
        self,
        client: DeviceClient,
        outbox: Outbox,
        ledger: CommandLedger,
        actions: Mapping[str, Action],
        *,
        health: Callable[[], Health],
        on_settings: Callable[[Settings], None],
        clock: Clock,
        uniform: Uniform,
        observe: Observer,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._ledger = ledger
        self._actions = actions
        self._health = health
        self._on_settings = on_settings
        self._clock = clock
        self._observe = observe
        self._backoff = Backoff(uniform)
        self._ready_at_s = -math.inf
        self._heartbeat_at_s = -math.inf
        self._commands_wait = False

    def step(self) -> float:
        """Do what is due first. Gives seconds until there is more to do. Raises CredentialRefused, Restart."""
        now_s = self._clock.monotonic_s()
        if now_s < self._ready_at_s:
            return self._ready_at_s - now_s
        try:
            if now_s >= self._heartbeat_at_s:
                self._heartbeat()
            elif self._commands_wait:
                self._carry_out_all()
            elif not self._tell_event():
                return self._heartbeat_at_s - now_s
        except CredentialRefused:
            raise
        except Trouble as trouble:
            return self._wait(trouble)
        except OSError as error:
            return self._wait(Trouble(f"disk: {error.strerror}"))
        self._backoff.succeeded()
        return 0.0

    def _heartbeat(self) -> None:
        try:
            answer = self._client.heartbeat(self._health())
        except CredentialRefused:
            raise
        except Refusal as refusal:
            self._observe(Waiting(f"heartbeat: {refusal}", HEARTBEAT_S))
        else:
            self._on_settings(answer.settings)
            self._commands_wait = answer.commands_waiting > 0
        self._heartbeat_at_s = self._clock.monotonic_s() + HEARTBEAT_S

    def _carry_out_all(self) -> None:
        for command in self._client.commands():
            outcome = self._ledger.outcome(command.command_id) or self._carry_out(command)
            self._acknowledge(outcome)
        self._commands_wait = False

    def _carry_out(self, command: Command) -> Outcome:
        """Begun on disk first: if the power goes in between, it is not begun again."""
        action = self._actions.get(command.kind)
        if action is None:
            return Outcome(command.command_id, command.kind, "failed", "not supported by this device")
        self._ledger.begin(command.command_id, command.kind)
        try:
            action(command)
            outcome = Outcome(command.command_id, command.kind, "done")
        except CommandFailed as error:
            outcome = Outcome(command.command_id, command.kind, "failed", f"{error}")
        except Trouble:
            self._ledger.withdraw(command.command_id)
            raise
        self._ledger.end(outcome)
        return outcome

    def _acknowledge(self, outcome: Outcome) -> None:
        try:
            self._client.acknowledge(outcome.command_id, outcome.status, outcome.detail)
        except CredentialRefused:
            raise
        except Refusal as refusal:
            # It has expired, or was acknowledged before: nothing is left to say.
            self._observe(Waiting(f"acknowledgement: {refusal}", 0.0))
        self._observe(CommandEnded(outcome.command_id, outcome.kind, outcome.status, outcome.detail))

    def _tell_event(self) -> bool:
        """False where none waits."""
        event = self._outbox.first()
        if event is None:
            return False
        try:
            self._client.report(event)
        except CredentialRefused:
            raise
        except Refusal as refusal:
            self._observe(Waiting(f"event {event.kind} given up: {refusal}", 0.0))
        self._outbox.told(event)
        return True

    def _wait(self, trouble: Trouble) -> float:
        wait_s = self._backoff.failed(trouble.retry_after_s)
        self._ready_at_s = self._clock.monotonic_s() + wait_s
        self._observe(Waiting(trouble.reason, round(wait_s, 3)))
        return wait_s
