"""What an owner deletes or forgets in a pack is gone from every version of every file, and never comes back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.domain.clock import utc_now
from infra.local.cloud import LocalCloud
from infra.local.faults import Delay, EventFaults, FaultPlan, Refuse
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock
from tests.e2e.packing import Offered, believed, pack, receipts, send, single, sync, taken_at, text
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller
from tests.e2e.stage import LATER, NEXT_SWEEP
from tests.pack_files import Shot, flipped
from tests.pictures import photo

SEQS = (1, 2, 3)
JPEGS = {seq: photo(64, 48, quality=50 + seq) for seq in range(1, 10)}


def taken(*seqs: int) -> list[Shot]:
    return [Shot(seq, JPEGS[seq], taken_at(seq), clock_synced=True) for seq in seqs]


@pytest.fixture
def packed(cloud: LocalCloud, device: DeviceCaller) -> Offered:
    """Of SEQS, and processed."""
    packed = pack(device, taken(*SEQS))
    send(device, packed)
    cloud.settle()
    return packed


@pytest.fixture
def delete(owner: OwnerCaller, device: DeviceCaller) -> Callable[[int], JsonObject]:
    return lambda seq: owner.ask("DELETE", f"/items/{device.device_id}/{seq}")


Delete = Callable[[int], JsonObject]


@pytest.fixture
def left(
    device: DeviceCaller, packed: Offered, thumbnails: dict[int, bytes], captures: Bucket, derived: Bucket
) -> Callable[..., set[str]]:
    """What of a photo is left in any version of the pack, or of its thumbnails."""

    def check(seq: int, offered: Offered = packed) -> set[str]:
        bodies = captures.all_bodies(offered.pack_key(device.device_id))
        pictures = derived.all_bodies(offered.thumbnails_key(device.device_id))
        # The end of a JPEG's scan is its own; what begins a thumbnail is the same in all of them.
        found = {"photo"} if any(JPEGS[seq][-60:] in body for body in bodies) else set()
        return found | ({"thumbnail"} if any(thumbnails[seq][-60:] in body for body in pictures) else set())

    return check


Left = Callable[..., set[str]]


@pytest.fixture
def thumbnails(owner: OwnerCaller, device: DeviceCaller, packed: Offered) -> dict[int, bytes]:
    """By seq, as they were before anything was deleted."""
    return {seq: owner.thumbnail(owner.item(device.device_id, seq)) for seq in SEQS}


def forget(owner: OwnerCaller, device: DeviceCaller, first: int, after: int) -> JsonObject:
    told = {"from": text(taken_at(first)), "to": text(taken_at(after))}
    return owner.ask("POST", f"/devices/{device.device_id}/forget", json=told)


def shown(owner: OwnerCaller) -> list[int]:
    return [item["seq"] for item in owner.items()]


def assert_whole(owner: OwnerCaller, device: DeviceCaller, thumbnails: dict[int, bytes], *seqs: int) -> None:
    """These photos are as they were, byte for byte."""
    for seq in seqs:
        item = owner.item(device.device_id, seq)
        assert (owner.photo(item), owner.thumbnail(item)) == (JPEGS[seq], thumbnails[seq])


def test_a_deleted_photo_is_gone_from_every_version_and_the_others_stay_byte_for_byte(
    owner: OwnerCaller,
    device: DeviceCaller,
    captures: Bucket,
    derived: Bucket,
    packed: Offered,
    thumbnails: dict[int, bytes],
    delete: Delete,
    left: Left,
) -> None:
    places = {seq: owner.item(device.device_id, seq)["photo"]["offset"] for seq in SEQS}
    assert left(2) == {"photo", "thumbnail"}

    tombstone = delete(2)

    assert (tombstone["status"], "photo" in tombstone, "thumbnail" in tombstone) == ("deleted", False, False)
    assert shown(owner) == [3, 1]
    assert not left(2)
    assert_whole(owner, device, thumbnails, 1, 3)
    assert {seq: owner.item(device.device_id, seq)["photo"]["offset"] for seq in (1, 3)} == {1: places[1], 3: places[3]}
    key = packed.pack_key(device.device_id)
    body = captures.body(key)
    assert len(body) == len(packed.body)
    assert not any(body[places[2] : places[2] + len(JPEGS[2])])
    assert captures.of_device(device.device_id) == [key], "one version"
    assert derived.of_device(device.device_id) == [packed.thumbnails_key(device.device_id)], "one version"


def test_all_photos_of_a_pack_can_be_deleted_and_again(owner: OwnerCaller, delete: Delete, left: Left) -> None:
    first = [delete(seq) for seq in SEQS]
    again = [delete(seq) for seq in SEQS]

    assert again == first
    assert not any(left(seq) for seq in SEQS)
    assert owner.page()["items"] == []


def test_photos_that_are_deleted_at_once_are_all_gone_and_bring_none_back(
    owner: OwnerCaller, device: DeviceCaller, thumbnails: dict[int, bytes], left: Left
) -> None:
    paths = [f"/items/{device.device_id}/{seq}" for seq in (1, 3, 1, 3)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda path: owner.call("DELETE", path).status_code, paths))

    assert answers == [200] * 4
    assert not left(1)
    assert not left(3)
    assert_whole(owner, device, thumbnails, 2)


def test_a_device_still_gets_its_receipt_for_a_pack_of_which_photos_were_deleted(
    device: DeviceCaller, packed: Offered, delete: Delete
) -> None:
    delete(2)
    assert [believed(device, packed, each) for each in receipts(device, packed)] == ["held"]
    for seq in SEQS:
        delete(seq)
    (answer,) = receipts(device, packed)
    assert believed(device, packed, answer)
    assert "except" not in answer


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_deletion_that_is_cut_short_is_finished_by_the_reconciler(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    thumbnails: dict[int, bytes],
    left: Left,
    app_clock_moved: MoveClock,
    method: str,
) -> None:
    """GET: nothing is done yet; PUT: the pack is to be rewritten; POST: the version before is to be deleted."""
    cut = Refuse(count=1, status=403, code="AccessDenied", method=method)
    # The event of the rewriting would finish it at once.
    cloud.faults.add(FaultPlan(refuse=cut, events=EventFaults(drop=1)))
    assert owner.call("DELETE", f"/items/{device.device_id}/2").status_code == 500
    assert shown(owner) == [3, 1]
    assert left(2) == {"photo", "thumbnail"}
    with app_clock_moved(LATER):
        cloud.run_schedule()
    assert not left(2)
    assert_whole(owner, device, thumbnails, 1, 3)


def test_a_deleted_seq_that_comes_again_in_another_pack_is_purged_from_it(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    packed: Offered,
    delete: Delete,
    left: Left,
) -> None:
    delete(2)
    late = pack(device, taken(2, 4))
    send(device, late)
    cloud.settle()

    assert shown(owner) == [4, 3, 1]
    assert owner.item(device.device_id, 2)["status"] == "deleted"
    assert not left(2)
    assert not left(2, late)
    assert owner.photo(owner.item(device.device_id, 4)) == JPEGS[4]
    assert [believed(device, late, each) for each in receipts(device, late)] == ["held"]


def test_a_deleted_seq_that_comes_again_alone_is_purged(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, packed: Offered, delete: Delete
) -> None:
    alone = single(2, JPEGS[2], captured_at=text(taken_at(2)), ntp_synced=True)
    unbound = device.target(2)
    delete(2)

    (answer,) = sync(device, objects=[alone.named])["objects"]
    assert believed(device, alone, answer) == "deleted", "it need not come"
    assert device.put(unbound, JPEGS[2]).status_code == 200
    cloud.settle()

    assert shown(owner) == [3, 1]
    assert captures.of_device(device.device_id) == [packed.pack_key(device.device_id)]


def test_a_damaged_copy_of_a_deleted_photo_is_purged_too(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, packed: Offered, delete: Delete
) -> None:
    delete(2)
    content = taken(2, 4)
    whole = pack(device, content).body
    at = whole.index(JPEGS[2]) + 100
    late = pack(device, content, body=flipped(whole, at))
    send(device, late)
    cloud.settle()

    assert shown(owner) == [4, 3, 1]
    assert not any(JPEGS[2][-60:] in body for body in captures.all_bodies(late.pack_key(device.device_id)))
    assert owner.events(device.device_id) == []


def test_a_photo_that_is_deleted_before_its_pack_comes_is_never_shown(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, delete: Delete
) -> None:
    device.ingest(device.target(8, JPEGS[8]), 8)
    delete(8)
    late = pack(device, taken(7, 8))
    cloud.faults.add(FaultPlan(events=EventFaults(delay=Delay(count=1, seconds=0.2))))
    send(device, late)
    cloud.settle()

    assert shown(owner) == [7]
    assert not any(JPEGS[8] in body for body in captures.all_bodies(late.pack_key(device.device_id)))


def test_a_forgotten_time_is_gone_from_packs_and_singles_and_the_device_is_told(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    thumbnails: dict[int, bytes],
    captures: Bucket,
    left: Left,
) -> None:
    send(device, single(4, JPEGS[4], captured_at=text(taken_at(4)), ntp_synced=True))
    cloud.settle()

    answer = forget(owner, device, 2, 5)

    assert (answer["status"], answer["deleted"]) == ("done", 3)
    assert (answer["from"], answer["to"]) == (text(taken_at(2)), text(taken_at(5)))
    assert shown(owner) == [1]
    assert_whole(owner, device, thumbnails, 1)
    assert not left(2)
    assert not left(3)
    assert len(captures.of_device(device.device_id)) == 1, "the single has no version left"
    (command,) = sync(device)["commands"]
    assert (command["kind"], command["command_id"]) == ("forget", answer["command_id"])
    assert command["arguments"] == {"from": answer["from"], "to": answer["to"]}


def test_forgetting_a_time_again_changes_nothing(owner: OwnerCaller, device: DeviceCaller, packed: Offered) -> None:
    first = forget(owner, device, 2, 4)
    again = forget(owner, device, 2, 4)

    assert again == {**first, "deleted": 0}
    assert shown(owner) == [1]


def test_what_still_comes_of_a_forgotten_time_is_purged(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, derived: Bucket
) -> None:
    forget(owner, device, 2, 5)
    packed, alone = pack(device, taken(1, 2, 3)), single(4, JPEGS[4], captured_at=text(taken_at(4)), ntp_synced=True)
    send(device, packed, alone)
    cloud.settle()

    assert shown(owner) == [1]
    assert captures.of_device(device.device_id) == [packed.pack_key(device.device_id)]
    (body,) = captures.all_bodies(packed.pack_key(device.device_id))
    assert [JPEGS[seq] in body for seq in (1, 2, 3)] == [True, False, False]
    assert derived.of_device(device.device_id) == [packed.thumbnails_key(device.device_id)]
    of_pack, of_single = receipts(device, packed, alone)
    assert (believed(device, packed, of_pack), believed(device, alone, of_single)) == ("held", "deleted")


def test_a_photo_without_a_clock_is_forgotten_by_the_time_that_was_solved_for_it(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    told = {"from": text(utc_now() - timedelta(hours=2)), "to": text(utc_now() - timedelta(hours=1))}
    owner.ask("POST", f"/devices/{device.device_id}/forget", json=told)
    hour_ms = 3_600_000
    long_ago = Shot(1, JPEGS[1], uptime_ms=hour_ms // 2)
    packed = pack(device, [long_ago, Shot(2, JPEGS[2], uptime_ms=2 * hour_ms)])
    send(device, packed, clock={"boot_id": long_ago.boot_id, "uptime_ms": 2 * hour_ms, "next_seq": 3})
    cloud.settle()

    assert shown(owner) == [2]
    (body,) = captures.all_bodies(packed.pack_key(device.device_id))
    assert [JPEGS[seq] in body for seq in (1, 2)] == [False, True]


def test_a_forgotten_pack_whose_event_was_lost_is_purged_by_the_reconciler(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, app_clock_moved: MoveClock
) -> None:
    cloud.faults.add(FaultPlan(events=EventFaults(drop=1)))
    packed = pack(device, taken(1, 2, 3))
    send(device, packed)
    forget(owner, device, 2, 5)
    with app_clock_moved(NEXT_SWEEP):
        cloud.run_schedule()

    assert shown(owner) == [1]
    (body,) = captures.all_bodies(packed.pack_key(device.device_id))
    assert [JPEGS[seq] in body for seq in (1, 2, 3)] == [True, False, False]


def test_forgetting_that_is_cut_short_is_finished_by_the_reconciler(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    thumbnails: dict[int, bytes],
    left: Left,
    app_clock_moved: MoveClock,
) -> None:
    cloud.faults.add(FaultPlan(refuse=Refuse(count=1, status=403, code="AccessDenied", method="PUT")))
    told = {"from": text(taken_at(2)), "to": text(taken_at(4))}
    assert owner.call("POST", f"/devices/{device.device_id}/forget", json=told).status_code == 500
    with app_clock_moved(LATER):
        cloud.run_schedule()

    assert shown(owner) == [1]
    assert not left(2)
    assert not left(3)
    assert_whole(owner, device, thumbnails, 1)


def test_what_was_kept_as_a_conflict_is_forgotten_with_its_time(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    for seq in (1, 2):
        device.send(seq, JPEGS[7 + seq])
    cloud.settle()
    target = device.target(1, filename=f"{taken_at(1):%Y-%m-%dT%H-%M-%SZ}.jpg")
    assert device.put(target, JPEGS[1]).status_code == 200
    packed = pack(device, taken(2, 4))
    send(device, packed)
    cloud.settle()
    assert [event["kind"] for event in owner.events(device.device_id)] == ["conflict"] * 2

    assert conflicts_left(device, captures) == 1
    done = forget(owner, device, 1, 3)

    assert (done["deleted"], done["status"]) == (2, "done")
    assert conflicts_left(device, captures) == 0
    (body,) = captures.all_bodies(packed.pack_key(device.device_id))
    assert [JPEGS[seq] in body for seq in (2, 4)] == [False, True]
    assert shown(owner) == [2, 1, 4]
    assert [owner.photo(owner.item(device.device_id, seq)) for seq in (1, 2)] == [JPEGS[8], JPEGS[9]]


def test_a_photo_that_went_up_under_another_seq_is_deleted_with_what_its_pack_kept_as_a_conflict(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, delete: Delete
) -> None:
    device.send(2, JPEGS[8])
    cloud.settle()
    packed = pack(device, taken(1, 2))
    send(device, packed)
    cloud.settle()
    send(device, single(4, JPEGS[2], captured_at=text(taken_at(2)), ntp_synced=True))
    cloud.settle()

    delete(4)

    (body,) = captures.all_bodies(packed.pack_key(device.device_id))
    assert [JPEGS[seq] in body for seq in (1, 2)] == [True, False]
    assert owner.photo(owner.item(device.device_id, 2)) == JPEGS[8]


def conflicts_left(device: DeviceCaller, captures: Bucket) -> int:
    return len(captures.versions(f"devices/{device.device_id}/conflicts/"))


def test_forgotten_and_deleted_times_are_told_by_the_timeline(
    owner: OwnerCaller, device: DeviceCaller, packed: Offered, delete: Delete
) -> None:
    delete(1)
    forget(owner, device, 3, 4)
    day = {"from": text(taken_at(0)), "to": text(taken_at(60)), "device_id": device.device_id, "bucket_s": 60}

    found = owner.ask("GET", "/timeline", params=day)

    assert sum(bucket.get("photos", 0) for bucket in found["buckets"]) == 1
    assert sum(bucket.get("deleted", 0) for bucket in found["buckets"]) == 2
    reasons = {gap["reason"] for gap in found["gaps"]}
    assert {"deleted", "forgotten"} <= reasons


def test_no_other_owner_deletes_or_forgets(
    owner: OwnerCaller, new_owner: Callable[[], OwnerCaller], device: DeviceCaller, packed: Offered
) -> None:
    stranger = new_owner()
    told = {"from": text(taken_at(1)), "to": text(taken_at(4))}

    assert stranger.call("DELETE", f"/items/{device.device_id}/1").status_code == 404
    assert stranger.call("POST", f"/devices/{device.device_id}/forget", json=told).status_code == 404
    assert shown(owner) == [3, 2, 1]
