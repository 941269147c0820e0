"""What devices said of their health, in DynamoDB: a row `health#<begin of a quarter of an hour>` of the inbox table for
each device and quarter.

TTL removes what is past its lifetime within days, not at once: who reads says from when on.
"""

from __future__ import annotations

import math
from datetime import datetime
from itertools import islice

from chalicelib.domain.clock import to_text
from chalicelib.domain.health import HEALTH_LIFETIME, HealthSample, quarter_of
from chalicelib.domain.ids import DeviceId
from chalicelib.domain.storage import Page
from chalicelib.stores import cursors
from chalicelib.stores.dynamodb import Query, Table, from_row, to_row

_BETWEEN = "#device_id = :device_id AND #entry_id BETWEEN :first AND :last"
_WITHIN = "#reported_at >= :since AND #reported_at < :until"
"""The quarters at both ends may lie in the range in part."""


class DynamoHealth:
    """HealthStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, device_id: DeviceId, sample: HealthSample) -> None:
        """No condition."""
        expires_at_s = math.ceil((sample.reported_at + HEALTH_LIFETIME).timestamp())
        place = {"device_id": device_id, "entry_id": _entry_id(sample.reported_at)}
        self._table.put({**place, **to_row(sample), "expires_at_s": expires_at_s})

    def newest(
        self, device_id: DeviceId, *, since: datetime, until: datetime, limit: int, cursor: str | None
    ) -> Page[HealthSample]:
        """A cursor is the quarter of its page's last sample; one row more than `limit` tells whether to give one."""
        until = until if cursor is None else min(until, cursors.instant(cursor))
        if since >= until:
            return Page([])
        ends = {"first": _entry_id(since), "last": _entry_id(until), "since": since, "until": until}
        query = Query(_BETWEEN, {"device_id": device_id, **ends}, only_if=_WITHIN, newest_first=True)
        rows = islice(self._table.rows(query, page_size=limit + 2), limit + 1)
        found = [from_row(row, HealthSample) for row in rows]
        is_more = len(found) > limit
        return Page(found[:limit], to_text(quarter_of(found[limit - 1].reported_at)) if is_more else None)


def _entry_id(at: datetime) -> str:
    return f"health#{to_text(quarter_of(at))}"
