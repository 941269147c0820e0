"""What the API answers. Times are RFC 3339 in UTC with milliseconds."""

from __future__ import annotations

from chalicelib.wire.json import Response


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
    expires_at: str


class SettingsBody(Response, omit_defaults=False):
    interval_s: int
    jpeg_quality: int
    resolution: str
    motion: bool
    upload_policy: str
    paused: bool
    paused_until: str | None


class ActivateResponse(Response):
    device_id: str
    device_token: str
    settings: SettingsBody
    settings_version: int
    next_seq: int
    server_time: str
    receipt_keys: dict[str, str]


class ReceiptBody(Response):
    state: str
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
    expires_at: str
    status: str | None = None
    item_id: str | None = None
    receipt: ReceiptBody | None = None


class IngestResponse(Response):
    status: str
    item_id: str
    task_id: str | None = None
    receipt: ReceiptBody | None = None


class ImageResponse(Response):
    status: str
    item_id: str
    seq: int
    task_id: str | None = None
    receipt: ReceiptBody | None = None


class HeartbeatResponse(Response):
    server_time: str
    settings: SettingsBody
    settings_version: int
    commands_waiting: int = 0


class EventAccepted(Response):
    status: str
    event_id: str


class CommandBody(Response):
    command_id: str
    kind: str
    status: str
    created_at: str
    expires_at: str
    arguments: dict[str, str | int] = {}
    delivered_at: str | None = None
    finished_at: str | None = None
    detail: str | None = None


class CommandPage(Response):
    items: list[CommandBody]
    cursor: str | None = None


class AckResponse(Response):
    command_id: str
    status: str


class TokenResponse(Response):
    device_token: str


class HealthBody(Response):
    reported_at: str
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


class DeviceBody(Response):
    device_id: str
    name: str
    created_at: str
    settings: SettingsBody
    settings_version: int
    activated_at: str | None = None
    last_seen_at: str | None = None
    revoked_at: str | None = None
    health: HealthBody | None = None


class DevicePage(Response):
    items: list[DeviceBody]
    cursor: str | None = None


class EventBody(Response):
    event_id: str
    kind: str
    occurred_at: str
    received_at: str
    details: dict[str, str | int | float] = {}


class EventPage(Response):
    items: list[EventBody]
    cursor: str | None = None


class PlaceBody(Response):
    """Where bytes lie inside an object; without offset and length, the whole object."""

    object_key: str
    offset: int | None = None
    length: int | None = None
    url: str | None = None
    expires_at: str | None = None


class ItemBody(Response):
    item_id: str
    device_id: str
    seq: int
    status: str
    captured_at: str
    captured_at_confidence: str
    created_at: str
    photo: PlaceBody | None = None
    thumbnail: PlaceBody | None = None
    content_type: str = ""
    size_bytes: int | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    stored_at: str | None = None
    processed_at: str | None = None
    deleted_at: str | None = None
    reject_reason: str | None = None


class ItemPage(Response, omit_defaults=False):
    """`urls` maps each object that the items name to one presigned GET."""

    items: list[ItemBody]
    urls: dict[str, str]
    urls_expire_at: str | None
    cursor: str | None


class StatusResponse(Response):
    status: str
