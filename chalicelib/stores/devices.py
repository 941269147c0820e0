"""Devices in DynamoDB. Services own most of a row; the rest is counted up in place, without a rev."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from itertools import islice

from chalicelib.domain.clock import from_ms, to_ms
from chalicelib.domain.device import CardQueue, Device, ForgottenRange, Health, Sweep, month_of, months_long_past
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.rates import Granted, Rate, Refused
from chalicelib.domain.storage import Changed, Page
from chalicelib.stores import cursors, rates
from chalicelib.stores.dynamodb import ConditionFailed, Query, Row, Table, from_row, to_row

_KEY = "device_id"
_COUNTED_IN_PLACE = {
    *("last_seen_at", "health", "health_at", "next_seq", "oldest_seq", "upcoming_seq", "requests", "sweep"),
}
_OWNED_BY_SERVICES = [each.name for each in fields(Device) if each.name not in {_KEY, *_COUNTED_IN_PLACE}]
_EXISTS = "attribute_exists(#device_id)"
_PAGE_SIZE = 100
_REQUESTS = "req_"
"""`req_2611` counts those of November 2026: an attribute of its own can be counted up though it was never there. The
names are short so that a row stays within the kilobyte of one write unit.
"""
_RANGE = re.compile(r"(\d+)-(\d+)(?:@(\d+))?")
"""One of `forgotten`, short for the same reason: its ends and when it was asked for, in ms since 1970."""


class DynamoDevices:
    """DeviceStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, device: Device) -> None:
        """Condition: no row with this id."""
        try:
            self._table.put(_row(device), condition="attribute_not_exists(#device_id)")
        except ConditionFailed as lost:
            raise _changed(lost) from None

    def get(self, device_id: DeviceId) -> Device | None:
        row = self._table.get({_KEY: device_id})
        return None if row is None else _device(row)

    def glance(self, device_id: DeviceId) -> Device | None:
        row = self._table.get({_KEY: device_id}, consistent=False)
        return self.get(device_id) if row is None else _device(row)

    def of_owner(self, owner_id: OwnerId) -> list[Device]:
        """The index names them, the table tells: an index that held whole rows would be written by every touch."""
        return self._named(owner_id, self._table.rows(_of_owner(owner_id), page_size=_PAGE_SIZE))

    def page_of_owner(self, owner_id: OwnerId, limit: int, cursor: str | None) -> Page[Device]:
        """The cursor is the last device looked at; one row more than `limit` tells whether there is a next page."""
        start = None if cursor is None else {"owner_id": owner_id, _KEY: cursors.device(cursor)}
        rows = list(islice(self._table.rows(_of_owner(owner_id), page_size=limit + 1, after=start), limit + 1))
        goes_on_after = str(rows[limit - 1][_KEY]) if len(rows) > limit else None
        return Page(self._named(owner_id, rows[:limit]), goes_on_after)

    def all_ids(self) -> Iterable[DeviceId]:
        return (row[_KEY] for row in self._table.scan((_KEY,)))

    def save(self, device: Device) -> Device:
        """Condition: `rev` is the stored one."""
        row = _row(device) | {"rev": device.rev + 1}
        kept = {name: row[name] for name in _OWNED_BY_SERVICES if name in row}
        gone = [name for name in _OWNED_BY_SERVICES if name not in row]
        try:
            saved = self._table.update(
                {_KEY: device.device_id},
                _change(kept, gone),
                condition="#rev = :rev_read",
                values=kept | {"rev_read": device.rev},
                returning="ALL_NEW",
            )
        except ConditionFailed as lost:
            raise _changed(lost) from None
        return _device(saved)

    def touch(self, device_id: DeviceId, now: datetime, rate: Rate) -> Granted | Refused:
        """Condition: the device is there and its bucket holds one more."""
        key = {_KEY: device_id}
        try:
            return rates.take(
                self._table, key, rate, now, {"last_seen_at": now}, f" AND {_EXISTS}", counter=_counter(month_of(now))
            )
        except ConditionFailed as lost:
            raise _changed(lost) from None

    def report_health(
        self, device_id: DeviceId, health: Health | None, at: datetime, queue: CardQueue | None = None
    ) -> None:
        """Condition: the device is there and its health, if there is news of it, is older than `at`."""
        told: Row = {}
        if health is not None:
            told |= {"health": to_row(health), "health_at": at}
        if queue is not None:
            told |= {"oldest_seq": queue.oldest_seq, "upcoming_seq": queue.upcoming_seq}
        if not told:
            return
        kept = {name: value for name, value in told.items() if value is not None}
        is_news = "" if health is None else " AND (attribute_not_exists(#health_at) OR #health_at < :health_at)"
        self._update_if(device_id, _change(kept, [*(told.keys() - kept.keys())]), f"{_EXISTS}{is_news}", kept)

    def allot_seq(self, device_id: DeviceId, at_least: Seq) -> Seq:
        """Two conditions, `next_seq` has reached `at_least` or has not: it only rises, so the first is tried again."""
        count = "SET #next_seq = #next_seq + :one", "#next_seq >= :at_least", {"one": 1, "at_least": at_least}
        skip = "SET #next_seq = :after", "#next_seq < :at_least", {"after": at_least + 1, "at_least": at_least}
        lost = ConditionFailed(None)
        for change, condition, values in (count, skip, count):
            try:
                row = self._table.update(
                    {_KEY: device_id}, change, condition=condition, values=values, returning="UPDATED_NEW"
                )
                return Seq(row["next_seq"] - 1)
            except ConditionFailed as failed:
                lost = failed
        raise _changed(lost)

    def note_sweep(self, device_id: DeviceId, sweep: Sweep) -> None:
        """Condition: the device is there."""
        past = [_counter(month) for month in months_long_past(sweep.began_at)]
        self._update_if(device_id, _change({"sweep": None}, past), _EXISTS, {"sweep": to_row(sweep)})

    def _named(self, owner_id: OwnerId, rows: Iterable[Row]) -> list[Device]:
        devices = [_device(row) for row in self._table.get_many({_KEY: row[_KEY]} for row in rows)]
        mine = (device for device in devices if device.owner_id == owner_id)
        return sorted(mine, key=lambda device: device.device_id)

    def _update_if(self, device_id: DeviceId, change: str, condition: str, values: Row) -> None:
        try:
            self._table.update({_KEY: device_id}, change, condition=condition, values=values)
        except ConditionFailed:
            return


def _of_owner(owner_id: OwnerId) -> Query:
    """By device id."""
    return Query("#owner_id = :owner_id", {"owner_id": owner_id}, index="by_owner", attributes=(_KEY,))


def _counter(month: str) -> str:
    return _REQUESTS + month[2:].replace("-", "")


def _row(device: Device) -> Row:
    row = to_row(device)
    counts: dict[str, int] = row.pop("requests")
    del row["forgotten"]
    forgotten = {"forgotten": ",".join(map(_range_text, device.forgotten))} if device.forgotten else {}
    return row | {_counter(month): count for month, count in counts.items()} | forgotten


def _device(row: Row) -> Device:
    counters = [name for name in row if name.startswith(_REQUESTS)]
    ranges = [_range(*found.groups()) for found in _RANGE.finditer(row.get("forgotten", ""))]
    requests = {f"20{name[-4:-2]}-{name[-2:]}": row[name] for name in counters}
    return from_row(row | {"requests": requests, "forgotten": ranges}, Device)


def _range_text(forgotten: ForgottenRange) -> str:
    asked = f"@{to_ms(forgotten.asked_at)}" if forgotten.asked_at else ""
    return f"{to_ms(forgotten.since)}-{to_ms(forgotten.until)}{asked}"


def _range(*ms: str | None) -> Row:
    since, until, asked_at = (None if each is None else from_ms(int(each)) for each in ms)
    return {"since": since, "until": until, "asked_at": asked_at}


def _change(kept: Row, gone: list[str]) -> str:
    """An UpdateExpression that sets `kept`, each from the value of its own name, and removes `gone`."""
    sets = "SET " + ", ".join(f"#{name} = :{name}" for name in kept) if kept else ""
    removes = "REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
    return f"{sets} {removes}".strip()


def _changed(lost: ConditionFailed) -> Changed[Device]:
    return Changed(None if lost.row is None else _device(lost.row))
