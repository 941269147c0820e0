"""The time of a capture that was taken without a clock, from what its device told at each sync.

A boot is one run of a device: 16 random hex digits, new at each start, and an uptime that begins at 0. A sample says
that at the server's time `at` the boot's uptime was `uptime_ms` and that the next capture would be `next_seq`. It is
late by as long as the request was under way, and never early.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.capture_time import EARLIEST, CaptureTime, Confidence
from chalicelib.domain.ids import Seq


@dataclass(frozen=True)
class BootTime:
    """When a capture was taken, by its device's uptime."""

    boot_id: str
    uptime_ms: int


@dataclass(frozen=True)
class ClockSample:
    boot_id: str
    uptime_ms: int
    next_seq: Seq
    at: datetime

    @property
    def began_at(self) -> datetime:
        """When the boot began, by this sample. Raises OverflowError."""
        return self.at - timedelta(milliseconds=self.uptime_ms)


@dataclass(frozen=True)
class BootSamples:
    """The first and the last sample of a boot, in uptime: all that is kept of it."""

    first: ClockSample
    last: ClockSample

    def with_sample(self, sample: ClockSample) -> BootSamples:
        """In whatever order samples come and however often, the same two are kept. Of one that is told twice the
        earlier arrival counts, which is the better.
        """
        return BootSamples(
            first=min(self.first, sample, key=lambda each: (each.uptime_ms, each.at)),
            last=max(self.last, sample, key=lambda each: (each.uptime_ms, -each.at.timestamp())),
        )


def solve(boot_id: str, uptime_ms: int, seq: Seq, samples: Iterable[ClockSample]) -> CaptureTime | None:
    """When the capture `seq` of this boot was taken, by samples of any boots of its device.

    SOLVED by samples of the same boot: on the line between the two around it, which also takes out the drift of the
    device's oscillator, or counted from the nearest. Else BOUNDED, where samples before and after it are known, and
    `at` is the middle. None where neither can be said, and where the device tells the impossible. The future is for
    the caller to judge.
    """
    samples = list(samples)
    own = [sample for sample in samples if sample.boot_id == boot_id]
    try:
        found = _solved(uptime_ms, own) if own else _bounded(uptime_ms, seq, samples)
    except OverflowError:
        return None
    return found if found is not None and found.at >= EARLIEST else None


def _solved(uptime_ms: int, own: Iterable[ClockSample]) -> CaptureTime:
    known = _in_order(own)
    before = next((sample for sample in reversed(known) if sample.uptime_ms <= uptime_ms), None)
    after = next((sample for sample in known if sample.uptime_ms >= uptime_ms), None)
    if before is None or after is None or before.uptime_ms == after.uptime_ms:
        near = before or after or known[0]
        return CaptureTime(near.at + timedelta(milliseconds=uptime_ms - near.uptime_ms), Confidence.SOLVED)
    share = (uptime_ms - before.uptime_ms) / (after.uptime_ms - before.uptime_ms)
    return CaptureTime(before.at + share * (after.at - before.at), Confidence.SOLVED)


def _in_order(own: Iterable[ClockSample]) -> list[ClockSample]:
    """By uptime, without those that came later than one with a higher uptime: they were under way for longer."""
    kept: list[ClockSample] = []
    for sample in sorted(own, key=lambda each: (-each.uptime_ms, each.at)):
        if not kept or (sample.at <= kept[-1].at and sample.uptime_ms < kept[-1].uptime_ms):
            kept.append(sample)
    return kept[::-1]


def _bounded(uptime_ms: int, seq: Seq, others: Iterable[ClockSample]) -> CaptureTime | None:
    """The boot began after the last sample before it, and ended before the next boot began."""
    others = list(others)
    before = [sample.at for sample in others if sample.next_seq <= seq]
    after = [sample.began_at for sample in others if sample.next_seq > seq]
    if not before or not after:
        return None
    earliest, latest = max(before) + timedelta(milliseconds=uptime_ms), min(after)
    if earliest > latest:
        return None
    return CaptureTime(earliest + (latest - earliest) / 2, Confidence.BOUNDED, earliest=earliest, latest=latest)
