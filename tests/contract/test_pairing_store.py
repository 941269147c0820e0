"""PairingStore, in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.domain.pairing import Pairing
from chalicelib.domain.storage import Changed
from tests.contract.conftest import Cloud, Stores, on_moto
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
KEY = "pairing#" + "ab" * 32


@pytest.fixture
def pairing(device_id: DeviceId, owner_id: OwnerId) -> Pairing:
    return Pairing(KEY, device_id, owner_id, expires_at=NOW + timedelta(minutes=10))


def used(pairing: Pairing, nonce_key: str | None = "nonce#1") -> Pairing:
    return replace(pairing, used_at=NOW, nonce_key=nonce_key, pepper_id="p1")


def test_an_unknown_code_is_none(stores: Stores) -> None:
    assert stores.pairings.get(KEY) is None


def test_a_pairing_comes_back_as_it_was_created(stores: Stores, pairing: Pairing) -> None:
    stores.pairings.create(pairing)

    assert stores.pairings.get(KEY) == pairing


def test_a_code_that_is_taken_is_not_given_again(stores: Stores, pairing: Pairing) -> None:
    stores.pairings.create(pairing)

    with pytest.raises(Changed) as lost:
        stores.pairings.create(replace(pairing, owner_id=OwnerId("owner-2")))

    assert lost.value.stored == pairing
    assert stores.pairings.get(KEY) == pairing


@pytest.mark.parametrize("nonce_key", ["nonce#1", None])
def test_a_used_pairing_tells_by_whom(stores: Stores, pairing: Pairing, nonce_key: str | None) -> None:
    stores.pairings.create(pairing)
    stores.pairings.use(used(pairing, nonce_key))

    assert stores.pairings.get(KEY) == used(pairing, nonce_key)


def test_of_two_uses_one_wins_and_the_other_learns_of_it(stores: Stores, pairing: Pairing) -> None:
    stores.pairings.create(pairing)
    stores.pairings.use(used(pairing, "nonce#1"))

    with pytest.raises(Changed) as lost:
        stores.pairings.use(used(pairing, "nonce#2"))

    assert lost.value.stored == used(pairing, "nonce#1")
    assert stores.pairings.get(KEY) == used(pairing, "nonce#1")


def test_the_same_use_again_loses_too(stores: Stores, pairing: Pairing) -> None:
    stores.pairings.create(pairing)
    stores.pairings.use(used(pairing, None))

    with pytest.raises(Changed):
        stores.pairings.use(used(pairing, None))


def test_using_a_code_that_does_not_exist_makes_none(stores: Stores, pairing: Pairing) -> None:
    with pytest.raises(Changed) as lost:
        stores.pairings.use(used(pairing))

    assert lost.value.stored is None
    assert stores.pairings.get(KEY) is None


def test_a_pairing_says_to_dynamodb_when_it_may_be_removed(cloud: Cloud, pairing: Pairing) -> None:
    on_moto(cloud, FakeClock()).pairings.create(pairing)

    (row,) = cloud.dynamodb.scan(TableName=cloud.outputs.pairings_table)["Items"]
    assert row["expires_at_s"] == {"N": str(int((NOW + timedelta(minutes=10)).timestamp()) + 1)}
