"""Conflicts in DynamoDB: a row `conflict#<object key>#<seq>` of the inbox table for each, without an end.

They are few: whoever looks for some reads all of a device. A time that turns out to be another one makes no second row.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.ids import DeviceId, padded
from chalicelib.stores.dynamodb import Query, Row, Table, from_row, to_row

_OF_KIND = "#device_id = :device_id AND begins_with(#entry_id, :kind)"
_PAGE_SIZE = 1000


class DynamoConflicts:
    """ConflictStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, conflict: Conflict) -> None:
        """No condition."""
        self._table.put(to_row(conflict) | _key(conflict))

    def of_device(self, device_id: DeviceId) -> Iterator[Conflict]:
        query = Query(_OF_KIND, {"device_id": device_id, "kind": "conflict#"})
        return (from_row(row, Conflict) for row in self._table.rows(query, page_size=_PAGE_SIZE))

    def drop(self, conflict: Conflict) -> None:
        """No condition."""
        self._table.delete(_key(conflict))


def _key(conflict: Conflict) -> Row:
    entry_id = f"conflict#{conflict.object_key}#{padded(conflict.seq)}"
    return {"device_id": conflict.device_id, "entry_id": entry_id}
