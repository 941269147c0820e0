"""Which address others reach this machine under."""

from __future__ import annotations

import socket

_ANY = {"0.0.0.0", ""}  # noqa: S104 - compared, not bound


def public_host(host: str) -> str:
    """The host to put into URLs: `host` itself, or this machine's LAN address where it listens on all.

    A UDP connect sends nothing; it only makes the system choose the outgoing address. Without any
    network the answer is 127.0.0.1.
    """
    if host not in _ANY:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def loopback_host(host: str) -> str:
    """The host by which this machine reaches its own server that listens on `host`."""
    return "127.0.0.1" if host in _ANY else host
