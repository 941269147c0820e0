from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest

from chalicelib import imaging
from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq, new_device_id
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.item import OBJECT_MISSING, Item, ItemStatus
from chalicelib.domain.timeline import TimelineRow
from chalicelib.services.deleting import delete_item
from chalicelib.services.gallery import page_of_items
from chalicelib.services.inbox import event_history
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import reconcile
from chalicelib.services.uploads import MAX_SINGLE_BYTES, Claim, confirm
from chalicelib.services.verdicts import Outcome
from chalicelib.wire import object_keys
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER, new_device
from tests.tiny_jpegs import cut_jpeg, not_a_jpeg, tiny_jpeg

PHOTO, OTHER = tiny_jpeg(1), tiny_jpeg(2)
SEQ = Seq(7)


def key_of(device: Device, name: str = "photo.jpg", seq: Seq = SEQ) -> str:
    return object_keys.single(device.device_id, seq, name, None)


def upload(world: FakeWorld, key: str, body: bytes) -> str | None:
    stored = world.captures.upload(key, body, if_none_match=False)
    assert stored is not None
    return stored.version_id


def process(world: FakeWorld, key: str, version_id: str | None = None) -> Outcome:
    return process_object(key, version_id, stores=world, clock=world.clock).outcome


def item_of(world: FakeWorld, device: Device, seq: Seq = SEQ) -> Item:
    item = world.items.get(device.device_id, seq)
    assert item is not None
    return item


def shown(world: FakeWorld) -> list[Item]:
    page = page_of_items(OWNER, device_id=None, since=None, until=None, limit=50, cursor=None, stores=world)
    return list(page.entries)


def test_an_object_alone_becomes_an_item_with_its_thumbnail(world: FakeWorld, device: Device) -> None:
    upload(world, key_of(device), PHOTO)
    assert process(world, key_of(device)) is Outcome.PROCESSED
    item = item_of(world, device)
    assert (item.status, item.width, item.height) == (ItemStatus.PROCESSED, 16, 12)
    assert (item.sha256, item.size_bytes) == (sha256(PHOTO).hexdigest(), len(PHOTO))
    assert world.derived.keys() == [item.thumbnail_key]
    assert shown(world) == [item]


def test_an_event_told_again_changes_nothing(world: FakeWorld, device: Device) -> None:
    upload(world, key_of(device), PHOTO)
    process(world, key_of(device))
    item = item_of(world, device)
    assert process(world, key_of(device)) is Outcome.ALREADY_DONE
    assert item_of(world, device) == item


@pytest.mark.parametrize(
    ("body", "reason"), [(b"", "empty"), (not_a_jpeg(1), "not_a_jpeg"), (cut_jpeg(1), "truncated")]
)
def test_bad_bytes_are_rejected_with_a_reason_and_kept(
    world: FakeWorld, device: Device, body: bytes, reason: str
) -> None:
    upload(world, key_of(device), body)
    assert process(world, key_of(device)) is Outcome.REJECTED
    assert (item_of(world, device).status, item_of(world, device).reject_reason) == (ItemStatus.REJECTED, reason)
    assert world.captures.bodies() == {key_of(device): [body]}
    assert world.derived.keys() == []


def test_an_object_beyond_the_limit_is_rejected_unread_and_kept(world: FakeWorld, device: Device) -> None:
    upload(world, key_of(device), bytes(MAX_SINGLE_BYTES + 1))
    assert process(world, key_of(device)) is Outcome.REJECTED
    assert (item_of(world, device).reject_reason, item_of(world, device).sha256) == ("too_large", None)


def test_bytes_other_than_the_device_promised_are_rejected_and_kept(world: FakeWorld, device: Device) -> None:
    claim = Claim(key_of(device), SEQ, sha256=sha256(OTHER).hexdigest())
    confirm(device, claim, stores=world, keys=world.receipt_keys, clock=world.clock)
    upload(world, key_of(device), PHOTO)
    assert process(world, key_of(device)) is Outcome.REJECTED
    assert item_of(world, device).reject_reason == "sha256_mismatch"
    assert world.captures.bodies() == {key_of(device): [PHOTO]}


@pytest.mark.parametrize("late_first", [False, True])
def test_other_bytes_for_a_held_seq_are_set_aside_and_the_owner_is_told(
    world: FakeWorld, device: Device, late_first: bool
) -> None:
    key = key_of(device)
    versions = [upload(world, key, PHOTO), upload(world, key, OTHER)]
    held = [OTHER, PHOTO] if late_first else [PHOTO, OTHER]
    outcomes = [process(world, key, version) for version in (versions[::-1] if late_first else versions)]
    assert outcomes == [Outcome.PROCESSED, Outcome.CONFLICT]
    aside = object_keys.conflict(device.device_id, SEQ, sha256(held[1]).hexdigest())
    assert world.captures.bodies() == {aside: [held[1]], key: [held[0]]}
    events = event_history(OWNER, device.device_id, 10, None, stores=world).entries
    assert [(event.kind, event.details["object_key"]) for event in events] == [(EventKind.CONFLICT, aside)]


def test_objects_too_large_to_be_read_are_set_aside_apart(world: FakeWorld, device: Device) -> None:
    key = key_of(device)
    upload(world, key, PHOTO)
    process(world, key)
    for filling in (b"a", b"b"):
        upload(world, key, filling * (MAX_SINGLE_BYTES + 1))
        assert process(world, key) is Outcome.CONFLICT
    assert len(world.captures.keys()) == 3


def test_two_objects_too_large_to_be_read_are_not_taken_for_copies(world: FakeWorld, device: Device) -> None:
    key = key_of(device)
    for filling, outcome in ((b"a", Outcome.REJECTED), (b"b", Outcome.CONFLICT)):
        upload(world, key, filling * (MAX_SINGLE_BYTES + 1))
        assert process(world, key) is outcome
    assert sorted(body[:1] for bodies in world.captures.bodies().values() for body in bodies) == [b"a", b"b"]


def test_a_copy_that_another_process_removes_meanwhile_is_no_conflict(world: FakeWorld, device: Device) -> None:
    upload(world, key_of(device), PHOTO)
    process(world, key_of(device))
    copy = key_of(device, "2026-01-02.jpg")
    upload(world, copy, PHOTO)
    crashes = Crashes()
    crashes.meanwhile(_READ, lambda: process(world, copy))
    overtaken = process_object(copy, None, stores=world.mortal(crashes), clock=world.clock)
    assert crashes.log[_READ - 1] == "FakeCaptures.fetch"
    assert overtaken.outcome is Outcome.GONE
    assert event_history(OWNER, device.device_id, 10, None, stores=world).entries == []


def test_a_photo_that_went_missing_is_made_whole_by_sending_it_again(world: FakeWorld, device: Device) -> None:
    claim = Claim(key_of(device), SEQ, sha256=sha256(PHOTO).hexdigest())
    _lose(world, device, claim)
    assert item_of(world, device).reject_reason == OBJECT_MISSING
    upload(world, key_of(device), PHOTO)
    assert process(world, key_of(device)) is Outcome.PROCESSED
    again = confirm(device, claim, stores=world, keys=world.receipt_keys, clock=world.clock)
    assert again.receipt is not None
    assert shown(world) == [again.item]


def test_other_bytes_do_not_take_the_place_of_a_photo_that_went_missing(world: FakeWorld, device: Device) -> None:
    _lose(world, device, Claim(key_of(device), SEQ, sha256=sha256(PHOTO).hexdigest()))
    upload(world, key_of(device), OTHER)
    assert process(world, key_of(device)) is Outcome.CONFLICT
    assert list(world.captures.bodies().values()) == [[OTHER]]
    assert item_of(world, device).sha256 == sha256(PHOTO).hexdigest()


_READ = 3
"""Which call of processing reads the object."""


def _lose(world: FakeWorld, device: Device, claim: Claim) -> None:
    """Somebody removes the object by hand after it was confirmed, and the reconciler finds out."""
    world.captures.upload(claim.object_key, PHOTO, sha256(PHOTO).hexdigest())
    confirm(device, claim, stores=world, keys=world.receipt_keys, clock=world.clock)
    world.captures.delete_all_versions(claim.object_key)
    world.clock.advance(16 * 60)
    reconcile(stores=world, clock=world.clock)


def test_of_two_photos_processed_at_once_the_thumbnail_is_that_of_the_one_which_holds_the_seq(
    world: FakeWorld, device: Device
) -> None:
    first, second = key_of(device), key_of(device, "2026-01-02.jpg")
    upload(world, first, PHOTO)
    upload(world, second, OTHER)
    crashes = Crashes()
    crashes.meanwhile(_THUMBNAIL, lambda: process(world, first))
    overtaken = process_object(second, None, stores=world.mortal(crashes), clock=world.clock)
    assert crashes.log[_THUMBNAIL - 1] == "FakeDerived.create"
    assert overtaken.outcome is Outcome.CONFLICT
    assert _thumbnails(world) == [imaging.examine(PHOTO).thumbnail]


def test_a_photo_that_loses_its_seq_to_a_rejected_one_leaves_no_thumbnail(world: FakeWorld, device: Device) -> None:
    first, second = key_of(device), key_of(device, "2026-01-02.jpg")
    upload(world, first, cut_jpeg(1))
    upload(world, second, OTHER)
    crashes = Crashes()
    crashes.meanwhile(_THUMBNAIL, lambda: process(world, first))
    process_object(second, None, stores=world.mortal(crashes), clock=world.clock)
    assert _thumbnails(world) == []


def test_a_seq_that_another_photo_holds_unexamined_keeps_that_ones_thumbnail(world: FakeWorld, device: Device) -> None:
    first, second = key_of(device), key_of(device, "2026-01-02.jpg")
    for key, body in ((first, PHOTO), (second, OTHER)):
        world.captures.upload(key, body, sha256(body).hexdigest())
    claim = Claim(first, SEQ, sha256=sha256(PHOTO).hexdigest())
    crashes = Crashes()
    crashes.meanwhile(
        _THUMBNAIL, lambda: confirm(device, claim, stores=world, keys=world.receipt_keys, clock=world.clock)
    )
    process_object(second, None, stores=world.mortal(crashes), clock=world.clock)
    process(world, first)
    assert _thumbnails(world) == [imaging.examine(PHOTO).thumbnail]


def test_a_photo_that_is_deleted_while_another_one_loses_its_seq_to_it_leaves_no_thumbnail(
    world: FakeWorld, device: Device
) -> None:
    first, second = key_of(device), key_of(device, "2026-01-02.jpg")
    upload(world, first, PHOTO)
    process(world, first)
    upload(world, second, OTHER)
    crashes = Crashes()
    crashes.meanwhile(_RESTORING, lambda: _delete(world, device))
    process_object(second, None, stores=world.mortal(crashes), clock=world.clock)
    assert crashes.log[_RESTORING - 1] == "FakeDerived.put"
    assert _thumbnails(world) == []


def _thumbnails(world: FakeWorld) -> list[bytes]:
    return [versions[-1] for versions in world.derived.bodies().values()]


_THUMBNAIL = 4
"""Which call of processing puts the thumbnail of a photo whose seq is free."""
_TAKING_OVER = 6
"""Which call reads the item whose object is gone and of which there is another copy."""
_RESTORING = 6
"""Which call puts back the thumbnail of the photo that holds the seq."""


def test_the_same_bytes_under_another_key_are_held_once(world: FakeWorld, device: Device) -> None:
    first, second = key_of(device), key_of(device, "2026-01-02.jpg")
    for key in (first, second):
        upload(world, key, PHOTO)
    assert [process(world, key) for key in (first, second)] == [Outcome.PROCESSED, Outcome.COPY_REMOVED]
    assert world.captures.keys() == [first]


def test_the_last_copy_is_never_removed_as_a_copy(world: FakeWorld, device: Device) -> None:
    first, second = key_of(device), key_of(device, "2026-01-02.jpg")
    for key in (first, second):
        upload(world, key, PHOTO)
    process(world, first)
    world.captures.delete_all_versions(first)
    assert process(world, second) is Outcome.RESTORED
    assert world.captures.keys() == [second]
    assert (item_of(world, device).object_key, item_of(world, device).status) == (second, ItemStatus.PROCESSED)
    assert process(world, second) is Outcome.ALREADY_DONE
    assert shown(world) == [item_of(world, device)]


def test_a_photo_deleted_while_another_copy_takes_its_place_is_gone(world: FakeWorld, device: Device) -> None:
    first, second = key_of(device), key_of(device, "2026-01-02.jpg")
    for key in (first, second):
        upload(world, key, PHOTO)
    process(world, first)
    world.captures.delete_all_versions(first)
    crashes = Crashes()
    crashes.meanwhile(_TAKING_OVER, lambda: _delete(world, device))
    outcome = process_object(second, None, stores=world.mortal(crashes), clock=world.clock).outcome
    assert crashes.log[_TAKING_OVER - 2 : _TAKING_OVER] == ["FakeCaptures.head", "FakeItems.get"]
    assert outcome is Outcome.PURGED
    assert world.captures.bodies() == world.derived.bodies() == {}


def test_a_second_version_whose_event_comes_first_is_judged_by_the_bytes_that_hold_the_seq(
    world: FakeWorld, device: Device
) -> None:
    key = key_of(device)
    first = upload(world, key, PHOTO)
    confirm(device, Claim(key, SEQ), stores=world, keys=world.receipt_keys, clock=world.clock)
    second = upload(world, key, PHOTO)
    assert [process(world, key, version) for version in (second, first)] == [
        Outcome.COPY_REMOVED,
        Outcome.ALREADY_DONE,
    ]
    assert world.captures.bodies() == {key: [PHOTO]}


@pytest.mark.parametrize("nth", range(1, 7))
def test_an_ingest_call_that_processing_overtakes_is_kept(world: FakeWorld, device: Device, nth: int) -> None:
    upload(world, key_of(device), PHOTO)
    crashes = Crashes()
    crashes.meanwhile(nth, partial(process, world, key_of(device)))
    claim = Claim(key_of(device), SEQ)
    done = confirm(device, claim, stores=world.mortal(crashes), keys=world.receipt_keys, clock=world.clock)
    process(world, key_of(device))
    item = item_of(world, device)
    assert not done.duplicate
    assert (item.status, item.claimed_at) == (ItemStatus.PROCESSED, world.clock())


def test_a_photo_that_is_deleted_while_it_is_processed_leaves_nothing_behind() -> None:
    for nth in range(1, 9):
        world, device = _fresh()
        upload(world, key_of(device), PHOTO)
        confirm(device, Claim(key_of(device), SEQ), stores=world, keys=world.receipt_keys, clock=world.clock)
        crashes = Crashes()
        crashes.meanwhile(nth, partial(_delete, world, device))
        process_object(key_of(device), None, stores=world.mortal(crashes), clock=world.clock)
        if item_of(world, device).is_deleted:
            assert world.captures.bodies() == world.derived.bodies() == {}
            assert [(row.photos, row.deleted) for row in _rows(world)] == [(0, 1)]


def _fresh() -> tuple[FakeWorld, Device]:
    world = FakeWorld.new()
    return world, new_device(world)[0]


def _delete(world: FakeWorld, device: Device) -> None:
    delete_item(OWNER, device.device_id, SEQ, stores=world, clock=world.clock)


def _rows(world: FakeWorld) -> list[TimelineRow]:
    page = world.timeline.newest(OWNER, device_id=None, since=None, until=None, limit=50, cursor=None)
    return list(page.entries)


def test_a_live_url_cannot_bring_a_deleted_photo_back(world: FakeWorld, device: Device) -> None:
    upload(world, key_of(device), PHOTO)
    process(world, key_of(device))
    delete_item(OWNER, device.device_id, SEQ, stores=world, clock=world.clock)
    upload(world, key_of(device), PHOTO)
    assert process(world, key_of(device)) is Outcome.PURGED
    assert world.captures.bodies() == world.derived.bodies() == {}
    assert shown(world) == []
    assert item_of(world, device).status is ItemStatus.DELETED


def test_other_bytes_under_the_seq_of_a_deleted_photo_are_a_conflict_and_not_lost(
    world: FakeWorld, device: Device
) -> None:
    upload(world, key_of(device), PHOTO)
    process(world, key_of(device))
    _delete(world, device)
    other = tiny_jpeg(99)
    upload(world, key_of(device), other)

    assert process(world, key_of(device)) is Outcome.CONFLICT

    aside = object_keys.conflict(device.device_id, SEQ, sha256(other).hexdigest())
    assert world.captures.bodies() == {aside: [other]}
    assert world.derived.bodies() == {}
    (event,) = world.inbox.events(device.device_id, 10, None).entries
    assert (event.kind, event.details["object_key"]) == (EventKind.CONFLICT, aside)
    assert item_of(world, device).status is ItemStatus.DELETED


def test_other_bytes_under_the_seq_of_a_deleted_photo_are_purged_if_their_time_is_forgotten(
    world: FakeWorld, device: Device
) -> None:
    upload(world, key_of(device), PHOTO)
    process(world, key_of(device))
    _delete(world, device)
    now = world.clock()
    world.devices.save(device.forgetting(now - timedelta(days=1), now + timedelta(days=1), now))
    upload(world, key_of(device), tiny_jpeg(99))

    assert process(world, key_of(device)) is Outcome.PURGED
    assert world.captures.bodies() == world.derived.bodies() == {}


def test_an_object_of_an_unknown_device_or_with_a_foreign_key_is_left_alone(world: FakeWorld, device: Device) -> None:
    stray = object_keys.single(new_device_id(world.entropy), SEQ, "photo.jpg", None)
    for key, outcome in ((stray, Outcome.UNKNOWN_DEVICE), ("somewhere/else.jpg", Outcome.NOT_A_CAPTURE)):
        upload(world, key, PHOTO)
        assert process(world, key) is outcome
    assert world.captures.keys() == sorted([stray, "somewhere/else.jpg"])


def test_without_an_ingest_call_the_time_in_the_name_is_taken(world: FakeWorld, device: Device) -> None:
    key = key_of(device, "2025-12-26T10-15-30Z_000007.jpg")
    upload(world, key, PHOTO)
    process(world, key)
    assert item_of(world, device).captured.at == datetime(2025, 12, 26, 10, 15, 30, tzinfo=UTC)


def test_a_time_that_becomes_known_later_moves_the_photo_in_the_gallery(world: FakeWorld, device: Device) -> None:
    for seq in (SEQ, Seq(8)):
        upload(world, key_of(device, seq=seq), tiny_jpeg(seq))
        process(world, key_of(device, seq=seq))
        world.clock.advance(1)
    taken = datetime(2026, 1, 1, tzinfo=UTC)
    claim = Claim(key_of(device, seq=Seq(8)), Seq(8), captured_at=taken, ntp_synced=True)
    confirm(device, claim, stores=world, keys=world.receipt_keys, clock=world.clock)
    assert [item.seq for item in shown(world)] == [7, 8]
    assert len(_rows(world)) == 2


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(1, 7))
def test_a_crash_at_any_store_call_is_mended_by_the_next_try(
    world: FakeWorld, device: Device, nth: int, before: bool
) -> None:
    upload(world, key_of(device), PHOTO)
    crashes = Crashes()
    (crashes.before if before else crashes.after)(nth)
    try:
        process_object(key_of(device), None, stores=world.mortal(crashes), clock=world.clock)
    except SimulatedCrash:
        process(world, key_of(device))
    assert [item.status for item in shown(world)] == [ItemStatus.PROCESSED]
