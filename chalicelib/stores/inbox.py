"""A device's inbox in DynamoDB: `command#<id>`, `event#<occurred_at>#<id>` and `upload#<sha256>` side by side.

TTL removes what has expired within days, not at once: until then reads leave it out.
"""

from __future__ import annotations

import math
from datetime import datetime
from itertools import islice

from chalicelib.domain.clock import Clock, to_text
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.inbox import Command, CommandStatus, Event
from chalicelib.domain.storage import Changed, Page
from chalicelib.stores import cursors
from chalicelib.stores.dynamodb import ConditionFailed, Query, Row, Table, from_row, to_row

_FREE = "attribute_not_exists(#entry_id)"
_OF_KIND = "#device_id = :device_id AND begins_with(#entry_id, :kind)"
_BETWEEN = "#device_id = :device_id AND #entry_id BETWEEN :first AND :last"
_LIVE = "#expires_at > :now"
_PAGE_SIZE = 100
_MOST_EVENTS = 100


class DynamoInbox:
    """InboxStore."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def add_command(self, command: Command) -> None:
        """Condition: no row under this id."""
        try:
            self._table.put(_command_row(command), condition=_FREE)
        except ConditionFailed as lost:
            raise _changed(lost) from None

    def get_command(self, device_id: DeviceId, command_id: str) -> Command | None:
        row = self._table.get({"device_id": device_id, "entry_id": f"command#{command_id}"})
        command = None if row is None else from_row(row, Command)
        return command if command and command.expires_at > self._clock() else None

    def save_command(self, command: Command, was: Command) -> None:
        """Condition: the row is there and its status is the one of `was`."""
        try:
            self._table.put(_command_row(command), condition="#status = :was", values={"was": was.status})
        except ConditionFailed as lost:
            raise _changed(lost) from None

    def commands(self, device_id: DeviceId, limit: int, cursor: str | None) -> Page[Command]:
        after = None if cursor is None else f"command#{cursors.command(cursor)}"
        rows, last = self._newest("command#", device_id, limit, after)
        return Page([from_row(row, Command) for row in rows], last)

    def open_commands(self, device_id: DeviceId, limit: int) -> list[Command]:
        values = {"device_id": device_id, "kind": "command#", "now": self._clock()}
        values |= {"pending": CommandStatus.PENDING, "delivered": CommandStatus.DELIVERED}
        query = Query(_OF_KIND, values, only_if=f"#status IN (:pending, :delivered) AND {_LIVE}")
        return [from_row(row, Command) for row in islice(self._table.rows(query, page_size=_PAGE_SIZE), limit)]

    def add_event(self, event: Event) -> bool:
        """Condition: no row under this time and id."""
        try:
            self._table.put(_event_row(event), condition=_FREE)
        except ConditionFailed:
            return False
        return True

    def events(self, device_id: DeviceId, limit: int, cursor: str | None) -> Page[Event]:
        after = None if cursor is None else f"event#{cursors.event(cursor)}"
        rows, last = self._newest("event#", device_id, limit, after)
        return Page([from_row(row, Event) for row in rows], last)

    def events_between(self, device_id: DeviceId, since: datetime, until: datetime) -> list[Event]:
        first, last = f"event#{to_text(since)}", f"event#{to_text(until)}"
        if first > last:
            return []
        values = {"device_id": device_id, "first": first, "last": last, "now": self._clock()}
        rows = self._table.rows(Query(_BETWEEN, values, only_if=_LIVE), page_size=_PAGE_SIZE)
        return [from_row(row, Event) for row in islice(rows, _MOST_EVENTS)]

    def remember_upload(self, device_id: DeviceId, sha256: str, seq: Seq) -> Seq:
        """Condition: no row for this sha256."""
        try:
            self._table.put(_upload_key(device_id, sha256) | {"seq": seq}, condition=_FREE)
        except ConditionFailed as lost:
            return seq if lost.row is None else Seq(lost.row["seq"])
        return seq

    def recall_upload(self, device_id: DeviceId, sha256: str) -> Seq | None:
        row = self._table.get(_upload_key(device_id, sha256))
        return None if row is None else Seq(row["seq"])

    def _newest(self, kind: str, device_id: DeviceId, limit: int, after: str | None) -> tuple[list[Row], str | None]:
        """Live rows, and the cursor of the next page: one row more than `limit` tells whether there is one."""
        values = {"device_id": device_id, "kind": kind, "now": self._clock()}
        query = Query(_OF_KIND, values, only_if=_LIVE, newest_first=True)
        start = None if after is None else {"device_id": device_id, "entry_id": after}
        rows = list(islice(self._table.rows(query, page_size=limit + 1, after=start), limit + 1))
        cursor = rows[limit - 1]["entry_id"].removeprefix(kind) if len(rows) > limit else None
        return rows[:limit], cursor


def _command_row(command: Command) -> Row:
    return to_row(command) | {
        "entry_id": f"command#{command.command_id}",
        "expires_at_s": math.ceil(command.expires_at.timestamp()),
    }


def _event_row(event: Event) -> Row:
    return to_row(event) | {
        "entry_id": f"event#{to_text(event.occurred_at)}#{event.event_id}",
        "expires_at_s": math.ceil(event.expires_at.timestamp()),
    }


def _upload_key(device_id: DeviceId, sha256: str) -> Row:
    return {"device_id": device_id, "entry_id": f"upload#{sha256}"}


def _changed(lost: ConditionFailed) -> Changed[Command]:
    return Changed(None if lost.row is None else from_row(lost.row, Command))
