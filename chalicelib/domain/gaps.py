"""Why there is no photo: worked out from what the timeline has of a device and what the device has told."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.gap_reasons import GapReason
from chalicelib.domain.ids import Seq
from chalicelib.domain.reported import DeviceState, EvictedRange, SkippedRange, StateKind
from chalicelib.domain.timeline import RowCapture, Shown, TimelineRow

MISSED_INTERVALS = 2.5
"""A camera that is so many intervals late has missed a photo."""
SHORTEST_HOLE = timedelta(seconds=60)

_SURE = (Confidence.NTP, Confidence.SOLVED)


@dataclass(frozen=True)
class Gap:
    """`since` <= t < `until`; where seqs are concerned, `first_seq` to `last_seq`, and `count` of them."""

    reason: GapReason
    since: datetime
    until: datetime
    first_seq: Seq | None = None
    last_seq: Seq | None = None
    count: int | None = None


@dataclass(frozen=True)
class TimeSpan:
    """`since` <= t < `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Told:
    """What a device has told of itself, and its owner of it."""

    interval: timedelta
    now: datetime
    last_seen_at: datetime | None = None
    next_seq: int | None = None
    """The number that its next capture would have had, when it last told; None: it never did."""
    oldest_seq: int | None = None
    """The smallest seq on its card, when it last told; None: there was none, or it never told."""
    evicted: Sequence[EvictedRange] = ()
    skipped: Sequence[SkippedRange] = ()
    states: Sequence[DeviceState] = ()
    """In the order of time."""
    forgotten: Sequence[TimeSpan] = ()

    @property
    def longest_wait(self) -> timedelta:
        """From one photo to the next, if nothing is wrong."""
        return max(self.interval * MISSED_INTERVALS, SHORTEST_HOLE)

    @property
    def boots(self) -> list[datetime]:
        return [state.at for state in self.states if state.kind is StateKind.BOOT]

    def paused(self) -> Iterator[TimeSpan]:
        """A pause outlasts a reboot; the last one lasts until now."""
        since: datetime | None = None
        for state in self.states:
            if state.kind is StateKind.PAUSED:
                since = since or state.at
            elif state.kind is StateKind.RESUMED and since is not None:
                yield TimeSpan(since, state.at)
                since = None
        if since is not None:
            yield TimeSpan(since, self.now)

    def is_on_card(self, seq: int) -> bool:
        if self.next_seq is None:
            return True  # who never tells is given the benefit of the doubt
        return seq >= self.next_seq or (self.oldest_seq is not None and seq >= self.oldest_seq)


@dataclass(frozen=True)
class _Seen:
    seq: int
    at: datetime
    is_sure: bool
    boot_id: str | None


def gaps(rows: Iterable[TimelineRow], told: Told, within: TimeSpan) -> list[Gap]:
    """Every gap of one device that reaches into `within`, cut to it, in the order of time.

    `rows` are those of the device that reach into `within`, and where there are any, the one before and the one after.
    """
    rows = list(rows)
    seen, aside = _in_order(_seen(rows))
    found = [*_deleted(rows, told), *_vague(rows), *_tail(seen, aside, told, within)]
    longest_wait = told.longest_wait
    for before, after in pairwise(seen):
        # Of most there is nothing more to say, and they are very many.
        if after.seq != before.seq + 1 or abs(after.at - before.at) > longest_wait:
            found += _between(before, after, aside, told)
    cut = (_cut(gap, within) for gap in found)
    return sorted((gap for gap in cut if gap is not None), key=lambda gap: (gap.since, gap.until, gap.reason))


def _seen(rows: Iterable[TimelineRow]) -> Iterator[_Seen]:
    for row in rows:
        is_sure = row.confidence in _SURE
        for capture in row.captures:
            yield _Seen(capture.seq, capture.at, is_sure, row.boot_id)


def _in_order(seen: Iterable[_Seen]) -> tuple[list[_Seen], list[_Seen]]:
    """By seq; and by time, those that say nothing of when the numbers around theirs were used. Only in the second list
    are those whose number is higher than that of a later capture: they went up under a new one, as theirs was taken.
    """
    ordered, aside = list[_Seen](), list[_Seen]()
    lowest: float = math.inf
    for one in sorted(seen, key=lambda one: (one.at, one.seq), reverse=True):
        is_stray = one.is_sure and one.seq > lowest
        if not is_stray:
            ordered.append(one)
        if is_stray or not one.is_sure:
            aside.append(one)
        else:
            lowest = one.seq
    return sorted(ordered, key=lambda one: one.seq), aside[::-1]


def _between(before: _Seen, after: _Seen, aside: Sequence[_Seen], told: Told) -> list[Gap]:
    since, until = min(before.at, after.at), max(before.at, after.at)
    rebooted = _is_reboot(before, after, told)
    missing = _missing(range(before.seq + 1, after.seq), aside, TimeSpan(since, until), told, rebooted=rebooted)
    if _took_time(missing) or not (before.is_sure and after.is_sure) or until - since <= told.longest_wait:
        return missing
    times = [since, *(one.at for one in aside if since < one.at < until), until]
    idle = (gap for start, end in pairwise(times) for gap in _idle(TimeSpan(start, end), told, rebooted=rebooted))
    return [*missing, *idle]


def _is_reboot(before: _Seen, after: _Seen, told: Told) -> bool:
    if before.boot_id is not None and after.boot_id is not None:
        return before.boot_id != after.boot_id
    return any(before.at < at <= after.at for at in told.boots)


def _missing(seqs: range, aside: Sequence[_Seen], time: TimeSpan, told: Told, *, rebooted: bool) -> list[Gap]:
    """Of seqs that no row has. After a reboot, numbers that were set aside before it are never used."""
    if not seqs:
        return []
    here = {one.seq for one in aside if one.seq in seqs}
    forgotten = list(_forgotten(seqs, time, told))
    parts = (part for part in _parts(seqs, here, forgotten, told) if part.start not in here)
    found = [(part, _reason(part.start, forgotten, told)) for part in parts]
    return [
        Gap(reason, time.since, time.until, Seq(part.start), Seq(part.stop - 1), len(part))
        for part, reason in found
        if reason is not GapReason.MISSING or not rebooted
    ]


def _took_time(missing: Iterable[Gap]) -> bool:
    """Whether there were captures in it: numbers that none got say nothing of the time."""
    return any(gap.reason is not GapReason.SKIPPED for gap in missing)


def _forgotten(seqs: range, time: TimeSpan, told: Told) -> Iterator[range]:
    """Those of `seqs` that the owner had the device forget: all, if so many fit into what was forgotten of the time;
    else those that would lie there if they were spread evenly.
    """
    spans = [TimeSpan(max(one.since, time.since), min(one.until, time.until)) for one in told.forgotten]
    spans = [one for one in spans if one.since < one.until]
    if len(seqs) <= sum((one.until - one.since) / told.interval + 1 for one in spans):
        yield seqs
        return
    for one in spans:
        first, after = (
            (at - time.since) / (time.until - time.since) * (len(seqs) + 1) for at in (one.since, one.until)
        )
        yield range(seqs.start + max(0, round(first) - 1), seqs.start + min(len(seqs), round(after) - 1))


def _parts(seqs: range, here: Collection[int], forgotten: Iterable[range], told: Told) -> list[range]:
    """Parts of `seqs` each of which has one reason, so that not every single seq needs to be looked at."""
    edges = {seqs.start, seqs.stop, told.next_seq or 0, told.oldest_seq or 0}
    for seq in here:
        edges |= {seq, seq + 1}
    for part in forgotten:
        edges |= {part.start, part.stop}
    for one in (*told.evicted, *told.skipped):
        edges |= {one.first_seq, one.last_seq + 1}
    inside = sorted(edge for edge in edges if seqs.start <= edge <= seqs.stop)
    return [range(first, after) for first, after in pairwise(inside)]


def _reason(seq: int, forgotten: Iterable[range], told: Told) -> GapReason:
    if any(one.first_seq <= seq <= one.last_seq for one in told.evicted):
        return GapReason.EVICTED
    if any(one.first_seq <= seq <= one.last_seq for one in told.skipped):
        return GapReason.SKIPPED
    if any(seq in part for part in forgotten):
        return GapReason.FORGOTTEN
    return GapReason.NOT_UPLOADED if told.is_on_card(seq) else GapReason.MISSING


def _idle(hole: TimeSpan, told: Told, *, rebooted: bool) -> Iterator[Gap]:
    """Time in which no seq was used."""
    if hole.until - hole.since <= told.longest_wait:
        return
    at = hole.since
    for pause in told.paused():
        since, until = max(pause.since, at), min(pause.until, hole.until)
        if since < until:
            yield from _awake(TimeSpan(at, since), told, rebooted=rebooted)
            yield Gap(GapReason.PAUSED, since, until)
            at = until
    yield from _awake(TimeSpan(at, hole.until), told, rebooted=rebooted)


def _awake(hole: TimeSpan, told: Told, *, rebooted: bool) -> Iterator[Gap]:
    if hole.until - hole.since > told.longest_wait:
        yield Gap(GapReason.POWERED_OFF if rebooted else GapReason.NO_CAPTURE, hole.since, hole.until)


def _tail(seen: Sequence[_Seen], aside: Sequence[_Seen], told: Told, within: TimeSpan) -> Iterator[Gap]:
    """What came after the last capture that is here."""
    since = max((one.at for one in seen), default=within.since)
    if since >= told.now:
        return
    next_seq = seen[-1].seq + 1 if seen else 0
    time = TimeSpan(since, told.now)
    rebooted = any(since < at <= told.now for at in told.boots)
    missing = _missing(range(next_seq, told.next_seq or 0), aside, time, told, rebooted=rebooted)
    yield from missing
    if _took_time(missing):
        return
    heard_at = min(told.now, max(since, told.last_seen_at or since))
    yield from _idle(TimeSpan(since, heard_at), told, rebooted=rebooted)
    if told.now - heard_at > told.longest_wait:
        yield Gap(GapReason.NOT_UPLOADED, heard_at, told.now)


def _deleted(rows: Iterable[TimelineRow], told: Told) -> Iterator[Gap]:
    """Of a row, those taken one after the other are one gap. No further: a row is looked at whole or not at all."""
    for row in rows:
        found: list[Gap] = []
        for capture in row.captures if row.deleted else ():
            if capture.shown is not Shown.DELETED:
                continue
            gap = _of_deleted(capture, told)
            if found and _goes_on(found[-1], gap, told):
                run = found.pop()
                gap = replace(run, until=gap.until, last_seq=gap.last_seq, count=1 + (run.count or 0))
            found.append(gap)
        yield from found


def _of_deleted(capture: RowCapture, told: Told) -> Gap:
    is_forgotten = any(one.since <= capture.at < one.until for one in told.forgotten)
    reason = GapReason.FORGOTTEN if is_forgotten else GapReason.DELETED
    return Gap(reason, capture.at, capture.at + told.interval, capture.seq, capture.seq, 1)


def _goes_on(run: Gap, gap: Gap, told: Told) -> bool:
    is_next = gap.reason is run.reason and gap.first_seq == 1 + (run.last_seq or 0)
    return is_next and run.until <= gap.until <= run.until + told.longest_wait


def _vague(rows: Iterable[TimelineRow]) -> Iterator[Gap]:
    for row in rows:
        shown = row.photos + row.rejected
        if row.confidence not in _SURE and shown:
            since, until = row.captured_from, row.captured_to + timedelta(milliseconds=1)
            yield Gap(GapReason.CLOCK_UNKNOWN, since, until, row.first_seq, row.last_seq, shown)


def _cut(gap: Gap, within: TimeSpan) -> Gap | None:
    since, until = max(gap.since, within.since), min(gap.until, within.until)
    return replace(gap, since=since, until=until) if since < until else None
