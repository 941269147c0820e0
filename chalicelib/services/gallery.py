"""What an owner sees of the captures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from chalicelib.domain.clock import to_text
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.timeline import MAX_SPAN, TimelineRow
from chalicelib.services.devices import owned
from chalicelib.services.ports import DeviceStore, ItemStore, Page, TimelineStore
from chalicelib.services.walk import Seen, Walk, stop_of

MAX_ROWS = 1_000
"""A page may look at more only where it would come no further."""
_FIRST_LOOK = 16
"""Rows: enough for a page of packs."""


class GalleryStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...


def page_of_items(
    owner_id: OwnerId,
    *,
    device_id: DeviceId | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    cursor: str | None,
    stores: GalleryStores,
) -> Page[Item]:
    """Items newest first with since <= captured_at < until, of one device or of all.

    A page may be short before the end; only the cursor tells. Raises NotFound for a device that is not
    the owner's, InvalidParameter for a cursor that no page gave.
    """
    if device_id is not None:
        owned(owner_id, device_id, devices=stores.devices)
    stop = stop_of(cursor)
    rows = _rows(owner_id, device_id, since, until, limit, stop.above, stores.timeline)
    walk = Walk(rows, stop, since=since, until=until, max_rows=MAX_ROWS)
    seen = walk.take(limit)
    return Page(_items_of(seen, stores.items), walk.cursor())


def _rows(
    owner_id: OwnerId,
    device_id: DeviceId | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    after: str | None,
    timeline: TimelineStore,
) -> Iterator[TimelineRow]:
    """They sort by their end, so that those which reach into the range may end after it."""
    ends_before = _later(until) if until else None
    look = _FIRST_LOOK
    while True:
        page = timeline.newest(owner_id, device_id=device_id, since=since, until=ends_before, limit=look, cursor=after)
        yield from page.entries
        if page.cursor is None:
            return
        after, look = page.cursor, max(limit, _FIRST_LOOK)


def _later(until: datetime) -> datetime | None:
    try:
        return until + MAX_SPAN
    except OverflowError:
        return None


def _items_of(seen: list[list[Seen]], items: ItemStore) -> list[Item]:
    found = {(item.device_id, item.seq): item for item in items.get_many([told[0].key for told in seen])}
    # What its item does not confirm was left by a crash, or is about to be replaced.
    return [found[told[0].key] for told in seen if told[0].key in found and _confirms(found[told[0].key], told)]


def _confirms(item: Item, told: list[Seen]) -> bool:
    is_there = any(seen.row.object_key == item.object_key for seen in told)
    return is_there and item.is_examined and to_text(item.captured.at) == to_text(told[0].capture.at)


def one_item(owner_id: OwnerId, device_id: DeviceId, seq: Seq, *, stores: GalleryStores) -> Item:
    """Also one that waits for its object, and a tombstone. Raises NotFound."""
    owned(owner_id, device_id, devices=stores.devices)
    item = stores.items.get(device_id, seq)
    if item is None:
        raise NotFound
    return item
