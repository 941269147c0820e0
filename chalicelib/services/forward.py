"""The one way in which an item is written: read, decide, write on condition, decide again if it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.timeline import TimelineRow, row_of_single
from chalicelib.services.ports import Changed, ItemStore, TimelineStore

_TRIES = 8

Decision = Callable[[Item | None], Item]
"""Gives the item that shall stand; the very same one means that there is nothing to write."""


class ItemStores(Protocol):
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...


def move_forward(stores: ItemStores, device_id: DeviceId, seq: Seq, decide: Decision) -> tuple[Item | None, Item]:
    """Gives the item before and after. Whatever `decide` raises passes through, with nothing written.

    A row of the timeline comes before its item and goes after it: a crash in between leaves a row that
    its item does not confirm, which every reader passes over, and never an item that no row shows.
    Raises Unavailable if the item keeps changing under our hands.
    """
    before = stores.items.get(device_id, seq)
    rows = _rows(before)
    for _ in range(_TRIES):
        after = decide(before)
        if after is not before:
            for row in _rows(after):
                stores.timeline.put(row)
                rows.append(row)
            try:
                after = stores.items.put(after)
            except Changed as changed:
                before = changed.stored
                continue
        _drop_stale(stores.timeline, rows, after)
        return before, after
    raise Unavailable(retry_after_s=1)


def _rows(item: Item | None) -> list[TimelineRow]:
    return [row_of_single(item)] if item is not None and item.is_examined else []


def _drop_stale(timeline: TimelineStore, rows: list[TimelineRow], item: Item) -> None:
    current = {row.position for row in _rows(item)}
    for row in rows:
        if row.position not in current:
            timeline.delete(row.owner_id, row.position)
