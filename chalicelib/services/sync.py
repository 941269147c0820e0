"""One round trip for all that a device has to say and to ask. Every part may be left out; each is told to the use case
that the single routes call, so that a sync that is told again changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from chalicelib.domain.clock import Clock
from chalicelib.domain.clock_samples import ClockSample
from chalicelib.domain.device import CardQueue, Device, Health
from chalicelib.domain.errors import CommandFinished, NotFound, RateLimited
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import Command, CommandStatus, EventKind
from chalicelib.domain.receipts import ReceiptKeys
from chalicelib.domain.storage import PutWanted
from chalicelib.services import health, inbox, offers
from chalicelib.services.inbox import Details
from chalicelib.services.offers import Answer, Offer, Wanted
from chalicelib.services.ports import (
    CaptureObjects,
    ClockStore,
    DeviceStore,
    HealthStore,
    InboxStore,
    ItemStore,
    ReportedRanges,
    UploadBatch,
    UploadSigner,
)
from chalicelib.wire import object_keys


class SyncStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def health(self) -> HealthStore: ...
    @property
    def inbox(self) -> InboxStore: ...
    @property
    def clocks(self) -> ClockStore: ...
    @property
    def ranges(self) -> ReportedRanges: ...
    @property
    def captures(self) -> CaptureObjects: ...


@dataclass(frozen=True)
class Uptime:
    """What a device's own clock says, and what its numbers have come to."""

    boot_id: str
    uptime_ms: int
    queue: CardQueue


@dataclass(frozen=True)
class Happened:
    kind: EventKind
    occurred_at: datetime | None
    details: Details


@dataclass(frozen=True)
class Acknowledgement:
    command_id: str
    outcome: CommandStatus
    detail: str | None


@dataclass(frozen=True)
class Told:
    """All that a sync may say."""

    health: Health | None = None
    uptime: Uptime | None = None
    events: Sequence[Happened] = ()
    acks: Sequence[Acknowledgement] = ()
    offers: Sequence[Offer] = ()


Reported = Literal["accepted", "duplicate", "rate_limited"]
Acknowledged = Literal["done", "failed", "not_found", "command_finished"]


@dataclass(frozen=True)
class Synced:
    """`events`, `acks` and `answers` are in the order of what was told; `uploads` of those that are wanted, if any."""

    events: Sequence[Reported]
    acks: Sequence[Acknowledged]
    answers: Sequence[Answer]
    uploads: UploadBatch | None
    commands: Sequence[Command]


def sync(
    device: Device, told: Told, *, stores: SyncStores, signer: UploadSigner, keys: ReceiptKeys, clock: Clock
) -> Synced:
    """What comes of one part does not keep another from being heard. Raises what a busy store raises, after which
    the whole is to be told again, and InvalidParameter when a device has used up its seqs.
    """
    device = _noted(device, told, stores, clock())
    events = [_reported(device, each, stores, clock) for each in told.events]
    acks = [_acknowledged(device, each, stores, clock) for each in told.acks]
    answers = offers.answers(device, told.offers, stores=stores, keys=keys, clock=clock)
    return Synced(
        events=events,
        acks=acks,
        answers=answers,
        uploads=_signed(device, [answer for answer in answers if isinstance(answer, Wanted)], signer),
        commands=inbox.fetch_commands(device, inbox=stores.inbox, clock=clock),
    )


def _noted(device: Device, told: Told, stores: SyncStores, now: datetime) -> Device:
    uptime = told.uptime
    queue = None if uptime is None else uptime.queue
    health.report(device, told.health, now, stores=stores, queue=queue)
    if uptime is None:
        return device
    upcoming_seq = uptime.queue.upcoming_seq
    stores.clocks.note(device.device_id, ClockSample(uptime.boot_id, uptime.uptime_ms, upcoming_seq, now))
    return replace(device, upcoming_seq=Seq(max(upcoming_seq, device.upcoming_seq or 0)))


def _reported(device: Device, told: Happened, stores: SyncStores, clock: Clock) -> Reported:
    try:
        _, is_new = inbox.report(device, told.kind, told.occurred_at, told.details, stores=stores, clock=clock)
    except RateLimited:
        return "rate_limited"
    return "accepted" if is_new else "duplicate"


def _acknowledged(device: Device, told: Acknowledgement, stores: SyncStores, clock: Clock) -> Acknowledged:
    try:
        inbox.acknowledge(device, told.command_id, told.outcome, told.detail, inbox=stores.inbox, clock=clock)
    except NotFound:
        return "not_found"
    except CommandFinished:
        return "command_finished"
    return "done" if told.outcome is CommandStatus.DONE else "failed"


def _signed(device: Device, wanted: Sequence[Wanted], signer: UploadSigner) -> UploadBatch | None:
    if not wanted:
        return None
    prefix = object_keys.device_prefix(device.device_id)
    puts = [
        PutWanted(
            each.object_key.removeprefix(prefix), each.offer.content_type, each.offer.size_bytes, each.offer.sha256
        )
        for each in wanted
    ]
    return signer.put_many(prefix, puts)
