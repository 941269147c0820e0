"""What an owner sees and does, and that no owner sees or does it to another's."""

from __future__ import annotations

import pytest

from chalicelib.api import functions
from chalicelib.api.public_routes import all_routes
from chalicelib.api.routes import Route
from chalicelib.domain.ids import OwnerId, new_device_id
from tests import protocol_doc
from tests.api.client import Answer, Client
from tests.api.s3_events import created
from tests.api.scene import Camera, World, new_camera, what_is_stored
from tests.tiny_jpegs import not_a_jpeg, tiny_jpeg


def taken(world: World, device: Camera, seq: int, minute: int = 0, jpeg: bytes | None = None) -> str:
    """A photo of that seq, uploaded and processed. Gives its object key."""
    name = f"2026-05-04T11-{minute:02d}-00Z_{seq:06d}.jpg"
    asked = {"filename": name, "content_type": "image/jpeg", "seq": seq}
    key: str = device.post("/devices/upload-url", asked).json["object_key"]
    world.captures.upload(key, jpeg or tiny_jpeg(seq))
    functions.process_objects(created(key))
    return key


def seqs(answer: Answer) -> list[int]:
    return [item["seq"] for item in answer.json["items"]]


def test_devices_are_listed_with_their_names(owner: Client, stranger: Client) -> None:
    mine = {new_camera(owner, name).device_id: name for name in ("barn", "gate")}
    new_camera(stranger, "not mine")

    listed = owner.get("/devices").json

    assert {device["device_id"]: device["name"] for device in listed["items"]} == mine
    assert listed["cursor"] is None


def test_devices_come_in_pages(owner: Client) -> None:
    mine = sorted(new_camera(owner).device_id for _ in range(3))

    first = owner.get("/devices", limit=2).json
    second = owner.get("/devices", limit=2, cursor=first["cursor"]).json

    found = [device["device_id"] for page in (first, second) for device in page["items"]]
    assert (found, second["cursor"]) == (mine, None)


def test_a_device_without_a_name_is_called_camera(owner: Client) -> None:
    made = owner.post("/devices/pair").json

    assert owner.get(f"/devices/{made['device_id']}").json["name"] == "Camera"


def test_a_change_touches_only_what_it_names(owner: Client, camera: Camera) -> None:
    before = owner.get(f"/devices/{camera.device_id}").json

    after = owner.patch(f"/devices/{camera.device_id}", {"settings": {"jpeg_quality": 20}}).json

    assert after["name"] == before["name"]
    assert after["settings"] == {**before["settings"], "jpeg_quality": 20}
    assert after["settings_version"] == before["settings_version"] + 1
    assert owner.patch(f"/devices/{camera.device_id}", {"name": "roof"}).json["settings_version"] == 2


def test_a_pause_is_set_and_ended_by_settings(owner: Client, camera: Camera) -> None:
    path = f"/devices/{camera.device_id}"

    paused = owner.patch(path, {"settings": {"paused_until": "2026-05-04T20:00:00+02:00"}}).json["settings"]
    resumed = owner.patch(path, {"settings": {"paused_until": None}}).json["settings"]

    assert (paused["paused_until"], resumed["paused_until"]) == ("2026-05-04T18:00:00.000Z", None)


def test_a_revoked_device_is_refused_and_paired_again_keeps_its_photos_and_seq(
    world: World, owner: Client, camera: Camera, nobody: Client
) -> None:
    taken(world, camera, 7)

    revoked = owner.delete(f"/devices/{camera.device_id}")

    assert revoked.json["revoked_at"] == "2026-05-04T12:00:00.000Z"
    assert camera.get("/devices/commands").code == "device_revoked"
    world.clock.advance(60)
    code = owner.post(f"/devices/{camera.device_id}/pair").json["pairing_code"]
    back = nobody.post("/devices/activate", {"pairing_code": code}).json
    assert (back["device_id"], back["next_seq"]) == (camera.device_id, 8)
    assert seqs(owner.get("/items")) == [7]


def test_a_pause_command_shows_in_the_settings_and_in_the_history(owner: Client, camera: Camera) -> None:
    path = f"/devices/{camera.device_id}"

    made = owner.post(f"{path}/commands", {"kind": "pause", "duration_s": 3600}).json

    assert made["arguments"] == {"duration_s": 3600}
    assert owner.get(path).json["settings"]["paused_until"] == "2026-05-04T13:00:00.000Z"
    assert owner.get(f"{path}/commands").json == {"items": [made], "cursor": None}


def test_histories_come_newest_first_page_by_page(world: World, owner: Client, camera: Camera) -> None:
    path = f"/devices/{camera.device_id}"
    for kind in ("reboot", "repair", "upload_log"):
        world.clock.advance(10)
        owner.post(f"{path}/commands", {"kind": kind})
        camera.post("/devices/events", {"kind": "boot", "message": kind})

    for history, key in ((f"{path}/commands", "command_id"), (f"{path}/events", "event_id")):
        first = owner.get(history, limit=2).json
        rest = owner.get(history, limit=2, cursor=first["cursor"]).json
        found = [entry[key] for entry in first["items"] + rest["items"]]
        assert found == sorted(found, reverse=True)
        assert len(found) == 3
        assert rest["cursor"] is None


def test_how_a_device_was_is_told_in_the_words_of_its_heartbeats(world: World, owner: Client, camera: Camera) -> None:
    path = f"/devices/{camera.device_id}/health"
    for percent in (83, 82, 81):
        camera.post("/devices/heartbeat", {"battery_percent": percent, "reset_reason": "brownout"})
        world.clock.advance(15 * 60)

    first = owner.get(path, limit=2).json
    rest = owner.get(path, limit=2, cursor=first["cursor"]).json

    assert first["items"][0] == {
        "reported_at": "2026-05-04T12:30:00.000Z",
        "battery_percent": 81,
        "reset_reason": "brownout",
    }
    assert [one["battery_percent"] for one in [*first["items"], *rest["items"]]] == [81, 82, 83]
    assert rest["cursor"] is None
    ranged = owner.get(path, **{"from": "2026-05-04T12:15:00Z", "to": "2026-05-04T12:30:00Z"})
    assert [one["battery_percent"] for one in ranged.json["items"]] == [82]


def test_photos_come_newest_first_with_one_url_an_object(world: World, owner: Client, camera: Camera) -> None:
    keys = [taken(world, camera, seq, minute) for seq, minute in ((1, 30), (2, 10), (3, 20))]

    page = owner.get("/items")

    assert seqs(page) == [1, 3, 2]
    thumbnails = {item["thumbnail"]["object_key"] for item in page.json["items"]}
    assert page.json["urls"].keys() == {*keys, *thumbnails}
    assert page.json["urls_expire_at"] == "2026-05-04T13:00:00.000Z"
    assert all("derived.test" in page.json["urls"][key] for key in thumbnails)
    assert all("captures.test" in page.json["urls"][key] for key in keys)
    assert all(item["photo"].keys() == {"object_key"} for item in page.json["items"])


def test_photos_are_found_by_device_and_by_time(world: World, owner: Client, camera: Camera) -> None:
    other = new_camera(owner, "gate")
    for seq in (1, 2, 3):
        taken(world, camera, seq, seq)
    taken(world, other, 1, 2)

    assert seqs(owner.get("/items", device_id=camera.device_id)) == [3, 2, 1]
    ranged = owner.get("/items", **{"from": "2026-05-04T11:02:00Z", "to": "2026-05-04T11:03:00Z"})
    assert sorted(item["device_id"] for item in ranged.json["items"]) == sorted([camera.device_id, other.device_id])
    assert seqs(ranged) == [2, 1] or seqs(ranged) == [1, 2]


def test_pages_of_photos_join_without_a_gap_or_an_overlap(world: World, owner: Client, camera: Camera) -> None:
    for seq in range(7):
        taken(world, camera, seq, seq)

    found, cursor = [], None
    while True:
        page = owner.get("/items", limit=3, **({"cursor": cursor} if cursor else {}))
        found += seqs(page)
        cursor = page.json["cursor"]
        if cursor is None:
            break

    assert found == [6, 5, 4, 3, 2, 1, 0]


def test_one_item_carries_the_urls_of_its_photo_and_thumbnail(world: World, owner: Client, camera: Camera) -> None:
    key = taken(world, camera, 7)

    item = owner.get(f"/items/{camera.device_id}/7")

    assert item.json["photo"]["object_key"] == key
    # Of the very version that was processed, whatever came to lie over it.
    assert "versionId=version" in item.json["photo"]["url"]
    assert item.json["photo"]["expires_at"] == "2026-05-04T13:00:00.000Z"
    assert item.json["thumbnail"]["url"].startswith("https://derived.test/")
    assert item.headers["cache-control"] == "no-store"


def test_a_rejected_photo_says_why_and_has_no_thumbnail(world: World, owner: Client, camera: Camera) -> None:
    taken(world, camera, 7, jpeg=not_a_jpeg(1))

    item = owner.get(f"/items/{camera.device_id}/7").json

    assert (item["status"], item["reject_reason"]) == ("rejected", "not_a_jpeg")
    assert "photo" in item
    assert "thumbnail" not in item


def test_a_photo_that_is_awaited_has_no_place_yet(owner: Client, camera: Camera) -> None:
    asked = {"filename": "a.jpg", "content_type": "image/jpeg", "seq": 7}
    key = camera.post("/devices/upload-url", asked).json["object_key"]
    camera.post("/devices/ingest", {"object_key": key, "seq": 7})

    item = owner.get(f"/items/{camera.device_id}/7").json

    assert item["status"] == "awaiting_object"
    assert not {"photo", "thumbnail"} & item.keys()


def test_a_deleted_photo_leaves_a_tombstone_and_no_bytes(world: World, owner: Client, camera: Camera) -> None:
    taken(world, camera, 7)

    deleted = owner.delete(f"/items/{camera.device_id}/7").json

    assert deleted["status"] == "deleted"
    assert not {"photo", "thumbnail"} & deleted.keys()
    assert (world.captures.keys(), world.derived.keys()) == ([], [])
    assert seqs(owner.get("/items")) == []
    assert owner.get(f"/items/{camera.device_id}/7").json == deleted
    assert owner.delete(f"/items/{camera.device_id}/7").json == deleted


OWNED = [route for table in all_routes() for route in table.entries if route.credential is OwnerId]
OF_ONE_DEVICE = [route for route in OWNED if "{device_id}" in route.path]


def called(client: Client, route: Route, device_id: str) -> Answer:
    """The route with the body of its example, for that device and its photo 7."""
    path = route.path.replace("{device_id}", device_id).replace("{seq}", "7")
    body = protocol_doc.examples()[route.method, route.path][0] if route.body else None
    return client.send(route.method, path, body=body)


@pytest.mark.parametrize("route", OF_ONE_DEVICE, ids=lambda route: f"{route.method} {route.path}")
def test_what_is_anothers_answers_as_what_does_not_exist(
    world: World, route: Route, owner: Client, stranger: Client, camera: Camera
) -> None:
    taken(world, camera, 7)
    stored = what_is_stored(world)

    foreign = called(stranger, route, camera.device_id)
    unknown = called(stranger, route, new_device_id(world.entropy))

    assert (foreign.status, foreign.json) == (unknown.status, unknown.json)
    assert foreign.code == "not_found"
    assert what_is_stored(world) == stored
    assert called(owner, route, camera.device_id).status == 200


@pytest.mark.parametrize("path", ["/items", "/devices"])
def test_a_list_shows_nothing_of_another_owner(
    world: World, path: str, owner: Client, stranger: Client, camera: Camera
) -> None:
    taken(world, camera, 7)

    assert stranger.get(path).json["items"] == []
    assert len(owner.get(path).json["items"]) == 1


def test_items_of_anothers_device_are_not_found(world: World, stranger: Client, camera: Camera) -> None:
    taken(world, camera, 7)

    foreign = stranger.get("/items", device_id=camera.device_id)
    unknown = stranger.get("/items", device_id=new_device_id(world.entropy))

    assert (foreign.status, foreign.json) == (unknown.status, unknown.json) == (404, foreign.json)


def test_a_cursor_of_another_owner_leads_nowhere_else_than_into_ones_own_photos(
    world: World, owner: Client, stranger: Client, camera: Camera
) -> None:
    for seq in range(3):
        taken(world, camera, seq, seq)
    theirs = new_camera(stranger)
    taken(world, theirs, 9)
    cursor = owner.get("/items", limit=1).json["cursor"]

    assert {item["device_id"] for item in stranger.get("/items", cursor=cursor).json["items"]} == {theirs.device_id}


def test_a_refused_parameter_is_called_by_the_name_that_the_client_gave_it(owner: Client) -> None:
    answer = owner.get("/items", **{"from": "0001-01-01T00:00:00+14:00"})
    assert (answer.code, answer.json["error"]["message"]) == ("invalid_parameter", "from is out of range")
