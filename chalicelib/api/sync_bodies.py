"""A sync's body as the service takes it, and what the service gives as the wire says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from chalicelib.api import render
from chalicelib.domain.clock import to_text
from chalicelib.domain.clock_samples import BootTime
from chalicelib.domain.device import CardQueue, Device, Health
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.inbox import CommandStatus, EventKind
from chalicelib.domain.storage import UploadBatch
from chalicelib.services.offers import NotSeen, Offer, PackOffer, Received, SeqTaken, SingleOffer, Wanted
from chalicelib.services.sync import Acknowledgement, Happened, Synced, Told, Uptime
from chalicelib.wire import object_keys, sync


def told(body: sync.SyncRequest) -> Told:
    return Told(
        health=None if body.health is None else Health(**msgspec.structs.asdict(body.health)),
        uptime=None if body.clock is None else _uptime(body.clock),
        events=[Happened(EventKind(each.kind), each.occurred_at, each.details) for each in body.events],
        acks=[Acknowledgement(each.command_id, CommandStatus(each.status), each.detail) for each in body.acks],
        offers=[_offer(each) for each in body.objects],
    )


def _uptime(clock: sync.ClockFields) -> Uptime:
    oldest_seq = None if clock.oldest_seq is None else Seq(clock.oldest_seq)
    return Uptime(clock.boot_id, clock.uptime_ms, CardQueue(Seq(clock.next_seq), oldest_seq))


def _offer(body: sync.ObjectOffer) -> Offer:
    if body.seq is not None:
        return SingleOffer(Seq(body.seq), body.size_bytes, body.sha256, body.sent, _taken(body))
    first, last = Seq(body.first_seq or 0), Seq(body.last_seq or 0)
    return PackOffer(first, last, body.size_bytes, body.sha256, body.sent)


def _taken(body: sync.ObjectOffer) -> datetime | BootTime | None:
    if body.captured_at is not None and body.ntp_synced:
        return body.captured_at
    if body.boot_id is None or body.uptime_ms is None:
        return None
    return BootTime(body.boot_id, body.uptime_ms)


def answered(
    done: Synced, device: Device, body: sync.SyncRequest, now: datetime, receipt_keys: dict[str, str] | None
) -> sync.SyncResponse:
    """Of the settings only those that the device does not have."""
    has_settings = body.settings_version == device.settings_version
    return sync.SyncResponse(
        server_time=to_text(now),
        settings_version=device.settings_version,
        settings=None if has_settings else render.settings(device.settings),
        receipt_keys=receipt_keys,
        commands=[render.command(each) for each in done.commands],
        events=list(done.events),
        acks=list(done.acks),
        uploads=None if done.uploads is None else _uploads(done.uploads),
        objects=list(_objects(done, body.objects, device.device_id)),
    )


def _uploads(batch: UploadBatch) -> sync.UploadsBody:
    return sync.UploadsBody(
        origin=batch.origin,
        host=batch.host,
        port=batch.port,
        path_prefix=batch.path_prefix,
        query=batch.query,
        expires_at=to_text(batch.expires_at),
    )


def _objects(done: Synced, asked: Sequence[sync.ObjectOffer], device_id: DeviceId) -> Iterator[sync.ObjectAnswer]:
    signed = iter([] if done.uploads is None else zip(done.uploads.path_tails, done.uploads.signatures, strict=True))
    for answer, offer in zip(done.answers, asked, strict=True):
        match answer:
            case Wanted():
                tail, signature = next(signed)
                yield sync.ObjectAnswer(tail=tail, signature=signature)
            case Received():
                yield _received(answer, is_pack=offer.seq is None, device_id=device_id)
            case SeqTaken(next_seq):
                yield sync.ObjectAnswer(conflict=next_seq)
            case NotSeen():
                yield sync.ObjectAnswer()


def _received(answer: Received, *, is_pack: bool, device_id: DeviceId) -> sync.ObjectAnswer:
    """The key of a pack is known to who sealed it."""
    receipt = answer.receipt
    tail = receipt.object_key.removeprefix(object_keys.device_prefix(device_id))
    return sync.ObjectAnswer(
        receipt=sync.SyncReceipt(state=receipt.state, key_id=receipt.key_id, signature=receipt.signature),
        object_key_tail=None if is_pack else tail,
        exempt=[sync.ExceptBody(seq=each.seq, next_seq=each.next_seq) for each in answer.exempt],
    )
