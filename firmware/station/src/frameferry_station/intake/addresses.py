"""Who is at the other end: MAC and IP addresses, and the names of the sources that they become."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NewType

from frameferry_station.photos import SourceName, source_name

Address = IPv4Address | IPv6Address

Mac = NewType("Mac", str)
"""12 lower-case hex digits."""

_MAC = re.compile(r"[0-9a-f]{2}(?:([:-]?)[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}", re.ASCII)


def mac(text: str) -> Mac:
    """Of `A0:B1:C2:D3:E4:F5`, with colons, dashes or neither, in either case. Raises ValueError."""
    lowered = text.strip().lower()
    if not _MAC.fullmatch(lowered):
        raise ValueError("a MAC address looks like A0:B1:C2:D3:E4:F5")
    digits = lowered.replace(":", "").replace("-", "")
    if digits == "0" * 12:
        raise ValueError("the MAC address is all zeros: ask for it after WiFi.begin()")
    if int(digits[:2], 16) & 1:
        raise ValueError("this is the MAC address of a group, not of a device")
    return Mac(digits)


def mac_text(of: Mac) -> str:
    """As `WiFi.macAddress()` writes it."""
    return ":".join(of[at : at + 2] for at in range(0, 12, 2)).upper()


def address(text: str | None) -> Address:
    """Of a socket's peer; an IPv4 address in IPv6 clothes is that IPv4 address. Raises ValueError."""
    found = ip_address((text or "").partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def source_of_mac(of: Mac) -> SourceName:
    return source_name(f"lan-{of}")


def source_of_address(of: Address) -> SourceName:
    """`lan-192-168-1-7`; of an IPv6 address its 32 hex digits."""
    return source_name(f"lan-{of}".replace(".", "-") if isinstance(of, IPv4Address) else f"lan-{of.packed.hex()}")


def source_of_user(user: str) -> SourceName:
    """`lan-esp32`; what a source's name cannot hold becomes a dash."""
    kept = re.sub(r"[^a-z0-9]+", "-", user.lower())[:36].strip("-")
    return source_name(f"lan-{kept or 'upload-image'}")
