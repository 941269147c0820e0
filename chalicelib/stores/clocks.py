"""Clock samples in DynamoDB: one row `clock#<boot_id>` of the inbox table for each boot of a device."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import islice

from chalicelib.domain.clock_samples import BootSamples, ClockSample
from chalicelib.domain.ids import DeviceId
from chalicelib.stores.dynamodb import ConditionFailed, Query, Row, Table, from_row, to_row

_LIFETIME = timedelta(days=400)
_TRIES = 3
_PAGE_SIZE = 1000
_MOST_BOOTS = 5000
"""Without some boots an interval is wider, or a time unknown, but never wrong."""


class DynamoClocks:
    """ClockStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, device_id: DeviceId, sample: ClockSample) -> None:
        """Condition: the sample is the boot's first, or lies after the last one. Else the row is changed on condition
        that it is as it was found, and then only if the sample belongs into it.
        """
        key = {"device_id": device_id, "entry_id": f"clock#{sample.boot_id}"}
        stored = self._as_last(key, sample)
        for _ in range(_TRIES):
            if stored is None:
                return
            after = stored.with_sample(sample)
            if after == stored:
                return
            stored = self._replaced(key, stored, after)

    def samples(self, device_id: DeviceId) -> list[ClockSample]:
        query = Query(
            "#device_id = :device_id AND begins_with(#entry_id, :kind)", {"device_id": device_id, "kind": "clock#"}
        )
        boots = [
            from_row(row, BootSamples) for row in islice(self._table.rows(query, page_size=_PAGE_SIZE), _MOST_BOOTS)
        ]
        return [sample for boot in boots for sample in dict.fromkeys((boot.first, boot.last))]

    def _as_last(self, key: Row, sample: ClockSample) -> BootSamples | None:
        """None where it is the last one now; else what stands there."""
        values = {"sample": to_row(sample), "uptime_ms": sample.uptime_ms, "expires_at_s": _expires_at_s(sample)}
        return self._update(
            key,
            "SET #first = if_not_exists(#first, :sample), #last = :sample, #expires_at_s = :expires_at_s",
            "attribute_not_exists(#last) OR #last.#uptime_ms < :uptime_ms",
            values,
        )

    def _replaced(self, key: Row, was: BootSamples, after: BootSamples) -> BootSamples | None:
        values = {"first": to_row(after.first), "last": to_row(after.last)}
        values |= {"was_first": to_row(was.first), "was_last": to_row(was.last)}
        return self._update(
            key, "SET #first = :first, #last = :last", "#first = :was_first AND #last = :was_last", values
        )

    def _update(self, key: Row, change: str, condition: str, values: Row) -> BootSamples | None:
        try:
            self._table.update(key, change, condition=condition, values=values)
        except ConditionFailed as lost:
            return None if lost.row is None else from_row(lost.row, BootSamples)
        return None


def _expires_at_s(sample: ClockSample) -> int:
    return math.ceil((sample.at + _LIFETIME).timestamp())
