"""ConflictStore, in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.ids import MAX_SEQ, DeviceId, Seq
from chalicelib.wire import object_keys
from tests.contract.conftest import Stores, new_device_id

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHA256 = "ab" * 32


def alone(device_id: DeviceId, seq: int, minute: int = 0) -> Conflict:
    key = object_keys.conflict(device_id, Seq(seq), SHA256)
    return Conflict(device_id, Seq(seq), key, SHA256, NOON + minute * MINUTE, 81_234)


def packed(device_id: DeviceId, seq: int, minute: int = 0) -> Conflict:
    key = object_keys.pack(device_id, Seq(0), Seq(99), SHA256)
    return replace(alone(device_id, seq, minute), object_key=key, offset=512, is_gone=minute > 0)


def of_device(stores: Stores, device_id: DeviceId) -> list[Conflict]:
    return sorted(stores.conflicts.of_device(device_id), key=lambda one: (one.object_key, one.seq))


def kept(stores: Stores, *conflicts: Conflict) -> None:
    for conflict in conflicts:
        stores.conflicts.keep(conflict)


def test_what_is_kept_comes_back(stores: Stores, device_id: DeviceId) -> None:
    conflicts = [alone(device_id, MAX_SEQ), packed(device_id, 1), packed(device_id, 2)]
    kept(stores, *conflicts)

    assert of_device(stores, device_id) == conflicts


def test_of_one_object_and_seq_the_latest_word_counts(stores: Stores, device_id: DeviceId) -> None:
    kept(stores, packed(device_id, 1), packed(device_id, 1, 30))

    assert of_device(stores, device_id) == [packed(device_id, 1, 30)]


def test_what_is_dropped_is_gone_and_can_be_dropped_again(stores: Stores, device_id: DeviceId) -> None:
    kept(stores, alone(device_id, 1), packed(device_id, 1), packed(device_id, 2))

    for _ in range(2):
        stores.conflicts.drop(packed(device_id, 1, 30))

    assert of_device(stores, device_id) == [alone(device_id, 1), packed(device_id, 2)]


def test_a_conflict_stands_beside_what_else_the_inbox_holds(stores: Stores, device_id: DeviceId) -> None:
    other = new_device_id()
    stores.ranges.add_evicted(device_id, Seq(1), Seq(2), NOON)
    stores.inbox.remember_upload(device_id, SHA256, Seq(3))
    kept(stores, alone(device_id, 1), alone(other, 2))

    assert of_device(stores, device_id) == [alone(device_id, 1)]
    assert of_device(stores, other) == [alone(other, 2)]
