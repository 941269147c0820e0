"""The one way in which an item is written: read, decide, write on condition, decide again if it changed."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Literal, Protocol

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.timeline import TimelineRow, row_of_single
from chalicelib.services.ports import Changed, ItemStore, TimelineStore

_TRIES = 8

Decision = Callable[[Item | None], Item]
"""Gives the item that shall stand; the very same one means that there is nothing to write."""


class _Unread(Enum):
    UNREAD = "unread"


UNREAD: Final = _Unread.UNREAD
Known = Item | None | Literal[_Unread.UNREAD]
"""What stands there, as far as the caller knows. It may be wrong: then the write finds out what is right."""


class ItemStores(Protocol):
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...


def move_forward(
    stores: ItemStores, device_id: DeviceId, seq: Seq, decide: Decision, *, known: Known = UNREAD
) -> tuple[Item | None, Item]:
    """Gives the item before and after. Whatever `decide` raises passes through, with nothing written.

    A single's row of the timeline comes before its item, goes after it, and is rewritten in its place after it: a
    crash in between leaves a row that its item does not confirm, which every reader passes over, and never an item
    that no row shows. The rows of a pack are `pack_rows`' business. Raises Unavailable if the item keeps changing
    under our hands.
    """
    rows = _Rows(stores.timeline)
    before, after = _change(stores.items, device_id, seq, decide, known, rows)
    rows.settle(after)
    return before, after


def change_item(
    items: ItemStore, device_id: DeviceId, seq: Seq, decide: Decision, *, known: Known = UNREAD
) -> tuple[Item | None, Item]:
    """`move_forward` for an item of a pack, or where the caller sees to the row."""
    return _change(items, device_id, seq, decide, known, None)


def _change(
    items: ItemStore, device_id: DeviceId, seq: Seq, decide: Decision, known: Known, rows: _Rows | None
) -> tuple[Item | None, Item]:
    before = items.get(device_id, seq) if known is UNREAD else known
    for _ in range(_TRIES):
        after = decide(before)
        if rows:
            rows.expect(before)
        if after is before:
            return before, after
        if rows:
            rows.announce(after)
        try:
            return before, items.put(after)
        except Changed as changed:
            before = changed.stored
    raise Unavailable(retry_after_s=1)


class _Rows:
    """What the timeline has of one single: the row of the item that was found, and what was put since."""

    def __init__(self, timeline: TimelineStore) -> None:
        self._timeline = timeline
        self._standing: dict[str, TimelineRow] = {}

    def expect(self, item: Item | None) -> None:
        for row in _rows(item):
            self._standing.setdefault(row.position, row)

    def announce(self, item: Item) -> None:
        """A row at a place of its own can be there before its item is."""
        for row in _rows(item):
            if row.position not in self._standing:
                self._put(row)

    def settle(self, item: Item) -> None:
        current = _rows(item)
        for row in current:
            if self._standing.get(row.position) != row:
                self._put(row)
        for position, row in self._standing.items():
            if position not in {each.position for each in current}:
                self._timeline.delete(row.owner_id, position)

    def _put(self, row: TimelineRow) -> None:
        self._timeline.put(row)
        self._standing[row.position] = row


def _rows(item: Item | None) -> list[TimelineRow]:
    if item is None or item.is_in_pack or not (item.is_examined or item.is_deleted):
        return []
    return [row_of_single(item)]
