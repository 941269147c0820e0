"""Rate limits in DynamoDB: one number in a row, written only while it is the one that was read."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from chalicelib.domain import rates
from chalicelib.domain.clock import to_ms
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.rates import Granted, Rate, Refused
from chalicelib.stores.dynamodb import ConditionFailed, Row, Table

_TRIES = 3
_RETRY_AFTER_S = 1


def take(
    table: Table, key: Row, rate: Rate, now: datetime, also: Callable[[Granted], Row], must: str = ""
) -> Granted | Refused:
    """Count one request against the row's `rate_full_at_ms`, and set what `also` says in the same write.

    The first try takes the bucket to be full, as it mostly is, so that no read comes before. Condition: the bucket
    is as it was taken to be, and `must`. Raises ConditionFailed where there is no row and `must` needs one,
    Unavailable when others keep changing the bucket.
    """
    seen_ms: int | None = None
    for _ in range(_TRIES):
        answer = rates.take(rate, seen_ms or 0, to_ms(now))
        if isinstance(answer, Refused):
            return answer
        try:
            _write(table, key, {"rate_full_at_ms": answer.full_at_ms, **also(answer)}, seen_ms, to_ms(now), must)
            return answer
        except ConditionFailed as lost:
            if lost.row is None:
                raise
            seen_ms = lost.row.get("rate_full_at_ms", 0)
    raise Unavailable(_RETRY_AFTER_S)


def _write(table: Table, key: Row, changes: Row, seen_ms: int | None, now_ms: int, must: str) -> None:
    if seen_ms is None:
        unchanged = "(attribute_not_exists(#rate_full_at_ms) OR #rate_full_at_ms <= :now_ms)"
    else:
        unchanged = "#rate_full_at_ms = :seen_ms"
    table.update(
        key,
        "SET " + ", ".join(f"#{name} = :{name}" for name in changes),
        condition=unchanged + must,
        values=changes | ({"now_ms": now_ms} if seen_ms is None else {"seen_ms": seen_ms}),
    )


class DynamoRates:
    """RateStore: rows `rate#<bucket>` of the pairings table, forgotten by TTL once the bucket is full again."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, bucket: str, rate: Rate, now: datetime) -> Granted | Refused:
        return take(self._table, {"pairing_key": f"rate#{bucket}"}, rate, now, _expiry)


def _expiry(granted: Granted) -> Row:
    return {"expires_at_s": math.ceil(granted.full_at_ms / 1000)}
