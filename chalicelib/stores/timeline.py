"""Timeline rows in DynamoDB: an owner's objects in the order of a gallery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime

from chalicelib.domain.clock import to_text
from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.domain.storage import Page
from chalicelib.domain.timeline import RowTotals, TimelineRow
from chalicelib.stores import cursors
from chalicelib.stores.dynamodb import ConditionFailed, Query, Row, Table, from_row, to_row

_BEFORE_ALL, _AFTER_ALL = "0", ":"
"""Positions begin with a digit."""
_LOOK_FACTORS = (1, 4, 16)
"""One device's rows can lie far apart among its owner's: each look is longer than the last, then the page ends."""
_LONGEST_LOOK = 1000
_A_MEGABYTE = 10_000
"""Rows: DynamoDB ends a page before, where it has read a megabyte."""
_TOTALS = tuple(each.name for each in fields(RowTotals))
_FIRST_LOOK = 4
_FURTHEST_LOOK = 20_000
"""Some 25 requests, half a second."""


class DynamoTimeline:
    """TimelineStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, row: TimelineRow) -> None:
        """No condition."""
        self._table.put(to_row(row) | {"position": row.position})

    def replace(self, row: TimelineRow) -> bool:
        """Condition: a row is there."""
        try:
            self._table.put(to_row(row) | {"position": row.position}, condition="attribute_exists(#position)")
        except ConditionFailed:
            return False
        return True

    def delete(self, owner_id: OwnerId, position: str) -> None:
        """No condition."""
        self._table.delete({"owner_id": owner_id, "position": position})

    def newest(
        self,
        owner_id: OwnerId,
        *,
        device_id: DeviceId | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> Page[TimelineRow]:
        first = _BEFORE_ALL if since is None else to_text(since)
        last = _AFTER_ALL if until is None else to_text(until)
        start = None if cursor is None else cursors.timeline_position(cursor)
        if start is not None and start > last:
            start = None  # DynamoDB refuses to start outside of the range
        if first > last or (start is not None and start < first):
            return Page([])
        return self._look(_query(owner_id, device_id, first, last), owner_id, limit, start)

    def totals(self, owner_id: OwnerId, since: datetime, until: datetime) -> Iterable[RowTotals]:
        query = replace(_query(owner_id, None, to_text(since), to_text(until)), attributes=_TOTALS)
        return (from_row(row, RowTotals) for row in self._table.rows(query, page_size=_A_MEGABYTE))

    def last_before(self, owner_id: OwnerId, device_id: DeviceId, at: datetime) -> TimelineRow | None:
        return self._nearest(_query(owner_id, device_id, _BEFORE_ALL, to_text(at)))

    def first_after(self, owner_id: OwnerId, device_id: DeviceId, at: datetime) -> TimelineRow | None:
        return self._nearest(replace(_query(owner_id, device_id, to_text(at), _AFTER_ALL), newest_first=False))

    def _nearest(self, query: Query) -> TimelineRow | None:
        """Mostly one of the first; of a device that has long been silent it lies behind all that others sent since."""
        looked_at, look, start = 0, _FIRST_LOOK, None
        while looked_at < _FURTHEST_LOOK:
            page = self._table.page(query, limit=look, after=start)
            if page.rows:
                return from_row(page.rows[0], TimelineRow)
            if page.last_key is None:
                return None
            looked_at, look, start = looked_at + look, min(4 * look, _LONGEST_LOOK), page.last_key
        return None

    def _look(self, query: Query, owner_id: OwnerId, limit: int, start: str | None) -> Page[TimelineRow]:
        """One row more than `limit` tells whether there is a next page."""
        found: list[Row] = []
        for factor in _LOOK_FACTORS:
            after = None if start is None else {"owner_id": owner_id, "position": start}
            page = self._table.page(query, limit=min((limit + 1) * factor, _LONGEST_LOOK), after=after)
            found += page.rows
            if len(found) > limit:
                return _page(found[:limit], found[limit - 1]["position"])
            if page.last_key is None:
                return _page(found, None)
            start = page.last_key["position"]
        return _page(found, start)


def _query(owner_id: OwnerId, device_id: DeviceId | None, first: str, last: str) -> Query:
    values = {"owner_id": owner_id, "first": first, "last": last}
    return Query(
        # No position is exactly an instant, so BETWEEN leaves out `until` as it should.
        "#owner_id = :owner_id AND #position BETWEEN :first AND :last",
        values if device_id is None else values | {"device_id": device_id},
        only_if=None if device_id is None else "#device_id = :device_id",
        newest_first=True,
    )


def _page(rows: list[Row], cursor: str | None) -> Page[TimelineRow]:
    return Page([from_row(row, TimelineRow) for row in rows], cursor)
