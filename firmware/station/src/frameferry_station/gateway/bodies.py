"""Bodies of the device API as the gateway reads them. What it does not know is ignored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from frameferry_station import protocol
from frameferry_station.captures import MAX_SEQ, Seq
from frameferry_station.gateway.refusals import Refused
from frameferry_station.packs import MAX_PACK_BYTES
from frameferry_station.protocol import Fields, Malformed
from frameferry_station.sync_protocol import MAX_ACKS, MAX_EVENTS, ClockSample, NamedPack

T = TypeVar("T")

MOST_BYTES = 64 * 1024
MOST_OBJECTS = 100
MOST_UNSENT = 50
MOST_BETWEEN_SEQS = 999
MOST_UPTIME_MS = 100 * 365 * 86_400_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BOOT_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Told:
    """An event; `name` is by what it is the same when it is told again."""

    kind: str
    name: str
    message: str
    seqs: tuple[int, int] | None = None


@dataclass(frozen=True)
class Sync:
    clock: ClockSample | None
    packs: tuple[NamedPack, ...]
    events: tuple[Told, ...]
    acks: tuple[str, ...]
    settings_version: int | None
    receipt_key_ids: frozenset[str] | None


def parsed(body: bytes) -> Fields:
    """Raises Refused: `body_too_large`, `invalid_json`."""
    if len(body) > MOST_BYTES:
        raise Refused("body_too_large", f"a body has at most {MOST_BYTES} bytes")
    try:
        return protocol.decoded(body)
    except Malformed:
        raise Refused("invalid_json", "the body has to be a JSON object") from None


def activation(body: Fields) -> tuple[str, str | None]:
    """Pairing code and nonce. Raises Refused."""
    try:
        code, nonce = body.get("pairing_code", str), body.find("nonce", str)
    except Malformed as error:
        raise _invalid(error) from None
    if len(code) > 100 or (nonce is not None and not 16 <= len(nonce) <= 128):
        raise Refused("invalid_body", "a nonce has 16 to 128 characters")
    return code, nonce


def sync(body: Fields) -> Sync:
    """Raises Refused (`invalid_body`)."""
    try:
        clock = body.part("clock")
        packs = _list(body, "objects", MOST_OBJECTS, _pack)
        if sum(not pack.is_sent for pack in packs) > MOST_UNSENT:
            _fail(f"objects: at most {MOST_UNSENT} that were not sent")
        body.part("health")
        return Sync(
            clock=_clock(clock) if clock else None,
            packs=packs,
            events=_list(body, "events", MAX_EVENTS, _event),
            acks=_list(body, "acks", MAX_ACKS, lambda ack: ack.get("command_id", str)),
            settings_version=body.find("settings_version", int),
            receipt_key_ids=_key_ids(body.find("receipt_key_ids", list)),
        )
    except Malformed as error:
        raise _invalid(error) from None


def shown(text: str | None) -> str:
    """Of a device's text what can be shown anywhere."""
    return "".join(each for each in (text or "")[:200] if each.isascii() and each.isprintable())


def _list(body: Fields, name: str, most: int, parse: Callable[[Fields], T]) -> tuple[T, ...]:
    found = body.find(name, list) or []
    if len(found) > most:
        _fail(f"{name} has more than {most}")
    return tuple(parse(Fields(each)) for each in found)


def _clock(fields: Fields) -> ClockSample:
    boot_id = fields.get("boot_id", str)
    if not _BOOT_ID.fullmatch(boot_id):
        _fail("boot_id is 16 hex digits")
    uptime_ms = _number(fields, "uptime_ms", MOST_UPTIME_MS)
    return ClockSample(boot_id, uptime_ms, Seq(_number(fields, "next_seq", MAX_SEQ)))


def _pack(fields: Fields) -> NamedPack:
    pack = NamedPack(
        first_seq=Seq(_number(fields, "first_seq", MAX_SEQ)),
        last_seq=Seq(_number(fields, "last_seq", MAX_SEQ)),
        size_bytes=_number(fields, "size_bytes", MAX_PACK_BYTES),
        sha256=fields.get("sha256", str),
        is_sent=fields.find("sent", bool) or False,
    )
    if not 0 <= pack.last_seq - pack.first_seq <= MOST_BETWEEN_SEQS or not _SHA256.fullmatch(pack.sha256):
        _fail("no pack has such numbers or such a sha256")
    return pack


def _event(fields: Fields) -> Told:
    kind, at = fields.get("kind", str), fields.find("occurred_at", str)
    score = fields.find("score", object)
    first, last = fields.find("first_seq", int), fields.find("last_seq", int)
    seqs = (first, last) if first is not None and last is not None else None
    message = shown(fields.find("message", str)) or (f"score {score:g}" if isinstance(score, float) else "")
    return Told(kind[:20], f"{kind[:20]} {shown(at)} {seqs} {message}" if at else "", message, seqs)


def _number(fields: Fields, name: str, most: int) -> int:
    found = fields.get(name, int)
    if not 0 <= found <= most:
        _fail(f"{name} is out of range")
    return found


def _key_ids(found: list[Any] | None) -> frozenset[str] | None:
    return None if found is None else frozenset(each for each in found if isinstance(each, str))


def _fail(message: str) -> NoReturn:
    raise Malformed(message)


def _invalid(error: Malformed) -> Refused:
    return Refused("invalid_body", f"{error}")
