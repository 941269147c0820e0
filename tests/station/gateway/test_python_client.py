"""The device client of this package drains to a station as it does to the cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from frameferry_station.steps import Confirmed

from tests.station.fake_cloud import FakeCloud
from tests.station.gateway.gateways import GatewayRig, GatewaySender
from tests.station.lanes.photographs import photograph
from tests.station.rig import Rig
from tests.station.samples import META


@dataclass
class AsCloud:
    """What a Rig wants to know of a cloud."""

    rig: GatewayRig
    commands: list[object] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        return self.rig.api_url

    def holds(self, photo: bytes) -> list[int]:
        return [number for number, kept in enumerate(self.rig.photos()) if kept == photo]


def camera(cloud: AsCloud, folder: Path, faults: dict[int, str] | None = None) -> Rig:
    return Rig(
        cast(FakeCloud, cloud),
        folder / "camera",
        senders=lambda: GatewaySender(lambda: cloud.rig, faults),
        time=cloud.rig.station.time,
        photo=photograph,
    )


def put(rig: Rig, *numbers: int) -> None:
    for number in numbers:
        rig.kept[rig.queue.put(photograph(number), META)] = photograph(number)


def test_client_drains_and_deletes_by_the_stations_receipts(tmp_path: Path) -> None:
    cloud = AsCloud(GatewayRig(tmp_path / "station"))
    cloud.rig.make_code()
    device = camera(cloud, tmp_path)
    put(device, *range(10))

    device.work()

    assert device.is_done
    assert cloud.rig.photos() == [photograph(number) for number in range(10)]
    assert sum(step.captures for step in device.told(Confirmed)) == 10


@pytest.mark.parametrize("fault", ["before", "after"])
def test_cut_before_or_after_any_request_loses_and_doubles_nothing(tmp_path: Path, fault: str) -> None:
    for at in range(1, 7):
        folder = tmp_path / str(at)
        cloud = AsCloud(GatewayRig(folder / "station"))
        cloud.rig.make_code()
        device = camera(cloud, folder, {at: fault})
        put(device, *range(7))

        device.work()

        assert device.is_done
        assert sorted(cloud.rig.photos()) == sorted(photograph(number) for number in range(7))


def test_station_that_restarts_after_any_step_keeps_each_photo_once(tmp_path: Path) -> None:
    cloud = AsCloud(GatewayRig(tmp_path / "station"))
    cloud.rig.make_code()
    device = camera(cloud, tmp_path)
    put(device, *range(12))

    for _ in range(200):
        wait_s = min(device.device.sync_step(), device.device.put_step())
        assert device.lost() == {}
        if device.is_done:
            break
        cloud.rig = cloud.rig.restarted()
        device.time.advance(wait_s)

    assert device.is_done
    assert sorted(cloud.rig.photos()) == sorted(photograph(number) for number in range(12))
