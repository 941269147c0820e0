"""Rate limits as one number per caller: the generic cell rate algorithm (ITU-T I.371, appendix I)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """`per_minute` requests on average, `burst` at once."""

    per_minute: int
    burst: int

    @property
    def interval_ms(self) -> int:
        return math.ceil(60_000 / self.per_minute)


@dataclass(frozen=True)
class Granted:
    full_at_ms: int
    """What to keep: the instant at which the bucket is full again."""


@dataclass(frozen=True)
class Refused:
    retry_after_s: int


def take(rate: Rate, full_at_ms: int, now_ms: int) -> Granted | Refused:
    """One request at `now_ms` from a bucket last seen to be full again at `full_at_ms` (0: never used)."""
    next_full_ms = max(full_at_ms, now_ms) + rate.interval_ms
    excess_ms = next_full_ms - now_ms - rate.burst * rate.interval_ms
    if excess_ms > 0:
        return Refused(math.ceil(excess_ms / 1000))
    return Granted(next_full_ms)
