"""Rate limits in DynamoDB: one number in a row, counted up in place."""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple

from chalicelib.domain import rates
from chalicelib.domain.clock import to_ms
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.rates import Granted, Rate, Refused
from chalicelib.stores.dynamodb import ConditionFailed, Row, Table

_FULL = "rate_full_at_ms"
_TRIES = 3
_RETRY_AFTER_S = 1


def take(
    table: Table, key: Row, rate: Rate, now: datetime, also: Row, must: str = "", *, counter: str | None = None
) -> Granted | Refused:
    """Count one request against the row's `rate_full_at_ms`; in the same write, set `also` and add one to `counter`.

    The first write takes the bucket to be full, as it mostly is, so that no read comes before; the second
    counts on from whatever stands there, so that requests at the same time do not undo one another. Raises
    ConditionFailed where there is no row and `must` needs one, Unavailable in the unlikely case that the
    bucket runs full and empty between any two writes.
    """
    now_ms, interval_ms = to_ms(now), rate.interval_ms
    begin = _Write(
        f"#{_FULL} = :begun_ms",
        f"(attribute_not_exists(#{_FULL}) OR #{_FULL} <= :now_ms)",
        {"begun_ms": now_ms + interval_ms, "now_ms": now_ms},
    )
    count_on = _Write(
        f"#{_FULL} = #{_FULL} + :interval_ms",
        f"#{_FULL} > :now_ms AND #{_FULL} <= :last_ms",
        {"interval_ms": interval_ms, "now_ms": now_ms, "last_ms": now_ms + (rate.burst - 1) * interval_ms},
    )
    for write in (begin, count_on) * _TRIES:
        try:
            row = _update(table, key, write, also, must, counter)
        except ConditionFailed as lost:
            if lost.row is None:
                raise
            answer = rates.take(rate, lost.row.get(_FULL, 0), now_ms)
            if isinstance(answer, Refused):
                return answer
        else:
            return Granted(row[_FULL])
    raise Unavailable(_RETRY_AFTER_S)


class _Write(NamedTuple):
    change: str
    condition: str
    values: Row


def _update(table: Table, key: Row, write: _Write, also: Row, must: str, counter: str | None) -> Row:
    sets = "SET " + ", ".join([write.change, *(f"#{name} = :{name}" for name in also)])
    return table.update(
        key,
        sets if counter is None else f"{sets} ADD #{counter} :one",
        condition=write.condition + must,
        values=write.values | also | ({} if counter is None else {"one": 1}),
        returning="UPDATED_NEW",
    )


class DynamoRates:
    """RateStore: rows `rate#<bucket>` of the pairings table, forgotten by TTL once the bucket is full again."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, bucket: str, rate: Rate, now: datetime) -> Granted | Refused:
        full_by_ms = to_ms(now) + rate.burst * rate.interval_ms
        expiry = {"expires_at_s": math.ceil(full_by_ms / 1000)}
        return take(self._table, {"pairing_key": f"rate#{bucket}"}, rate, now, expiry)
