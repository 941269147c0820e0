"""Devices in DynamoDB. Services own most of a row; the rest is counted up in place, without a rev."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from chalicelib.domain.device import Device, Health, Sweep
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.rates import Granted, Rate, Refused
from chalicelib.domain.storage import Changed
from chalicelib.stores import rates
from chalicelib.stores.dynamodb import ConditionFailed, Query, Row, Table, from_row, to_row

_KEY = "device_id"
_COUNTED_IN_PLACE = {"last_seen_at", "health", "health_at", "next_seq", "sweep"}
_OWNED_BY_SERVICES = [each.name for each in fields(Device) if each.name not in {_KEY, *_COUNTED_IN_PLACE}]
_EXISTS = "attribute_exists(#device_id)"
_PAGE_SIZE = 100


class DynamoDevices:
    """DeviceStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, device: Device) -> None:
        """Condition: no row with this id."""
        try:
            self._table.put(to_row(device), condition="attribute_not_exists(#device_id)")
        except ConditionFailed as lost:
            raise _changed(lost) from None

    def get(self, device_id: DeviceId) -> Device | None:
        row = self._table.get({_KEY: device_id})
        return None if row is None else from_row(row, Device)

    def of_owner(self, owner_id: OwnerId) -> list[Device]:
        """The index names them, the table tells: an index that held whole rows would be written by every touch."""
        query = Query("#owner_id = :owner_id", {"owner_id": owner_id}, index="by_owner", attributes=(_KEY,))
        keys = [{_KEY: row[_KEY]} for row in self._table.rows(query, page_size=_PAGE_SIZE)]
        devices = [from_row(row, Device) for row in self._table.get_many(keys)]
        mine = (device for device in devices if device.owner_id == owner_id)
        return sorted(mine, key=lambda device: device.device_id)

    def all_ids(self) -> Iterable[DeviceId]:
        return (row[_KEY] for row in self._table.scan((_KEY,)))

    def save(self, device: Device) -> Device:
        """Condition: `rev` is the stored one."""
        row = to_row(device) | {"rev": device.rev + 1}
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
        return from_row(saved, Device)

    def touch(self, device_id: DeviceId, now: datetime, rate: Rate) -> Granted | Refused:
        """Condition: the device is there and its bucket holds one more."""
        key = {_KEY: device_id}
        try:
            return rates.take(self._table, key, rate, now, {"last_seen_at": now}, f" AND {_EXISTS}")
        except ConditionFailed as lost:
            raise _changed(lost) from None

    def report_health(self, device_id: DeviceId, health: Health, at: datetime) -> None:
        """Condition: the device is there and its health is older than `at`."""
        self._update_if(
            device_id,
            "SET #health = :health, #health_at = :at",
            f"{_EXISTS} AND (attribute_not_exists(#health_at) OR #health_at < :at)",
            {"health": to_row(health), "at": at},
        )

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
        self._update_if(device_id, "SET #sweep = :sweep", _EXISTS, {"sweep": to_row(sweep)})

    def _update_if(self, device_id: DeviceId, change: str, condition: str, values: Row) -> None:
        try:
            self._table.update({_KEY: device_id}, change, condition=condition, values=values)
        except ConditionFailed:
            return


def _change(kept: Row, gone: list[str]) -> str:
    """An UpdateExpression that sets `kept`, each from the value of its own name, and removes `gone`."""
    sets = "SET " + ", ".join(f"#{name} = :{name}" for name in kept) if kept else ""
    removes = "REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
    return f"{sets} {removes}".strip()


def _changed(lost: ConditionFailed) -> Changed[Device]:
    return Changed(None if lost.row is None else from_row(lost.row, Device))
