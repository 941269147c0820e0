"""What the API answers. Times are RFC 3339 in UTC with milliseconds."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.gap_reasons import GapReason
from chalicelib.domain.inbox import CommandKind, CommandStatus, EventKind
from chalicelib.domain.item import ItemStatus
from chalicelib.domain.receipts import ReceiptState
from chalicelib.wire.json import Response

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
ClaimStatus = Literal["queued", "duplicate"]


class ErrorBody(Response):
    code: str
    message: str
    request_id: str


class ErrorResponse(Response):
    error: ErrorBody
    next_seq: int | None = None


class PairingResponse(Response):
    device_id: str
    pairing_code: str
    expires_at: Time


class SettingsBody(Response, omit_defaults=False):
    interval_s: int
    jpeg_quality: int
    resolution: str
    motion: bool
    upload_policy: str
    paused: bool
    paused_until: Time | None


class ActivateResponse(Response):
    device_id: str
    device_token: str
    settings: SettingsBody
    settings_version: int
    next_seq: int
    server_time: Time
    receipt_keys: dict[str, str]


class ReceiptBody(Response):
    state: ReceiptState
    key_id: str
    object_key: str
    size_bytes: int
    sha256: str
    signature: str


class UploadUrlResponse(Response):
    """`status` is `duplicate` where the capture is held already: then nothing needs to be sent."""

    upload_url: str
    upload_host: str
    upload_port: int
    upload_path: str
    headers: dict[str, str]
    object_key: str
    expires_at: Time
    status: Literal["duplicate"] | None = None
    item_id: str | None = None
    receipt: ReceiptBody | None = None


class IngestResponse(Response):
    status: ClaimStatus
    item_id: str
    task_id: str | None = None
    receipt: ReceiptBody | None = None


class ImageResponse(Response):
    status: ClaimStatus
    item_id: str
    seq: int
    task_id: str | None = None
    receipt: ReceiptBody | None = None


class HeartbeatResponse(Response):
    server_time: Time
    settings: SettingsBody
    settings_version: int
    commands_waiting: int = 0
    receipt_keys: dict[str, str] | None = None


class EventAccepted(Response):
    status: Literal["accepted", "duplicate"]
    event_id: str


class CommandBody(Response):
    command_id: str
    kind: CommandKind
    status: CommandStatus
    created_at: Time
    expires_at: Time
    arguments: dict[str, str | int] = {}
    delivered_at: Time | None = None
    finished_at: Time | None = None
    detail: str | None = None


class CommandPage(Response, omit_defaults=False):
    items: list[CommandBody]
    cursor: str | None = None


class AckResponse(Response):
    command_id: str
    status: CommandStatus


class TokenResponse(Response):
    device_token: str


class HealthBody(Response):
    reported_at: Time
    battery_percent: int | None = None
    rssi_dbm: int | None = None
    free_heap_bytes: int | None = None
    largest_free_block_bytes: int | None = None
    sd_free_bytes: int | None = None
    sd_total_bytes: int | None = None
    queue_depth: int | None = None
    uptime_s: int | None = None
    reset_reason: str | None = None
    firmware_version: str | None = None
    temperature_c: float | None = None


class HealthPage(Response, omit_defaults=False):
    items: list[HealthBody]
    cursor: str | None = None


class DeviceBody(Response):
    device_id: str
    name: str
    created_at: Time
    settings: SettingsBody
    settings_version: int
    activated_at: Time | None = None
    last_seen_at: Time | None = None
    revoked_at: Time | None = None
    health: HealthBody | None = None


class DevicePage(Response, omit_defaults=False):
    items: list[DeviceBody]
    cursor: str | None = None


class EventBody(Response):
    event_id: str
    kind: EventKind
    occurred_at: Time
    received_at: Time
    details: dict[str, str | int | float] = {}


class EventPage(Response, omit_defaults=False):
    items: list[EventBody]
    cursor: str | None = None


class ForgetResponse(Response):
    """The range as it was taken: what is to come cannot be forgotten."""

    since: Time = field(name="from")
    until: Time = field(name="to")
    deleted: int
    """Photos, by this call."""
    status: Literal["done", "going_on"]
    command_id: str | None = None


class PlaceBody(Response):
    """Where bytes lie inside an object; without offset and length, the whole object."""

    object_key: str
    offset: int | None = None
    length: int | None = None
    url: str | None = None
    expires_at: Time | None = None


class ItemBody(Response):
    item_id: str
    device_id: str
    seq: int
    status: ItemStatus
    captured_at: Time
    captured_at_confidence: Confidence
    created_at: Time
    photo: PlaceBody | None = None
    thumbnail: PlaceBody | None = None
    content_type: str = ""
    size_bytes: int | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    stored_at: Time | None = None
    processed_at: Time | None = None
    deleted_at: Time | None = None
    reject_reason: str | None = None


class ItemPage(Response, omit_defaults=False):
    """`urls` maps each object that the items name to one presigned GET."""

    items: list[ItemBody]
    urls: dict[str, str]
    urls_expire_at: Time | None
    cursor: str | None


class ConflictBody(Response):
    """`sha256` is left out where nobody has read the bytes."""

    seq: int
    captured_at: Time
    photo: PlaceBody
    content_type: str
    size_bytes: int
    sha256: str | None = None


class ConflictPage(Response, omit_defaults=False):
    items: list[ConflictBody]
    cursor: str | None = None


class BucketBody(Response):
    """Captures of `bucket_s` seconds from `from` on."""

    since: Time = field(name="from")
    photos: int = 0
    rejected: int = 0
    deleted: int = 0


class GapBody(Response):
    """`from` is the first instant of the gap, `to` the first one after it."""

    device_id: str
    reason: GapReason
    since: Time = field(name="from")
    until: Time = field(name="to")
    first_seq: int | None = None
    last_seq: int | None = None
    count: int | None = None


class TimelineResponse(Response, omit_defaults=False):
    bucket_s: int
    buckets: list[BucketBody]
    gaps: list[GapBody]


class UsageBody(Response):
    """`usd_by_unit` adds up to `usd`."""

    device_id: str
    name: str
    photos: int
    size_bytes: int
    objects: int
    requests: int
    usd: float
    usd_by_unit: dict[str, float]


class UsageResponse(Response):
    month: str
    prices_as_of: str
    items: list[UsageBody]
    usd: float


class ConsoleResponse(Response):
    sign_in_url: str
    client_id: str


class StatusResponse(Response):
    status: Literal["ok"]
