"""What an owner sees of time: how many photos when, and why there are none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device
from chalicelib.domain.errors import InvalidParameter, TooManyPhotos
from chalicelib.domain.gaps import Gap, TimeSpan, Told, gaps
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.timeline import MAX_SPAN, Shown, TimelineRow
from chalicelib.services.devices import owned
from chalicelib.services.ports import DeviceStore, ReportedRanges, TimelineStore

MAX_RANGE = timedelta(days=31)
MAX_BUCKETS = 2_000
MAX_ROWS = 20_000
"""Of those that reach into the range."""
MAX_CAPTURES = 400_000
"""In these: to find their gaps takes a third of API Gateway's 29 s with the CPU that the function has."""
_MAX_READ = 3 * MAX_ROWS
"""With those that are read to find them."""
_PAGE = 1_000
_LAST_END = datetime.max.replace(tzinfo=UTC) - MAX_SPAN


class TimelineStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def timeline(self) -> TimelineStore: ...
    @property
    def ranges(self) -> ReportedRanges: ...


@dataclass(frozen=True)
class Bucket:
    """Captures with since <= captured_at < since + bucket."""

    since: datetime
    photos: int
    rejected: int
    deleted: int


@dataclass(frozen=True)
class Timeline:
    buckets: list[Bucket]
    """In the order of time, those that hold anything."""
    gaps: list[tuple[DeviceId, Gap]]


def timeline(
    owner_id: OwnerId,
    *,
    device_id: DeviceId | None,
    within: TimeSpan,
    bucket: timedelta,
    stores: TimelineStores,
    clock: Clock,
) -> Timeline:
    """Of one device or of all. Raises NotFound for a device that is not the owner's, InvalidParameter for a range
    that is longer than MAX_RANGE or has more than MAX_BUCKETS, and TooManyPhotos for one with more than MAX_ROWS or
    MAX_CAPTURES.
    """
    if within.until - within.since > MAX_RANGE:
        raise InvalidParameter(f"from and to are more than {MAX_RANGE.days} days apart.")
    if (within.until - within.since) / bucket > MAX_BUCKETS:
        raise InvalidParameter(f"There are more than {MAX_BUCKETS} buckets between from and to.")
    if device_id is None:
        devices = stores.devices.of_owner(owner_id)
    else:
        devices = [owned(owner_id, device_id, devices=stores.devices)]
    rows = _by_device(_rows(owner_id, device_id, within, stores.timeline))
    found = [
        (device.device_id, gap)
        for device in devices
        for gap in _gaps(device, rows[device.device_id], within, stores, clock())
    ]
    buckets = _buckets((row for device in devices for row in rows[device.device_id]), within, bucket)
    return Timeline(buckets, sorted(found, key=lambda one: (one[1].since, one[0])))


def _rows(
    owner_id: OwnerId, device_id: DeviceId | None, within: TimeSpan, rows: TimelineStore
) -> Iterator[TimelineRow]:
    """Those that reach into the range. They sort by their end, which may lie MAX_SPAN after it."""
    read, found, captures, cursor = 0, 0, 0, None
    while True:
        page = rows.newest(
            owner_id,
            device_id=device_id,
            since=within.since,
            until=min(within.until, _LAST_END) + MAX_SPAN,
            limit=_PAGE,
            cursor=cursor,
        )
        reaching = [row for row in page.entries if row.captured_from < within.until]
        read += len(page.entries)
        found += len(reaching)
        captures += sum(row.count for row in reaching)
        if found > MAX_ROWS or read > _MAX_READ or captures > MAX_CAPTURES:
            raise TooManyPhotos
        yield from reaching
        if page.cursor is None:
            return
        cursor = page.cursor


def _by_device(rows: Iterable[TimelineRow]) -> defaultdict[DeviceId, list[TimelineRow]]:
    found: defaultdict[DeviceId, list[TimelineRow]] = defaultdict(list)
    for row in rows:
        found[row.device_id].append(row)
    return found


def _buckets(rows: Iterable[TimelineRow], within: TimeSpan, bucket: timedelta) -> list[Bucket]:
    counts: defaultdict[int, defaultdict[Shown, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        first, last = ((at - within.since) // bucket for at in (row.captured_from, row.captured_to))
        if 0 <= first == last and row.captured_to < within.until:
            # Most rows are of one bucket, and need no look at each capture.
            for shown in Shown:
                counts[first][shown] += row.count_of(shown)
            continue
        for capture in row.captures:
            if within.since <= capture.at < within.until:
                counts[(capture.at - within.since) // bucket][capture.shown] += 1
    return [
        Bucket(
            since=within.since + number * bucket,
            photos=counts[number][Shown.PHOTO],
            rejected=counts[number][Shown.REJECTED],
            deleted=counts[number][Shown.DELETED],
        )
        for number in sorted(counts)
    ]


def _gaps(
    device: Device, rows: list[TimelineRow], within: TimeSpan, stores: TimelineStores, now: datetime
) -> list[Gap]:
    around = _with_neighbours(device, rows, within, stores.timeline)
    if not around:
        # Before it was activated it could take none.
        begun_at = within.until if device.activated_at is None else device.activated_at
        within = TimeSpan(max(within.since, begun_at), within.until)
    if within.since >= within.until:
        return []
    return gaps(around, _told(device, around, within, stores, now), within)


def _with_neighbours(
    device: Device, rows: list[TimelineRow], within: TimeSpan, timeline: TimelineStore
) -> list[TimelineRow]:
    """A hole at an end of the range is known by what lies beyond."""
    before = timeline.last_before(device.owner_id, device.device_id, within.since)
    after = timeline.first_after(device.owner_id, device.device_id, within.until)
    return list({row.position: row for row in (before, *rows, after) if row}.values())


def _told(device: Device, rows: list[TimelineRow], within: TimeSpan, stores: TimelineStores, now: datetime) -> Told:
    first = min((row.first_seq for row in rows), default=Seq(0))
    last = max([device.upcoming_seq or Seq(0), *(row.last_seq for row in rows)])
    since = min([within.since, *(row.captured_from for row in rows)])
    return Told(
        interval=timedelta(seconds=device.settings.interval_s),
        now=now,
        last_seen_at=device.last_seen_at,
        next_seq=device.upcoming_seq,
        oldest_seq=device.oldest_seq,
        evicted=stores.ranges.evicted(device.device_id, first, last),
        skipped=stores.ranges.skipped(device.device_id, first, last),
        states=stores.ranges.states(device.device_id, since, now),
        forgotten=[TimeSpan(each.since, each.until) for each in device.forgotten],
    )
