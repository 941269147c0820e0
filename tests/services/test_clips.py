"""A clip's way: like a photo's, but that only its beginning is read."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib import clips
from chalicelib.domain.device import Device
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ids import Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.receipts import ReceiptState
from chalicelib.services.deleting import delete_item
from chalicelib.services.forgetting import forget
from chalicelib.services.gallery import page_of_items
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import reconcile
from chalicelib.services.uploads import Claim, Confirmed, UploadRequest, accept_image, confirm, issue_upload
from chalicelib.services.usage import month_of, usage
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from chalicelib.wire.fields import MAX_CLIP_BYTES
from tests.clips import clip
from tests.fakes.objects import FakeCaptures
from tests.fakes.world import FakeWorld
from tests.pictures import photo
from tests.services.conftest import OWNER
from tests.tiny_jpegs import cut_jpeg, tiny_jpeg

SEQ = Seq(7)
POSTER = photo(640, 480)
CLIP, OTHER = clip(1280, 720, 10_000, POSTER), clip(1280, 720, 20_000, POSTER)
LONG = clip(poster=POSTER, media=bytes(clips.MAX_START_BYTES))


def sent(world: FakeWorld, device: Device, mp4: bytes, name: str = "clip.mp4", *, hashes: bool = True) -> str:
    """Uploaded, and neither confirmed nor processed. Gives its object key."""
    digest = sha256(mp4).hexdigest() if hashes else None
    wanted = UploadRequest(name, "video/mp4", SEQ, sha256=digest, size_bytes=len(mp4) if hashes else None)
    issued = issue_upload(device, wanted, stores=world, signer=world.upload_signer, keys=world.receipt_keys)
    assert issued.target.headers["Content-Type"] == "video/mp4"
    assert world.captures.upload(issued.object_key, mp4, digest, if_none_match=False)
    return issued.object_key


class StartsAlone:
    """A bucket of which no object may be read whole."""

    def __init__(self, captures: FakeCaptures) -> None:
        self._captures = captures

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> None:
        raise AssertionError

    def __getattr__(self, name: str) -> object:
        return getattr(self._captures, name)


def process(world: FakeWorld, key: str) -> Outcome:
    return process_object(key, None, stores=world, clock=world.clock).outcome


def confirmed(world: FakeWorld, device: Device, key: str, mp4: bytes) -> Confirmed:
    claim = Claim(key, SEQ, sha256=sha256(mp4).hexdigest())
    return confirm(device, claim, stores=world, keys=world.receipt_keys, clock=world.clock)


def item_of(world: FakeWorld, device: Device) -> Item:
    item = world.items.get(device.device_id, SEQ)
    assert item is not None
    return item


def test_a_clip_becomes_an_item_that_tells_its_length_with_its_poster_for_a_thumbnail(
    world: FakeWorld, device: Device
) -> None:
    key = sent(world, device, CLIP)
    assert process(world, key) is Outcome.PROCESSED
    item = item_of(world, device)
    assert (item.status, item.content_type) == (ItemStatus.PROCESSED, "video/mp4")
    assert (item.width, item.height, item.duration_ms) == (1280, 720, 10_000)
    assert (item.sha256, item.size_bytes) == (sha256(CLIP).hexdigest(), len(CLIP))
    assert world.derived.keys() == [item.thumbnail_key] == [object_keys.thumbnail(device.device_id, SEQ)]
    page = page_of_items(OWNER, device_id=None, since=None, until=None, limit=50, cursor=None, stores=world)
    assert list(page.entries) == [item]


def test_a_clip_is_a_photo_to_the_month_it_was_taken_in(world: FakeWorld, device: Device) -> None:
    process(world, sent(world, device, CLIP))
    (told,) = usage(OWNER, month_of(item_of(world, device).captured.at), stores=world)
    assert (told.photos, told.objects, told.size_bytes) == (1, 1, len(CLIP))


@pytest.mark.parametrize("poster", [None, cut_jpeg(1), b"no picture"])
def test_a_clip_without_a_good_poster_is_shown_without_a_thumbnail(
    world: FakeWorld, device: Device, poster: bytes | None
) -> None:
    assert process(world, sent(world, device, clip(poster=poster))) is Outcome.PROCESSED
    assert (item_of(world, device).thumbnail_key, world.derived.keys()) == (None, [])


@pytest.mark.parametrize(
    ("mp4", "reason"),
    [
        (b"", "empty"),
        (tiny_jpeg(1), "not_an_mp4"),
        (clip()[:-1], "truncated"),
        (clip(handler=b"soun"), "no_video_track"),
        (bytes(MAX_CLIP_BYTES + 1), "too_large"),
    ],
)
@pytest.mark.parametrize("hashes", [True, False])
def test_what_is_no_clip_is_rejected_with_a_reason_and_kept(
    world: FakeWorld, device: Device, mp4: bytes, reason: str, hashes: bool
) -> None:
    key = object_keys.single(device.device_id, SEQ, "clip.mp4", None)
    world.captures.upload(key, mp4, sha256(mp4).hexdigest() if hashes else None)
    assert process(world, key) is Outcome.REJECTED
    assert item_of(world, device).reject_reason == reason
    assert world.captures.bodies() == {key: [mp4]}


def test_of_a_clip_whose_sha256_s3_knows_only_the_start_is_read(world: FakeWorld, device: Device) -> None:
    seen = replace(world, captures=StartsAlone(world.captures))  # type: ignore[arg-type]
    assert process(seen, sent(world, device, LONG)) is Outcome.PROCESSED
    assert (item_of(world, device).sha256, item_of(world, device).size_bytes) == (sha256(LONG).hexdigest(), len(LONG))


def test_a_clip_of_a_device_that_cannot_hash_gets_its_receipt_once_it_was_read(
    world: FakeWorld, device: Device
) -> None:
    key = sent(world, device, LONG, hashes=False)
    assert confirmed(world, device, key, LONG).receipt is None
    process(world, key)
    assert confirmed(world, device, key, LONG).receipt is not None


def test_a_clip_gets_its_receipt_before_it_is_processed(world: FakeWorld, device: Device) -> None:
    told = confirmed(world, device, sent(world, device, CLIP), CLIP)
    assert told.receipt is not None
    assert told.receipt.state is ReceiptState.HELD


def test_a_clip_whose_event_was_lost_is_found(world: FakeWorld, device: Device) -> None:
    sent(world, device, CLIP)
    world.clock.advance(16 * 60)
    assert reconcile(stores=world, clock=world.clock).counts == {"found_processed": 1}
    assert item_of(world, device).duration_ms == 10_000


def test_another_clip_for_a_held_seq_is_set_aside_as_a_clip(world: FakeWorld, device: Device) -> None:
    process(world, sent(world, device, CLIP))
    other = object_keys.single(device.device_id, SEQ, "other.mp4", None)
    world.captures.upload(other, OTHER, sha256(OTHER).hexdigest())
    assert process(world, other) is Outcome.CONFLICT
    aside = object_keys.conflict(device.device_id, SEQ, sha256(OTHER).hexdigest(), is_clip=True)
    assert aside.endswith(".mp4")
    assert world.captures.bodies()[aside] == [OTHER]
    assert item_of(world, device).duration_ms == 10_000
    assert len(world.derived.keys()) == 1


def test_a_clip_and_a_photo_do_not_share_a_seq(world: FakeWorld, device: Device) -> None:
    process(world, sent(world, device, CLIP))
    with pytest.raises(Conflict):
        accept_image(device, tiny_jpeg(1), SEQ, None, stores=world, keys=world.receipt_keys, clock=world.clock)


def test_a_photo_is_not_put_where_a_clip_is_awaited(world: FakeWorld, device: Device) -> None:
    key = object_keys.single(device.device_id, SEQ, "clip.mp4", None)
    confirm(device, Claim(key, SEQ), stores=world, keys=world.receipt_keys, clock=world.clock)
    with pytest.raises(Conflict):
        accept_image(device, tiny_jpeg(1), SEQ, None, stores=world, keys=world.receipt_keys, clock=world.clock)
    assert world.captures.keys() == []


@pytest.mark.parametrize("is_gone", [False, True])
def test_the_bytes_of_a_clip_under_the_name_of_a_photo_do_not_take_its_place(
    world: FakeWorld, device: Device, is_gone: bool
) -> None:
    key = sent(world, device, CLIP)
    process(world, key)
    if is_gone:
        world.captures.delete_all_versions(key)
    named_otherwise = object_keys.single(device.device_id, SEQ, "clip.jpg", None)
    world.captures.upload(named_otherwise, CLIP, sha256(CLIP).hexdigest())
    assert process(world, named_otherwise) is Outcome.CONFLICT
    assert (item_of(world, device).object_key, item_of(world, device).content_type) == (key, "video/mp4")


def test_the_same_clip_again_under_another_name_is_removed_and_takes_its_place_where_it_is_gone(
    world: FakeWorld, device: Device
) -> None:
    process(world, sent(world, device, CLIP))
    again = object_keys.single(device.device_id, SEQ, "again.mp4", None)
    world.captures.upload(again, CLIP, sha256(CLIP).hexdigest())
    assert process(world, again) is Outcome.COPY_REMOVED
    world.captures.delete_all_versions(item_of(world, device).object_key)
    world.captures.upload(again, CLIP, sha256(CLIP).hexdigest())
    assert process(world, again) is Outcome.RESTORED
    assert (item_of(world, device).object_key, item_of(world, device).duration_ms) == (again, 10_000)


def test_a_deleted_clip_is_gone_and_does_not_come_back(world: FakeWorld, device: Device) -> None:
    key = sent(world, device, CLIP)
    process(world, key)
    delete_item(OWNER, device.device_id, SEQ, stores=world, clock=world.clock)
    assert (world.captures.keys(), world.derived.keys()) == ([], [])
    world.captures.upload(key, CLIP, sha256(CLIP).hexdigest())
    assert process(world, key) is Outcome.PURGED
    assert (world.captures.keys(), world.derived.keys()) == ([], [])


def test_a_clip_is_forgotten_with_its_time(world: FakeWorld, device: Device) -> None:
    process(world, sent(world, device, CLIP))
    at = item_of(world, device).captured.at
    world.clock.advance(60)
    now = world.clock()
    forget(
        OWNER,
        device.device_id,
        at,
        now,
        stores=world,
        clock=world.clock,
        entropy=world.entropy,
        time_left=lambda: True,
    )
    assert (world.captures.keys(), world.derived.keys()) == ([], [])
