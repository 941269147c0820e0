"""What is kept of seqs that others hold is where its owner can find it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from chalicelib.api import functions
from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.ids import Seq
from chalicelib.wire import object_keys
from tests.api.client import Client
from tests.api.s3_events import created
from tests.api.scene import Camera, World
from tests.clips import clip
from tests.services.conftest import stored_device
from tests.services.pack_scene import shots, taken_at, upload
from tests.tiny_jpegs import tiny_jpeg

HELD = tiny_jpeg(99)


def listed(owner: Client, camera: Camera, **query: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = owner.get(f"/devices/{camera.device_id}/conflicts", **query).json["items"]
    return found


def put_pack(world: World, camera: Camera, seqs: range) -> str:
    device = stored_device(world, camera.device_id)
    return upload(world, device, shots(seqs)).object_key


def put(world: World, camera: Camera, seq: int, body: bytes, name: str = "photo.jpg") -> str:
    key = object_keys.single(camera.device_id, Seq(seq), name, None)
    world.captures.upload(key, body, sha256(body).hexdigest())
    functions.process_objects(created(key))
    return key


def bytes_at(world: World, place: dict[str, Any]) -> bytes:
    found = world.captures.fetch(place["object_key"], None, at_most_bytes=10**7)
    assert found is not None
    assert found.body is not None
    start = place.get("offset", 0)
    return found.body[start : start + place.get("length", len(found.body))]


def test_a_photo_whose_seq_another_one_took_between_its_receipt_and_its_event_is_listed(
    world: World, owner: Client, camera: Camera
) -> None:
    """The device has deleted it by then: this is all that there is of it."""
    key = put_pack(world, camera, range(3, 8))
    put(world, camera, 4, HELD)

    functions.process_objects(created(key))

    (found,) = listed(owner, camera)
    assert (found["seq"], found["sha256"]) == (4, sha256(tiny_jpeg(4)).hexdigest())
    assert found["photo"]["object_key"] == key
    assert key in found["photo"]["url"]
    assert bytes_at(world, found["photo"]) == tiny_jpeg(4)


def test_what_was_set_aside_is_listed_with_what_it_is(world: World, owner: Client, camera: Camera) -> None:
    put(world, camera, 4, HELD)
    put(world, camera, 4, tiny_jpeg(4), "other.jpg")
    video = clip(poster=tiny_jpeg(5), duration_ms=1000)
    put(world, camera, 4, video, "video.mp4")

    found = listed(owner, camera)

    assert {each["content_type"]: bytes_at(world, each["photo"]) for each in found} == {
        "image/jpeg": tiny_jpeg(4),
        "video/mp4": video,
    }
    assert {each["size_bytes"] for each in found} == {len(tiny_jpeg(4)), len(video)}


def test_they_come_newest_first_in_pages(world: World, owner: Client, camera: Camera) -> None:
    for seq in range(3, 8):
        put(world, camera, seq, tiny_jpeg(90 + seq))
    functions.process_objects(created(put_pack(world, camera, range(3, 8))))

    found, cursor = list[int](), None
    while not found or cursor:
        page = owner.get(f"/devices/{camera.device_id}/conflicts", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [each["seq"] for each in page.json["items"]]
        cursor = page.json["cursor"]

    assert found == [7, 6, 5, 4, 3]


def test_what_was_deleted_with_its_photo_is_listed_no_more(world: World, owner: Client, camera: Camera) -> None:
    put(world, camera, 4, HELD)
    put(world, camera, 4, tiny_jpeg(4), "other.jpg")
    put(world, camera, 9, tiny_jpeg(4))
    assert len(listed(owner, camera)) == 1

    owner.delete(f"/items/{camera.device_id}/9")

    assert listed(owner, camera) == []


def test_what_was_forgotten_is_listed_no_more(world: World, owner: Client, camera: Camera) -> None:
    put(world, camera, 4, HELD)
    functions.process_objects(created(put_pack(world, camera, range(3, 8))))
    (found,) = listed(owner, camera)
    span = {"from": found["captured_at"], "to": found["captured_at"].replace(":00.000Z", ":01.000Z")}

    owner.post(f"/devices/{camera.device_id}/forget", span)

    assert listed(owner, camera) == []


def test_what_has_become_the_photo_of_its_seq_since_is_listed_no_more(
    world: World, owner: Client, camera: Camera
) -> None:
    key = put_pack(world, camera, range(3, 8))
    functions.process_objects(created(key))
    item = world.items.get(camera.device_id, Seq(4))
    assert item is not None
    assert item.offset is not None
    kept = Conflict(item.device_id, Seq(4), key, str(item.sha256), taken_at(4), item.size_bytes or 0, item.offset)
    world.conflicts.keep(kept)

    assert listed(owner, camera) == []
