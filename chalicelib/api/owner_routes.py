"""What owners call: their devices, what these report and do, and their photos."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from chalicelib import services, wiring
from chalicelib.api import http, render
from chalicelib.api.routes import Routes
from chalicelib.domain.errors import NotFound, TooManyPhotos
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.inbox import CommandKind
from chalicelib.wire import requests, responses
from chalicelib.wire.queries import HealthQuery, ItemsQuery, PageQuery, TimelineQuery, UsageQuery

routes = Routes(__name__)

_DEFAULT_NAME = "Camera"
_TIME_TO_FORGET = timedelta(seconds=10)
"""Nothing new is begun after that; the reconciler goes on."""


@routes.add("POST", "/devices/pair", "Make a device and the code that activates it")
def pair(owner_id: OwnerId, body: requests.PairRequest) -> responses.PairingResponse:
    stack = wiring.current()
    made = services.pairing.pair_new(
        owner_id,
        body.name or _DEFAULT_NAME,
        stores=stack,
        peppers=stack.peppers,
        clock=stack.clock,
        entropy=stack.entropy,
    )
    return render.paired(made)


@routes.add("POST", "/devices/{device_id}/pair", "Make a code that gives a device a new credential", raises=(NotFound,))
def pair_again(owner_id: OwnerId, device_id: DeviceId, body: requests.EmptyRequest) -> responses.PairingResponse:
    stack = wiring.current()
    made = services.pairing.pair_again(
        owner_id, device_id, stores=stack, peppers=stack.peppers, clock=stack.clock, entropy=stack.entropy
    )
    return render.paired(made)


@routes.add("GET", "/devices", "List devices, in the order of their ids")
def list_devices(owner_id: OwnerId, query: PageQuery) -> responses.DevicePage:
    page = wiring.current().devices.page_of_owner(owner_id, query.limit, query.cursor)
    return responses.DevicePage(items=[render.device(one) for one in page.entries], cursor=page.cursor)


@routes.add("GET", "/devices/{device_id}", "Read a device", raises=(NotFound,))
def read_device(owner_id: OwnerId, device_id: DeviceId) -> responses.DeviceBody:
    return render.device(services.devices.owned(owner_id, device_id, devices=wiring.current().devices))


@routes.add("PATCH", "/devices/{device_id}", "Rename a device or change its settings", raises=(NotFound,))
def change_device(owner_id: OwnerId, device_id: DeviceId, body: requests.DeviceChange) -> responses.DeviceBody:
    wanted = services.devices.Change(body.name or None, _given(body.settings) if body.settings else None)
    return render.device(services.devices.change(owner_id, device_id, wanted, devices=wiring.current().devices))


def _given(settings: requests.SettingsChange) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(settings).items() if value is not msgspec.UNSET}


@routes.add("DELETE", "/devices/{device_id}", "Revoke a device; its photos stay", raises=(NotFound,))
def revoke_device(owner_id: OwnerId, device_id: DeviceId) -> responses.DeviceBody:
    stack = wiring.current()
    return render.device(services.devices.revoke(owner_id, device_id, devices=stack.devices, clock=stack.clock))


@routes.add("POST", "/devices/{device_id}/commands", "Leave a command for a device", raises=(NotFound,))
def command_device(owner_id: OwnerId, device_id: DeviceId, body: requests.CommandRequest) -> responses.CommandBody:
    stack = wiring.current()
    made = services.inbox.command(
        owner_id,
        device_id,
        CommandKind(body.kind),
        body.duration_s,
        stores=stack,
        clock=stack.clock,
        entropy=stack.entropy,
    )
    return render.command(made)


@routes.add("GET", "/devices/{device_id}/commands", "See what became of commands, newest first", raises=(NotFound,))
def command_history(owner_id: OwnerId, device_id: DeviceId, query: PageQuery) -> responses.CommandPage:
    page = services.inbox.command_history(owner_id, device_id, query.limit, query.cursor, stores=wiring.current())
    return render.commands(page.entries, page.cursor)


@routes.add("GET", "/devices/{device_id}/events", "See what a device reported, newest first", raises=(NotFound,))
def event_history(owner_id: OwnerId, device_id: DeviceId, query: PageQuery) -> responses.EventPage:
    page = services.inbox.event_history(owner_id, device_id, query.limit, query.cursor, stores=wiring.current())
    return render.events(page)


@routes.add("GET", "/devices/{device_id}/conflicts", "List what is kept of seqs that others hold", raises=(NotFound,))
def list_conflicts(owner_id: OwnerId, device_id: DeviceId, query: PageQuery) -> responses.ConflictPage:
    stack = wiring.current()
    page = services.conflicts.page_of_conflicts(owner_id, device_id, query.limit, query.cursor, stores=stack)
    return render.conflicts(page, stack.download_signer)


@routes.add("GET", "/devices/{device_id}/health", "See how a device was, newest first", raises=(NotFound,))
def health_history(owner_id: OwnerId, device_id: DeviceId, query: HealthQuery) -> responses.HealthPage:
    stack = wiring.current()
    page = services.health.history(
        owner_id,
        device_id,
        since=query.since,
        until=query.until,
        limit=query.limit,
        cursor=query.cursor,
        stores=stack,
        clock=stack.clock,
    )
    return render.health(page)


@routes.add(
    "POST", "/devices/{device_id}/forget", "Delete what was taken in a time, now and when it comes", raises=(NotFound,)
)
def forget(owner_id: OwnerId, device_id: DeviceId, body: requests.ForgetRequest) -> responses.ForgetResponse:
    stack = wiring.current()
    until = stack.clock() + _TIME_TO_FORGET
    done = services.forgetting.forget(
        owner_id,
        device_id,
        body.since,
        body.until,
        stores=stack,
        clock=stack.clock,
        entropy=stack.entropy,
        time_left=lambda: stack.clock() < until,
    )
    return render.forgotten(done)


@routes.add("GET", "/items", "List photos, newest first", raises=(NotFound,))
def list_items(owner_id: OwnerId, query: ItemsQuery) -> responses.ItemPage:
    stack = wiring.current()
    page = services.gallery.page_of_items(
        owner_id,
        device_id=None if query.device_id is None else http.device_id(query.device_id),
        since=query.since,
        until=query.until,
        limit=query.limit,
        cursor=query.cursor,
        stores=stack,
    )
    return render.items(page, stack.download_signer, stack.thumbnail_signer)


@routes.add("GET", "/items/{device_id}/{seq}", "Read one photo's item, with its URLs", raises=(NotFound,))
def read_item(owner_id: OwnerId, device_id: DeviceId, seq: Seq) -> responses.ItemBody:
    stack = wiring.current()
    item = services.gallery.one_item(owner_id, device_id, seq, stores=stack)
    return render.item_with_urls(item, stack.download_signer, stack.thumbnail_signer)


@routes.add("DELETE", "/items/{device_id}/{seq}", "Delete a photo for good; its seq stays taken", raises=(NotFound,))
def delete_item(owner_id: OwnerId, device_id: DeviceId, seq: Seq) -> responses.ItemBody:
    stack = wiring.current()
    return render.item(services.deleting.delete_item(owner_id, device_id, seq, stores=stack, clock=stack.clock))


@routes.add(
    "GET", "/timeline", "Count photos over time, and say why there are none", raises=(NotFound, TooManyPhotos)
)
def read_timeline(owner_id: OwnerId, query: TimelineQuery) -> responses.TimelineResponse:
    from chalicelib.domain.gaps import TimeSpan

    stack = wiring.current()
    found = services.timeline.timeline(
        owner_id,
        device_id=None if query.device_id is None else http.device_id(query.device_id),
        within=TimeSpan(query.since, query.until),
        bucket=timedelta(seconds=query.bucket_s),
        stores=stack,
        clock=stack.clock,
    )
    return render.timeline(found, query.bucket_s)


@routes.add("GET", "/usage", "Say what a month of each device comes to, and what it costs")
def read_usage(owner_id: OwnerId, query: UsageQuery) -> responses.UsageResponse:
    stack = wiring.current()
    month = query.month or services.usage.month_of(stack.clock())
    return render.usage(month, services.usage.usage(owner_id, month, stores=stack))
