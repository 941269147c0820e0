"""The app itself as a device's cloud, in memory: its API, S3, S3's events, and processes that die."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict, deque
from functools import cache
from random import Random
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.device import Device
from chalicelib.domain.ids import OwnerId
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.item import Item
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import reconcile
from chalicelib.wire import object_keys
from chalicelib.wire.packs import read_pack
from tests.api.client import Client
from tests.api.scene import OWNER, World
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.station.fake_cloud import CODE, Fault, Reply, s3_error
from tests.station.samples import DEVICE_ID, START, FakeTime

_STORAGE = "/s3"


class WholeCloud:
    """What the station's tests ask of a cloud (`tests.station.fake_cloud.FakeCloud`), done by the app.

    Every object that lands makes an event, which is lost or waits: `work` takes one of those that wait.
    """

    base_url = "http://cloud.test"

    def __init__(self, world: World, owner: Client, time: FakeTime, random: Random) -> None:
        self.world = world
        self.owner = owner
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.commands: dict[str, Any] = {}
        self.events: list[str] = []
        self._time = time
        self._random = random
        self._urls: set[str] = set()
        self._dead_urls: set[str] = set()
        self._signed = 0
        world.devices.create(Device(DEVICE_ID, OwnerId(OWNER), "barn", created_at=START))
        self._code: str = owner.post(f"/devices/{DEVICE_ID}/pair").json["pairing_code"]

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api"

    def script(self, route: str, *faults: Fault) -> None:
        self.faults[route].extend(faults)

    def take_fault(self, route: str) -> Fault | None:
        return self.faults[route].popleft() if self.faults[route] else None

    def expire_urls(self) -> None:
        self._dead_urls |= self._urls

    def answer(self, route: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        self.world.clock.now = self._time.utc()
        if route == "put":
            return self._put(path, body, headers)
        if route == "activate":
            body = body.replace(CODE.encode(), self._code.encode())
        token = {name: value for name, value in headers.items() if name == "x-device-token"}
        told = {"X-Device-Token": token["x-device-token"]} if token else {}
        answer = Client(told).send(
            "POST", path.removeprefix("/api"), body=body, headers={"Content-Type": "application/json"}
        )
        if answer.status != 200:
            return Reply(answer.status, answer.body, dict(answer.headers))
        return Reply(200, json.dumps(self._with_our_storage(answer.json)).encode(), dict(answer.headers))

    def work(self, crash_at: int | None = None) -> None:
        """One event, now and then told twice; the process that hears of it dies at that store call."""
        if not self.events:
            return
        key = self.events.pop(self._random.randrange(len(self.events)))
        if self._random.random() < 0.2:
            self.events.append(key)
        crashes = Crashes()
        if crash_at is not None:
            self._random.choice((crashes.before, crashes.after))(crash_at)
        try:
            process_object(key, None, stores=self.world.mortal(crashes), clock=self.world.clock)
        except SimulatedCrash:
            self.events.append(key)

    def hold(self, seq: int, content: bytes) -> None:
        """As if another upload had brought these bytes under this seq."""
        key = object_keys.single(DEVICE_ID, seq, "earlier.jpg", None)  # type: ignore[arg-type]
        self.world.captures.upload(key, content, hashlib.sha256(content).hexdigest())
        process_object(key, None, stores=self.world, clock=self.world.clock)

    def holds(self, photo: bytes) -> list[int]:
        """The seqs under which these bytes are held; -1 stands for an object of which no event has been heard."""
        digest = hashlib.sha256(photo).hexdigest()
        seqs = [
            int(item.seq) for item in self.world.items.all() if item.sha256 == digest and self.bytes_of(item) == photo
        ]
        unheard = any(photo in body for bodies in self.world.captures.bodies().values() for body in bodies)
        return seqs or ([-1] if unheard else [])

    def digests(self) -> set[str]:
        """Of all photos that are in the bucket, whether an event has told of them or not."""
        bodies = ((key, body) for key, versions in self.world.captures.bodies().items() for body in versions)
        return {digest for key, body in bodies for digest in _digests_in(key, body)}

    def has_told_of_conflict(self, photo: bytes) -> bool:
        """Whether the owner knows of these bytes, and where they are kept."""
        told = self.world.inbox.events(DEVICE_ID, 100, None).entries
        digest = hashlib.sha256(photo).hexdigest()
        return any(event.kind is EventKind.CONFLICT and event.details["sha256"] == digest for event in told)

    def bytes_of(self, item: Item) -> bytes:
        found = self.world.captures.fetch(item.object_key, item.version_id, at_most_bytes=10**9)
        body = found.body if found is not None and found.body is not None else b""
        return body[item.offset or 0 :][: item.size_bytes]

    def finish(self) -> None:
        """All events are heard, and the reconciler finds what was lost of them."""
        while self.events:
            self.work()
        for hours in (1, 3, 200):
            self._time.advance(hours * 3600)
            self.world.clock.now = self._time.utc()
            findings = reconcile(stores=self.world, clock=self.world.clock)
            assert findings.errors == []

    def _with_our_storage(self, told: dict[str, Any]) -> dict[str, Any]:
        uploads = told.get("uploads")
        if not uploads:
            return told
        self._signed += 1
        uploads |= {
            "origin": self.base_url,
            "host": urlsplit(self.base_url).hostname,
            "port": 80,
            "path_prefix": _STORAGE + uploads["path_prefix"],
            "query": f"batch={self._signed}&{uploads['query']}",
        }
        self._urls |= {
            f"{uploads['path_prefix']}{one['tail']}?{uploads['query']}{one['signature']}"
            for one in told["objects"]
            if "tail" in one
        }
        return told

    def _put(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        if path not in self._urls - self._dead_urls:
            return s3_error(403, "AccessDenied")
        key = urlsplit(path).path.removeprefix(f"{_STORAGE}/")
        digest = hashlib.sha256(body).digest()
        if headers.get("x-amz-checksum-sha256") != base64.b64encode(digest).decode():
            return s3_error(400, "BadDigest")
        if self.world.captures.upload(key, body, digest.hex()) is None:
            return s3_error(412, "PreconditionFailed")
        if self._random.random() < 0.9:
            self.events.append(key)
        return Reply(200)


@cache
def _digests_in(key: str, body: bytes) -> frozenset[str]:
    named = object_keys.parse_pack(key)
    if named is None:
        return frozenset([hashlib.sha256(body).hexdigest()])
    packed = (each for each in read_pack(body, named).captures if not each.is_erased)
    photos = (body[each.offset : each.offset + each.size_bytes] for each in packed)
    return frozenset(hashlib.sha256(photo).hexdigest() for photo in photos)
