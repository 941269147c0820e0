"""What clients send. Field names are the protocol's; docs/protocol.md says what they mean."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from chalicelib.wire.fields import Count, Instant, Name, ObjectKey, SeqField, Sha256, ShortText
from chalicelib.wire.json import Request

ReceiptKeyIds = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=32)]],
    Meta(max_length=20, description="The ids of the receipt keys that the device has."),
]


class EmptyRequest(Request):
    """Nothing to say: no body at all, or `{}`."""


class PairRequest(Request):
    name: Name | None = None


class ActivateRequest(Request):
    pairing_code: Annotated[str, Meta(min_length=1, max_length=32)]
    nonce: Annotated[str, Meta(min_length=16, max_length=128)] | None = None
    firmware_version: ShortText | None = None


class UploadUrlRequest(Request):
    filename: Annotated[str, Meta(min_length=1, max_length=1024)]
    content_type: Annotated[str, Meta(min_length=1, max_length=100)]
    seq: SeqField
    captured_at: Instant | None = None
    sha256: Sha256 | None = None
    size_bytes: Count | None = None


class IngestRequest(Request):
    object_key: ObjectKey
    seq: SeqField
    captured_at: Instant | None = None
    ntp_synced: bool = False
    sha256: Sha256 | None = None
    content_type: Annotated[str, Meta(max_length=100)] | None = None


class HealthFields(Request):
    battery_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    rssi_dbm: Annotated[int, Meta(ge=-200, le=100)] | None = None
    free_heap_bytes: Count | None = None
    largest_free_block_bytes: Count | None = None
    sd_free_bytes: Count | None = None
    sd_total_bytes: Count | None = None
    queue_depth: Count | None = None
    uptime_s: Count | None = None
    reset_reason: ShortText | None = None
    firmware_version: ShortText | None = None
    temperature_c: Annotated[float, Meta(ge=-100, le=200)] | None = None


class HeartbeatRequest(HealthFields):
    receipt_key_ids: ReceiptKeyIds | None = None


class EventRequest(Request):
    kind: Literal["motion", "evicted", "skipped", "paused", "resumed", "boot", "error", "log"]
    occurred_at: Instant | None = None
    score: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    first_seq: SeqField | None = None
    last_seq: SeqField | None = None
    message: ShortText | None = None

    @property
    def details(self) -> dict[str, str | int | float]:
        """What is said besides kind and time."""
        known = {"score": self.score, "first_seq": self.first_seq, "last_seq": self.last_seq, "message": self.message}
        return {name: value for name, value in known.items() if value is not None}


class AckRequest(Request):
    status: Literal["done", "failed"] = "done"
    detail: ShortText | None = None


class SettingsChange(Request):
    """Only what is named changes."""

    interval_s: Annotated[int, Meta(ge=1, le=86_400)] | UnsetType = UNSET
    jpeg_quality: Annotated[int, Meta(ge=4, le=63)] | UnsetType = UNSET
    resolution: Literal["QVGA", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA", "FHD", "QXGA", "QSXGA"] | UnsetType = UNSET
    motion: bool | UnsetType = UNSET
    upload_policy: Literal["oldest_first", "newest_first"] | UnsetType = UNSET
    paused: bool | UnsetType = UNSET
    paused_until: Instant | UnsetType | None = UNSET


class DeviceChange(Request):
    name: Name | UnsetType = UNSET
    settings: SettingsChange | UnsetType = UNSET


class CommandRequest(Request):
    kind: Literal["capture_now", "pause", "resume", "reboot", "repair", "rotate_token", "upload_log"]
    duration_s: Annotated[int, Meta(ge=1, le=31_536_000)] | None = None


class ForgetRequest(Request):
    """`from` is the first instant of the range, `to` the first one after it."""

    since: Instant = field(name="from")
    until: Instant = field(name="to")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.since >= self.until:
            raise ValueError("from is not before to")
