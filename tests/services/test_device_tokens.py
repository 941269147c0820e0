from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.device import Device
from chalicelib.domain.errors import DeviceRevoked, FrameferryError, InvalidCredential, RateLimited
from chalicelib.domain.ids import new_device_id
from chalicelib.domain.tokens import DeviceToken, new_token
from chalicelib.services import devices
from chalicelib.services.devices import DEVICE_RATE, Change, rotate_token
from chalicelib.services.pairing import activate, pair_again
from tests.fakes.crashes import Crashes
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER, new_device, stored_device


def authenticate(world: FakeWorld, token: object) -> Device:
    return devices.authenticate(str(token), devices=world.devices, peppers=world.peppers, clock=world.clock)


def rotate(world: FakeWorld, device: Device) -> DeviceToken:
    return rotate_token(stored_device(world, device.device_id), devices=world.devices, peppers=world.peppers)


def test_unknown_wrong_and_malformed_tokens_look_the_same(world: FakeWorld) -> None:
    device, token = new_device(world)
    wrong = new_token(device.device_id, world.entropy)
    unknown = new_token(new_device_id(world.entropy), world.entropy)
    for text in (wrong, unknown, token[:-1], token + "x", "devtok_", "", token.upper(), f"{token} "):
        with pytest.raises(InvalidCredential):
            authenticate(world, text)


def test_a_token_is_never_stored_nor_shown(world: FakeWorld) -> None:
    device, token = new_device(world)
    secret = token.rsplit("_", 1)[1]
    assert secret not in repr(stored_device(world, device.device_id))
    assert secret not in repr(rotate(world, device))


def test_a_revoked_device_is_told_so_and_only_with_its_true_token(world: FakeWorld) -> None:
    device, token = new_device(world)
    devices.revoke(OWNER, device.device_id, devices=world.devices, clock=world.clock)
    with pytest.raises(DeviceRevoked):
        authenticate(world, token)
    with pytest.raises(InvalidCredential):
        authenticate(world, new_token(device.device_id, world.entropy))


def test_rotating_again_gives_the_same_pending_token(world: FakeWorld) -> None:
    device, token = new_device(world)
    assert rotate(world, device) == rotate(world, device)
    assert authenticate(world, token).device_id == device.device_id


def test_the_old_token_works_until_the_new_one_is_used(world: FakeWorld) -> None:
    device, token = new_device(world)
    pending = rotate(world, device)
    authenticate(world, token)
    authenticate(world, pending)
    with pytest.raises(InvalidCredential):
        authenticate(world, token)
    authenticate(world, pending)


def test_a_second_rotation_gives_another_token(world: FakeWorld) -> None:
    device, _ = new_device(world)
    first = rotate(world, device)
    authenticate(world, first)
    assert rotate(world, device) != first


def test_a_rotation_that_a_new_pairing_overtakes_gives_its_caller_nothing(world: FakeWorld) -> None:
    device, _ = new_device(world)
    crashes = Crashes()
    crashes.meanwhile(1, lambda: repair(world, device))
    with pytest.raises(InvalidCredential):
        rotate_token(device, devices=crashes.around(world.devices), peppers=world.peppers)
    assert stored_device(world, device.device_id).pending_token_hash is None


def test_a_rotation_that_a_revocation_overtakes_gives_its_caller_nothing(world: FakeWorld) -> None:
    device, _ = new_device(world)
    crashes = Crashes()
    crashes.meanwhile(1, lambda: devices.revoke(OWNER, device.device_id, devices=world.devices, clock=world.clock))
    with pytest.raises(DeviceRevoked):
        rotate_token(device, devices=crashes.around(world.devices), peppers=world.peppers)
    assert stored_device(world, device.device_id).pending_token_hash is None


def test_a_change_by_the_owner_meanwhile_refuses_no_token(world: FakeWorld) -> None:
    device, token = new_device(world)
    crashes = Crashes()
    meddled = replace(world, devices=crashes.around(world.devices))
    crashes.meanwhile(1, lambda: rename(world, device, "shed"))
    pending = rotate_token(device, devices=meddled.devices, peppers=world.peppers)
    crashes.meanwhile(2, lambda: rename(world, device, "roof"))
    assert authenticate(meddled, pending).name == "roof"
    with pytest.raises(InvalidCredential):
        authenticate(world, token)


def rename(world: FakeWorld, device: Device, name: str) -> None:
    devices.change(OWNER, device.device_id, Change(name=name), devices=world.devices)


def repair(world: FakeWorld, device: Device) -> None:
    """Another device takes the place of this one."""
    shared = {"stores": world, "peppers": world.peppers, "clock": world.clock, "entropy": world.entropy}
    world.clock.advance(1)
    code = pair_again(OWNER, device.device_id, **shared).pairing_code  # type: ignore[arg-type]
    activate(code, None, source="192.0.2.2", **shared)  # type: ignore[arg-type]


def test_a_device_that_asks_too_often_is_told_when_to_come_back(world: FakeWorld) -> None:
    _, token = new_device(world)
    _, other = new_device(world)
    world.clock.advance(60)
    for _ in range(DEVICE_RATE.burst):
        authenticate(world, token)
    with pytest.raises(RateLimited) as raised:
        authenticate(world, token)
    authenticate(world, other)
    world.clock.advance(raised.value.retry_after_s)
    authenticate(world, token)


def test_every_request_notes_that_the_device_was_seen(world: FakeWorld) -> None:
    device, token = new_device(world)
    world.clock.advance(77)
    authenticate(world, token)
    assert stored_device(world, device.device_id).last_seen_at == world.clock()


def test_settings_count_their_changes_and_nothing_else(world: FakeWorld) -> None:
    device, _ = new_device(world)
    for wanted in (Change(settings={"interval_s": 60}), Change(settings={"interval_s": 60}), Change(name="shed")):
        devices.change(OWNER, device.device_id, wanted, devices=world.devices)
    now = stored_device(world, device.device_id)
    assert (now.settings.interval_s, now.settings_version, now.name) == (60, 2, "shed")


def test_every_error_has_a_code_of_its_own() -> None:
    def codes(kind: type[FrameferryError]) -> list[str]:
        own = [kind.code] if "code" in vars(kind) else []
        return own + [code for child in kind.__subclasses__() for code in codes(child)]

    found = codes(FrameferryError)
    assert len(found) == len(set(found)) > 20
