"""A station's gateway in the test's hands, before its real lanes: time, chance and faults as the test wants them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from frameferry_station.errors import NoAnswer
from frameferry_station.files import Files
from frameferry_station.gateway import codes
from frameferry_station.gateway.routes import blueprint
from frameferry_station.gateway.service import Gateway
from frameferry_station.http import Answer, Content
from frameferry_station.photos import SourceName

from tests.station.fake_cloud import CODE
from tests.station.lanes.stations import Station
from tests.station.rig import UnsyncedFiles

HOST = "192.168.1.10:5000"
SOURCE = SourceName("lan-barn")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def bytes_of_code(code: str) -> bytes:
    """What chance gives where this code is made."""
    number = 0
    for digit in code.replace("-", ""):
        number = number << 5 | _ALPHABET.index(digit)
    return (number << 6).to_bytes(7, "big")


@dataclass
class GatewayRig:
    """One run on a folder and a station's lanes; `restarted` is the next."""

    folder: Path
    station: Station = field(default_factory=lambda: Station(pack_captures=100))
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    clock_is_synced: Callable[[], bool] = lambda: True
    files: Files = field(default_factory=UnsyncedFiles)
    make_room: Callable[[int], None] = lambda _: None

    def __post_init__(self) -> None:
        self.gateway = Gateway(
            self.station.lanes,
            state=self.folder,
            files=self.files,
            boot=self.station.around.boot,
            entropy=self.chance.randbytes,
            clock_is_synced=self.clock_is_synced,
            make_room=self.make_room,
        )
        self.app = Flask("gateway")
        self.app.register_blueprint(blueprint(self.gateway))

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    @property
    def api_url(self) -> str:
        return f"http://{HOST}/api"

    def make_code(self, name: str = "barn", code: str = CODE) -> str:
        lines = codes.lan_code(
            self.folder, self.files, self.station.time, lambda size: bytes_of_code(code), name=name
        )
        return lines.splitlines()[0]

    def restarted(self) -> GatewayRig:
        station = self.station.restarted()
        return GatewayRig(self.folder, station, self.chance, self.clock_is_synced, self.files, self.make_room)

    def photos(self, source: SourceName = SOURCE) -> list[bytes]:
        """What is in the lane or has left it for the sink."""
        lane = self.station.lanes.find(source)
        if lane is None:
            return []
        lane.queue.seal()
        for taker in self.station.takers:
            taker.deliver()
        return list(self.station.delivered(lane=source).values())


class GatewaySender:
    """A Sender to the gateway without sockets. `faults` says of each request, by its number from 0, whether it is cut
    before it arrives, or its answer is."""

    def __init__(self, rig: Callable[[], GatewayRig], faults: Mapping[int, str] | None = None) -> None:
        self._rig = rig
        self._faults = faults or {}
        self.requests = 0

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        fault = self._faults.get(self.requests)
        self.requests += 1
        body = content if isinstance(content, bytes) else b"".join(content())
        if fault == "before":
            raise NoAnswer("cut")
        parts = urlsplit(url)
        response = self._rig().client.open(
            f"{parts.path}?{parts.query}",
            method=method,
            headers=[*headers.items(), ("Host", HOST)],
            data=body,
            environ_overrides={"REMOTE_ADDR": "192.168.1.7"},
        )
        if fault == "after":
            raise NoAnswer("lost")
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, named, response.data)
