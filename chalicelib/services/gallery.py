"""What an owner sees of the captures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from chalicelib.domain.errors import NotFound
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.timeline import TimelineRow, row_of_single
from chalicelib.services.devices import owned
from chalicelib.services.ports import DeviceStore, ItemStore, Page, TimelineStore


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
    the owner's.
    """
    if device_id is not None:
        owned(owner_id, device_id, devices=stores.devices)
    rows = stores.timeline.newest(owner_id, device_id=device_id, since=since, until=until, limit=limit, cursor=cursor)
    return Page(_items_of(rows.entries, stores.items), rows.cursor)


def _items_of(rows: Iterable[TimelineRow], items: ItemStore) -> list[Item]:
    rows = list(rows)
    found = items.get_many([(row.device_id, row.first_seq) for row in rows])
    # A row that its item does not confirm was left by a crash, or is about to be replaced.
    confirmed = {row_of_single(item).position: item for item in found if item.is_examined}
    return [confirmed[row.position] for row in rows if row.position in confirmed]


def one_item(owner_id: OwnerId, device_id: DeviceId, seq: Seq, *, stores: GalleryStores) -> Item:
    """Also one that waits for its object, and a tombstone. Raises NotFound."""
    owned(owner_id, device_id, devices=stores.devices)
    item = stores.items.get(device_id, seq)
    if item is None:
        raise NotFound
    return item
