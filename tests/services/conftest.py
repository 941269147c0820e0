from __future__ import annotations

import pytest

from chalicelib.domain.device import Device
from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.services.devices import authenticate
from chalicelib.services.pairing import activate, pair_new
from tests.fakes.world import FakeWorld

OWNER = OwnerId("owner-1")
STRANGER = OwnerId("owner-2")


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld.new()


@pytest.fixture
def device(world: FakeWorld) -> Device:
    """A paired and activated camera of OWNER."""
    return new_device(world)[0]


def new_device(world: FakeWorld) -> tuple[Device, str]:
    """A camera of OWNER and its token."""
    paired = pair_new(OWNER, "barn", stores=world, peppers=world.peppers, clock=world.clock, entropy=world.entropy)
    done = activate(
        paired.pairing_code,
        None,
        source="192.0.2.1",
        stores=world,
        peppers=world.peppers,
        clock=world.clock,
        entropy=world.entropy,
    )
    token = str(done.token)
    return authenticate(token, devices=world.devices, peppers=world.peppers, clock=world.clock), token


def stored_device(world: FakeWorld, device_id: DeviceId) -> Device:
    device = world.devices.get(device_id)
    assert device is not None
    return device
