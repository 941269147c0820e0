from __future__ import annotations

from hashlib import sha256

from chalicelib import imaging
from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.device import Device
from chalicelib.domain.item import ItemStatus
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from tests.fakes.world import FakeWorld
from tests.services.pack_scene import bytes_of, item_of, process, shots, taken_at, thumbnail_of, upload
from tests.tiny_jpegs import tiny_jpeg

SEQS = (3, 4, 7)


def test_every_capture_of_a_pack_becomes_an_item_with_its_place_in_it(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))

    done = process(world, named)

    assert [one.outcome for one in done.captures] == [Outcome.PROCESSED] * 3
    for seq in SEQS:
        item = item_of(world, device, seq)
        assert (item.status, item.object_key, item.version_id) == (ItemStatus.PROCESSED, named.object_key, None)
        assert (item.captured.at, item.captured.confidence) == (taken_at(seq), Confidence.NTP)
        assert bytes_of(world, item) == tiny_jpeg(seq)
        assert item.sha256 == sha256(tiny_jpeg(seq)).hexdigest()
        assert item.pending_since is None


def test_the_thumbnails_of_a_pack_are_one_object(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, shots(SEQS))

    process(world, named)

    assert world.derived.keys() == [object_keys.pack_thumbnails(named)]
    for seq in SEQS:
        assert thumbnail_of(world, item_of(world, device, seq)) == imaging.examine(tiny_jpeg(seq)).thumbnail
