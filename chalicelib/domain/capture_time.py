"""When a capture was taken, and how that is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.errors import CapturedAtOutOfRange

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A clock that says less than this was never set."""
MAX_AHEAD = timedelta(minutes=10)
"""How far a synced clock may run ahead of the server's."""


class Confidence(StrEnum):
    """Best first. `RECEIVED` also stands for the word of a clock that was never synced."""

    NTP = "ntp"
    SOLVED = "solved"
    BOUNDED = "bounded"
    RECEIVED = "received"

    @property
    def rank(self) -> int:
        return list(Confidence).index(self)


@dataclass(frozen=True)
class CaptureTime:
    at: datetime
    confidence: Confidence
    is_guess: bool = False
    """Not told by the device: read off the photo or its name, or the time of receipt."""
    earliest: datetime | None = None
    """With `latest`, the interval that `at` stands for, both ends included. Set for BOUNDED, and only then."""
    latest: datetime | None = None

    def better_than(self, other: CaptureTime) -> bool:
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[int, bool]:
        return self.confidence.rank, self.is_guess


def is_plausible(at: datetime, now: datetime) -> bool:
    return EARLIEST <= at <= now + MAX_AHEAD


def claimed(captured_at: datetime | None, *, ntp_synced: bool, now: datetime) -> CaptureTime:
    """The time that a device claims, judged at `now`, when the claim is made.

    A synced clock is believed, and a synced clock that says the impossible is an error: raises
    CapturedAtOutOfRange. A clock that was never synced is quoted where it is plausible, and replaced
    by the time of receipt where it is not; both count as RECEIVED.
    """
    if captured_at is None:
        return CaptureTime(now, Confidence.RECEIVED, is_guess=True)
    plausible = is_plausible(captured_at, now)
    if ntp_synced:
        if not plausible:
            raise CapturedAtOutOfRange
        return CaptureTime(captured_at, Confidence.NTP)
    return CaptureTime(captured_at if plausible else now, Confidence.RECEIVED, is_guess=not plausible)


def guessed(candidates: Iterable[datetime | None], received_at: datetime) -> CaptureTime:
    """For a capture that its device said nothing about: the first plausible candidate, else the receipt."""
    told = (at for at in candidates if at is not None and is_plausible(at, received_at))
    return CaptureTime(next(told, received_at), Confidence.RECEIVED, is_guess=True)
