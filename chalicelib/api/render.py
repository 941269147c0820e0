"""What services give, as the wire says it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from chalicelib.domain.clock import to_text
from chalicelib.domain.content_types import content_type_of
from chalicelib.domain.ids import task_id
from chalicelib.wire import responses

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chalicelib.domain.conflicts import Conflict
    from chalicelib.domain.device import Device, DeviceSettings, Health
    from chalicelib.domain.health import HealthSample
    from chalicelib.domain.inbox import Command, Event
    from chalicelib.domain.item import Item
    from chalicelib.domain.receipts import Receipt
    from chalicelib.services.forgetting import Forgotten
    from chalicelib.services.pairing import Activated, Paired
    from chalicelib.services.ports import Download, DownloadSigner, Page
    from chalicelib.services.timeline import Timeline
    from chalicelib.services.uploads import Confirmed, UploadIssued
    from chalicelib.services.usage import Usage

_USD_DIGITS = 6
_SHA256_DIGITS = 64


def paired(made: Paired) -> responses.PairingResponse:
    return responses.PairingResponse(
        device_id=made.device_id, pairing_code=made.pairing_code, expires_at=to_text(made.expires_at)
    )


def activated(done: Activated, receipt_keys: dict[str, str], now: datetime) -> responses.ActivateResponse:
    return responses.ActivateResponse(
        device_id=done.device.device_id,
        device_token=str(done.token),
        settings=settings(done.device.settings),
        settings_version=done.device.settings_version,
        next_seq=done.next_seq,
        server_time=to_text(now),
        receipt_keys=receipt_keys,
    )


def settings(wanted: DeviceSettings) -> responses.SettingsBody:
    return responses.SettingsBody(
        interval_s=wanted.interval_s,
        jpeg_quality=wanted.jpeg_quality,
        resolution=wanted.resolution,
        motion=wanted.motion,
        upload_policy=wanted.upload_policy,
        paused=wanted.paused,
        paused_until=_instant(wanted.paused_until),
    )


def upload(issued: UploadIssued) -> responses.UploadUrlResponse:
    target = issued.target
    return responses.UploadUrlResponse(
        upload_url=target.upload_url,
        upload_host=target.upload_host,
        upload_port=target.upload_port,
        upload_path=target.upload_path,
        headers=target.headers,
        object_key=issued.object_key,
        expires_at=to_text(target.expires_at),
        status="duplicate" if issued.held else None,
        item_id=issued.held.item_id if issued.held else None,
        receipt=receipt(issued.receipt),
    )


def ingested(done: Confirmed) -> responses.IngestResponse:
    return responses.IngestResponse(
        status=_status(done), item_id=done.item.item_id, task_id=_task(done), receipt=receipt(done.receipt)
    )


def image(done: Confirmed) -> responses.ImageResponse:
    return responses.ImageResponse(
        status=_status(done),
        item_id=done.item.item_id,
        seq=done.item.seq,
        task_id=_task(done),
        receipt=receipt(done.receipt),
    )


def _status(done: Confirmed) -> responses.ClaimStatus:
    return "duplicate" if done.duplicate else "queued"


def _task(done: Confirmed) -> str | None:
    return None if done.duplicate else task_id(done.item.item_id)


def receipt(given: Receipt | None) -> responses.ReceiptBody | None:
    if given is None:
        return None
    return responses.ReceiptBody(
        state=given.state,
        key_id=given.key_id,
        object_key=given.object_key,
        size_bytes=given.size_bytes,
        sha256=given.sha256,
        signature=given.signature,
    )


def device(one: Device) -> responses.DeviceBody:
    return responses.DeviceBody(
        device_id=one.device_id,
        name=one.name,
        created_at=to_text(one.created_at),
        settings=settings(one.settings),
        settings_version=one.settings_version,
        activated_at=_instant(one.activated_at),
        last_seen_at=_instant(one.last_seen_at),
        revoked_at=_instant(one.revoked_at),
        health=_health(one.health, one.health_at) if one.health_at else None,
    )


def health(page: Page[HealthSample]) -> responses.HealthPage:
    return responses.HealthPage(
        items=[_health(one.health, one.reported_at) for one in page.entries], cursor=page.cursor
    )


def _health(told: Health, at: datetime) -> responses.HealthBody:
    return responses.HealthBody(reported_at=to_text(at), **asdict(told))


def command(one: Command) -> responses.CommandBody:
    return responses.CommandBody(
        command_id=one.command_id,
        kind=one.kind,
        status=one.status,
        created_at=to_text(one.created_at),
        expires_at=to_text(one.expires_at),
        arguments=dict(one.arguments),
        delivered_at=_instant(one.delivered_at),
        finished_at=_instant(one.finished_at),
        detail=one.detail,
    )


def commands(found: Iterable[Command], cursor: str | None = None) -> responses.CommandPage:
    return responses.CommandPage(items=[command(one) for one in found], cursor=cursor)


def events(page: Page[Event]) -> responses.EventPage:
    bodies = [
        responses.EventBody(
            event_id=one.event_id,
            kind=one.kind,
            occurred_at=to_text(one.occurred_at),
            received_at=to_text(one.received_at),
            details=dict(one.details),
        )
        for one in page.entries
    ]
    return responses.EventPage(items=bodies, cursor=page.cursor)


def item(one: Item) -> responses.ItemBody:
    """Without any URL; what a tombstone had is gone, and what is awaited is not there yet."""
    return responses.ItemBody(
        item_id=one.item_id,
        device_id=one.device_id,
        seq=one.seq,
        status=one.status,
        captured_at=to_text(one.captured.at),
        captured_at_confidence=one.captured.confidence,
        created_at=to_text(one.created_at),
        photo=_photo(one) if one.has_object else None,
        thumbnail=_thumbnail(one) if one.has_object else None,
        content_type=one.content_type,
        size_bytes=one.size_bytes,
        sha256=one.sha256,
        width=one.width,
        height=one.height,
        duration_ms=one.duration_ms,
        stored_at=_instant(one.stored_at),
        processed_at=_instant(one.processed_at),
        deleted_at=_instant(one.deleted_at),
        reject_reason=one.reject_reason,
    )


def _photo(one: Item) -> responses.PlaceBody:
    length = one.size_bytes if one.is_in_pack else None
    return responses.PlaceBody(object_key=one.object_key, offset=one.offset, length=length)


def _thumbnail(one: Item) -> responses.PlaceBody | None:
    if one.thumbnail_key is None:
        return None
    return responses.PlaceBody(object_key=one.thumbnail_key, offset=one.thumbnail_offset, length=one.thumbnail_length)


def item_with_urls(one: Item, captures: DownloadSigner, thumbnails: DownloadSigner) -> responses.ItemBody:
    body = item(one)
    if body.photo is not None:
        _sign(body.photo, captures.get(one.object_key, version_id=one.version_id))
    if body.thumbnail is not None:
        _sign(body.thumbnail, thumbnails.get(body.thumbnail.object_key))
    return body


def _sign(place: responses.PlaceBody, download: Download) -> None:
    place.url, place.expires_at = download.url, to_text(download.expires_at)


def items(page: Page[Item], captures: DownloadSigner, thumbnails: DownloadSigner) -> responses.ItemPage:
    """Each object is signed once."""
    bodies = [item(one) for one in page.entries]
    photos = {one.object_key: one.version_id for one in page.entries if one.has_object}
    signed = {key: captures.get(key, version_id=version_id) for key, version_id in photos.items()}
    signed |= {key: thumbnails.get(key) for key in {body.thumbnail.object_key for body in bodies if body.thumbnail}}
    return responses.ItemPage(
        items=bodies,
        urls={key: download.url for key, download in signed.items()},
        urls_expire_at=min((to_text(download.expires_at) for download in signed.values()), default=None),
        cursor=page.cursor,
    )


def conflicts(page: Page[Conflict], captures: DownloadSigner) -> responses.ConflictPage:
    return responses.ConflictPage(items=[_conflict(one, captures) for one in page.entries], cursor=page.cursor)


def _conflict(one: Conflict, captures: DownloadSigner) -> responses.ConflictBody:
    length = None if one.offset is None else one.size_bytes
    place = responses.PlaceBody(object_key=one.object_key, offset=one.offset, length=length)
    _sign(place, captures.get(one.object_key, version_id=None))
    return responses.ConflictBody(
        seq=one.seq,
        captured_at=to_text(one.captured_at),
        photo=place,
        content_type=content_type_of(one.object_key),
        size_bytes=one.size_bytes,
        sha256=one.sha256 if len(one.sha256) == _SHA256_DIGITS else None,
    )


def forgotten(done: Forgotten) -> responses.ForgetResponse:
    return responses.ForgetResponse(
        since=to_text(done.since),
        until=to_text(done.until),
        deleted=done.deleted,
        status="done" if done.is_done else "going_on",
        command_id=done.command_id,
    )


def timeline(found: Timeline, bucket_s: int) -> responses.TimelineResponse:
    buckets = [
        responses.BucketBody(since=to_text(one.since), photos=one.photos, rejected=one.rejected, deleted=one.deleted)
        for one in found.buckets
    ]
    gaps = [
        responses.GapBody(
            device_id=device_id,
            reason=gap.reason,
            since=to_text(gap.since),
            until=to_text(gap.until),
            first_seq=gap.first_seq,
            last_seq=gap.last_seq,
            count=gap.count,
        )
        for device_id, gap in found.gaps
    ]
    return responses.TimelineResponse(bucket_s=bucket_s, buckets=buckets, gaps=gaps)


def usage(month: str, found: list[Usage]) -> responses.UsageResponse:
    from chalicelib.domain import prices

    bodies = [
        responses.UsageBody(
            device_id=one.device.device_id,
            name=one.device.name,
            photos=one.photos,
            size_bytes=one.size_bytes,
            objects=one.objects,
            requests=one.requests,
            usd=round(one.units.usd(), _USD_DIGITS),
            usd_by_unit={name: round(usd, _USD_DIGITS) for name, usd in one.units.usd_by_unit().items() if usd},
        )
        for one in found
    ]
    total = round(sum(one.units.usd() for one in found), _USD_DIGITS)
    return responses.UsageResponse(month=month, prices_as_of=prices.AS_OF.isoformat(), items=bodies, usd=total)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)
