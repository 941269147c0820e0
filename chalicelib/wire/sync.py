"""What a sync asks and answers. Field names are the protocol's; docs/protocol.md says what they mean."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from chalicelib.domain.receipts import ReceiptState
from chalicelib.wire.fields import MAX_PACK_BYTES, MAX_PACK_SPAN, MAX_SINGLE_BYTES, Count, Instant, SeqField, Sha256
from chalicelib.wire.json import Request, Response
from chalicelib.wire.requests import AckRequest, EventRequest, HealthFields, ReceiptKeyIds
from chalicelib.wire.responses import CommandBody, SettingsBody, Time

MAX_OBJECTS = 100
MAX_UNSENT = 50
MAX_SPANNED_SEQS = 10_000
"""Of all objects of a sync together: as 100 packs of 100 captures have. What is known of these is read at once."""
MAX_EVENTS = 50
MAX_ACKS = 20

BootId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", max_length=16, description="Random, new at each start.")]
UptimeMs = Annotated[int, Meta(ge=0, le=999_999_999_999, description="Milliseconds since the device started.")]


class ClockFields(Request):
    boot_id: BootId
    uptime_ms: UptimeMs
    next_seq: SeqField
    oldest_seq: SeqField | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.oldest_seq is not None and self.oldest_seq > self.next_seq:
            raise ValueError("oldest_seq is after next_seq")


class ObjectOffer(Request):
    """A pack, with `first_seq` and `last_seq`, or a single, with `seq` and what is known of its time."""

    size_bytes: Annotated[int, Meta(ge=1, le=MAX_PACK_BYTES)]
    sha256: Sha256
    sent: bool = False
    first_seq: SeqField | None = None
    last_seq: SeqField | None = None
    seq: SeqField | None = None
    captured_at: Instant | None = None
    ntp_synced: bool = False
    boot_id: BootId | None = None
    uptime_ms: UptimeMs | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seq is None:
            self._check_pack()
        else:
            self._check_single()

    @property
    def span(self) -> int:
        """How many seqs there are from its first to its last."""
        return 1 if self.first_seq is None or self.last_seq is None else self.last_seq - self.first_seq + 1

    def _check_pack(self) -> None:
        if self.first_seq is None or self.last_seq is None:
            raise ValueError("an object has seq, or first_seq and last_seq")
        if not self.first_seq <= self.last_seq < self.first_seq + MAX_PACK_SPAN:
            raise ValueError(f"a pack spans 1 to {MAX_PACK_SPAN} seqs")
        if self.ntp_synced or (self.captured_at, self.boot_id, self.uptime_ms) != (None, None, None):
            raise ValueError("the captures of a pack tell their times themselves")

    def _check_single(self) -> None:
        if (self.first_seq, self.last_seq) != (None, None):
            raise ValueError("an object has seq, or first_seq and last_seq")
        if self.size_bytes > MAX_SINGLE_BYTES:
            raise ValueError(f"a single has at most {MAX_SINGLE_BYTES} bytes")
        if (self.boot_id is None) != (self.uptime_ms is None):
            raise ValueError("boot_id and uptime_ms come together")


class SyncAck(AckRequest, kw_only=True):
    command_id: Annotated[str, Meta(pattern="^[0-9A-HJKMNP-TV-Z]{26}$", max_length=26)]


class SyncRequest(Request):
    health: HealthFields | None = None
    clock: ClockFields | None = None
    objects: Annotated[list[ObjectOffer], Meta(max_length=MAX_OBJECTS)] = []
    events: Annotated[list[EventRequest], Meta(max_length=MAX_EVENTS)] = []
    acks: Annotated[list[SyncAck], Meta(max_length=MAX_ACKS)] = []
    settings_version: Count | None = None
    receipt_key_ids: ReceiptKeyIds | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if sum(not each.sent for each in self.objects) > MAX_UNSENT:
            raise ValueError(f"at most {MAX_UNSENT} objects that are not sent yet")
        if sum(each.span for each in self.objects) > MAX_SPANNED_SEQS:
            raise ValueError(f"the objects of a sync span at most {MAX_SPANNED_SEQS} seqs")


class UploadsBody(Response):
    """What the URLs of all wanted objects share: `origin` + `path_prefix` + tail + `?` + `query` + signature."""

    origin: str
    host: str
    port: int
    path_prefix: str
    query: str
    expires_at: Time


class SyncReceipt(Response):
    state: ReceiptState
    key_id: str
    signature: str


class ExceptBody(Response):
    seq: int
    next_seq: int


class ObjectAnswer(Response):
    """`tail` and `signature`, or `receipt`, or `conflict`, or nothing."""

    tail: str | None = None
    signature: str | None = None
    receipt: SyncReceipt | None = None
    object_key_tail: str | None = None
    exempt: list[ExceptBody] = field(name="except", default_factory=list)
    conflict: int | None = None


class SyncResponse(Response):
    server_time: Time
    settings_version: int
    settings: SettingsBody | None = None
    receipt_keys: dict[str, str] | None = None
    commands: list[CommandBody] = []
    events: list[Literal["accepted", "duplicate", "rate_limited"]] = []
    acks: list[Literal["done", "failed", "not_found", "command_finished"]] = []
    uploads: UploadsBody | None = None
    objects: list[ObjectAnswer] = []
