"""A camera whose packs land in the bucket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import Event
from chalicelib.domain.item import Item
from chalicelib.services.deleting import delete_item
from chalicelib.services.gallery import page_of_items
from chalicelib.services.processing import process_object
from chalicelib.services.verdicts import Outcome, Processed
from chalicelib.wire import object_keys
from chalicelib.wire.object_keys import PACK_SHA256_DIGITS, PackKey
from chalicelib.wire.packs import read_pack
from tests.fakes.clock import START
from tests.fakes.world import FakeWorld
from tests.pack_files import Shot, sealed
from tests.tiny_jpegs import tiny_jpeg

INTERVAL = timedelta(seconds=30)


def taken_at(seq: int) -> datetime:
    return START - timedelta(hours=1) + seq * INTERVAL


def shots(seqs: Iterable[int]) -> list[Shot]:
    """Good photos of a camera with a synced clock."""
    return [Shot(seq, tiny_jpeg(seq), taken_at(seq), clock_synced=True) for seq in seqs]


def upload(world: FakeWorld, device: Device, content: Sequence[Shot], body: bytes | None = None) -> PackKey:
    """The sealed pack in the bucket, as a device PUTs it; `body` is what is PUT in its place."""
    body = sealed(content, device_id=device.device_id) if body is None else body
    digest = sha256(body).hexdigest()
    seqs = [Seq(shot.seq) for shot in content]
    named = PackKey(device.device_id, min(seqs), max(seqs), digest[:PACK_SHA256_DIGITS])
    world.captures.upload(named.object_key, body, digest)
    return named


def process(world: FakeWorld, named: PackKey, version_id: str | None = None) -> Processed:
    return process_object(named.object_key, version_id, stores=world, clock=world.clock)


def item_of(world: FakeWorld, device: Device, seq: int) -> Item:
    item = world.items.get(device.device_id, Seq(seq))
    assert item is not None
    return item


def bytes_of(world: FakeWorld, item: Item) -> bytes:
    """What the item says that its photo is."""
    found = world.captures.fetch(item.object_key, item.version_id, at_most_bytes=10**9)
    assert found is not None
    assert found.body is not None
    start = item.offset or 0
    return found.body[start : start + (item.size_bytes or 0)]


def thumbnail_of(world: FakeWorld, item: Item) -> bytes:
    found = world.derived.read(str(item.thumbnail_key))
    assert found is not None
    start = item.thumbnail_offset or 0
    return found.body[start : start + (item.thumbnail_length or len(found.body))]


def shown(world: FakeWorld, device: Device) -> list[Item]:
    page = page_of_items(device.owner_id, device_id=None, since=None, until=None, limit=200, cursor=None, stores=world)
    return list(page.entries)


def outcomes(done: Processed) -> list[Outcome]:
    return [one.outcome for one in done.captures]


def put_single(world: FakeWorld, device: Device, seq: int, body: bytes) -> str:
    """By a URL of the plain route, processed."""
    key = object_keys.single(device.device_id, Seq(seq), "photo.jpg", None)
    world.captures.upload(key, body, sha256(body).hexdigest())
    process_object(key, None, stores=world, clock=world.clock)
    return key


def delete(world: FakeWorld, device: Device, seq: int) -> None:
    delete_item(device.owner_id, device.device_id, Seq(seq), stores=world, clock=world.clock)


def events(world: FakeWorld, device: Device) -> list[Event]:
    return list(world.inbox.events(device.device_id, 100, None).entries)


def packed_photos(world: FakeWorld, named: PackKey) -> dict[int, bytes]:
    """What the pack holds that is not erased, in all its versions."""
    found = {}
    for body in world.captures.bodies()[named.object_key]:
        for each in read_pack(body, named).captures:
            if not each.is_erased:
                found[int(each.seq)] = body[each.offset : each.offset + each.size_bytes]
    return found


def unsynced(seq: int, uptime_s: int, captured_at: datetime | None = None) -> Shot:
    return Shot(seq, tiny_jpeg(seq), captured_at, uptime_ms=uptime_s * 1000)
