"""What an owner gets of photos that lie in packs."""

from __future__ import annotations

import pytest

from chalicelib.domain.clock import to_text
from chalicelib.domain.device import Device
from chalicelib.imaging import examine
from chalicelib.wire import object_keys
from chalicelib.wire.object_keys import PackKey
from tests.api.client import Client
from tests.api.scene import Camera, World
from tests.services.pack_scene import process, shots, taken_at, upload
from tests.tiny_jpegs import tiny_jpeg

SEQS = (1, 2, 3)


@pytest.fixture
def device(world: World, camera: Camera) -> Device:
    found = world.devices.get(camera.device_id)
    assert found is not None
    return found


@pytest.fixture
def packed(world: World, device: Device) -> PackKey:
    named = upload(world, device, shots(SEQS))
    process(world, named)
    return named


def test_photos_of_a_pack_are_ranges_of_objects_that_have_one_url_each(
    world: World, owner: Client, packed: PackKey
) -> None:
    page = owner.get("/items").json

    thumbnails = object_keys.pack_thumbnails(packed)
    assert [item["seq"] for item in page["items"]] == [3, 2, 1]
    assert page["urls"].keys() == {packed.object_key, thumbnails}
    assert not any("versionId" in url for url in page["urls"].values())
    files = world.captures.bodies() | world.derived.bodies()
    for item in page["items"]:
        for place, expected in (("photo", tiny_jpeg(item["seq"])), ("thumbnail", None)):
            where = item[place]
            assert where.keys() == {"object_key", "offset", "length"}
            got = files[where["object_key"]][0][where["offset"] : where["offset"] + where["length"]]
            assert got == (expected or examine(tiny_jpeg(item["seq"])).thumbnail)


def test_one_photo_of_a_pack_carries_its_urls(owner: Client, device: Device, packed: PackKey) -> None:
    item = owner.get(f"/items/{device.device_id}/2").json

    assert item["photo"].keys() == item["thumbnail"].keys() == {"object_key", "offset", "length", "url", "expires_at"}
    assert packed.object_key in item["photo"]["url"]
    assert item["photo"]["length"] == item["size_bytes"] == len(tiny_jpeg(2))


def test_a_deleted_photo_of_a_pack_has_no_place_and_the_others_keep_theirs(
    owner: Client, device: Device, packed: PackKey
) -> None:
    before = {item["seq"]: item for item in owner.get("/items").json["items"]}

    deleted = owner.send("DELETE", f"/items/{device.device_id}/2").json

    assert (deleted["status"], "photo" in deleted, "thumbnail" in deleted) == ("deleted", False, False)
    assert {item["seq"]: item for item in owner.get("/items").json["items"]} == {1: before[1], 3: before[3]}


def test_a_forgotten_time_answers_what_was_taken_of_it(
    world: World, owner: Client, device: Device, packed: PackKey
) -> None:
    asked = {"from": to_text(taken_at(2)), "to": "2999-01-01T00:00:00Z"}

    done = owner.post(f"/devices/{device.device_id}/forget", asked).json

    (command,) = world.inbox.open_commands(device.device_id, 10)
    assert done == {
        "from": asked["from"],
        "to": to_text(world.clock()),
        "deleted": 2,
        "status": "done",
        "command_id": command.command_id,
    }
    assert [item["seq"] for item in owner.get("/items").json["items"]] == [1]
