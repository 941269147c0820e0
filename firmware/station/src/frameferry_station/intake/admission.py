"""Devices of the LAN with a MAC and a token: who is admitted, and who is it that asks."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from frameferry_station.clock import Clock, to_text
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.intake import orders
from frameferry_station.intake.addresses import Address, Mac, mac, mac_text
from frameferry_station.intake.limits import Allowances
from frameferry_station.intake.orders import Orders
from frameferry_station.intake.refusals import Refused
from frameferry_station.intake.registry import Introduction, Registration, Registry, RegistryFull

_log = logging.getLogger(__name__)


class Strangers(Protocol):
    def __call__(self, registration: Registration, before: Address | str, now: Address) -> None:
        """A device that was known at one address registered from another."""


class Admission:
    """`on_moved` is told at most once an hour for each device. Thread-safe."""

    def __init__(
        self, state: Path, files: Files, clock: Clock, entropy: Callable[[int], bytes], on_moved: Strangers
    ) -> None:
        self._state = state
        self._files = files
        self._clock = clock
        self._on_moved = on_moved
        self._registered = Registry(state, files, entropy)
        self._registrations = Allowances(clock, burst=6, every_s=60.0)
        self._newcomers = Allowances(clock, burst=8, every_s=60.0)
        self._wrong = Allowances(clock, burst=10, every_s=10.0)
        self._moves = Allowances(clock, burst=1, every_s=3600.0)
        self._orders_are_unreadable = False

    def orders(self) -> Orders:
        """What the command line has said, as it is now; what it said to forget is forgotten."""
        try:
            given = orders.read(self._state, self._files)
            self._orders_are_unreadable = False
        except (OSError, StateDamaged, ValueError) as error:
            if not self._orders_are_unreadable:
                _log.error("the orders of the command line cannot be read (run it as the station's user): %s", error)
            self._orders_are_unreadable = True
            return Orders()
        if given.forgotten:
            self._registered.forget(given.forgotten)
        return given

    def registrations(self) -> list[Registration]:
        self.orders()
        return self._registered.all()

    def register(self, who: Introduction, from_address: Address, last_address: Address | None) -> str:
        """Gives a new token. `last_address` is where a token of this device was last used. Raises Refused."""
        given = self.orders()
        known = self._registered.find(who.mac)
        if known is None and not (given.window and given.window.is_open(self._clock.utc())):
            self._count_as_wrong(from_address)
            raise Refused(
                "not_admitted",
                "this camera is new: run `frameferry-station admit` on the station, then restart the camera",
            )
        if known is None:
            # Nobody fills the registry in place of the cameras that the window was opened for.
            self._slow_down(self._newcomers.take(from_address))
        self._slow_down(self._registrations.take(who.mac))
        try:
            token = self._registered.register(who, to_text(self._clock.utc()))
        except RegistryFull:
            raise Refused(
                "too_many_devices", "the station knows too many cameras: `frameferry-station forget-device MAC`"
            ) from None
        except OSError:
            raise Refused("disk_full", "the station could not keep the registration; try again") from None
        _log.info("%s registered from %s", mac_text(who.mac), from_address)
        if known is not None:
            self._look_at_move(known, from_address, last_address)
        return token

    def device(self, token: str | None, from_address: Address, claims: tuple[str | None, ...]) -> Registration:
        """Whose token it is. `claims` are the device ids that the request names elsewhere, None where it does not.
        A right token is never limited for wrong ones. Raises Refused."""
        self.orders()
        registration = self._registered.holder(token or "")
        if registration is None:
            self._count_as_wrong(from_address)
            raise Refused("invalid_credential", "the token is not valid: the camera gets a new one when it registers")
        for claim in claims:
            if claim is not None and _mac_or_none(claim) != registration.mac:
                raise Refused("wrong_device", "the token is of another camera than the device id")
        return registration

    def _count_as_wrong(self, from_address: Address) -> None:
        self._slow_down(self._wrong.take(from_address))

    def _slow_down(self, wait_s: float) -> None:
        if wait_s:
            raise Refused("rate_limited", "too many tries: wait a while", retry_after_s=math.ceil(wait_s))

    def _look_at_move(self, known: Registration, now: Address, last: Address | None) -> None:
        before = str(last or known.address)
        if str(now) != before and not self._moves.take(known.mac):
            _log.warning("%s registered from %s, was at %s", mac_text(known.mac), now, before)
            self._on_moved(known, before, now)


def _mac_or_none(text: str) -> Mac | None:
    with suppress(ValueError):
        return mac(text)
    return None
