"""What the owner said on the command line about the LAN: a file that only the command line writes, and the running
station reads whenever it has to decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from frameferry_station import documents
from frameferry_station.clock import from_text, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.files import Files, held_alone
from frameferry_station.intake.addresses import Address, address

_FOLDER = "lan-orders"
_FILE = "orders.json"


@dataclass(frozen=True)
class AdmissionWindow:
    """When new MACs are admitted. A clock that is set in between can end it early; it cannot make it longer."""

    opens_at: datetime
    closes_at: datetime

    def is_open(self, now: datetime) -> bool:
        return self.opens_at <= now < self.closes_at


@dataclass(frozen=True)
class Orders:
    """`forgotten` names registrations (`registry.Registration.registration_id`), not MACs: a device that registers
    anew in a later window is another one. `allowed` may use `/upload`, beside those of the settings."""

    window: AdmissionWindow | None = None
    forgotten: frozenset[str] = frozenset()
    allowed: frozenset[Address] = frozenset()


def read(state: Path, files: Files) -> Orders:
    """Raises OSError, StateDamaged."""
    stored = documents.load(state / _FOLDER / _FILE, files) or {}
    window = stored.get("window")
    return Orders(
        window=AdmissionWindow(from_text(window["opens_at"]), from_text(window["closes_at"])) if window else None,
        forgotten=frozenset(stored.get("forgotten", ())),
        allowed=frozenset(address(text) for text in stored.get("allowed", ())),
    )


class OrdersBook:
    """For the command line."""

    def __init__(self, state: Path, files: Files) -> None:
        self._state = state
        self._files = files

    @contextmanager
    def _alone(self) -> Iterator[JsonFile]:
        folder = self._state / _FOLDER
        with held_alone(folder):
            yield JsonFile(folder / _FILE, self._files)

    def admit(self, window: AdmissionWindow) -> None:
        """In place of the window before it. This and the others raise OSError, StateDamaged, StateInUse."""
        with self._alone() as file:
            self._save(file, replace(read(self._state, self._files), window=window))

    def forget(self, registration_id: str, known: frozenset[str]) -> None:
        """`known` are the registrations that the station keeps; orders about others are done with."""
        with self._alone() as file:
            orders = read(self._state, self._files)
            self._save(file, replace(orders, forgotten=orders.forgotten & known | {registration_id}))

    def allow(self, of: Address) -> None:
        with self._alone() as file:
            orders = read(self._state, self._files)
            self._save(file, replace(orders, allowed=orders.allowed | {of}))

    def disallow(self, of: Address) -> None:
        with self._alone() as file:
            orders = read(self._state, self._files)
            self._save(file, replace(orders, allowed=orders.allowed - {of}))

    def _save(self, file: JsonFile, orders: Orders) -> None:
        window = orders.window
        file.save(
            {
                "window": {"opens_at": to_text(window.opens_at), "closes_at": to_text(window.closes_at)}
                if window
                else None,
                "forgotten": sorted(orders.forgotten),
                "allowed": sorted(str(each) for each in orders.allowed),
            }
        )
