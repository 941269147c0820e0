"""`POST /devices/sync` as typed values: docs/protocol.md, "Sync"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from frameferry_station import protocol
from frameferry_station.captures import MAX_SEQ, Seq
from frameferry_station.clock import to_text
from frameferry_station.protocol import Command, Event, Fields, Health, Malformed, Settings

T = TypeVar("T")

MAX_WANTED = 50
"""Objects that one sync asks places for."""
MAX_SENT = 50
"""Objects that one sync asks receipts for."""
MAX_EVENTS = 50
MAX_ACKS = 20


@dataclass(frozen=True)
class ClockSample:
    """`oldest_seq` is None where no capture waits."""

    boot_id: str
    uptime_ms: int
    next_seq: Seq
    oldest_seq: Seq | None = None


@dataclass(frozen=True)
class NamedPack:
    """A pack as the server knows it. `is_sent`: it was put, and a receipt is wanted."""

    first_seq: Seq
    last_seq: Seq
    size_bytes: int
    sha256: str
    is_sent: bool = False


@dataclass(frozen=True)
class Ack:
    """`status` is `done` or `failed`; `detail` has at most 200 characters."""

    command_id: str
    status: str
    detail: str | None = None


@dataclass(frozen=True)
class SyncRequest:
    """Whatever there is to say. With nothing at all it is a heartbeat."""

    health: Health | None = None
    clock: ClockSample | None = None
    objects: Sequence[NamedPack] = ()
    events: Sequence[Event] = ()
    acks: Sequence[Ack] = ()
    settings_version: int | None = None
    receipt_key_ids: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        return _filled(
            health=_filled(**vars(self.health)) if self.health else None,
            clock=_filled(**vars(self.clock)) if self.clock else None,
            objects=[_named(pack) for pack in self.objects],
            events=[_filled(**vars(event) | {"occurred_at": to_text(event.occurred_at)}) for event in self.events],
            acks=[_filled(**vars(ack)) for ack in self.acks],
            settings_version=self.settings_version,
            receipt_key_ids=list(self.receipt_key_ids),
        )


@dataclass(frozen=True)
class Place:
    """Where to put an object, for `lifetime_s` from the answer on."""

    url: str = field(repr=False)
    lifetime_s: float


@dataclass(frozen=True)
class Held:
    """The server says that S3 holds the object: nothing of it is true before its receipt is verified.

    `object_key_tail` is None where the key is that of the object as it was named. `next_seqs` are the captures of it
    that the server holds with other bytes, each with a seq that is free.
    """

    state: str
    key_id: str
    signature: str
    object_key_tail: str | None = None
    next_seqs: Mapping[Seq, int] = field(default_factory=dict)


ObjectAnswer = Place | Held | None
"""None: nothing is known of it."""


@dataclass(frozen=True)
class SyncAnswer:
    """`objects`, `events` and `acks` have the length of the request's. Settings and keys are None where they are those
    that the request named.
    """

    server_time: datetime
    settings_version: int
    settings: Settings | None = None
    receipt_keys: Mapping[str, str] | None = None
    commands: tuple[Command, ...] = ()
    objects: tuple[ObjectAnswer, ...] = ()
    events: tuple[str, ...] = ()
    acks: tuple[str, ...] = ()


def answer_to(request: SyncRequest, *, is_tls: bool) -> Callable[[Fields], SyncAnswer]:
    """What parses the answer to a request. `is_tls`: no place may lie outside TLS."""

    def parsed(body: Fields) -> SyncAnswer:
        server_time = body.instant("server_time")
        if server_time is None:
            raise Malformed("server_time is missing")
        settings = body.part("settings")
        return SyncAnswer(
            server_time=server_time,
            settings_version=body.find("settings_version", int) or 0,
            settings=protocol.settings(settings) if settings else None,
            receipt_keys=body.texts("receipt_keys") if body.find("receipt_keys", dict) else None,
            commands=tuple(_command(Fields(found)) for found in body.find("commands", list) or ()),
            objects=_list(body, "objects", len(request.objects), _objects(body, server_time, is_tls)),
            events=_list(body, "events", len(request.events), _text),
            acks=_list(body, "acks", len(request.acks), _text),
        )

    return parsed


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _named(pack: NamedPack) -> dict[str, Any]:
    fields = dict(vars(pack))
    return fields | {"sent": True} if fields.pop("is_sent") else fields


def _list(body: Fields, name: str, length: int, parse: Callable[[Any], T]) -> tuple[T, ...]:
    found = body.find(name, list) or []
    if len(found) != length:
        raise Malformed(f"{name} has not the length of the request's")
    return tuple(parse(each) for each in found)


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise Malformed("no text")
    return found


def _objects(body: Fields, server_time: datetime, is_tls: bool) -> Callable[[Any], ObjectAnswer]:
    uploads = body.part("uploads")
    start, end, lifetime_s = _shared(uploads, server_time) if uploads else ("", "", 0.0)
    if uploads and is_tls and not start.startswith("https://"):
        raise Malformed("an upload would leave TLS")

    def parsed(found: Any) -> ObjectAnswer:
        fields = Fields(found)
        receipt, tail = fields.part("receipt"), fields.find("tail", str)
        if receipt:
            return _held(fields, receipt)
        if tail is None:
            return None
        if not uploads:
            raise Malformed("uploads is missing")
        return Place(f"{start}{tail}{end}{fields.get('signature', str)}", lifetime_s)

    return parsed


def _shared(uploads: Fields, server_time: datetime) -> tuple[str, str, float]:
    """What all URLs begin with, what stands between tail and signature, and how long they live."""
    expires_at = uploads.instant("expires_at")
    if expires_at is None:
        raise Malformed("expires_at is missing")
    start = uploads.get("origin", str) + uploads.get("path_prefix", str)
    return start, f"?{uploads.get('query', str)}", (expires_at - server_time).total_seconds()


def _held(fields: Fields, receipt: Fields) -> Held:
    exceptions = [Fields(found) for found in fields.find("except", list) or ()]
    return Held(
        state=receipt.get("state", str),
        key_id=receipt.get("key_id", str),
        signature=receipt.get("signature", str),
        object_key_tail=fields.find("object_key_tail", str),
        next_seqs={Seq(each.get("seq", int)): _next_seq(each) for each in exceptions},
    )


def _next_seq(fields: Fields) -> int:
    """One after which there are more: else a single wrong answer could use up all of the device's seqs."""
    seq = fields.get("next_seq", int)
    if not 0 <= seq < MAX_SEQ // 2:
        raise Malformed("next_seq is out of range")
    return seq


def _command(body: Fields) -> Command:
    created_at = body.instant("created_at")
    if created_at is None:
        raise Malformed("created_at is missing")
    return Command(
        command_id=body.get("command_id", str),
        kind=body.get("kind", str),
        created_at=created_at,
        arguments=body.find("arguments", dict) or {},
    )
