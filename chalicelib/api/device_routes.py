"""What devices call, and the activation that makes one."""

from __future__ import annotations

from chalicelib import services, wiring
from chalicelib.api import http, render
from chalicelib.api.routes import Routes
from chalicelib.domain.clock import to_text
from chalicelib.domain.content_types import content_type_of
from chalicelib.domain.device import Device, Health
from chalicelib.domain.errors import (
    CapturedAtOutOfRange,
    CommandFinished,
    Conflict,
    ContentTypeNotAllowed,
    ForeignObjectKey,
    InvalidFilename,
    NotAJpeg,
    NotFound,
    ObjectKeyMismatch,
    PairingCodeInvalid,
    RateLimited,
    SizeLimitExceeded,
)
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import CommandStatus, EventKind
from chalicelib.wire import requests, responses
from chalicelib.wire.queries import ImageQuery
from chalicelib.wire.sync import SyncRequest, SyncResponse

routes = Routes(__name__)


@routes.add(
    "POST",
    "/devices/activate",
    "Trade a pairing code for a device token",
    raises=(PairingCodeInvalid, RateLimited),
)
def activate(source: http.Source, body: requests.ActivateRequest) -> responses.ActivateResponse:
    stack = wiring.current()
    done = services.pairing.activate(
        body.pairing_code,
        body.nonce,
        source=source,
        stores=stack,
        peppers=stack.peppers,
        clock=stack.clock,
        entropy=stack.entropy,
    )
    if body.firmware_version is not None:
        health = Health(firmware_version=body.firmware_version)
        services.inbox.heartbeat(done.device, health, stores=stack, clock=stack.clock)
    return render.activated(done, stack.receipt_keys.public_keys(), stack.clock())


@routes.add(
    "POST",
    "/devices/upload-url",
    "Get a presigned PUT for one capture",
    raises=(InvalidFilename, ContentTypeNotAllowed, SizeLimitExceeded, Conflict),
)
def upload_url(device: Device, body: requests.UploadUrlRequest) -> responses.UploadUrlResponse:
    stack = wiring.current()
    wanted = services.uploads.UploadRequest(
        filename=body.filename,
        content_type=body.content_type,
        seq=Seq(body.seq),
        captured_at=body.captured_at,
        sha256=body.sha256,
        size_bytes=body.size_bytes,
    )
    issued = services.uploads.issue_upload(
        device, wanted, stores=stack, signer=stack.upload_signer, keys=stack.receipt_keys
    )
    return render.upload(issued)


@routes.add(
    "POST",
    "/devices/ingest",
    "Confirm a capture that was PUT",
    raises=(ForeignObjectKey, ObjectKeyMismatch, CapturedAtOutOfRange, ContentTypeNotAllowed, Conflict),
)
def ingest(device: Device, body: requests.IngestRequest) -> responses.IngestResponse:
    if body.content_type not in (None, content_type_of(body.object_key)):
        raise ContentTypeNotAllowed
    stack = wiring.current()
    claim = services.uploads.Claim(
        object_key=body.object_key,
        seq=Seq(body.seq),
        captured_at=body.captured_at,
        ntp_synced=body.ntp_synced,
        sha256=body.sha256,
    )
    done = services.uploads.confirm(device, claim, stores=stack, keys=stack.receipt_keys, clock=stack.clock)
    return render.ingested(done)


@routes.add(
    "POST",
    "/devices/images",
    "Hand over a JPEG in the request body",
    raises=(NotAJpeg, Conflict),
)
def images(device: Device, query: ImageQuery, body: http.JpegBody) -> responses.ImageResponse:
    stack = wiring.current()
    seq = None if query.seq is None else Seq(query.seq)
    done = services.uploads.accept_image(
        device, body, seq, query.captured_at, stores=stack, keys=stack.receipt_keys, clock=stack.clock
    )
    return render.image(done)


@routes.add("POST", "/devices/sync", "Say and ask all that there is in one round trip")
def sync(device: Device, body: SyncRequest) -> SyncResponse:
    from chalicelib.api import sync_bodies

    stack = wiring.current()
    done = services.sync.sync(
        device,
        sync_bodies.told(body),
        stores=stack,
        signer=stack.upload_signer,
        keys=stack.receipt_keys,
        clock=stack.clock,
    )
    news = stack.receipt_keys.news_for(body.receipt_key_ids)
    return sync_bodies.answered(done, device, body, stack.clock(), news)


@routes.add("POST", "/devices/heartbeat", "Tell how the device is; learn its settings")
def heartbeat(device: Device, body: requests.HeartbeatRequest) -> responses.HeartbeatResponse:
    stack = wiring.current()
    health = Health(**{name: getattr(body, name) for name in requests.HealthFields.__struct_fields__})
    waiting = services.inbox.heartbeat(device, health, stores=stack, clock=stack.clock)
    return responses.HeartbeatResponse(
        server_time=to_text(stack.clock()),
        settings=render.settings(device.settings),
        settings_version=device.settings_version,
        commands_waiting=waiting,
        receipt_keys=stack.receipt_keys.news_for(body.receipt_key_ids),
    )


@routes.add("POST", "/devices/events", "Report what happened, such as motion")
def report_event(device: Device, body: requests.EventRequest) -> responses.EventAccepted:
    stack = wiring.current()
    event, is_new = services.inbox.report(
        device, EventKind(body.kind), body.occurred_at, body.details, stores=stack, clock=stack.clock
    )
    return responses.EventAccepted(status="accepted" if is_new else "duplicate", event_id=event.event_id)


@routes.add("GET", "/devices/commands", "Fetch the commands that wait, oldest first")
def fetch_commands(device: Device) -> responses.CommandPage:
    stack = wiring.current()
    return render.commands(services.inbox.fetch_commands(device, inbox=stack.inbox, clock=stack.clock))


@routes.add(
    "POST",
    "/devices/commands/{command_id}/ack",
    "Tell what became of a command",
    raises=(NotFound, CommandFinished),
)
def acknowledge(device: Device, command_id: http.CommandId, body: requests.AckRequest) -> responses.AckResponse:
    stack = wiring.current()
    command = services.inbox.acknowledge(
        device, command_id, CommandStatus(body.status), body.detail, inbox=stack.inbox, clock=stack.clock
    )
    return responses.AckResponse(command_id=command.command_id, status=command.status)


@routes.add("POST", "/devices/token", "Get the token that replaces the present one when it is first used")
def rotate_token(device: Device, body: requests.EmptyRequest) -> responses.TokenResponse:
    stack = wiring.current()
    token = services.devices.rotate_token(device, devices=stack.devices, peppers=stack.peppers)
    return responses.TokenResponse(device_token=str(token))
