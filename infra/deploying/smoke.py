"""Proves a deploy from outside: a simulated camera pairs, sends a photo, gets its receipt; the photo is processed.

What it leaves is one revoked device of an owner who is nobody, and the tombstones of its photos.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from frameferry_station.captures import Capture, CaptureMeta, Seq
from frameferry_station.client import DeviceClient, activate
from frameferry_station.delivery import Delivery, Proved
from frameferry_station.errors import StationError
from frameferry_station.http import Answer, Connection, Sender
from frameferry_station.receipts import ReceiptVerifier
from frameferry_station.scene import Scene

from chalicelib.domain.errors import FrameferryError
from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.domain.ids import Seq as ItemSeq
from chalicelib.domain.item import ItemStatus
from chalicelib.services import deleting, devices, pairing
from chalicelib.settings import from_environment
from chalicelib.wiring import AwsStack
from infra.deploying.failure import DeployFailed
from infra.local.app_environment import app_environment

_OWNER = OwnerId("smoke-test")
_PATIENCE_S = 60.0
_POLL_S = 1.0
_LOOK = "Look into the functions' logs in CloudWatch, then deploy again"


@dataclass(frozen=True)
class _InMemory:
    content: bytes = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        yield self.content


@dataclass(frozen=True)
class _Token:
    token: str = field(repr=False)

    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    def accepted(self, token: str) -> None: ...


@dataclass
class SmokeTest:
    """`environment` is the app's; `storage` sends what goes to S3 (the rehearsal has no S3 at AWS's address)."""

    session: Any
    environment: Mapping[str, str]
    api_url: str
    say: Callable[[str], None]
    storage: Sender = field(default_factory=Connection)
    patience_s: float = _PATIENCE_S
    _http: Sender = field(default_factory=Connection)

    def run(self) -> None:
        """Raises DeployFailed with the first thing that is not as it should be."""
        with app_environment(self._credentials()):
            stack = AwsStack(from_environment({**os.environ, **self.environment}))
            try:
                self._answers()
                self._send_a_photo(stack)
            except (StationError, FrameferryError) as error:
                raise DeployFailed(f"The smoke test failed: {error or type(error).__name__}", _LOOK) from error

    def _answers(self) -> None:
        """A new API is not everywhere at once."""
        self._until(lambda: self._get("/health").status == 200, f"{self.api_url}/health does not answer")
        self.say("the API answers")
        unknown = self._get("/no-such-route")
        if unknown.status != 404 or b'"not_found"' not in unknown.body:
            raise DeployFailed(f"The API answers an unknown route with {unknown.status}, not in its own form", _LOOK)
        self.say("an unknown route is refused in the API's own form")

    def _send_a_photo(self, stack: AwsStack) -> None:
        paired = _paired(stack)
        try:
            self._as_a_camera(stack, paired)
        finally:
            devices.revoke(_OWNER, paired.device_id, devices=stack.devices, clock=stack.clock)

    def _as_a_camera(self, stack: AwsStack, paired: pairing.Paired) -> None:
        active = activate(
            self.api_url, self._http, code=paired.pairing_code, nonce=secrets.token_hex(16), firmware_version="smoke"
        )
        client = DeviceClient(self.api_url, self._http, _Token(active.device_token))
        capture = _photo(Seq(active.next_seq))
        verifier = ReceiptVerifier(active.device_id, active.receipt_keys)
        result = Delivery(client, self.storage, verifier, lambda _: None).deliver(capture)
        if not isinstance(result, Proved):
            raise DeployFailed("A photo was sent and got no receipt", _LOOK)
        self.say(f"a camera paired, sent {capture.size_bytes} bytes and holds a signed receipt")
        self._until(lambda: _is_processed(stack, paired.device_id, capture.seq), "The photo was not processed")
        self.say("the photo is processed")
        deleting.delete_item(_OWNER, paired.device_id, ItemSeq(capture.seq), stores=stack, clock=stack.clock)

    def _get(self, path: str) -> Answer:
        try:
            return self._http.send("GET", self.api_url + path, {})
        except StationError:
            return Answer(0, {}, b"")

    def _until(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline_s = time.monotonic() + self.patience_s
        while not condition():
            if time.monotonic() > deadline_s:
                raise DeployFailed(f"{otherwise} within {self.patience_s:.0f} s", _LOOK)
            time.sleep(_POLL_S)

    def _credentials(self) -> dict[str, str]:
        """The deployer's own, where the app looks for its role's."""
        keys = self.session.get_credentials().get_frozen_credentials()
        found = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
        return (
            found | {"AWS_REGION": self.session.region_name} | ({"AWS_SESSION_TOKEN": keys.token} if keys.token else {})
        )


def _paired(stack: AwsStack) -> pairing.Paired:
    """The same device in every smoke test."""
    for device in stack.devices.of_owner(_OWNER):
        return pairing.pair_again(
            _OWNER, device.device_id, stores=stack, peppers=stack.peppers, clock=stack.clock, entropy=stack.entropy
        )
    return pairing.pair_new(
        _OWNER, "smoke test", stores=stack, peppers=stack.peppers, clock=stack.clock, entropy=stack.entropy
    )


def _photo(seq: Seq) -> Capture:
    now = datetime.now(UTC)
    jpeg = Scene(seed=0).take(now)
    return Capture(seq, CaptureMeta(now, ntp_synced=True), len(jpeg), hashlib.sha256(jpeg).hexdigest(), _InMemory(jpeg))


def _is_processed(stack: AwsStack, device_id: DeviceId, seq: int) -> bool:
    item = stack.items.get(device_id, ItemSeq(seq))
    return item is not None and item.status is ItemStatus.PROCESSED
