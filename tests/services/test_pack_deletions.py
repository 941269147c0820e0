from __future__ import annotations

from functools import partial

import pytest

from chalicelib import imaging
from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq
from chalicelib.domain.item import StoredObject
from chalicelib.services.deleting import delete_item
from chalicelib.services.processing import process_object
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from tests.fakes.crashes import Crashes
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER
from tests.services.pack_scene import (
    bytes_of,
    delete,
    item_of,
    outcomes,
    packed_photos,
    process,
    put_single,
    shots,
    shown,
    thumbnail_of,
    upload,
)
from tests.tiny_jpegs import tiny_jpeg

SEQS = (3, 4, 7)


def test_a_deleted_seq_that_comes_in_a_pack_is_purged_from_it(world: FakeWorld, device: Device) -> None:
    put_single(world, device, 4, tiny_jpeg(4))
    delete(world, device, 4)
    named = upload(world, device, shots(SEQS))

    assert outcomes(process(world, named)) == [Outcome.PROCESSED, Outcome.PURGED, Outcome.PROCESSED]

    assert packed_photos(world, named).keys() == {3, 7}
    thumbnails = world.derived.bodies()[object_keys.pack_thumbnails(named)]
    assert not any(imaging.examine(tiny_jpeg(4)).thumbnail in body for body in thumbnails)
    assert item_of(world, device, 4).is_deleted


def test_a_deletion_erases_the_photo_and_moves_nothing_else(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)
    before = world.captures.head(named.object_key)

    delete(world, device, 4)

    assert packed_photos(world, named).keys() == {3, 7}
    for seq in (3, 7):
        item = item_of(world, device, seq)
        assert bytes_of(world, item) == tiny_jpeg(seq)
        assert thumbnail_of(world, item) == imaging.examine(tiny_jpeg(seq)).thumbnail
    tombstone = item_of(world, device, 4)
    assert (tombstone.is_deleted, tombstone.pending_since) == (True, None)
    assert sum(thumbnail_of(world, tombstone)) == 0
    assert_sealed_as(before, world.captures.head(named.object_key))
    assert [(row.photos, row.deleted) for row in world.timeline.all()] == [(2, 1)]
    assert [item.seq for item in shown(world, device)] == [7, 3]


def assert_sealed_as(before: StoredObject | None, after: StoredObject | None) -> None:
    assert before is not None
    assert after is not None
    assert after.sha256 != after.sealed_sha256 == before.sha256
    assert (after.size_bytes, after.stored_at) == (before.size_bytes, before.stored_at)


@pytest.mark.parametrize("nth", range(1, 15))
def test_of_two_deletions_at_once_none_brings_back_the_others_photo(world: FakeWorld, device: Device, nth: int) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)
    crashes = Crashes()
    crashes.meanwhile(nth, partial(delete, world, device, 7))

    delete_item(OWNER, device.device_id, Seq(3), stores=world.mortal(crashes), clock=world.clock)
    delete(world, device, 7)

    assert packed_photos(world, named).keys() == {4}
    assert [(row.photos, row.deleted) for row in world.timeline.all()] == [(1, 2)]
    thumbnails = world.derived.bodies()[object_keys.pack_thumbnails(named)]
    assert len(thumbnails) == 1
    assert not any(imaging.examine(tiny_jpeg(seq)).thumbnail in thumbnails[0] for seq in (3, 7))


@pytest.mark.parametrize("nth", range(1, 10))
def test_a_photo_that_is_deleted_while_its_pack_is_processed_again_stays_deleted(
    world: FakeWorld, device: Device, nth: int
) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)
    crashes = Crashes()
    crashes.meanwhile(nth, partial(delete, world, device, 4))

    process_object(named.object_key, None, stores=world.mortal(crashes), clock=world.clock)
    delete(world, device, 4)

    assert packed_photos(world, named).keys() == {3, 7}
    assert [(row.photos, row.deleted) for row in world.timeline.all()] == [(2, 1)]


def test_a_rewritten_pack_is_not_examined_again(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)
    delete(world, device, 4)
    crashes = Crashes()

    done = process_object(named.object_key, None, stores=world.mortal(crashes), clock=world.clock)

    assert done.outcome is Outcome.ALREADY_DONE
    assert crashes.log == [
        "FakeDevices.glance",
        "FakeCaptures.fetch",
        "FakeCaptures.delete_old_versions",
        "FakeItems.range",
    ]


def test_all_photos_of_a_pack_can_be_deleted(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))
    process(world, named)

    for seq in SEQS:
        delete(world, device, seq)

    assert packed_photos(world, named) == {}
    assert shown(world, device) == []
    assert [(row.photos, row.deleted, row.size_bytes) for row in world.timeline.all()] == [(0, 3, 0)]
