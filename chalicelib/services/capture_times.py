"""When a capture was taken, by all that is known once its bytes are here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chalicelib.domain.capture_time import CaptureTime, Confidence, claimed, guessed, is_plausible
from chalicelib.domain.clock_samples import BootTime, ClockSample, solve
from chalicelib.domain.ids import Seq


@dataclass(frozen=True)
class Told:
    """What came with a capture's bytes: in its pack's record, or in its key."""

    synced_at: datetime | None = None
    """By a clock that was synced."""
    boot: BootTime | None = None
    unsynced_at: datetime | None = None
    """By a clock that never was."""
    guesses: Iterable[datetime | None] = ()
    """Not by the device's clock: EXIF, a time in a filename."""


def time_of(told: Told, seq: Seq, received_at: datetime, samples: Callable[[], Iterable[ClockSample]]) -> CaptureTime:
    """`samples`, of all boots of the device, are asked for only where they are needed. Whole milliseconds, as they
    are stored.
    """
    return _whole_ms(_best(told, seq, received_at, samples))


def with_zone(exif: datetime | None) -> datetime | None:
    """A camera that tells no zone is taken to mean UTC."""
    return exif.replace(tzinfo=exif.tzinfo or UTC) if exif else None


def _best(told: Told, seq: Seq, received_at: datetime, samples: Callable[[], Iterable[ClockSample]]) -> CaptureTime:
    if told.synced_at is not None and is_plausible(told.synced_at, received_at):
        return CaptureTime(told.synced_at, Confidence.NTP)
    if told.boot is not None:
        solved = solve(told.boot.boot_id, told.boot.uptime_ms, seq, samples())
        if solved is not None and is_plausible(solved.at, received_at):
            return solved
    if told.unsynced_at is not None and is_plausible(told.unsynced_at, received_at):
        return claimed(told.unsynced_at, ntp_synced=False, now=received_at)
    return guessed(told.guesses, received_at)


def _whole_ms(captured: CaptureTime) -> CaptureTime:
    return replace(captured, at=_cut(captured.at), earliest=_cut_if(captured.earliest), latest=_cut_if(captured.latest))


def _cut(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _cut_if(at: datetime | None) -> datetime | None:
    return None if at is None else _cut(at)
