"""The intake in the test's hands: time and chance as the test wants them, requests without or with sockets."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from frameferry_station.intake import command_line
from frameferry_station.intake.app import create_app
from frameferry_station.intake.server import LanServer
from frameferry_station.intake.service import Intake
from frameferry_station.photos import SourceName
from frameferry_station.settings import LanSettings
from werkzeug.test import TestResponse

from tests.station.intake.fake_photos import FakePhotos
from tests.station.rig import UnsyncedFiles
from tests.station.samples import FakeTime

PASSWORD = "a password of the owner's"
MAC = "A0:B1:C2:D3:E4:F5"
SOURCE = SourceName("lan-a0b1c2d3e4f5")
OTHER_MAC = "A0:B1:C2:D3:E4:00"
CAMERA = "192.168.1.7"
STRANGER = "192.168.1.66"
SETTINGS = LanSettings(
    host="127.0.0.1",
    port=0,
    upload_image_password=PASSWORD,
    upload_from=(ip_network("127.0.0.0/8"),),
    max_photo_bytes=2**20,
)


@dataclass
class Lan:
    """One run of the intake on a state folder; make another on the same folder to restart it."""

    folder: Path
    settings: LanSettings = SETTINGS
    photos: FakePhotos = field(default_factory=FakePhotos)
    time: FakeTime = field(default_factory=FakeTime)
    files: UnsyncedFiles = field(default_factory=UnsyncedFiles)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        self.intake = Intake(self.settings, self.photos, **self._rest())
        self._client = create_app(self.intake, max_body_bytes=self.settings.max_photo_bytes).test_client()

    def ask(
        self,
        path: str,
        *,
        method: str = "POST",
        token: str | None = None,
        of: str = CAMERA,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        """A request from the address `of`."""
        bearer = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self._client.open(
            path, method=method, headers={**bearer, **(headers or {})}, environ_overrides={"REMOTE_ADDR": of}, **more
        )

    def admit(self, minutes: int = 10) -> None:
        command_line.admit(self.folder, self.files, self.time, minutes=minutes)

    def register(self, mac: str = MAC, of: str = CAMERA) -> TestResponse:
        return self.ask("/api/devices/register", of=of, json={"device_id": mac, "firmware_version": "1.2"})

    def admitted(self, mac: str = MAC, of: str = CAMERA) -> str:
        """Gives the token of a camera that was let in."""
        self.admit()
        return str(self.register(mac, of).get_json()["token"])

    def is_good(self, token: str) -> bool:
        return self.ask("/api/commands", method="GET", token=token).status_code == 200

    @contextmanager
    def serving(self) -> Iterator[LanServer]:
        """Behind a socket of this machine, with an Intake of its own."""
        server = LanServer(self.settings, self.photos, **self._rest())
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def _rest(self) -> dict[str, Any]:
        return {"state": self.folder, "files": self.files, "clock": self.time, "entropy": self.chance.randbytes}
