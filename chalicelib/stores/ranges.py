"""What a device told of photos that there are not, in rows of the inbox table that have no end:
`evicted#<last seq>-<first seq>`, `skipped#...`, `pause#<time>#<kind>` and `boot#<time>#<kind>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import batched

from chalicelib.domain.clock import to_text
from chalicelib.domain.ids import DeviceId, Seq, padded
from chalicelib.domain.reported import DeviceState, EvictedRange, ReportedRange, SkippedRange, StateKind
from chalicelib.stores.dynamodb import ConditionFailed, Query, Table, from_row, to_row

_FREE = "attribute_not_exists(#entry_id)"
_BETWEEN = "#device_id = :device_id AND #entry_id BETWEEN :first AND :last"
_PAGE_SIZE = 100
_AFTER_ALL_TEXT = "~"


class DynamoRanges:
    """ReportedRanges."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add_evicted(self, device_id: DeviceId, first: Seq, last: Seq, at: datetime) -> None:
        self._add(device_id, "evicted", EvictedRange(first, last, at))

    def evicted(self, device_id: DeviceId, first: Seq, last: Seq) -> list[EvictedRange]:
        return self._near(device_id, "evicted", first, last, EvictedRange)

    def add_skipped(self, device_id: DeviceId, first: Seq, last: Seq, at: datetime) -> None:
        self._add(device_id, "skipped", SkippedRange(first, last, at))

    def skipped(self, device_id: DeviceId, first: Seq, last: Seq) -> list[SkippedRange]:
        return self._near(device_id, "skipped", first, last, SkippedRange)

    def _add(self, device_id: DeviceId, rows: str, told: ReportedRange) -> None:
        """Condition: no row for this range."""
        place = _place(device_id, f"{rows}#{padded(told.last_seq)}-{padded(told.first_seq)}")
        try:
            self._table.put(place | to_row(told), condition=_FREE)
        except ConditionFailed:
            return

    def _near[Range: ReportedRange](
        self, device_id: DeviceId, rows: str, first: Seq, last: Seq, kind: type[Range]
    ) -> list[Range]:
        """Those that overlap lie close together, so that a page of which all begin too late is the last one."""
        found: list[Range] = []
        values = {"device_id": device_id, "first": f"{rows}#{padded(first)}", "last": f"{rows}#{_AFTER_ALL_TEXT}"}
        for page in batched(self._table.rows(Query(_BETWEEN, values), page_size=_PAGE_SIZE), _PAGE_SIZE):
            near = [told for row in page if (told := from_row(row, kind)).first_seq <= last]
            found += near
            if not near:
                break
        return found

    def add_state(self, device_id: DeviceId, at: datetime, kind: StateKind) -> None:
        """No condition."""
        self._table.put({**_place(device_id, f"{_rows_of(kind)}#{to_text(at)}#{kind}"), "at": at, "kind": kind})

    def states(self, device_id: DeviceId, since: datetime, until: datetime) -> list[DeviceState]:
        if since >= until:
            return []
        pauses: list[DeviceState] = []
        for state in self._newest(device_id, "pause", None, until):
            pauses.append(state)
            if state.at < since:
                break
        boots = self._newest(device_id, "boot", since, until)
        return sorted([*pauses, *boots], key=lambda state: (state.at, state.kind))

    def _newest(self, device_id: DeviceId, rows: str, since: datetime | None, until: datetime) -> Iterator[DeviceState]:
        """Newest first, those before `until`."""
        first, last = f"{rows}#{to_text(since) if since else ''}", f"{rows}#{to_text(until)}"
        values = {"device_id": device_id, "first": first, "last": last}
        query = Query(_BETWEEN, values, newest_first=True)
        return (from_row(row, DeviceState) for row in self._table.rows(query, page_size=_PAGE_SIZE))


def _rows_of(kind: StateKind) -> str:
    """Pauses stand apart from boots: the last one before an instant may lie behind many of these."""
    return "boot" if kind is StateKind.BOOT else "pause"


def _place(device_id: DeviceId, entry_id: str) -> dict[str, str]:
    return {"device_id": device_id, "entry_id": entry_id}
