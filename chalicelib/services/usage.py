"""What a month of each camera comes to: photos, bytes, requests, and what AWS bills for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from chalicelib.domain.device import Device
from chalicelib.domain.gaps import TimeSpan
from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.domain.prices import Units
from chalicelib.services.ports import DeviceStore, TimelineStore

PER_REQUEST = Units(api_requests=1, lambda_requests=1, lambda_gb_s=0.03, write_units=3, read_units=3)
"""A call of the API by a device, whichever it is."""
PER_OBJECT = Units(
    lambda_requests=1, lambda_gb_s=0.03, s3_puts=2, s3_gets=2, write_units=1, read_units=0.7, logged_bytes=450
)
"""An object, single or pack: its PUT and that of its thumbnails, what is read to process it and to give a receipt, its
row of the timeline."""
PER_PHOTO = Units(lambda_gb_s=0.012, write_units=1, read_units=0.35)
"""Its item, and the work on its thumbnail."""


class UsageStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def timeline(self) -> TimelineStore: ...


@dataclass(frozen=True)
class Usage:
    """Of one device in a month; photos count by when they were taken, requests by when they were made."""

    device: Device
    photos: int
    size_bytes: int
    objects: int
    requests: int

    @property
    def units(self) -> Units:
        """As bench/cost.py measures them; the photos are stored for one month."""
        drained = PER_REQUEST * self.requests + PER_OBJECT * self.objects + PER_PHOTO * self.photos
        return drained + Units(stored_byte_months=self.size_bytes)


def month_of(at: datetime) -> str:
    """Such as `2026-11`, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m}"


def usage(owner_id: OwnerId, month: str, *, stores: UsageStores) -> list[Usage]:
    """Of each device of an owner, in the order of `DeviceStore.of_owner`. Raises ValueError for what is no month."""
    photos, sizes, objects = Counter[DeviceId](), Counter[DeviceId](), Counter[DeviceId]()
    # Each row once, in the month in which it ends.
    span = _span(month)
    for row in stores.timeline.totals(owner_id, span.since, span.until):
        photos[row.device_id] += row.count
        sizes[row.device_id] += row.size_bytes
        objects[row.device_id] += 1
    return [
        Usage(
            device=device,
            photos=photos[device.device_id],
            size_bytes=sizes[device.device_id],
            objects=objects[device.device_id],
            requests=device.requests.get(month, 0),
        )
        for device in stores.devices.of_owner(owner_id)
    ]


def _span(month: str) -> TimeSpan:
    since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    until = since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)
    return TimeSpan(since, until)
