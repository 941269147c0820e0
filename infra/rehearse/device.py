"""A device that is activated, and the events that reach the functions because of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import unquote_plus

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
        self._seqs = count(1)
        self.device_id, self._token = _activated(self.stack, OwnerId(owner_id))

    def wants_upload_url(self) -> Any:
        """What API Gateway hands over when the device asks for a place for its next photo."""
        seq = next(self._seqs)
        asked = {"filename": _filename(seq), "content_type": "image/jpeg", "seq": seq}
        return self.sends("/devices/upload-url", json.dumps(asked).encode(), "application/json")

    def sends(self, path: str, body: bytes, content_type: str) -> Any:
        headers = [("Host", "api.example"), ("Content-Type", content_type), ("X-Device-Token", self._token)]
        request = HttpRequest("POST", path, "", headers, body, _SOURCE_IP, 443)
        return proxy_event(request, route=path, captured={}, binary_types=["image/jpeg"], request_id="rehearsal")

    def puts(self, jpeg: bytes) -> Any:
        """S3's event of the next photo, which is there now."""
        seq, bucket = next(self._seqs), self.stack.settings.captures_bucket
        key = object_keys.single(self.device_id, Seq(seq), _filename(seq), None)
        put = self._s3.put_object(
            Bucket=bucket, Key=key, Body=jpeg, ContentType="image/jpeg", ChecksumAlgorithm="SHA256"
        )
        change = S3Change(
            bucket, key, put["VersionId"], len(jpeg), put["ETag"].strip('"'), "ObjectCreated:Put", f"{seq:016X}",
            datetime.now(UTC),
        )  # fmt: skip
        return event_for(change, self._region)

    def expect_processed(self, event: Any) -> None:
        """Raises RehearsalFailed where the photo of this event has not become what it should."""
        named = object_keys.parse_single(unquote_plus(event["Records"][0]["s3"]["object"]["key"]))
        item = self.stack.items.get(self.device_id, named.seq) if named else None
        expect("status of a photo", item and item.status, ItemStatus.PROCESSED)


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
