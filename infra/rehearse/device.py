"""A device that is activated, and the events that reach the functions because of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import ItemStatus
from chalicelib.services import pairing
from chalicelib.settings import from_environment
from chalicelib.wire import object_keys
from chalicelib.wiring import AwsStack
from infra.deploying.target import Target
from infra.local.proxy_event import HttpRequest, proxy_event
from infra.local.s3_events import S3Change, event_for
from infra.rehearse.expectations import expect

_SOURCE_IP = "192.0.2.1"


class Device:
    """Of the stack that is deployed as `target`, whose functions have `environment`."""

    def __init__(self, session: Any, target: Target, environment: Mapping[str, str], owner_id: str) -> None:
        self.stack = AwsStack(from_environment({**os.environ, **environment}))
        self._s3 = session.client("s3")
        self._region = target.region
        self._next_seq = 1
        self.device_id, self._token = _activated(self.stack, OwnerId(owner_id))

    def next_seqs(self, count: int = 1) -> range:
        first, self._next_seq = self._next_seq, self._next_seq + count
        return range(first, self._next_seq)

    def wants_upload_url(self, seq: int) -> Any:
        """What API Gateway hands over when the device asks for a place for a photo."""
        asked = {"filename": _filename(seq), "content_type": "image/jpeg", "seq": seq}
        return self.sends("/devices/upload-url", json.dumps(asked).encode(), "application/json")

    def sends(self, path: str, body: bytes, content_type: str) -> Any:
        headers = [("Host", "api.example"), ("Content-Type", content_type), ("X-Device-Token", self._token)]
        request = HttpRequest("POST", path, "", headers, body, _SOURCE_IP, 443)
        return proxy_event(request, route=path, captured={}, binary_types=["image/jpeg"], request_id="rehearsal")

    def puts(self, seq: int, jpeg: bytes) -> Any:
        """S3's event of a photo, which is there now."""
        return self._put(object_keys.single(self.device_id, Seq(seq), _filename(seq), None), jpeg, "image/jpeg", seq)

    def puts_pack(self, seqs: range, pack: bytes) -> Any:
        """S3's event of a pack of these seqs, which is there now."""
        first, last = Seq(seqs[0]), Seq(seqs[-1])
        key = object_keys.pack(self.device_id, first, last, hashlib.sha256(pack).hexdigest())
        return self._put(key, pack, "application/zip", first)

    def _put(self, key: str, body: bytes, content_type: str, sequencer: int) -> Any:
        bucket = self.stack.settings.captures_bucket
        put = self._s3.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType=content_type, ChecksumAlgorithm="SHA256"
        )
        change = S3Change(
            bucket, key, put["VersionId"], len(body), put["ETag"].strip('"'), "ObjectCreated:Put",
            f"{sequencer:016X}", datetime.now(UTC),
        )  # fmt: skip
        return event_for(change, self._region)

    def expect_processed(self, *seqs: int) -> None:
        """Raises RehearsalFailed where one of these captures has not become what it should."""
        for seq in seqs:
            item = self.stack.items.get(self.device_id, Seq(seq))
            expect(f"status of capture {seq}", item and item.status, ItemStatus.PROCESSED)


def _filename(seq: int) -> str:
    return f"2025-12-26T10-15-30Z_{seq:06d}.jpg"


def _activated(stack: AwsStack, owner_id: OwnerId) -> tuple[DeviceId, str]:
    """Device id and token."""
    peppers, clock, entropy = stack.peppers, stack.clock, stack.entropy
    paired = pairing.pair_new(owner_id, "rehearsal", stores=stack, peppers=peppers, clock=clock, entropy=entropy)
    active = pairing.activate(
        paired.pairing_code, None, source=_SOURCE_IP, stores=stack, peppers=peppers, clock=clock, entropy=entropy
    )
    return paired.device_id, str(active.token)
