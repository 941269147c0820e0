"""More rows within three hours than one request for the timeline reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import wiring
from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.timeline import TimelineRow, rows_of_pack
from chalicelib.services.ports import Page
from chalicelib.services.timeline import MAX_CAPTURES, MAX_ROWS
from tests.api.scene import OWNER, Camera, World
from tests.fakes.stores import FakeTimeline


class CrowdedTimeline(FakeTimeline):
    """Rows newest first, read by place: what the other fake holds is sorted anew for every page."""

    def __init__(self, rows: list[TimelineRow]) -> None:
        super().__init__()
        self._newest_first = rows

    def newest(
        self,
        owner_id: OwnerId,
        *,
        device_id: DeviceId | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> Page[TimelineRow]:
        start = int(cursor or 0)
        within = [
            row
            for row in self._newest_first
            if (since is None or row.captured_to >= since) and (until is None or row.captured_to < until)
        ]
        return Page(within[start : start + limit], str(start + limit) if start + limit < len(within) else None)


    def last_before(self, *_: object) -> None:
        """None."""

    def first_after(self, *_: object) -> None:
        """None."""


def crowd(world: World, camera: Camera, since: datetime) -> None:
    """From now on the app finds a photo of that camera each half second, one more than it tells at once."""
    times = [since + number * timedelta(milliseconds=500) for number in range(MAX_ROWS + 1)]
    row = _row(camera, since)
    crowded = CrowdedTimeline([replace(row, captured_from=at, captured_to=at) for at in reversed(times)])
    wiring.install(replace(world, timeline=crowded))


def crowd_with_packs(world: World, camera: Camera, since: datetime) -> None:
    """From now on the app finds a pack of a hundred photos each 2.5 s: few rows, and more photos than it tells."""
    row = _row(camera, since, photos=100)
    ends = row.captured_to - row.captured_from
    times = [since + number * timedelta(milliseconds=2500) for number in range(MAX_CAPTURES // 100 + 1)]
    crowded = CrowdedTimeline([replace(row, captured_from=at, captured_to=at + ends) for at in reversed(times)])
    wiring.install(replace(world, timeline=crowded))


def _row(camera: Camera, since: datetime, photos: int = 1) -> TimelineRow:
    """Of photos each 10 ms."""
    taken = [
        Item(
            device_id=DeviceId(camera.device_id),
            seq=Seq(number),
            owner_id=OwnerId(OWNER),
            status=ItemStatus.PROCESSED,
            object_key="pack of 0",
            captured=CaptureTime(since + number * timedelta(milliseconds=10), Confidence.NTP),
            created_at=since,
        )
        for number in range(photos)
    ]
    (row,) = rows_of_pack(taken, boot_id="0" * 16)
    return row
