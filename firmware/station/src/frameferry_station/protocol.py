"""The bodies of the device API's single-purpose routes as typed values, and what all bodies share.

Unknown fields are ignored: a newer server may say more.

Parsing raises Malformed for a body that is not what the route answers, whoever sent it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from frameferry_station.clock import from_text
from frameferry_station.receipts import Receipt

T = TypeVar("T")


class Malformed(Exception):
    """A body without the form that it must have."""


@dataclass(frozen=True)
class Settings:
    """What the owner wants of the device; the server's defaults where it says nothing."""

    interval_s: int = 30
    jpeg_quality: int = 12
    resolution: str = "UXGA"
    motion: bool = False
    upload_policy: str = "oldest_first"
    paused: bool = False
    paused_until: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        return self.paused or (self.paused_until is not None and now < self.paused_until)


@dataclass(frozen=True)
class Activation:
    device_id: str
    device_token: str = field(repr=False)
    settings: Settings
    settings_version: int
    next_seq: int
    receipt_keys: Mapping[str, str]


@dataclass(frozen=True)
class UploadTarget:
    """Where to PUT. `is_duplicate`: the capture is held already and nothing needs to be sent."""

    upload_url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    object_key: str
    expires_at: datetime
    is_duplicate: bool = False
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Ingested:
    """`status` is `queued` or `duplicate`."""

    status: str
    item_id: str
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Health:
    """How the device is; None is left out."""

    queue_depth: int | None = None
    uptime_s: int | None = None
    sd_free_bytes: int | None = None
    sd_total_bytes: int | None = None
    reset_reason: str | None = None
    firmware_version: str | None = None


@dataclass(frozen=True)
class Event:
    """`kind` is motion, evicted, skipped, paused, resumed, boot or error. With `occurred_at` it names the event."""

    kind: str
    occurred_at: datetime
    first_seq: int | None = None
    last_seq: int | None = None
    message: str | None = None


@dataclass(frozen=True)
class Command:
    command_id: str
    kind: str
    created_at: datetime
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Fields:
    """A JSON object whose fields are asked for by name and type."""

    def __init__(self, content: Any) -> None:
        if not isinstance(content, dict):
            raise Malformed("not an object")
        self._content: dict[str, Any] = content

    def get(self, name: str, kind: type[T]) -> T:
        found = self.find(name, kind)
        if found is None:
            raise Malformed(f"{name} is missing")
        return found

    def find(self, name: str, kind: type[T]) -> T | None:
        """None where the field is missing or null."""
        found = self._content.get(name)
        if found is None or (isinstance(found, kind) and not (kind is int and isinstance(found, bool))):
            return found
        raise Malformed(f"{name} is no {kind.__name__}")

    def instant(self, name: str) -> datetime | None:
        text = self.find(name, str)
        try:
            return from_text(text) if text is not None else None
        except ValueError:
            raise Malformed(f"{name} is no instant") from None

    def part(self, name: str) -> Fields | None:
        found = self.find(name, dict)
        return Fields(found) if found is not None else None

    def texts(self, name: str) -> dict[str, str]:
        found = self.get(name, dict)
        if not all(isinstance(text, str) for pair in found.items() for text in pair):
            raise Malformed(f"{name} holds more than text")
        return found


def decoded(body: bytes) -> Fields:
    try:
        return Fields(json.loads(body))
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None


def activation(body: Fields) -> Activation:
    return Activation(
        device_id=body.get("device_id", str),
        device_token=body.get("device_token", str),
        settings=settings(body.part("settings")),
        settings_version=body.find("settings_version", int) or 0,
        next_seq=body.find("next_seq", int) or 0,
        receipt_keys=body.texts("receipt_keys"),
    )


def settings(body: Fields | None) -> Settings:
    usual = Settings()
    if body is None:
        return usual
    paused, motion = body.find("paused", bool), body.find("motion", bool)
    interval_s = body.find("interval_s", int)
    return Settings(
        interval_s=interval_s if interval_s and interval_s > 0 else usual.interval_s,
        jpeg_quality=body.find("jpeg_quality", int) or usual.jpeg_quality,
        resolution=body.find("resolution", str) or usual.resolution,
        motion=usual.motion if motion is None else motion,
        upload_policy=body.find("upload_policy", str) or usual.upload_policy,
        paused=usual.paused if paused is None else paused,
        paused_until=body.instant("paused_until"),
    )


def upload_target(body: Fields) -> UploadTarget:
    expires_at = body.instant("expires_at")
    if expires_at is None:
        raise Malformed("expires_at is missing")
    return UploadTarget(
        upload_url=body.get("upload_url", str),
        headers=body.texts("headers"),
        object_key=body.get("object_key", str),
        expires_at=expires_at,
        is_duplicate=body.find("status", str) == "duplicate",
        receipt=_receipt(body.part("receipt")),
    )


def ingested(body: Fields) -> Ingested:
    return Ingested(
        status=body.get("status", str),
        item_id=body.get("item_id", str),
        receipt=_receipt(body.part("receipt")),
    )


def _receipt(body: Fields | None) -> Receipt | None:
    if body is None:
        return None
    return Receipt(
        state=body.get("state", str),
        key_id=body.get("key_id", str),
        object_key=body.get("object_key", str),
        size_bytes=body.get("size_bytes", int),
        sha256=body.get("sha256", str),
        signature=body.get("signature", str),
    )
