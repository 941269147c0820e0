"""What devices say of themselves: as it is now, and how it was."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chalicelib.domain.clock import Clock
from chalicelib.domain.device import CardQueue, Device, Health
from chalicelib.domain.health import HEALTH_LIFETIME, HealthSample, quarter_of
from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.services.devices import owned
from chalicelib.services.ports import DeviceStore, HealthStore, Page


class HealthStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def health(self) -> HealthStore: ...


def report(
    device: Device, health: Health | None, now: datetime, *, stores: HealthStores, queue: CardQueue | None = None
) -> None:
    """Keep what a device, as it was read for this request, says of itself; either part may be left out. The first word
    on its health in a quarter of an hour is kept as a sample, too.
    """
    # The sample first: as long as the device's row does not tell of it, the device's next try writes it again.
    if health is not None and (device.health_at is None or device.health_at < quarter_of(now)):
        stores.health.keep(device.device_id, HealthSample(now, health))
    if health is not None or queue is not None:
        stores.devices.report_health(device.device_id, health, now, queue)


def history(
    owner_id: OwnerId,
    device_id: DeviceId,
    *,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    cursor: str | None,
    stores: HealthStores,
    clock: Clock,
) -> Page[HealthSample]:
    """since <= reported_at < until, newest first, as far back as HEALTH_LIFETIME. Raises NotFound."""
    owned(owner_id, device_id, devices=stores.devices)
    now = clock()
    kept_since = now - HEALTH_LIFETIME
    return stores.health.newest(
        device_id,
        since=kept_since if since is None else max(since, kept_since),
        until=datetime.max.replace(tzinfo=now.tzinfo) if until is None else until,
        limit=limit,
        cursor=cursor,
    )
