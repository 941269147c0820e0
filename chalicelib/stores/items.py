"""Items in DynamoDB: one row a capture, replaced whole and only by a writer that read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields, replace
from datetime import datetime
from itertools import islice

from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.storage import Changed
from chalicelib.stores.dynamodb import ConditionFailed, Query, Table, from_row, to_row

_KEY = ("device_id", "seq")
_PENDING_SHARD = "p0"
"""One index partition takes 1,000 writes a second; a single costs it two, in and out."""
_LONGEST_PAGE = 1000
_DEFAULTS = {each.name: each.default for each in fields(Item) if each.default is not MISSING}
"""They go without saying, so that a row stays within the kilobyte of one write unit."""


class DynamoItems:
    """ItemStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, device_id: DeviceId, seq: Seq) -> Item | None:
        row = self._table.get({"device_id": device_id, "seq": seq})
        return None if row is None else from_row(row, Item)

    def get_many(self, keys: Sequence[tuple[DeviceId, Seq]]) -> list[Item]:
        rows = self._table.get_many({"device_id": device_id, "seq": seq} for device_id, seq in dict.fromkeys(keys))
        return [from_row(row, Item) for row in rows]

    def range(self, device_id: DeviceId, first: Seq, last: Seq) -> list[Item]:
        query = Query(
            "#device_id = :device_id AND #seq BETWEEN :first AND :last",
            {"device_id": device_id, "first": first, "last": last},
        )
        return [from_row(row, Item) for row in self._table.rows(query, page_size=_LONGEST_PAGE)]

    def put(self, item: Item) -> Item:
        """Condition: `rev` is the stored one, or 0 and no row is there."""
        written = replace(item, rev=item.rev + 1)
        row = {name: value for name, value in to_row(written).items() if value != _DEFAULTS.get(name)}
        if item.pending_since is not None:
            row["pending_shard"] = _PENDING_SHARD
        is_new = item.rev == 0
        try:
            self._table.put(
                row,
                condition="attribute_not_exists(#device_id)" if is_new else "#rev = :rev_read",
                values=None if is_new else {"rev_read": item.rev},
            )
        except ConditionFailed as lost:
            raise Changed(None if lost.row is None else from_row(lost.row, Item)) from None
        return written

    def last_seq(self, device_id: DeviceId) -> Seq | None:
        query = Query("#device_id = :device_id", {"device_id": device_id}, attributes=("seq",), newest_first=True)
        return next((Seq(row["seq"]) for row in self._table.rows(query, page_size=1)), None)

    def pending(self, before: datetime, limit: int) -> list[tuple[DeviceId, Seq]]:
        query = Query(
            "#pending_shard = :shard AND #pending_since < :before",
            {"shard": _PENDING_SHARD, "before": before},
            index="pending",
            attributes=_KEY,
        )
        rows = self._table.rows(query, page_size=min(limit, _LONGEST_PAGE))
        return [(DeviceId(row["device_id"]), Seq(row["seq"])) for row in islice(rows, limit)]
