"""Packs on their whole way: drained by a device over real sockets, seen by their owner as photos."""

from __future__ import annotations

import io
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from chalicelib.domain.clock import from_text, utc_now
from infra.local.cloud import LocalCloud
from infra.local.faults import Delay, EventFaults, FaultPlan
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock
from tests.e2e.packing import (
    Offered,
    believed,
    pack,
    put,
    receipts,
    send,
    shots,
    single,
    sync,
    taken_at,
    text,
)
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller, sha256_hex
from tests.pack_files import IN_RECORD, RECORD, Shot, assert_any_tool_opens, changed, with_true_record
from tests.pictures import photo
from tests.tiny_jpegs import not_a_jpeg, tiny_jpeg

VECTORS = Path(__file__).parents[1] / "vectors" / "packs"
GOLDEN: dict[str, Any] = json.loads((VECTORS / "packs.json").read_text())
DAMAGED = [
    name
    for name, told in GOLDEN["files"].items()
    if told.get("faults") or any(one["fault"] for one in told.get("captures", ()))
]


def seqs(items: list[JsonObject]) -> list[int]:
    return [item["seq"] for item in items]


def kinds(owner: OwnerCaller, device: DeviceCaller) -> list[str]:
    return [event["kind"] for event in owner.events(device.device_id)]


def test_a_drained_pack_shows_as_photos_that_are_ranges_of_one_object(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    jpegs = {seq: photo(640, 480, quality=60 + seq) for seq in (1, 2, 4)}
    packed = pack(device, [Shot(seq, jpeg, taken_at(seq), clock_synced=True) for seq, jpeg in jpegs.items()])
    send(device, packed)
    cloud.settle()

    page = owner.page()

    keys = packed.pack_key(device.device_id), packed.thumbnails_key(device.device_id)
    assert page["urls"].keys() == set(keys)
    assert seqs(page["items"]) == [4, 2, 1]
    for item in page["items"]:
        jpeg = jpegs[item["seq"]]
        assert (item["photo"]["object_key"], item["thumbnail"]["object_key"]) == keys
        assert owner.download(item["photo"], page["urls"]) == jpeg
        assert Image.open(io.BytesIO(owner.download(item["thumbnail"], page["urls"]))).size == (320, 240)
        assert (item["status"], item["size_bytes"], item["sha256"]) == ("processed", len(jpeg), sha256_hex(jpeg))
        assert (item["captured_at"], item["captured_at_confidence"]) == (text(taken_at(item["seq"])), "ntp")


def test_one_photo_of_a_pack_has_urls_and_ranges_of_its_own(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    jpeg = photo(640, 480)
    send(device, pack(device, [*shots([1]), Shot(2, jpeg, taken_at(2), clock_synced=True)]))
    cloud.settle()

    item = owner.item(device.device_id, 2)

    assert owner.photo(item) == jpeg
    assert Image.open(io.BytesIO(owner.thumbnail(item))).size == (320, 240)
    assert (item["width"], item["height"]) == (640, 480)


def test_pages_over_packs_and_singles_hold_each_photo_once(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    alone = single(4, tiny_jpeg(4), captured_at=text(taken_at(4)), ntp_synced=True)
    send(device, pack(device, shots([1, 2, 3])), alone, pack(device, shots(range(5, 12))))
    cloud.settle()

    assert seqs(owner.items()) == list(range(11, 0, -1))
    for limit in (1, 2, 5):
        assert owner.items(limit=limit) == owner.items()
    within = {"from": text(taken_at(3)), "to": text(taken_at(6))}
    assert seqs(owner.items(limit=1, **within)) == [5, 4, 3]


def test_a_pack_lies_in_the_bucket_as_a_zip_that_any_tool_opens(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, tmp_path: Path
) -> None:
    packed = pack(device, shots([1, 2, 3]))
    send(device, packed)
    cloud.settle()
    names = [f"{seq:016d}.jpg" for seq in (1, 2, 3)]
    assert captures.body(packed.pack_key(device.device_id)) == packed.body
    assert_any_tool_opens(packed.body, names, tmp_path)

    owner.ask("DELETE", f"/items/{device.device_id}/2")

    assert_any_tool_opens(captures.body(packed.pack_key(device.device_id)), names, tmp_path)


def test_the_same_pack_is_stored_once(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> None:
    packed = pack(device, shots([1, 2]))
    wanted = sync(device, objects=[packed.named, packed.named])
    statuses = [put(device, wanted["uploads"], each, packed).status_code for each in wanted["objects"]]
    cloud.settle()

    assert statuses == [200, 412]
    assert seqs(owner.items()) == [2, 1]
    assert [believed(device, packed, each) for each in sync(device, objects=[packed.named])["objects"]] == ["held"]


def test_a_capture_without_a_clock_gets_its_time_from_what_its_boot_told(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    clock = {"boot_id": "a" * 16, "uptime_ms": 600_000, "next_seq": 3}
    before = utc_now()
    send(device, pack(device, [Shot(1, tiny_jpeg(1), uptime_ms=540_000, boot_id="a" * 16)]), clock=clock)
    after = utc_now()
    cloud.settle()

    (item,) = owner.items()

    assert item["captured_at_confidence"] == "solved"
    minute = timedelta(minutes=1, milliseconds=1)
    assert before - minute <= from_text(item["captured_at"]) <= after - minute + timedelta(milliseconds=2)


def test_a_boot_that_never_synced_lies_between_those_around_it(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock
) -> None:
    with app_clock_moved(-timedelta(hours=3)):
        sync(device, clock={"boot_id": "a" * 16, "uptime_ms": 600_000, "next_seq": 5})
        first = utc_now() - timedelta(hours=3)
    offline = pack(device, [Shot(seq, tiny_jpeg(seq), uptime_ms=30_000, boot_id="b" * 16) for seq in (5, 6)])
    send(device, offline, clock={"boot_id": "c" * 16, "uptime_ms": 3_600_000, "next_seq": 8})
    last = utc_now() - timedelta(hours=1)
    cloud.settle()

    items = owner.items()

    assert [item["captured_at_confidence"] for item in items] == ["bounded"] * 2
    assert all(first <= from_text(item["captured_at"]) <= last for item in items)


def test_what_is_no_photo_in_a_pack_is_shown_as_rejected(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    send(device, pack(device, [*shots([1]), Shot(2, not_a_jpeg(2), taken_at(2), clock_synced=True), *shots([3])]))
    cloud.settle()

    items = owner.items()

    assert [(item["seq"], item.get("reject_reason")) for item in items] == [(3, None), (2, "not_a_jpeg"), (1, None)]
    assert owner.photo(owner.item(device.device_id, 2)) == not_a_jpeg(2), "it is kept"
    assert "thumbnail" not in items[1]


def test_a_conflict_in_a_pack_is_told_with_its_place_and_goes_up_alone(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    device.send(2, tiny_jpeg(99))
    cloud.settle()
    packed = pack(device, shots([1, 2, 3]))
    send(device, packed)
    cloud.settle()

    (answer,) = receipts(device, packed)
    (event,) = owner.events(device.device_id)

    assert believed(device, packed, answer) == "held"
    (exempt,) = answer["except"]
    assert (exempt["seq"], exempt["next_seq"]) == (2, 4)
    assert (event["kind"], event["details"]["seq"]) == ("conflict", 2)
    key, offset = event["details"]["object_key"], event["details"]["offset"]
    assert captures.body(key)[offset : offset + event["details"]["size_bytes"]] == tiny_jpeg(2)
    assert owner.photo(owner.item(device.device_id, 2)) == tiny_jpeg(99), "nothing is overwritten"

    moved = single(exempt["next_seq"], tiny_jpeg(2), captured_at=text(taken_at(2)), ntp_synced=True)
    send(device, moved)
    cloud.settle()

    assert believed(device, moved, receipts(device, moved)[0]) == "held"
    assert {item["seq"]: item["sha256"] for item in owner.items()} == {
        seq: sha256_hex(tiny_jpeg(number)) for seq, number in {1: 1, 2: 99, 3: 3, 4: 2}.items()
    }


def test_a_photo_under_the_seq_of_another_that_was_deleted_is_a_conflict_and_not_lost(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    """As of a device that was reset: whenever it asks, it is told to send it under another seq."""
    device.send(2, tiny_jpeg(99))
    cloud.settle()
    owner.ask("DELETE", f"/items/{device.device_id}/2")
    packed = pack(device, shots([1, 2, 3]))
    cloud.faults.add(FaultPlan(events=EventFaults(delay=Delay(count=1, seconds=0.3))))
    send(device, packed)
    (early,) = receipts(device, packed)
    cloud.settle()
    (late,) = receipts(device, packed)

    assert early == late
    assert late["except"] == [{"seq": 2, "next_seq": 4}]
    assert tiny_jpeg(2) in captures.body(packed.pack_key(device.device_id))
    assert kinds(owner, device) == ["conflict"]
    assert seqs(owner.items()) == [3, 1]


def test_a_capture_that_came_before_is_held_once(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    """Alone, or in a pack that was sealed otherwise."""
    device.send(1, tiny_jpeg(1))
    one = pack(device, shots([2, 3]))
    send(device, one)
    cloud.settle()
    items = {seq: owner.item(device.device_id, seq)["photo"]["object_key"] for seq in (1, 2, 3)}
    other = pack(device, shots([1, 3, 4]))
    send(device, other)
    cloud.settle()

    assert sorted(seqs(owner.items())) == [1, 2, 3, 4]
    assert {seq: owner.item(device.device_id, seq)["photo"]["object_key"] for seq in (1, 2, 3)} == items
    assert [believed(device, other, each) for each in receipts(device, other)] == ["held"]
    (held,) = captures.all_bodies(other.pack_key(device.device_id))
    assert [jpeg in held for jpeg in map(tiny_jpeg, (1, 3, 4))] == [False, False, True]


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_pack_keeps_what_is_good_and_its_owner_is_told(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, name: str
) -> None:
    told = GOLDEN["files"][name]
    body = of_device((VECTORS / name).read_bytes(), device.device_id)
    damaged = Offered(body, {**told["key"], "size_bytes": len(body), "sha256": sha256_hex(body)})
    send(device, damaged)
    cloud.settle()

    expected = {one["seq"]: "sha256_mismatch" if one["fault"] else None for one in told["captures"]}
    items = owner.items()
    assert {item["seq"]: item.get("reject_reason") for item in items} == expected
    for one in told["captures"]:
        if not one["fault"]:
            assert sha256_hex(owner.photo(owner.item(device.device_id, one["seq"]))) == one["sha256"]
    events = [(event["kind"], event["details"]["reason"]) for event in owner.events(device.device_id)]
    assert events == [("pack_damaged", fault["reason"]) for fault in told["faults"]]
    assert [believed(device, damaged, each) for each in receipts(device, damaged)] == ["held"]


def test_a_file_that_is_no_pack_is_kept_and_its_owner_is_told(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    portal = pack(device, shots([1, 2]), body=b"<html>captive portal</html>")
    send(device, portal)
    cloud.settle()

    (event,) = owner.events(device.device_id)

    assert (event["kind"], event["details"]["reason"]) == ("pack_rejected", "not_a_pack")
    assert captures.body(event["details"]["object_key"]) == portal.body
    assert owner.items() == []
    assert [believed(device, portal, each) for each in receipts(device, portal)] == ["held"], "S3 has the bytes"


def of_device(body: bytes, device_id: str) -> bytes:
    """A golden pack as another device would have written it: what is right in it stays so, and what is wrong, too."""
    was, now = uuid.UUID(GOLDEN["device_id"]).bytes, uuid.UUID(device_id).bytes
    for start in range(0, len(body) - RECORD, 512):
        at = start + RECORD + IN_RECORD["device"]
        if body[at : at + 16] == was:
            is_right = with_true_record(body, start) == body
            body = changed(body, at, now)
            body = with_true_record(body, start) if is_right else body
    return body
