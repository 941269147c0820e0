"""ItemStore, in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.ids import MAX_SEQ, DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item, ItemStatus, new_item
from chalicelib.domain.storage import Changed
from chalicelib.wire import object_keys
from infra.local.metering import size_bytes
from tests.contract.conftest import Cloud, Stores, new_device_id

NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OWNER = OwnerId("owner-1")


def an_item(device_id: DeviceId, seq: int = 1, at: datetime = NOW) -> Item:
    key = f"devices/{device_id}/2026/05/04/{seq:016d}-cam.jpg"
    return new_item(device_id, Seq(seq), OWNER, key, CaptureTime(at, Confidence.NTP), at)


def a_full_item(device_id: DeviceId, seq: int = 1) -> Item:
    return replace(
        an_item(device_id, seq),
        status=ItemStatus.REJECTED,
        captured=CaptureTime(NOW - MINUTE, Confidence.RECEIVED, is_guess=True),
        version_id="3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
        size_bytes=0,
        sha256="ab" * 32,
        claimed_sha256="cd" * 32,
        claimed_at=NOW,
        stored_at=NOW,
        processed_at=NOW,
        deleted_at=NOW,
        width=1600,
        height=1200,
        thumbnail_key=f"devices/{device_id}/thumbnails/{seq:016d}.jpg",
        reject_reason="",
        attempts=3,
    )


def settled(stores: Stores, item: Item) -> Item:
    return stores.items.put(item.settled())


def test_an_unknown_seq_is_none(stores: Stores, device_id: DeviceId) -> None:
    stores.items.put(an_item(device_id, 2))

    assert stores.items.get(device_id, Seq(1)) is None


def test_a_new_item_comes_back_with_rev_1(stores: Stores, device_id: DeviceId) -> None:
    written = stores.items.put(an_item(device_id))

    assert written == replace(an_item(device_id), rev=1)
    assert stores.items.get(device_id, Seq(1)) == written


def test_an_item_comes_back_with_all_that_is_known(stores: Stores, device_id: DeviceId) -> None:
    written = stores.items.put(a_full_item(device_id))

    assert stores.items.get(device_id, Seq(1)) == written


@pytest.mark.parametrize("seq", [0, 1, 2**31, 2**32, MAX_SEQ - 1, MAX_SEQ])
def test_seqs_are_exact_from_0_to_the_largest(stores: Stores, device_id: DeviceId, seq: int) -> None:
    stores.items.put(an_item(device_id, seq))

    found = stores.items.get(device_id, Seq(seq))
    assert found is not None
    assert found.seq == seq
    assert stores.items.last_seq(device_id) == seq


def test_an_item_is_replaced_whole(stores: Stores, device_id: DeviceId) -> None:
    first = stores.items.put(a_full_item(device_id))

    second = stores.items.put(replace(an_item(device_id), rev=first.rev))

    assert second == replace(an_item(device_id), rev=2)
    assert stores.items.get(device_id, Seq(1)) == second


def test_a_second_new_item_loses_and_learns_the_first(stores: Stores, device_id: DeviceId) -> None:
    first = stores.items.put(a_full_item(device_id))

    with pytest.raises(Changed) as lost:
        stores.items.put(an_item(device_id))

    assert lost.value.stored == first
    assert stores.items.get(device_id, Seq(1)) == first


def test_of_two_writers_that_read_the_same_one_wins(stores: Stores, device_id: DeviceId) -> None:
    read = stores.items.put(an_item(device_id))
    winner = stores.items.put(replace(read, attempts=1))

    with pytest.raises(Changed) as lost:
        stores.items.put(replace(read, attempts=2))

    assert lost.value.stored == winner


def test_changing_an_item_that_is_not_there_makes_none(stores: Stores, device_id: DeviceId) -> None:
    with pytest.raises(Changed) as lost:
        stores.items.put(replace(an_item(device_id), rev=4))

    assert lost.value.stored is None
    assert stores.items.get(device_id, Seq(1)) is None


def test_many_are_read_at_once(stores: Stores, device_id: DeviceId) -> None:
    written = {seq: stores.items.put(an_item(device_id, seq)) for seq in range(120)}

    found = stores.items.get_many([(device_id, Seq(seq)) for seq in range(130)])

    assert {item.seq: item for item in found} == written
    assert len(found) == 120


def test_many_may_be_of_several_devices_and_named_twice(stores: Stores) -> None:
    items = [stores.items.put(an_item(new_device_id(), 7)) for _ in range(3)]
    keys = [(item.device_id, item.seq) for item in items]

    found = stores.items.get_many([*keys, *keys])

    assert sorted(found, key=lambda item: item.device_id) == items


def test_many_of_none_are_none(stores: Stores) -> None:
    assert stores.items.get_many([]) == []


def test_a_range_has_both_its_ends_in_the_order_of_seq_and_no_other_devices_items(stores: Stores) -> None:
    first, second = new_device_id(), new_device_id()
    mine = {seq: stores.items.put(an_item(first, seq)) for seq in (5, 1, 3, 9)}
    stores.items.put(an_item(second, 3))

    assert stores.items.range(first, Seq(1), Seq(5)) == [mine[1], mine[3], mine[5]]
    assert stores.items.range(first, Seq(9), Seq(9)) == [mine[9]]
    assert stores.items.range(first, Seq(6), Seq(8)) == []


def test_the_last_seq_is_the_largest_of_that_device(stores: Stores, device_id: DeviceId) -> None:
    for seq in (9, 1000, 99):
        stores.items.put(an_item(device_id, seq))
    stores.items.put(an_item(new_device_id(), 5000))

    assert stores.items.last_seq(device_id) == 1000


def test_a_device_without_items_has_no_last_seq(stores: Stores, device_id: DeviceId) -> None:
    assert stores.items.last_seq(device_id) is None


def test_what_waits_is_found_longest_first(stores: Stores, device_id: DeviceId) -> None:
    other = new_device_id()
    for owner, seq, minutes in ((device_id, 1, 3), (other, 2, 1), (device_id, 3, 2)):
        stores.items.put(an_item(owner, seq, NOW + minutes * MINUTE))

    assert stores.items.pending(NOW + 10 * MINUTE, 10) == [(other, 2), (device_id, 3), (device_id, 1)]


def test_what_has_not_waited_long_enough_is_left_out(stores: Stores, device_id: DeviceId) -> None:
    stores.items.put(an_item(device_id, 1, NOW))
    stores.items.put(an_item(device_id, 2, NOW + MINUTE))

    assert stores.items.pending(NOW, 10) == []
    assert stores.items.pending(NOW + MINUTE, 10) == [(device_id, 1)]


def test_no_more_are_found_than_asked_for(stores: Stores, device_id: DeviceId) -> None:
    for seq in range(5):
        stores.items.put(an_item(device_id, seq, NOW + seq * MINUTE))

    assert stores.items.pending(NOW + 10 * MINUTE, 2) == [(device_id, 0), (device_id, 1)]


def test_what_is_settled_waits_no_more(stores: Stores, device_id: DeviceId) -> None:
    written = stores.items.put(an_item(device_id))

    settled(stores, written)

    assert stores.items.pending(NOW + MINUTE, 10) == []


def test_what_never_waited_is_not_found(stores: Stores, device_id: DeviceId) -> None:
    settled(stores, a_full_item(device_id))

    assert stores.items.pending(NOW + MINUTE, 10) == []


def test_a_tombstone_waits_until_its_bytes_are_gone(stores: Stores, device_id: DeviceId) -> None:
    held = settled(stores, a_full_item(device_id))
    tombstone = stores.items.put(held.deleted(NOW + MINUTE))

    assert stores.items.pending(NOW + 2 * MINUTE, 10) == [(device_id, 1)]
    settled(stores, tombstone)
    assert stores.items.pending(NOW + 2 * MINUTE, 10) == []


def test_an_item_of_a_pack_fits_into_one_write_unit(cloud: Cloud, device_id: DeviceId) -> None:
    """Whatever is known of it, and also once it is deleted; AWS counts 1,024 bytes for a unit."""
    named = object_keys.PackKey(device_id, Seq(MAX_SEQ - 1), Seq(MAX_SEQ), "0123456789ab")
    captured = CaptureTime(NOW, Confidence.RECEIVED, is_guess=True, earliest=NOW, latest=NOW)
    item = replace(
        a_full_item(device_id, MAX_SEQ),
        owner_id=OwnerId("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70"),
        object_key=named.object_key,
        captured=captured,
        version_id=None,
        offset=64 * 2**20,
        size_bytes=32 * 2**20,
        boot_id="0123456789abcdef",
        thumbnail_key=object_keys.late_thumbnail(named, Seq(MAX_SEQ)),
        thumbnail_offset=2**20,
        thumbnail_length=2**16,
        reject_reason="processing_failed",
        rev=0,
    )

    stored = cloud.items().put(item)

    table = cloud.outputs.items_table
    row = cloud.dynamodb.get_item(TableName=table, Key={"device_id": {"S": device_id}, "seq": {"N": str(MAX_SEQ)}})
    assert cloud.items().get(device_id, Seq(MAX_SEQ)) == stored
    assert size_bytes(row["Item"]) <= 1024
