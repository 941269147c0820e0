"""How a device was over time: of what it says of its health one sample is kept for each quarter of an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.device import Health

HEALTH_LIFETIME = timedelta(days=90)
_QUARTER_MINUTES = 15


@dataclass(frozen=True)
class HealthSample:
    reported_at: datetime
    health: Health


def quarter_of(at: datetime) -> datetime:
    """The begin of the quarter of an hour, in UTC, in which an instant lies."""
    return at.replace(minute=at.minute - at.minute % _QUARTER_MINUTES, second=0, microsecond=0)
