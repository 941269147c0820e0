"""The form of the table of bad requests, and the rows that every route shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from chalicelib.api.http import JpegBody
from chalicelib.api.public_routes import all_routes
from chalicelib.api.routes import Route
from chalicelib.domain.device import Device
from chalicelib.domain.ids import OwnerId
from chalicelib.wire.queries import PageQuery
from tests import protocol_doc
from tests.api import scene
from tests.api.client import Answer, Client
from tests.api.scene import Camera, World
from tests.tiny_jpegs import tiny_jpeg


@dataclass(frozen=True)
class Scene:
    """What stands before a bad request comes."""

    world: World
    owner: Client
    stranger: Client
    camera: Camera
    """The owner's."""
    foreign: Camera
    """The stranger's."""


Caller = Callable[[Scene], Client]
Step = Callable[[Scene], object]
ROUTES = {f"{route.method} {route.path}": route for table in all_routes() for route in table.entries}
COMMAND_ID = "01KDD2G0EG000G40R40M30E209"


@dataclass(frozen=True)
class Bad:
    """A request, and the status and code that refuse it. `body` may be made from the scene; `given` happens before."""

    what: str
    to: str
    status: int
    code: str
    body: Any = None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str | Callable[[Scene], str]] = field(default_factory=dict)
    """Other path parameters than those of the owner's camera, as they stand in the URL."""
    caller: Caller | None = None
    given: Step = lambda _: None

    @property
    def id(self) -> str:
        return f"{self.to}: {self.what}"

    def send(self, scene: Scene, body: object) -> Answer:
        method, path = self.to.split(" ")
        parameters = {"device_id": scene.camera.device_id, "seq": "7", "command_id": COMMAND_ID, **self.path}
        for name, value in parameters.items():
            path = path.replace(f"{{{name}}}", value(scene) if callable(value) else value)
        client = (self.caller or usual_caller(ROUTES.get(self.to)))(scene)
        return client.send(method, path, body=body, query=self.query, headers=self.headers)


def usual_caller(route: Route | None) -> Caller:
    if route is not None and route.credential is Device:
        return lambda scene: scene.camera.client
    if route is not None and route.credential is OwnerId:
        return lambda scene: scene.owner
    return nobody


def nobody(_: Scene) -> Client:
    return Client()


def with_headers(**headers: str) -> Caller:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Client(named)


def revoked(scene: Scene) -> None:
    scene.owner.delete(f"/devices/{scene.camera.device_id}")


def wrong_secret(scene: Scene) -> Client:
    return Client({"X-Device-Token": f"devtok_{scene.camera.device_id}_{'A' * 43}"})


def unknown_device(_: Scene) -> Client:
    return Client({"X-Device-Token": f"devtok_3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70_{'A' * 43}"})


def shared_rows() -> Iterator[Bad]:
    for to, route in ROUTES.items():
        yield from _of_credential(to, route)
        yield from _of_path(to, route)
        yield from _of_query(to, route)
        if isinstance(route.body, type):
            yield from _of_json(to, route)


def _good(route: Route) -> dict[str, Any]:
    """A body and headers with which nothing is wrong but what a row is about."""
    if route.body is JpegBody:
        return {"body": tiny_jpeg(1), "headers": {"Content-Type": "image/jpeg"}}
    return {"body": protocol_doc.examples()[route.method, route.path][0]} if route.body else {}


def _of_credential(to: str, route: Route) -> Iterator[Bad]:
    good = _good(route)
    if route.credential is not None:
        wrong: dict[str, Any] = {"body": b"{", "query": "surprise=1", "path": dict.fromkeys(_BAD_IN_PATH, "x")}
        yield Bad("no token, and all else wrong too", to, 401, "missing_credential", **wrong, caller=nobody)
    if route.credential is Device:
        yield Bad("no token", to, 401, "missing_credential", **good, caller=nobody)
        yield Bad("an empty token", to, 401, "missing_credential", **good, caller=with_headers(X_Device_Token=" "))
        yield Bad("an owner's token", to, 401, "missing_credential", **good, caller=lambda scene: scene.owner)
        yield Bad("no token's form", to, 401, "invalid_credential", **good, caller=with_headers(X_Device_Token="x"))
        yield Bad("an unknown device", to, 401, "invalid_credential", **good, caller=unknown_device)
        yield Bad("a wrong secret", to, 401, "invalid_credential", **good, caller=wrong_secret)
        yield Bad("a revoked device", to, 403, "device_revoked", **good, given=revoked)
    if route.credential is OwnerId:
        bearer = with_headers(Authorization="Bearer a.b.c")
        yield Bad("no token", to, 401, "missing_credential", **good, caller=nobody)
        yield Bad("a device's token", to, 401, "missing_credential", **good, caller=lambda scene: scene.camera.client)
        yield Bad("no token's form", to, 401, "invalid_credential", **good, caller=bearer)


_BAD_IN_PATH = {
    "device_id": ("x", "3F8B2C1E-7D4A-4C55-9A0E-2F6B1D9C8E70", "%2e%2e", "3f8b2c1e7d4a4c559a0e2f6b1d9c8e70"),
    "seq": ("abc", "-1", "1.5", "1e3", "9007199254740992", "%2e%2e", "99999999999999999999", "%D9%A1"),
    "command_id": ("x", "%2e%2e", COMMAND_ID.lower(), f"{COMMAND_ID}A"),
}


def _of_path(to: str, route: Route) -> Iterator[Bad]:
    for name, values in _BAD_IN_PATH.items():
        for value in values if f"{{{name}}}" in route.path else ():
            yield Bad(f"{name} {value}", to, 400, "invalid_parameter", **_good(route), path={name: value})


def _of_query(to: str, route: Route) -> Iterator[Bad]:
    queries = ["surprise=1", "seq=1&seq=1"]
    if issubclass(route.query, PageQuery):
        queries += ["limit=0", "limit=1001", "limit=-1", "limit=1.5", "limit=ten", "limit=", "limit=1&limit=2"]
        queries += ["cursor=", f"cursor={'x' * 501}", "cursor=%20", "cursor=%23", "cursor=%00"]
    for query in queries:
        yield Bad(f"?{query[:30]}", to, 400, "invalid_parameter", **_good(route), query=query)


def _of_json(to: str, route: Route) -> Iterator[Bad]:
    good = protocol_doc.examples()[route.method, route.path][0]
    json = {"Content-Type": "application/json"}
    encoded = dumps(good).encode()
    too_large = b'{"x":"%s"}' % (b"a" * 2**16)
    for what, text in {"not JSON": b"a=1", "cut": encoded[:-1], "two": encoded * 2, "nothing": b" "}.items():
        yield Bad(what, to, 400, "invalid_json", text, headers=json)
    for what, text in {"a list": b"[]", "null": b"null", "deep": b"[" * 30_000}.items():
        yield Bad(what, to, 400, "invalid_body", text, headers=json)
    yield Bad("an unknown field", to, 400, "invalid_body", {**good, "surprise": 1})
    yield Bad("too large", to, 413, "body_too_large", too_large, headers=json)
    for media_type in ("application/x-www-form-urlencoded", "text/plain", "image/jpeg", "application/jsonp"):
        yield Bad(media_type, to, 415, "unsupported_media_type", b"{}", headers={"Content-Type": media_type})
    for name in good:
        yield Bad(f"{name} is a list", to, 400, "invalid_body", {**good, name: [1]})


def newest_command(owner: Client, device_id: str) -> str:
    """The id of the last command that was left for the device."""
    return str(owner.get(f"/devices/{device_id}/commands").json["items"][0]["command_id"])


def new_scene(world: World) -> Scene:
    owner, stranger = scene.owner_client(scene.OWNER), scene.owner_client(scene.STRANGER)
    return Scene(world, owner, stranger, scene.new_camera(owner), scene.new_camera(stranger))
