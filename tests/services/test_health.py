"""How a device is and was."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chalicelib.domain.device import CardQueue, Device, Health
from chalicelib.domain.errors import NotFound
from chalicelib.domain.health import HealthSample
from chalicelib.domain.ids import OwnerId, Seq
from chalicelib.domain.storage import Page
from chalicelib.services import health, inbox
from chalicelib.services.sync import Told, sync
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER, STRANGER, stored_device

MINUTE_S = 60


def heartbeat(world: FakeWorld, device: Device, told: Health) -> None:
    now = stored_device(world, device.device_id)
    inbox.heartbeat(now, told, stores=world, clock=world.clock)


def synced(world: FakeWorld, device: Device, told: Health | None) -> None:
    now = stored_device(world, device.device_id)
    sync(now, Told(health=told), stores=world, signer=world.upload_signer, keys=world.receipt_keys, clock=world.clock)


def history(
    world: FakeWorld,
    device: Device,
    since: datetime | None = None,
    until: datetime | None = None,
    owner_id: OwnerId = OWNER,
) -> Page[HealthSample]:
    return health.history(
        owner_id,
        device.device_id,
        since=since,
        until=until,
        limit=1000,
        cursor=None,
        stores=world,
        clock=world.clock,
    )


def depths(page: Page[HealthSample]) -> list[int | None]:
    return [one.health.queue_depth for one in page.entries]


@pytest.mark.parametrize("tell", [heartbeat, synced])
def test_the_first_word_of_each_quarter_of_an_hour_is_kept(world: FakeWorld, device: Device, tell: object) -> None:
    assert callable(tell)
    for minute in range(0, 46, 5):
        tell(world, device, Health(queue_depth=minute))
        world.clock.advance(5 * MINUTE_S)

    assert depths(history(world, device)) == [45, 30, 15, 0]
    assert stored_device(world, device.device_id).health.queue_depth == 45


def test_heartbeat_and_sync_share_a_quarter(world: FakeWorld, device: Device) -> None:
    heartbeat(world, device, Health(queue_depth=1))
    world.clock.advance(MINUTE_S)
    synced(world, device, Health(queue_depth=2))

    assert depths(history(world, device)) == [1]


def test_a_sync_without_health_leaves_no_sample(world: FakeWorld, device: Device) -> None:
    synced(world, device, None)
    health.report(device, None, world.clock(), stores=world, queue=CardQueue(Seq(7)))

    assert history(world, device) == Page([])
    assert stored_device(world, device.device_id).upcoming_seq == 7


def test_a_crash_on_the_way_leaves_one_sample_when_the_device_tries_again(world: FakeWorld, device: Device) -> None:
    crashes = Crashes()
    crashes.after(1)
    with pytest.raises(SimulatedCrash):
        inbox.heartbeat(device, Health(queue_depth=1), stores=world.mortal(crashes), clock=world.clock)
    world.clock.advance(MINUTE_S)
    heartbeat(world, device, Health(queue_depth=2))

    assert depths(history(world, device)) == [2]


def test_samples_are_found_by_time_and_for_90_days(world: FakeWorld, device: Device) -> None:
    start = world.clock()
    for day in range(3):
        heartbeat(world, device, Health(queue_depth=day))
        world.clock.advance(24 * 60 * MINUTE_S)

    assert depths(history(world, device, start + timedelta(hours=1), start + timedelta(days=2))) == [1]
    world.clock.advance(87 * 24 * 60 * MINUTE_S)
    assert depths(history(world, device)) == [2, 1, 0]
    world.clock.advance(1)
    assert depths(history(world, device)) == depths(history(world, device, start - timedelta(days=400))) == [2, 1]


def test_another_owner_sees_none(world: FakeWorld, device: Device) -> None:
    heartbeat(world, device, Health(queue_depth=1))

    with pytest.raises(NotFound):
        history(world, device, owner_id=STRANGER)
