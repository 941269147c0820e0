"""The rows of a pack in the timeline. They are worked out from its items and never from one another, so that whoever
changes an item can write them again.

Whoever puts a pack's items writes its rows before the last of them, and from then on they stand. Whoever changes an
item later rewrites those that stand, and looks again after that: of several that do so at once, the last one sees what
all did.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.item import Item
from chalicelib.domain.timeline import MAX_SPAN, TimelineRow, rows_of_pack
from chalicelib.services.ports import ItemStore, TimelineStore
from chalicelib.wire.object_keys import PackKey, parse_pack

_TRIES = 8
_PAGE = 100


class RowStores(Protocol):
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...


def items_of(named: PackKey, items: ItemStore) -> list[Item]:
    """Those that the pack holds, and its tombstones, by seq."""
    found = items.range(named.device_id, named.first_seq, named.last_seq)
    return [item for item in found if item.is_in_pack and item.object_key == named.object_key]


def rows_of(items: Iterable[Item]) -> list[TimelineRow]:
    items = sorted(items, key=lambda item: item.seq)
    return rows_of_pack(items, boot_id=next((item.boot_id for item in items if item.boot_id), None))


def write(named: PackKey, standing: Iterable[Item], coming: Item | None, *, stores: RowStores) -> list[TimelineRow]:
    """The rows of what stands, as far as the caller knows, and of the item that is yet to be put. Gives the rows that
    stand in the end: other processes may have changed items meanwhile.
    """
    rows, written = _with(standing, coming), list[TimelineRow]()
    for _ in range(_TRIES):
        for row in rows:
            stores.timeline.put(row)
        written += rows
        current = _with(items_of(named, stores.items), coming)
        if current == rows:
            _delete_but(rows, written, stores.timeline)
            return rows
        rows = current
    raise Unavailable(retry_after_s=1)


def rewrite(named: PackKey, *, stores: RowStores) -> None:
    """An item of the pack has changed. Rows that do not stand yet are left to whoever is about to write them."""
    rows = rows_of(items_of(named, stores.items))
    for _ in range(_TRIES):
        for row in rows:
            stores.timeline.replace(row)
        current = rows_of(items_of(named, stores.items))
        if current == rows:
            return
        rows = current
    raise Unavailable(retry_after_s=1)


def drop_others(
    rows: Iterable[TimelineRow], object_key: str, item: Item, times: Iterable[datetime], *, timeline: TimelineStore
) -> None:
    """Of the rows of an object, which `item` is or was of, those that are not at the places of `rows`: a run that came
    to no end has left them, with other times. `times` are those that its captures may have been thought to have.
    """
    times = [*times, item.captured.at]
    since, until, cursor = min(times) - MAX_SPAN, max(times) + MAX_SPAN, None
    while True:
        page = timeline.newest(
            item.owner_id, device_id=item.device_id, since=since, until=until, limit=_PAGE, cursor=cursor
        )
        found = [row for row in page.entries if row.object_key == object_key]
        _delete_but(rows, found, timeline)
        if page.cursor is None:
            return
        cursor = page.cursor


def leave(item: Item, *, stores: RowStores) -> None:
    """The item was in a pack and is not any more: the pack's rows are written without it."""
    named = parse_pack(item.object_key)
    if named is None:
        return
    rows = rows_of(items_of(named, stores.items))
    for row in rows:
        stores.timeline.put(row)
    drop_others(rows, item.object_key, item, (), timeline=stores.timeline)


def _delete_but(kept: Iterable[TimelineRow], written: Iterable[TimelineRow], timeline: TimelineStore) -> None:
    places = {row.position for row in kept}
    for row in written:
        if row.position not in places:
            timeline.delete(row.owner_id, row.position)


def _with(standing: Iterable[Item], coming: Item | None) -> list[TimelineRow]:
    by_seq = {item.seq: item for item in ([coming] if coming else [])} | {item.seq: item for item in standing}
    return rows_of(by_seq.values())
