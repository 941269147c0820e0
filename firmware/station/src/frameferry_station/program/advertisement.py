"""By mDNS (RFC 6762, 6763) the station is found on its network: the page by browsers of services, the ports for cameras
by sketches. It is a convenience: whatever goes wrong with it, the station runs.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Protocol

from frameferry_station import __version__
from frameferry_station.settings import StationSettings

LOOK_S = 20.0
"""How soon another address of the machine is told of."""
FAILED_S = 300.0
_STOP_S = 1.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Advertised:
    """A service: `_http._tcp.local.` and its port; `properties` are the TXT record."""

    kind: str
    port: int
    properties: Mapping[str, str] = field(default_factory=dict)


class Announcer(Protocol):
    """Tells the network until it is closed."""

    def close(self) -> None: ...


Announce = Callable[[Sequence[Advertised], Sequence[str]], Announcer]
"""`(services, addresses)`. Raises OSError, or what its library likes."""


class Advertisement:
    """From `start` to `stop`, in a thread of its own. Raises nothing."""

    def __init__(
        self,
        services: Sequence[Advertised],
        *,
        announce: Announce | None = None,
        addresses: Callable[[], Sequence[str]] | None = None,
        look_s: float = LOOK_S,
        failed_s: float = FAILED_S,
    ) -> None:
        self._services = tuple(services)
        self._announce = announce or announced
        self._addresses = addresses or ipv4_addresses
        self._look_s = look_s
        self._failed_s = failed_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mdns", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        told: tuple[str, ...] = ()
        announcer: Announcer | None = None
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            wait_s = self._look_s
            try:
                addresses = tuple(sorted(self._addresses()))
                if addresses != told:
                    _close(announcer)
                    announcer, told = None, ()
                    announcer = self._announce(self._services, addresses) if addresses else None
                    told = addresses
            except Exception as error:
                # A library's, of the network as it is: no interface, no multicast, no memory.
                _log.warning("not found by mDNS: %s; again in %g s", type(error).__name__, self._failed_s)
                wait_s = self._failed_s
        _close(announcer)


def announced(services: Sequence[Advertised], addresses: Sequence[str]) -> Announcer:
    # A station that is not advertised does without this library's memory.
    from zeroconf import IPVersion, Zeroconf

    zeroconf = Zeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
    try:
        for service in services:
            zeroconf.register_service(_info(service, addresses), allow_name_change=True)
    except BaseException:
        zeroconf.close()
        raise
    return zeroconf


def ipv4_addresses() -> list[str]:
    """Of this machine, but those of the machine itself and of links without a network."""
    from ifaddr import get_adapters

    found = [IPv4Address(ip.ip) for adapter in get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [str(address) for address in found if not address.is_loopback and not address.is_unspecified]


def _info(service: Advertised, addresses: Sequence[str]) -> Any:
    from zeroconf import ServiceInfo

    host = socket.gethostname().partition(".")[0] or "station"
    return ServiceInfo(
        service.kind,
        f"Frameferry station {host}"[:63] + f".{service.kind}",
        port=service.port,
        properties={"version": __version__, **service.properties},
        # Not <host>.local, which the system's own responder has.
        server=f"{host}-frameferry.local.",
        parsed_addresses=list(addresses),
    )


def _close(announcer: Announcer | None) -> None:
    if announcer is not None:
        with suppress(Exception):
            announcer.close()


def begin(settings: StationSettings, *, serves_devices: bool) -> Advertisement | None:
    """Of a station as its settings have it. `serves_devices`: the device API of our own firmware is at the LAN port."""
    if not settings.advertise:
        return None
    advertisement = Advertisement(services_of(settings, serves_devices=serves_devices))
    advertisement.start()
    return advertisement


def services_of(settings: StationSettings, *, serves_devices: bool) -> list[Advertised]:
    services = [Advertised("_http._tcp.local.", settings.page.port, {"path": "/"})]
    if settings.lan:
        services.append(Advertised("_frameferry-lan._tcp.local.", settings.lan.port))
    if settings.lan and serves_devices:
        from frameferry_station.gateway.running import services as of_gateway

        services += [Advertised(*service) for service in of_gateway(settings.lan.port)]
    return services
