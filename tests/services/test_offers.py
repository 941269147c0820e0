"""What becomes of the objects that a device offers in a sync."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.clock_samples import BootTime
from chalicelib.domain.device import Device
from chalicelib.domain.ids import MAX_SEQ, Seq
from chalicelib.domain.item import Examined, Item, StoredObject, new_item
from chalicelib.domain.receipts import ReceiptState
from chalicelib.services.erasing import erase_captures
from chalicelib.services.offers import (
    Answer,
    NotSeen,
    Offer,
    PackOffer,
    Received,
    SeqTaken,
    SingleOffer,
    Wanted,
    answers,
)
from chalicelib.services.receipts import Exempt
from chalicelib.wire import object_keys
from tests.fakes.crashes import Crashes
from tests.fakes.world import FakeWorld
from tests.pack_files import Shot, sealed
from tests.services.conftest import new_device
from tests.tiny_jpegs import tiny_jpeg

PHOTOS = {Seq(seq): tiny_jpeg(seq) for seq in range(1, 8)}
OTHER = tiny_jpeg(99)


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def ask(world: FakeWorld, device: Device, *offers: Offer) -> list[Answer]:
    return answers(device, offers, stores=world, keys=world.receipt_keys, clock=world.clock)


def single(seq: int = 3, *, sent: bool = False, body: bytes | None = None) -> SingleOffer:
    body = PHOTOS[Seq(seq)] if body is None else body
    return SingleOffer(Seq(seq), len(body), digest(body), sent, BootTime("ab" * 8, 1000 * seq))


def pack_body(device: Device, seqs: Sequence[int] = (1, 2, 3, 4, 5)) -> bytes:
    return sealed([Shot(seq, PHOTOS[Seq(seq)]) for seq in seqs], device_id=device.device_id)


def pack(device: Device, seqs: Sequence[int] = (1, 2, 3, 4, 5), *, sent: bool = True) -> PackOffer:
    body = pack_body(device, seqs)
    return PackOffer(Seq(min(seqs)), Seq(max(seqs)), len(body), digest(body), sent)


def put(world: FakeWorld, device: Device, offer: Offer, body: bytes) -> StoredObject:
    found = world.captures.upload(offer.key(device.device_id), body, digest(body))
    assert found is not None
    return found


def put_pack(world: FakeWorld, device: Device, seqs: Sequence[int] = (1, 2, 3, 4, 5)) -> PackOffer:
    offer = pack(device, seqs)
    put(world, device, offer, pack_body(device, seqs))
    return offer


def held(world: FakeWorld, device: Device, seq: int, found: StoredObject, reject_reason: str | None = None) -> Item:
    """An item that processing has made of this object, or of this part of one."""
    now = world.clock()
    captured = CaptureTime(now, Confidence.NTP)
    item = new_item(device.device_id, Seq(seq), device.owner_id, found.key, captured, now)
    return world.items.put(item.examined(Examined(found, reject_reason=reject_reason), captured, now))


def held_single(world: FakeWorld, device: Device, seq: int, body: bytes) -> Item:
    return held(world, device, seq, put(world, device, single(seq, body=body), body))


def held_in_pack(world: FakeWorld, device: Device, offer: PackOffer, *seqs: int) -> list[Item]:
    key = offer.key(device.device_id)
    parts = {seq: (len(PHOTOS[Seq(seq)]), digest(PHOTOS[Seq(seq)])) for seq in seqs}
    return [
        held(world, device, seq, StoredObject(key, None, size, sha, world.clock(), offset=512 * seq))
        for seq, (size, sha) in parts.items()
    ]


def deleted(world: FakeWorld, item: Item) -> Item:
    return world.items.put(item.deleted(world.clock()))


def state_of(answer: Answer) -> ReceiptState:
    assert isinstance(answer, Received)
    return answer.receipt.state


def test_nothing_offered_is_nothing_asked(world: FakeWorld, device: Device) -> None:
    crashes = Crashes()

    assert ask(world.mortal(crashes), device) == []
    assert crashes.log == []


def test_what_is_not_sent_and_not_known_is_wanted_under_its_key(world: FakeWorld, device: Device) -> None:
    one, many = single(7), pack(device, sent=False)

    assert ask(world, device, one, many) == [
        Wanted(one, f"devices/{device.device_id}/undated/0000000000000007-babababababababab-7000.jpg"),
        Wanted(many, object_keys.pack(device.device_id, Seq(1), Seq(5), many.sha256)),
    ]


def test_what_is_sent_and_not_there_is_not_seen(world: FakeWorld, device: Device) -> None:
    assert ask(world, device, single(7, sent=True), pack(device)) == [NotSeen(), NotSeen()]


def test_what_is_there_as_it_was_named_gets_a_receipt_before_it_is_processed(world: FakeWorld, device: Device) -> None:
    offers: list[Offer] = [single(7, sent=True), put_pack(world, device)]
    put(world, device, offers[0], PHOTOS[Seq(7)])

    for offer, answer in zip(offers, ask(world, device, *offers), strict=True):
        assert isinstance(answer, Received)
        receipt = answer.receipt
        assert (receipt.state, receipt.sha256, receipt.size_bytes) == ("held", offer.sha256, offer.size_bytes)
        assert receipt.object_key == offer.key(device.device_id)
        assert answer.exempt == ()


def test_a_receipt_of_a_pack_is_signed_over_what_the_device_named(world: FakeWorld, device: Device) -> None:
    offer = put_pack(world, device)
    (answer,) = ask(world, device, offer)
    assert isinstance(answer, Received)

    expected = world.receipt_keys.sign(
        ReceiptState.HELD, device.device_id, offer.key(device.device_id), offer.size_bytes, offer.sha256
    )
    assert answer.receipt == expected


@pytest.mark.parametrize("change", ["size_bytes", "sha256"])
def test_other_bytes_than_were_named_get_no_receipt(world: FakeWorld, device: Device, change: str) -> None:
    offer = put_pack(world, device)
    other = {"size_bytes": offer.size_bytes + 1, "sha256": offer.sha256[:-1] + "0"}

    wrong = replace(offer, **{change: other[change]})  # type: ignore[arg-type]

    assert ask(world, device, wrong) == [NotSeen()]


def test_a_pack_that_is_held_already_is_not_wanted_again(world: FakeWorld, device: Device) -> None:
    offer = put_pack(world, device)
    held_in_pack(world, device, offer, 1, 2)

    (answer,) = ask(world, device, replace(offer, is_sent=False))

    assert state_of(answer) is ReceiptState.HELD


def test_a_pack_that_somebody_has_removed_is_wanted_again(world: FakeWorld, device: Device) -> None:
    offer = put_pack(world, device)
    held_in_pack(world, device, offer, 1, 2)
    world.captures.delete_all_versions(offer.key(device.device_id))

    assert ask(world, device, offer) == [NotSeen()]
    assert ask(world, device, replace(offer, is_sent=False)) == [
        Wanted(replace(offer, is_sent=False), offer.key(device.device_id))
    ]


def test_a_pack_that_a_deletion_has_rewritten_is_still_held(world: FakeWorld, device: Device) -> None:
    offer, body = put_pack(world, device), pack_body(device)
    fetched = world.captures.fetch(offer.key(device.device_id), None, at_most_bytes=len(body))
    assert fetched is not None
    rewritten = bytes(len(body))
    world.captures.replace(
        offer.key(device.device_id),
        rewritten,
        "application/zip",
        digest(rewritten),
        if_match=fetched.etag,
        was=fetched.object,
    )

    (answer,) = ask(world, device, offer)

    assert state_of(answer) is ReceiptState.HELD


def test_a_pack_whose_captures_the_owner_has_all_deleted_need_not_be_kept(world: FakeWorld, device: Device) -> None:
    offer = pack(device)
    for item in held_in_pack(world, device, offer, 1, 2, 3, 4, 5):
        deleted(world, item)

    assert state_of(ask(world, device, offer)[0]) is ReceiptState.DELETED
    assert state_of(ask(world, device, replace(offer, is_sent=False))[0]) is ReceiptState.DELETED


def test_a_pack_of_zeros_alone_is_deleted_and_not_held(world: FakeWorld, device: Device) -> None:
    offer = put_pack(world, device)
    for item in held_in_pack(world, device, offer, 1, 2, 3, 4, 5):
        deleted(world, item)
    key = offer.key(device.device_id)
    assert state_of(ask(world, device, offer)[0]) is ReceiptState.HELD  # the bytes are still there

    erase_captures(key, [Seq(seq) for seq in range(1, 6)], captures=world.captures)

    assert state_of(ask(world, device, offer)[0]) is ReceiptState.DELETED


def test_a_pack_of_which_only_some_captures_are_deleted_and_that_is_gone_is_not_held(
    world: FakeWorld, device: Device
) -> None:
    offer = pack(device)
    deleted(world, held_in_pack(world, device, offer, 1, 2)[0])

    assert ask(world, device, offer) == [NotSeen()]


def test_a_pack_whose_processing_broke_off_and_that_is_gone_is_not_held(world: FakeWorld, device: Device) -> None:
    offer = pack(device)
    for item in held_in_pack(world, device, offer, 1, 2):
        deleted(world, item)

    assert ask(world, device, offer) == [NotSeen()]


def test_captures_of_a_pack_whose_seqs_are_taken_are_exempt_each_with_a_seq_of_its_own(
    world: FakeWorld, device: Device
) -> None:
    held_single(world, device, 2, OTHER)
    held_single(world, device, 4, OTHER)
    held_single(world, device, 5, PHOTOS[Seq(5)])
    offer = put_pack(world, device)

    (answer,) = ask(world, device, offer)

    assert isinstance(answer, Received)
    assert answer.receipt.state is ReceiptState.HELD
    assert answer.exempt == (Exempt(Seq(2), Seq(6)), Exempt(Seq(4), Seq(7)))


def test_a_seq_within_a_pack_that_went_up_alone_is_no_exception(world: FakeWorld, device: Device) -> None:
    held_single(world, device, 3, OTHER)
    offer = put_pack(world, device, (1, 2, 4, 5))

    (answer,) = ask(world, device, offer)

    assert isinstance(answer, Received)
    assert answer.exempt == ()


def test_a_deleted_capture_is_no_exception_and_other_bytes_under_its_seq_are(world: FakeWorld, device: Device) -> None:
    deleted(world, held_single(world, device, 2, PHOTOS[Seq(2)]))
    deleted(world, held_single(world, device, 4, OTHER))
    offer = put_pack(world, device)

    (answer,) = ask(world, device, offer)

    assert isinstance(answer, Received)
    assert [each.seq for each in answer.exempt] == [4]


def test_an_object_that_is_no_pack_is_held_all_the_same(world: FakeWorld, device: Device) -> None:
    held_single(world, device, 2, OTHER)
    body = b"not a pack" * 100
    offer = PackOffer(Seq(1), Seq(5), len(body), digest(body), is_sent=True)
    put(world, device, offer, body)

    (answer,) = ask(world, device, offer)

    assert isinstance(answer, Received)
    assert answer.exempt == ()


def test_packs_are_looked_into_until_enough_is_read_and_held_all_the_same(world: FakeWorld, device: Device) -> None:
    for seq in (2, 6):
        held_single(world, device, seq, OTHER)
    first, second = put_pack(world, device, (1, 2, 3)), put_pack(world, device, (5, 6, 7))

    found = answers(
        device,
        [first, second],
        stores=world,
        keys=world.receipt_keys,
        clock=world.clock,
        most_bytes_read=first.size_bytes + 1,
    )

    assert [state_of(answer) for answer in found] == [ReceiptState.HELD, ReceiptState.HELD]
    assert [len(answer.exempt) for answer in found if isinstance(answer, Received)] == [1, 0]


def test_numbers_for_conflicts_are_free_and_never_the_same(world: FakeWorld, device: Device) -> None:
    for seq in (2, 6):
        held_single(world, device, seq, OTHER)
    offer = put_pack(world, device)
    device = replace(device, upcoming_seq=Seq(50))

    packed, one, again = ask(world, device, offer, single(6), single(6, sent=True))

    assert isinstance(packed, Received)
    assert {packed.exempt[0].next_seq, one, again} == {Seq(52), SeqTaken(Seq(50)), SeqTaken(Seq(51))}


def test_no_number_is_given_that_is_offered_in_the_same_breath(world: FakeWorld, device: Device) -> None:
    held_single(world, device, 6, OTHER)
    beyond = SingleOffer(Seq(1000), 5, digest(b"later"))

    assert ask(world, device, single(6), beyond)[0] == SeqTaken(Seq(1001))


def test_an_unprocessed_object_with_other_bytes_under_the_same_key_has_the_seq(
    world: FakeWorld, device: Device
) -> None:
    put(world, device, single(3), OTHER)

    assert ask(world, device, single(3, sent=True)) == [SeqTaken(Seq(4))]


def test_a_single_that_is_held_is_not_wanted_again_wherever_it_lies(world: FakeWorld, device: Device) -> None:
    offer = put_pack(world, device)
    held_in_pack(world, device, offer, 3)
    other_key = StoredObject("devices/x/another.jpg", None, len(PHOTOS[Seq(6)]), digest(PHOTOS[Seq(6)]), world.clock())
    world.captures.upload(other_key.key, PHOTOS[Seq(6)], other_key.sha256)
    held(world, device, 6, other_key)

    in_pack, elsewhere = ask(world, device, single(3), single(6, sent=True))

    assert isinstance(in_pack, Received)
    assert in_pack.receipt.object_key == offer.key(device.device_id)
    assert (in_pack.receipt.size_bytes, in_pack.receipt.sha256) == (len(PHOTOS[Seq(3)]), digest(PHOTOS[Seq(3)]))
    assert isinstance(elsewhere, Received)
    assert elsewhere.receipt.object_key == other_key.key


@pytest.mark.parametrize("sent", [False, True])
def test_a_deleted_single_need_not_be_kept(world: FakeWorld, device: Device, sent: bool) -> None:
    deleted(world, held_single(world, device, 3, PHOTOS[Seq(3)]))

    (answer,) = ask(world, device, single(3, sent=sent))

    assert state_of(answer) is ReceiptState.DELETED


def test_s3_is_not_asked_for_a_single_that_processing_has_just_read(world: FakeWorld, device: Device) -> None:
    held_single(world, device, 3, PHOTOS[Seq(3)])
    crashes = Crashes()

    for offer in (single(3), single(3, sent=True)):
        (answer,) = ask(world.mortal(crashes), device, offer)
        assert isinstance(answer, Received)
        assert (answer.receipt.state, answer.receipt.sha256) == (ReceiptState.HELD, digest(PHOTOS[Seq(3)]))

    assert "FakeCaptures.head" not in crashes.log


def test_s3_is_asked_for_a_single_that_processing_may_not_have_read_to_its_end(
    world: FakeWorld, device: Device
) -> None:
    found = put(world, device, single(3), PHOTOS[Seq(3)])
    held(world, device, 3, found, reject_reason="processing_failed")
    world.captures.delete_all_versions(found.key)

    assert ask(world, device, single(3, sent=True)) == [NotSeen()]


def test_a_single_whose_object_somebody_has_removed_is_wanted_again(world: FakeWorld, device: Device) -> None:
    item = held_single(world, device, 3, PHOTOS[Seq(3)])
    world.captures.delete_all_versions(item.object_key)
    world.clock.advance(15 * 60)

    assert ask(world, device, single(3)) == [Wanted(single(3), single(3).key(device.device_id))]
    assert ask(world, device, single(3, sent=True)) == [NotSeen()]


def test_another_devices_objects_are_out_of_reach(world: FakeWorld, device: Device) -> None:
    other, _ = new_device(world)
    offer = put_pack(world, other)
    held_single(world, other, 3, OTHER)

    assert ask(world, device, offer, single(3, sent=True)) == [NotSeen(), NotSeen()]


def test_a_day_of_backlog_is_looked_up_in_one_read_and_s3_is_not_asked(world: FakeWorld, device: Device) -> None:
    crashes = Crashes()
    packs = [PackOffer(Seq(20 * n), Seq(20 * n + 19), 1000, digest(b"%d" % n)) for n in range(50)]

    assert all(isinstance(answer, Wanted) for answer in ask(world.mortal(crashes), device, *packs))
    assert crashes.log == ["FakeItems.range", "FakeCaptures.head_many"]


def test_singles_that_lie_close_together_are_one_range_and_others_one_batch(world: FakeWorld, device: Device) -> None:
    for step, reads in ((1, "FakeItems.range"), (50, "FakeItems.get_many")):
        crashes = Crashes()
        singles = [SingleOffer(Seq(n * step), 9, digest(b"%d" % n), is_sent=n % 2 == 0) for n in range(100)]

        ask(world.mortal(crashes), device, *singles)

        assert crashes.log == [reads, "FakeCaptures.head_many"]


def test_packs_far_apart_are_looked_up_by_themselves(world: FakeWorld, device: Device) -> None:
    crashes = Crashes()
    far = PackOffer(Seq(MAX_SEQ - 5), Seq(MAX_SEQ), 1000, digest(b"far"))

    ask(world.mortal(crashes), device, far, pack(device, sent=False))

    assert crashes.log.count("FakeItems.range") == 2


def test_asking_again_gives_the_same_and_writes_nothing(world: FakeWorld, device: Device) -> None:
    held_single(world, device, 2, OTHER)
    offers: list[Offer] = [put_pack(world, device), single(2), single(6), single(7, sent=True)]
    stored = world.items.all(), world.captures.bodies()

    first = ask(world, device, *offers)
    world.clock.advance(3600)

    assert ask(world, device, *offers) == first
    assert (world.items.all(), world.captures.bodies()) == stored


def test_the_key_of_a_single_tells_the_time_of_a_synced_clock(world: FakeWorld, device: Device) -> None:
    at = world.clock() - timedelta(days=1)

    (answer,) = ask(world, device, replace(single(3), taken=at))

    assert isinstance(answer, Wanted)
    named = object_keys.parse_single(answer.object_key)
    assert named is not None
    assert object_keys.told_in_name(named.filename) == at
