"""What the command line says and asks about the LAN, while the station runs or not. Each function gives the lines to
print, and raises StationError, OSError or ValueError with a message for the owner.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from frameferry_station.clock import Clock
from frameferry_station.errors import StationError
from frameferry_station.files import Files
from frameferry_station.intake import orders, registry
from frameferry_station.intake.addresses import address, mac, mac_text, source_of_address, source_of_mac
from frameferry_station.intake.orders import AdmissionWindow, OrdersBook

DEFAULT_MINUTES = 10
MOST_MINUTES = 60


def admit(state: Path, files: Files, clock: Clock, *, minutes: int = DEFAULT_MINUTES) -> str:
    """New cameras may register from now on, for 1 to MOST_MINUTES minutes; 0 ends an open window."""
    if not 0 <= minutes <= MOST_MINUTES:
        raise ValueError(f"a window is open for 1 to {MOST_MINUTES} minutes, or 0 to close it")
    now = clock.utc()
    OrdersBook(state, files).admit(AdmissionWindow(now, now + timedelta(minutes=minutes)))
    if not minutes:
        return "No new cameras are admitted."
    return f"New cameras are admitted for {minutes} minutes: restart them now."


def devices(state: Path, files: Files, clock: Clock) -> str:
    """One line for each camera that registered, and the addresses that may use /upload."""
    given = orders.read(state, files)
    lines = [
        f"{mac_text(each.mac)}  {source_of_mac(each.mac)}  {each.address}  registered {each.registered_at}"
        f"  {each.device_type} {each.firmware_version}".rstrip()
        for each in registry.kept(state, files)
        if each.registration_id not in given.forgotten
    ]
    lines += [f"{each}  {source_of_address(each)}  without a credential" for each in sorted(given.allowed, key=str)]
    if given.window and given.window.is_open(clock.utc()):
        lines.append(f"New cameras are admitted until {given.window.closes_at:%H:%M} UTC.")
    return "\n".join(lines) or "No camera has registered yet: run `frameferry-station admit`."


def forget_device(state: Path, files: Files, mac_or_source: str) -> str:
    """Its token ends at once; it comes back by registering while new cameras are admitted."""
    wanted = mac(mac_or_source.removeprefix("lan-"))
    kept = registry.kept(state, files)
    found = next((each for each in kept if each.mac == wanted), None)
    if found is None:
        raise StationError(f"no camera {mac_text(wanted)} has registered")
    OrdersBook(state, files).forget(found.registration_id, frozenset(each.registration_id for each in kept))
    return f"{mac_text(wanted)} is forgotten. Its photos stay."


def allow(state: Path, files: Files, address_text: str) -> str:
    """Photos without a credential are taken from this address."""
    allowed = address(address_text)
    OrdersBook(state, files).allow(allowed)
    return f"Photos from {allowed} are taken, as {source_of_address(allowed)}. Give it this address for good."


def disallow(state: Path, files: Files, address_text: str) -> str:
    """Ends `allow`; what the settings allow stays allowed."""
    ended = address(address_text)
    OrdersBook(state, files).disallow(ended)
    return f"Photos from {ended} are not taken any more, unless upload_from in the settings allows them."
