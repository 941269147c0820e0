"""What a sync asks of DynamoDB: a handful of calls, however much the device has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest

from chalicelib.domain.device import CardQueue, Device, Health
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.receipts import ReceiptKeys
from chalicelib.services.offers import Offer, PackOffer, Received, SingleOffer, Wanted
from chalicelib.services.sync import Synced, Told, Uptime, sync
from tests.contract.conftest import Cloud, Stores, on_moto
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeUploadSigner

KEYS = ReceiptKeys("r1", {"r1": bytes(32)})
SAID = Told(health=Health(queue_depth=1000), uptime=Uptime("ab" * 8, 60_000, CardQueue(Seq(1000), Seq(0))))


@dataclass
class Rig:
    cloud: Cloud
    stores: Stores
    device: Device

    def sync(self, told: Told) -> tuple[Synced, int]:
        """With the number of calls to DynamoDB."""
        before, clock = self.cloud.limits.calls, self.stores.clock
        done = sync(self.device, told, stores=self.stores, signer=FakeUploadSigner(clock), keys=KEYS, clock=clock)
        return done, self.cloud.limits.calls - before

    def has_told_in_this_quarter(self) -> None:
        self.sync(SAID)
        stored = self.stores.devices.get(self.device.device_id)
        assert stored is not None
        self.device = stored


@pytest.fixture
def rig(cloud: Cloud, device_id: DeviceId) -> Rig:
    stores = on_moto(cloud, FakeClock())
    device = Device(device_id, OwnerId("owner-1"), name="barn", created_at=stores.clock())
    stores.devices.create(device)
    return Rig(cloud, stores, device)


def packs(count: int, *, sent: bool) -> list[Offer]:
    bodies = [b"pack %d" % n for n in range(count)]
    return [
        PackOffer(Seq(20 * n), Seq(20 * n + 19), len(body), sha256(body).hexdigest(), sent)
        for n, body in enumerate(bodies)
    ]


def singles(count: int, *, sent: bool) -> list[Offer]:
    bodies = [b"single %d" % n for n in range(count)]
    return [SingleOffer(Seq(n), len(body), sha256(body).hexdigest(), sent) for n, body in enumerate(bodies)]


def test_an_empty_sync_asks_for_the_commands_alone(rig: Rig) -> None:
    _, calls = rig.sync(Told())

    assert calls == 1


def test_a_sync_that_says_how_the_device_is_writes_twice(rig: Rig) -> None:
    rig.has_told_in_this_quarter()
    _, calls = rig.sync(SAID)

    assert calls == 1 + 2


def test_the_first_of_a_quarter_of_an_hour_writes_once_more(rig: Rig) -> None:
    _, first_calls = rig.sync(SAID)
    rig.has_told_in_this_quarter()
    rig.stores.clock.advance(15 * 60)
    _, later_calls = rig.sync(SAID)

    assert first_calls == later_calls == 1 + 3


@pytest.mark.parametrize("kind", [packs, singles])
def test_objects_cost_one_read_however_many_there_are(rig: Rig, kind: Callable[..., list[Offer]]) -> None:
    rig.has_told_in_this_quarter()
    done, calls = rig.sync(replace(SAID, offers=kind(50, sent=False)))

    assert all(isinstance(answer, Wanted) for answer in done.answers)
    assert calls == 3 + 1


def test_receipts_cost_one_read_and_no_write(rig: Rig) -> None:
    offers = packs(30, sent=True)
    for n, offer in enumerate(offers):
        rig.stores.upload(offer.key(rig.device.device_id), b"pack %d" % n, offer.sha256, True)

    rig.has_told_in_this_quarter()
    done, calls = rig.sync(replace(SAID, offers=offers))

    assert all(isinstance(answer, Received) for answer in done.answers)
    assert calls == 3 + 1
    assert rig.stores.items.range(rig.device.device_id, Seq(0), Seq(1000)) == []
