"""What devices of the LAN say of themselves now and then. In memory: a card is not worn out for it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from frameferry_station.intake.addresses import Address, Mac
from frameferry_station.intake.registry import Registration
from frameferry_station.photos import SourceName


@dataclass(frozen=True)
class Heartbeat:
    """What the device sent last; None where it did not say. Signal in dBm, free memory in bytes."""

    at: datetime
    rssi_dbm: int | None
    free_heap_bytes: int | None
    uptime_s: int | None
    camera_enabled: bool | None


@dataclass(frozen=True)
class LanDevice:
    """For the page. `last_seen_at` and `heartbeat` are of this run of the program."""

    mac: Mac
    source: SourceName
    device_type: str
    firmware_version: str
    registered_at: str
    address: str
    last_seen_at: datetime | None
    heartbeat: Heartbeat | None


class Presence:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Mac, tuple[datetime, Address]] = {}
        self._heartbeats: dict[Mac, Heartbeat] = {}

    def saw(self, mac: Mac, at: datetime, address: Address) -> None:
        with self._lock:
            self._seen[mac] = (at, address)

    def keep(self, mac: Mac, heartbeat: Heartbeat) -> None:
        with self._lock:
            self._heartbeats[mac] = heartbeat

    def address_of(self, mac: Mac) -> Address | None:
        """Where it was last seen."""
        seen = self._seen.get(mac)
        return seen[1] if seen else None

    def forget_all_but(self, macs: Iterable[Mac]) -> None:
        with self._lock:
            known = set(macs)
            self._seen = {mac: seen for mac, seen in self._seen.items() if mac in known}
            self._heartbeats = {mac: heartbeat for mac, heartbeat in self._heartbeats.items() if mac in known}

    def device(self, registration: Registration, source: SourceName) -> LanDevice:
        with self._lock:
            seen_at, address = self._seen.get(registration.mac, (None, registration.address))
            return LanDevice(
                mac=registration.mac,
                source=source,
                device_type=registration.device_type,
                firmware_version=registration.firmware_version,
                registered_at=registration.registered_at,
                address=str(address),
                last_seen_at=seen_at,
                heartbeat=self._heartbeats.get(registration.mac),
            )
