from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from nacl.signing import SigningKey

from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.device import Device
from chalicelib.domain.errors import (
    BodyTooLarge,
    CapturedAtOutOfRange,
    Conflict,
    ContentTypeNotAllowed,
    ForeignObjectKey,
    InvalidFilename,
    InvalidParameter,
    NotAJpeg,
    ObjectKeyMismatch,
    SizeLimitExceeded,
)
from chalicelib.domain.ids import MAX_SEQ, Seq
from chalicelib.domain.item import ItemStatus
from chalicelib.domain.receipts import Receipt, ReceiptKeys, ReceiptState, signed_message
from chalicelib.services.deleting import delete_item
from chalicelib.services.processing import process_object
from chalicelib.services.receipts import receipt_for
from chalicelib.services.uploads import (
    MAX_DIRECT_BYTES,
    MAX_SINGLE_BYTES,
    Claim,
    Confirmed,
    UploadIssued,
    UploadRequest,
    accept_image,
    confirm,
    issue_upload,
)
from chalicelib.services.verdicts import Outcome
from chalicelib.wire.fields import MAX_CLIP_BYTES
from tests.fakes.crashes import Crashes
from tests.fakes.world import FakeWorld
from tests.pack_files import Shot
from tests.services.conftest import OWNER, new_device
from tests.services.pack_scene import upload
from tests.tiny_jpegs import not_a_jpeg, tiny_jpeg

PHOTO = tiny_jpeg(1)
DIGEST = sha256(PHOTO).hexdigest()
OTHER_DIGEST = sha256(tiny_jpeg(2)).hexdigest()


def issue(world: FakeWorld, device: Device, **wanted: object) -> UploadIssued:
    fields = {"filename": "photo.jpg", "content_type": "image/jpeg", "seq": Seq(7)} | wanted
    return issue_upload(
        device,
        UploadRequest(**fields),  # type: ignore[arg-type]
        stores=world,
        signer=world.upload_signer,
        keys=world.receipt_keys,
    )


def ingest(world: FakeWorld, device: Device, key: str, **claim: object) -> Confirmed:
    fields = {"object_key": key, "seq": Seq(7)} | claim
    return confirm(
        device,
        Claim(**fields),  # type: ignore[arg-type]
        stores=world,
        keys=world.receipt_keys,
        clock=world.clock,
    )


def post(world: FakeWorld, device: Device, body: bytes, seq: int | None, at: datetime | None = None) -> Confirmed:
    return accept_image(
        device,
        body,
        None if seq is None else Seq(seq),
        at,
        stores=world,
        keys=world.receipt_keys,
        clock=world.clock,
    )


def process(world: FakeWorld, key: str) -> Outcome:
    return process_object(key, None, stores=world, clock=world.clock).outcome


def put(world: FakeWorld, device: Device, body: bytes = PHOTO) -> str:
    key = issue(world, device, sha256=sha256(body).hexdigest(), size_bytes=len(body)).object_key
    assert world.captures.upload(key, body, sha256(body).hexdigest())
    return key


def test_an_upload_is_bound_to_all_that_the_device_names(world: FakeWorld, device: Device) -> None:
    assert set(issue(world, device).target.headers) == {"Content-Type", "If-None-Match"}
    assert set(issue(world, device, sha256=DIGEST, size_bytes=9).target.headers) == {
        "Content-Type",
        "Content-Length",
        "x-amz-checksum-sha256",
        "If-None-Match",
    }


@pytest.mark.parametrize(
    ("wanted", "folder"),
    [
        ({"captured_at": datetime(2026, 3, 9, 23, 59, tzinfo=UTC)}, "2026/03/09"),
        ({"filename": "2025-12-26T10-15-30Z_000123.jpg"}, "2025/12/26"),
        ({"filename": "IMG_20251226_101530.jpg"}, "2025/12/26"),
        ({"filename": "photo.jpg"}, "undated"),
    ],
)
def test_the_same_request_always_gets_the_same_key(
    world: FakeWorld, device: Device, wanted: dict[str, object], folder: str
) -> None:
    key = issue(world, device, **wanted).object_key
    world.clock.advance(86_400)
    assert issue(world, device, **wanted).object_key == key
    assert key.startswith(f"devices/{device.device_id}/{folder}/0000000000000007-")


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"filename": "../../x.jpg"}, InvalidFilename),
        ({"filename": "a..jpg"}, InvalidFilename),
        ({"filename": "a/b.jpg"}, InvalidFilename),
        ({"filename": "photo\n.jpg"}, InvalidFilename),
        ({"filename": "foto-ä.jpg"}, InvalidFilename),
        ({"filename": ".hidden"}, InvalidFilename),
        ({"filename": "x" * 101}, InvalidFilename),
        ({"content_type": "text/html"}, ContentTypeNotAllowed),
        ({"content_type": "video/mp4"}, ContentTypeNotAllowed),
        ({"filename": "clip.mp4"}, ContentTypeNotAllowed),
        ({"size_bytes": MAX_SINGLE_BYTES + 1}, SizeLimitExceeded),
        ({"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": MAX_CLIP_BYTES + 1}, SizeLimitExceeded),
    ],
)
def test_what_cannot_be_uploaded_gets_no_url(
    world: FakeWorld, device: Device, wanted: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        issue(world, device, **wanted)


def test_a_capture_that_is_held_needs_no_second_upload_and_gets_its_receipt(world: FakeWorld, device: Device) -> None:
    ingest(world, device, put(world, device), sha256=DIGEST)
    issued = issue(world, device, sha256=DIGEST)
    assert issued.held is not None
    assert issued.receipt is not None
    assert issued.receipt.state is ReceiptState.HELD


def test_the_first_ingest_is_queued_and_a_replay_is_a_duplicate_with_the_same_item(
    world: FakeWorld, device: Device
) -> None:
    key = put(world, device)
    first = ingest(world, device, key, sha256=DIGEST)
    again = ingest(world, device, key, sha256=DIGEST)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.item.item_id == again.item.item_id


def test_the_first_ingest_is_queued_even_if_processing_was_quicker(world: FakeWorld, device: Device) -> None:
    key = put(world, device)
    process(world, key)
    assert not ingest(world, device, key).duplicate
    assert ingest(world, device, key).duplicate


def test_another_sha256_for_a_taken_seq_is_a_conflict_that_names_a_free_seq(world: FakeWorld, device: Device) -> None:
    key = put(world, device)
    ingest(world, device, key, sha256=DIGEST)
    with pytest.raises(Conflict) as at_ingest:
        ingest(world, device, key, sha256=OTHER_DIGEST)
    with pytest.raises(Conflict) as at_upload:
        issue(world, device, sha256=OTHER_DIGEST)
    with pytest.raises(Conflict):
        post(world, device, tiny_jpeg(2), 7)
    assert at_ingest.value.next_seq == at_upload.value.next_seq == 8
    assert world.captures.bodies() == {key: [PHOTO]}


def test_a_claim_for_other_bytes_than_lie_under_the_key_spoils_neither(world: FakeWorld, device: Device) -> None:
    """A device whose seq went back: its old photo is in the bucket, and no event has told of it yet."""
    key = put(world, device)
    with pytest.raises(Conflict) as raised:
        ingest(world, device, key, sha256=OTHER_DIGEST)
    assert raised.value.next_seq == 8
    assert process(world, key) is Outcome.PROCESSED
    assert ingest(world, device, key, sha256=DIGEST).receipt is not None


def test_a_receipt_is_given_only_for_the_bytes_that_the_device_named(world: FakeWorld, device: Device) -> None:
    key = issue(world, device).object_key
    assert ingest(world, device, key, sha256=DIGEST).receipt is None
    world.captures.upload(key, PHOTO)
    assert ingest(world, device, key, sha256=DIGEST).receipt is None
    process(world, key)
    receipt = ingest(world, device, key, sha256=DIGEST).receipt
    assert isinstance(receipt, Receipt)
    assert (receipt.sha256, receipt.size_bytes, receipt.object_key) == (DIGEST, len(PHOTO), key)


def test_an_ingest_before_the_object_waits_for_it(world: FakeWorld, device: Device) -> None:
    key = issue(world, device).object_key
    done = ingest(world, device, key)
    assert (done.item.status, done.receipt) == (ItemStatus.AWAITING_OBJECT, None)
    world.captures.upload(key, PHOTO)
    assert process(world, key) is Outcome.PROCESSED


def test_an_object_key_of_another_device_or_another_seq_is_refused(world: FakeWorld, device: Device) -> None:
    other, _ = new_device(world)
    key = issue(world, device).object_key
    with pytest.raises(ForeignObjectKey):
        ingest(world, other, key)
    for wrong in (key.replace("0007-", "0008-"), f"devices/{device.device_id}/x", key.replace("/undated/", "/../")):
        with pytest.raises(ObjectKeyMismatch):
            ingest(world, device, wrong)


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)])
def test_an_impossible_time_is_an_error_from_a_synced_clock_and_the_receipt_from_another(
    world: FakeWorld, device: Device, at: datetime
) -> None:
    key = put(world, device)
    with pytest.raises(CapturedAtOutOfRange):
        ingest(world, device, key, captured_at=at, ntp_synced=True)
    captured = ingest(world, device, key, captured_at=at).item.captured
    assert (captured.at, captured.confidence) == (world.clock(), Confidence.RECEIVED)


def test_a_better_known_time_replaces_a_worse_one_and_never_the_other_way(world: FakeWorld, device: Device) -> None:
    key = put(world, device)
    process(world, key)
    true_time = world.clock() - timedelta(days=3)
    ingest(world, device, key, captured_at=true_time, ntp_synced=True)
    item = ingest(world, device, key, captured_at=world.clock(), ntp_synced=False).item
    assert (item.captured.at, item.captured.confidence) == (true_time, Confidence.NTP)


def test_a_word_of_the_device_replaces_a_guess_of_the_same_confidence(world: FakeWorld, device: Device) -> None:
    key = put(world, device)
    process(world, key)
    told = world.clock() - timedelta(days=3)
    captured = ingest(world, device, key, captured_at=told).item.captured
    assert (captured.at, captured.confidence) == (told, Confidence.RECEIVED)


def test_a_receipt_is_signed_by_the_current_key_of_several(world: FakeWorld, device: Device) -> None:
    item = ingest(world, device, put(world, device), sha256=DIGEST).item
    seeds = {**world.receipt_keys.seeds, "r2": bytes(32)}
    receipt = receipt_for(item, DIGEST, ReceiptKeys("r2", seeds), world.captures)
    assert receipt is not None
    message = signed_message("held", "r2", item.device_id, item.object_key, len(PHOTO), DIGEST)
    SigningKey(bytes(32)).verify_key.verify(message, b64decode(receipt.signature))


def test_a_posted_image_without_a_seq_gets_one_and_the_same_bytes_get_it_again(
    world: FakeWorld, device: Device
) -> None:
    first, again, other = (post(world, device, body, None) for body in (PHOTO, PHOTO, tiny_jpeg(2)))
    assert (first.duplicate, again.duplicate, other.duplicate) == (False, True, False)
    assert first.item.seq == again.item.seq != other.item.seq
    assert first.receipt == again.receipt is not None


def test_an_allotted_seq_lies_above_every_seq_that_is_taken(world: FakeWorld, device: Device) -> None:
    post(world, device, PHOTO, 500)
    assert post(world, device, tiny_jpeg(2), None).item.seq == 501


def test_a_device_that_has_used_the_last_seq_is_told_so_and_nothing_is_stored(world: FakeWorld, device: Device) -> None:
    post(world, device, PHOTO, MAX_SEQ)
    before = world.captures.bodies()
    for _ in range(2):
        with pytest.raises(InvalidParameter):
            post(world, device, tiny_jpeg(3), None)
    with pytest.raises(InvalidParameter):
        issue(world, device, seq=MAX_SEQ, sha256=OTHER_DIGEST)
    assert world.captures.bodies() == before


def test_a_posted_body_that_is_no_jpeg_or_too_large_stores_nothing(world: FakeWorld, device: Device) -> None:
    for body, error in ((not_a_jpeg(1), NotAJpeg), (b"", NotAJpeg), (PHOTO + bytes(MAX_DIRECT_BYTES), BodyTooLarge)):
        with pytest.raises(error):
            post(world, device, body, None)
    assert world.captures.bodies() == {}


def test_a_posted_image_never_takes_the_place_of_bytes_that_were_put_under_its_key(
    world: FakeWorld, device: Device
) -> None:
    key = issue(world, device, filename="image.jpg").object_key
    world.captures.upload(key, tiny_jpeg(2))
    with pytest.raises(Conflict) as raised:
        post(world, device, PHOTO, 7)
    assert world.captures.bodies() == {key: [tiny_jpeg(2)]}
    assert raised.value.next_seq == 8


def test_a_receipt_is_never_given_for_another_sha256_or_an_object_that_is_not_there(
    world: FakeWorld, device: Device
) -> None:
    item = ingest(world, device, put(world, device), sha256=DIGEST).item
    awaited = replace(item, status=ItemStatus.AWAITING_OBJECT)
    assert receipt_for(item, DIGEST, world.receipt_keys, world.captures) is not None
    assert receipt_for(item, OTHER_DIGEST, world.receipt_keys, world.captures) is None
    assert receipt_for(awaited, DIGEST, world.receipt_keys, world.captures) is None


def test_a_deleted_capture_is_a_duplicate_for_ever_and_the_receipt_says_so(world: FakeWorld, device: Device) -> None:
    key = put(world, device)
    ingest(world, device, key, sha256=DIGEST)
    delete_item(OWNER, device.device_id, Seq(7), stores=world, clock=world.clock)
    issued = issue(world, device, sha256=DIGEST)
    confirmed = ingest(world, device, key, sha256=DIGEST)
    posted = post(world, device, PHOTO, 7)
    assert issued.held is not None
    assert confirmed.duplicate
    assert posted.duplicate
    assert all(r and r.state is ReceiptState.DELETED for r in (issued.receipt, confirmed.receipt, posted.receipt))
    assert world.captures.bodies() == {}


def test_a_promised_capture_that_was_deleted_before_it_came_need_not_be_kept_by_its_device(
    world: FakeWorld, device: Device
) -> None:
    ingest(world, device, issue(world, device).object_key, sha256=DIGEST)
    delete_item(OWNER, device.device_id, Seq(7), stores=world, clock=world.clock)
    receipt = issue(world, device, sha256=DIGEST, size_bytes=len(PHOTO)).receipt
    assert receipt is not None
    assert (receipt.state, receipt.sha256, receipt.size_bytes) == (ReceiptState.DELETED, DIGEST, len(PHOTO))


def test_a_tombstone_that_never_knew_its_bytes_gives_a_receipt_for_those_that_are_offered(
    world: FakeWorld, device: Device
) -> None:
    ingest(world, device, issue(world, device).object_key)
    delete_item(OWNER, device.device_id, Seq(7), stores=world, clock=world.clock)

    receipt = issue(world, device, sha256=DIGEST, size_bytes=len(PHOTO)).receipt

    assert receipt is not None
    assert (receipt.state, receipt.sha256, receipt.size_bytes) == (ReceiptState.DELETED, DIGEST, len(PHOTO))
    assert issue(world, device, sha256=DIGEST).receipt is None


@pytest.mark.parametrize("processed", [False, True])
def test_no_receipt_is_given_for_an_object_that_somebody_has_removed_since(
    world: FakeWorld, device: Device, processed: bool
) -> None:
    key = put(world, device)
    ingest(world, device, key, sha256=DIGEST)
    if processed:
        process(world, key)
    world.captures.delete_all_versions(key)
    assert ingest(world, device, key, sha256=DIGEST).receipt is None
    assert post(world, device, PHOTO, 7).receipt is None
    again = issue(world, device, sha256=DIGEST, size_bytes=len(PHOTO))
    assert (again.held, again.receipt) == (None, None)
    world.captures.upload(again.object_key, PHOTO, DIGEST)
    process(world, key)
    assert ingest(world, device, key, sha256=DIGEST).receipt is not None


def test_a_photo_of_a_pack_that_somebody_has_removed_comes_back_alone(world: FakeWorld, device: Device) -> None:
    """Under the pack's key it would keep the pack from being sent again."""
    named = upload(world, device, [Shot(7, PHOTO)])
    process(world, named.object_key)
    world.captures.delete_all_versions(named.object_key)

    assert post(world, device, PHOTO, 7).receipt is None

    (key,) = world.captures.keys()
    assert process(world, key) is Outcome.RESTORED
    assert world.captures.head(named.object_key) is None
    assert post(world, device, PHOTO, 7).receipt is not None


def test_a_confirmation_asks_s3_once(world: FakeWorld, device: Device) -> None:
    key = put(world, device)
    crashes = Crashes()
    for _ in range(2):
        before = crashes.log.count("FakeCaptures.head")
        assert ingest(world.mortal(crashes), device, key, sha256=DIGEST).receipt is not None
        assert crashes.log.count("FakeCaptures.head") == before + 1
