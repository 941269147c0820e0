from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.domain.errors import NotFound, PairingCodeInvalid, RateLimited
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.tokens import Peppers
from chalicelib.services.devices import authenticate, revoke, rotate_token
from chalicelib.services.pairing import GUESS_RATE, Activated, Paired, activate, pair_again, pair_new
from chalicelib.services.uploads import accept_image
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.stores import FakeDevices, FakePairings
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER, STRANGER, new_device, stored_device
from tests.tiny_jpegs import tiny_jpeg

NONCE = "a-nonce-of-enough-length"


def pair(world: FakeWorld) -> Paired:
    return pair_new(OWNER, "barn", stores=world, peppers=world.peppers, clock=world.clock, entropy=world.entropy)


def trade(world: FakeWorld, code: str, nonce: str | None = None, source: str = "192.0.2.1") -> Activated:
    return activate(
        code,
        nonce,
        source=source,
        stores=world,
        peppers=world.peppers,
        clock=world.clock,
        entropy=world.entropy,
    )


def test_a_code_is_traded_for_a_token_that_authenticates(world: FakeWorld) -> None:
    done = trade(world, pair(world).pairing_code)
    device = authenticate(str(done.token), devices=world.devices, peppers=world.peppers, clock=world.clock)
    assert device.device_id == done.device.device_id
    assert device.owner_id == OWNER


def test_a_code_typed_in_lower_case_with_lookalikes_and_blanks_is_understood(world: FakeWorld) -> None:
    code = pair(world).pairing_code
    typed = f" {code.lower().replace('0', 'o').replace('1', 'l').replace('-', ' - ')} "
    assert trade(world, typed).device.owner_id == OWNER


def test_a_code_without_a_nonce_works_once(world: FakeWorld) -> None:
    code = pair(world).pairing_code
    trade(world, code)
    with pytest.raises(PairingCodeInvalid):
        trade(world, code)


def test_the_same_code_and_nonce_give_the_same_token_until_the_code_expires(world: FakeWorld) -> None:
    code = pair(world).pairing_code
    first = trade(world, code, NONCE)
    world.clock.advance(599)
    assert trade(world, code, NONCE).token == first.token
    world.clock.advance(1)
    with pytest.raises(PairingCodeInvalid):
        trade(world, code, NONCE)


def test_a_used_code_with_another_nonce_is_refused(world: FakeWorld) -> None:
    code = pair(world).pairing_code
    trade(world, code, NONCE)
    with pytest.raises(PairingCodeInvalid):
        trade(world, code, "another-nonce-altogether")


def test_wrong_used_expired_and_malformed_codes_look_the_same(world: FakeWorld) -> None:
    used, expired = pair(world).pairing_code, pair(world).pairing_code
    trade(world, used)
    world.clock.advance(600)
    messages = set()
    for code in (used, expired, "00000-00000", "no", "UUUUU-UUUUU"):
        with pytest.raises(PairingCodeInvalid) as raised:
            trade(world, code)
        messages.add(str(raised.value))
    assert len(messages) == 1


@pytest.mark.parametrize("nth", range(1, 9))
@pytest.mark.parametrize("before", [True, False])
def test_a_crash_at_any_store_call_strands_no_device_that_sent_a_nonce(
    world: FakeWorld, nth: int, before: bool
) -> None:
    code = pair(world).pairing_code
    crashes = Crashes()
    mortal = world.mortal(crashes)
    (crashes.before if before else crashes.after)(nth)
    with suppress(SimulatedCrash):
        trade(mortal, code, NONCE)
    done = trade(world, code, NONCE)
    authenticate(str(done.token), devices=world.devices, peppers=world.peppers, clock=world.clock)


def test_guesses_are_limited_per_source_and_not_for_others(world: FakeWorld) -> None:
    def guess() -> None:
        with suppress(PairingCodeInvalid):
            trade(world, "00000-00000", source="192.0.2.66")

    for _ in range(GUESS_RATE.burst):
        guess()
    with pytest.raises(RateLimited) as raised:
        guess()
    assert raised.value.retry_after_s >= 1
    assert trade(world, pair(world).pairing_code, source="192.0.2.1").device.owner_id == OWNER


class _WritesTwice:
    """A client that lost the answer of a write and sent it again."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def create(self, new: Any) -> None:
        self._store.create(new)
        self._store.create(new)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_pairing_survives_writes_that_were_sent_twice(world: FakeWorld) -> None:
    twice = replace(
        world,
        devices=cast(FakeDevices, _WritesTwice(world.devices)),
        pairings=cast(FakePairings, _WritesTwice(world.pairings)),
    )
    assert trade(world, pair(twice).pairing_code).device.owner_id == OWNER


def test_pairing_again_keeps_identity_and_seq_and_ends_the_old_token(world: FakeWorld) -> None:
    device, old_token = new_device(world)
    accept_image(device, tiny_jpeg(1), Seq(41), None, stores=world, keys=world.receipt_keys, clock=world.clock)
    world.clock.advance(60)
    again = pair_again(
        OWNER,
        device.device_id,
        stores=world,
        peppers=world.peppers,
        clock=world.clock,
        entropy=world.entropy,
    )
    done = trade(world, again.pairing_code)
    assert done.device.device_id == device.device_id
    assert done.next_seq == 42
    with pytest.raises(Exception, match="not valid"):
        authenticate(old_token, devices=world.devices, peppers=world.peppers, clock=world.clock)


def test_pairing_again_is_for_the_owner_alone(world: FakeWorld) -> None:
    device, _ = new_device(world)
    for owner, device_id in ((STRANGER, device.device_id), (OWNER, DeviceId("unknown"))):
        with pytest.raises(NotFound):
            pair_again(
                owner,
                device_id,
                stores=world,
                peppers=world.peppers,
                clock=world.clock,
                entropy=world.entropy,
            )


def test_revoking_a_device_ends_codes_that_were_made_before(world: FakeWorld) -> None:
    device, _ = new_device(world)
    world.clock.advance(60)
    code = pair_again(
        OWNER,
        device.device_id,
        stores=world,
        peppers=world.peppers,
        clock=world.clock,
        entropy=world.entropy,
    ).pairing_code
    world.clock.advance(60)
    revoke(OWNER, device.device_id, devices=world.devices, clock=world.clock)
    with pytest.raises(PairingCodeInvalid):
        trade(world, code, NONCE)
    assert stored_device(world, device.device_id).is_revoked


def test_pairing_again_after_a_revocation_brings_the_device_back(world: FakeWorld) -> None:
    device, _ = new_device(world)
    revoke(OWNER, device.device_id, devices=world.devices, clock=world.clock)
    world.clock.advance(1)
    code = pair_again(
        OWNER,
        device.device_id,
        stores=world,
        peppers=world.peppers,
        clock=world.clock,
        entropy=world.entropy,
    ).pairing_code
    assert not trade(world, code).device.is_revoked


def test_a_late_repeat_of_an_activation_does_not_bring_a_rotated_token_back(world: FakeWorld) -> None:
    code = pair(world).pairing_code
    first = trade(world, code, NONCE)
    rotated = rotate_token(first.device, devices=world.devices, peppers=world.peppers)
    authenticate(str(rotated), devices=world.devices, peppers=world.peppers, clock=world.clock)
    trade(world, code, NONCE)
    authenticate(str(rotated), devices=world.devices, peppers=world.peppers, clock=world.clock)


def test_a_lost_reply_is_answered_the_same_after_the_pepper_was_rotated(world: FakeWorld) -> None:
    code = pair(world).pairing_code
    first = trade(world, code, NONCE)
    rotated = replace(world, peppers=Peppers("p2", {**world.peppers.by_id, "p2": bytes(range(1, 33))}))
    assert trade(rotated, code, NONCE).token == first.token
    authenticate(str(first.token), devices=rotated.devices, peppers=rotated.peppers, clock=rotated.clock)
