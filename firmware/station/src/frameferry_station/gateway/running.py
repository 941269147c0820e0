"""The gateway as a guest of the LAN server, and what the network is told of it."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from frameferry_station.gateway.routes import PREFIX, blueprint, body_limit
from frameferry_station.gateway.service import Gateway
from frameferry_station.intake.connections import LargeBodies
from frameferry_station.intake.server import Guest


class Service(NamedTuple):
    """What mDNS is to tell: `texts` are the pairs of its TXT record."""

    type: str
    port: int
    texts: dict[str, str]


def guest(gateway: Gateway) -> Guest:
    return Guest(blueprint(gateway), LargeBodies(gateway.folder, partial(body_limit, gateway)))


def services(lan_port: int) -> tuple[Service, ...]:
    """By which firmware that was built for plain HTTP finds the station (firmware/core/src/station_url.cpp)."""
    return (Service("_frameferry._tcp.local.", lan_port, {"path": PREFIX}),)
