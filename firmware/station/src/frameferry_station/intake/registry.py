"""Which devices of the LAN are admitted, on disk: their MACs and the hashes of their tokens.

A token is 256 random bits, so that a plain SHA-256 of it tells nobody anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from frameferry_station import documents
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.intake.addresses import Mac

_log = logging.getLogger(__name__)

MOST_DEVICES = 64
FILE = "lan.json"
_TOKEN_BYTES = 32


@dataclass(frozen=True)
class Registration:
    """`registered_at` is what the station's clock said then. `pending_hash` is of the token of a registration since,
    which has not been used yet; until it is, both are good."""

    mac: Mac
    registration_id: str
    registered_at: str
    address: str
    device_type: str
    firmware_version: str
    token_hash: str = field(repr=False)
    pending_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Introduction:
    """What a device says of itself when it registers; texts are for show."""

    mac: Mac
    address: str
    device_type: str = ""
    firmware_version: str = ""


class RegistryFull(Exception):
    """MOST_DEVICES are registered."""


class Registry:
    """Thread-safe. A file that cannot be read is an empty registry: devices have to be admitted again."""

    def __init__(self, state: Path, files: Files, entropy: Callable[[int], bytes]) -> None:
        self._file = JsonFile(state / FILE, files)
        self._entropy = entropy
        self._lock = threading.Lock()
        try:
            self._registrations = _parsed(self._file.load())
        except StateDamaged:
            _log.error("%s cannot be read: admit the devices of the LAN again", FILE)
            self._registrations = {}

    def all(self) -> list[Registration]:
        """By MAC."""
        return sorted(self._registrations.values(), key=lambda each: each.mac)

    def find(self, mac: Mac) -> Registration | None:
        return self._registrations.get(mac)

    def register(self, who: Introduction, registered_at: str) -> str:
        """Gives a new token. That of a known device begins with its first use. Raises RegistryFull; OSError where it
        could not be kept."""
        token = "lantok_" + base64.urlsafe_b64encode(self._entropy(_TOKEN_BYTES)).rstrip(b"=").decode()
        with self._lock:
            known = self._registrations.get(who.mac)
            if known is None and len(self._registrations) >= MOST_DEVICES:
                raise RegistryFull
            self._save(
                Registration(
                    **vars(who),
                    registration_id=known.registration_id if known else self._entropy(8).hex(),
                    registered_at=registered_at,
                    token_hash=known.token_hash if known else _hashed(token),
                    pending_hash=_hashed(token) if known else None,
                )
            )
        return token

    def holder(self, token: str) -> Registration | None:
        """Whose token it is. Every hash is compared, whether or not one has fitted."""
        hashed = _hashed(token)
        found = None
        with self._lock:
            for each in self._registrations.values():
                is_current = hmac.compare_digest(each.token_hash, hashed)
                if is_current or (each.pending_hash is not None and hmac.compare_digest(each.pending_hash, hashed)):
                    found = each
            if found is not None and found.token_hash != hashed:
                found = replace(found, token_hash=hashed, pending_hash=None)
                self._began(found)
        return found

    def forget(self, registration_ids: frozenset[str]) -> None:
        """At once, and on disk as soon as it can be written."""
        with self._lock:
            kept = {
                mac: each
                for mac, each in self._registrations.items()
                if each.registration_id not in registration_ids
            }
            if len(kept) != len(self._registrations):
                self._registrations = kept
                self._write_if_possible()

    def _began(self, registration: Registration) -> None:
        self._registrations = {**self._registrations, registration.mac: registration}
        self._write_if_possible()

    def _save(self, registration: Registration) -> None:
        registrations = {**self._registrations, registration.mac: registration}
        self._write(registrations)
        self._registrations = registrations

    def _write_if_possible(self) -> None:
        try:
            self._write(self._registrations)
        except OSError as error:
            _log.warning("%s was not written: %s", FILE, error.strerror)

    def _write(self, registrations: dict[Mac, Registration]) -> None:
        self._file.save({"devices": [asdict(each) for each in registrations.values()]})


def kept(state: Path, files: Files) -> list[Registration]:
    """What the running station has on disk, for who only looks. Raises OSError, StateDamaged."""
    return sorted(_parsed(documents.load(state / FILE, files)).values(), key=lambda each: each.mac)


def _parsed(stored: dict[str, Any] | None) -> dict[Mac, Registration]:
    return {Mac(each["mac"]): Registration(**each) for each in (stored or {"devices": []})["devices"]}


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
