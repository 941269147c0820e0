"""A stack in memory with two owners in it, each with a camera."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, replace
from typing import Any

from chalicelib.domain.ids import DeviceId
from chalicelib.settings import Settings
from tests.api import issuer
from tests.api.client import Answer, Client
from tests.fakes.world import FakeWorld

OWNER, STRANGER = "owner-1", "owner-2"
CAPTURES_BUCKET = "captures-test"


def settings(jwks_url: str) -> Settings:
    return Settings(
        region="eu-central-1",
        devices_table="devices",
        items_table="items",
        timeline_table="timeline",
        pairings_table="pairings",
        inbox_table="inbox",
        captures_bucket=CAPTURES_BUCKET,
        derived_bucket="derived-test",
        oidc_issuer=issuer.ISSUER,
        oidc_client_id=issuer.CLIENT_ID,
        oidc_jwks_url=jwks_url,
        sign_in_url="https://cognito-idp.eu-central-1.amazonaws.com/",
        pepper_parameter="/test/pepper",
        receipt_key_parameter="/test/receipt-key",
        s3_url=None,
    )


@dataclass(frozen=True)
class World(FakeWorld):
    """A wiring.Stack."""

    settings: Settings = field(default_factory=lambda: settings("http://127.0.0.1:9/jwks.json"))

    @staticmethod
    def with_keys_at(jwks_url: str) -> World:
        made = FakeWorld.new()
        parts = {each.name: getattr(made, each.name) for each in fields(made)}
        return World(**parts, settings=settings(jwks_url))


@dataclass(frozen=True)
class Camera:
    """A device of somebody's, activated. As a client it sends its token."""

    device_id: DeviceId
    token: str
    client: Client

    def post(self, path: str, body: object = None) -> Answer:
        return self.client.post(path, body)

    def get(self, path: str, **query: object) -> Answer:
        return self.client.get(path, **query)

    def post_image(self, jpeg: bytes, query: str = "") -> Answer:
        return self.client.send(
            "POST", "/devices/images", body=jpeg, query=query, headers={"Content-Type": "image/jpeg"}
        )


def owner_client(sub: str) -> Client:
    return Client({"Authorization": f"Bearer {issuer.token(sub=sub)}"})


def new_camera(owner: Client, name: str = "barn") -> Camera:
    made = owner.post("/devices/pair", {"name": name}).json
    done = Client().post("/devices/activate", {"pairing_code": made["pairing_code"]}).json
    return camera(done["device_id"], done["device_token"])


def camera(device_id: str, token: str) -> Camera:
    return Camera(DeviceId(device_id), token, Client({"X-Device-Token": token}))


def what_is_stored(world: World) -> dict[str, Any]:
    """Everything but what every request leaves behind: rate buckets, and when a device was last seen."""
    stores = ("devices", "items", "timeline", "pairings", "inbox", "clocks", "ranges", "captures", "derived")
    found = {name: copy.deepcopy(vars(getattr(world, name))) for name in stores}
    for state in found.values():
        state.pop("_full_at_ms", None)
        state.pop("_clock", None)
    devices = found["devices"]["_devices"]
    found["devices"] = {key: replace(device, last_seen_at=None, requests={}) for key, device in devices.items()}
    return found
