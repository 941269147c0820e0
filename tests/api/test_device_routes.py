"""What a device can do, over the wire."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.domain.ids import Seq
from tests.api import scene
from tests.api.client import Client
from tests.api.scene import Camera, World
from tests.tiny_jpegs import tiny_jpeg

JPEG = tiny_jpeg(1)
SHA256 = hashlib.sha256(JPEG).hexdigest()
NAME = "2026-05-04T11-59-00Z_000007.jpg"


def asked(seq: int = 7, **more: object) -> dict[str, object]:
    return {
        "filename": NAME,
        "content_type": "image/jpeg",
        "seq": seq,
        "sha256": SHA256,
        "size_bytes": len(JPEG),
        **more,
    }


def uploaded(device: Camera, world: World, seq: int = 7) -> str:
    key: str = device.post("/devices/upload-url", asked(seq)).json["object_key"]
    world.captures.upload(key, JPEG, SHA256)
    return key


def claim(key: str, seq: int = 7, **more: object) -> dict[str, object]:
    return {"object_key": key, "seq": seq, "captured_at": "2026-05-04T11:59:00Z", "sha256": SHA256, **more}


def test_activation_gives_all_that_a_device_needs_to_begin(world: World, owner: Client, nobody: Client) -> None:
    code = owner.post("/devices/pair").json["pairing_code"]

    answer = nobody.post("/devices/activate", {"pairing_code": code.lower().replace("-", " ")})

    assert answer.json["next_seq"] == 0
    assert answer.json["server_time"] == "2026-05-04T12:00:00.000Z"
    assert answer.json["receipt_keys"] == world.receipt_keys.public_keys()
    assert answer.json["settings"]["interval_s"] == 30
    assert answer.headers["cache-control"] == "no-store"


def test_an_activation_whose_answer_was_lost_is_given_again_to_the_same_nonce(owner: Client, nobody: Client) -> None:
    code = owner.post("/devices/pair").json["pairing_code"]
    request = {"pairing_code": code, "nonce": "0123456789abcdef"}

    first, second = nobody.post("/devices/activate", request), nobody.post("/devices/activate", request)

    assert first.json["device_token"] == second.json["device_token"]
    assert nobody.post("/devices/activate", {**request, "nonce": "fedcba9876543210"}).code == "pairing_code_invalid"


def test_an_activation_tells_the_owner_the_firmware_version(owner: Client, nobody: Client) -> None:
    made = owner.post("/devices/pair").json

    nobody.post("/devices/activate", {"pairing_code": made["pairing_code"], "firmware_version": "1.4.0"})

    assert owner.get(f"/devices/{made['device_id']}").json["health"]["firmware_version"] == "1.4.0"


def test_a_code_from_before_a_revocation_brings_nobody_back(world: World, owner: Client, camera: Camera) -> None:
    code = owner.post(f"/devices/{camera.device_id}/pair").json["pairing_code"]
    world.clock.advance(1)
    owner.delete(f"/devices/{camera.device_id}")

    assert Client().post("/devices/activate", {"pairing_code": code}).code == "pairing_code_invalid"
    assert camera.get("/devices/commands").code == "device_revoked"


def test_guesses_are_limited_by_source_and_another_source_is_not_stopped(owner: Client) -> None:
    code = owner.post("/devices/pair").json["pairing_code"]
    wrong = {"pairing_code": "00000-00000"}
    guesser = Client(source="2001:db8:1:2::1")

    codes = [guesser.post("/devices/activate", wrong).code for _ in range(12)]

    assert codes == ["pairing_code_invalid"] * 10 + ["rate_limited"] * 2
    neighbour = Client(source="2001:db8:1:2:ffff::9")
    assert neighbour.post("/devices/activate", wrong).code == "rate_limited"
    assert Client(source="192.0.2.99").post("/devices/activate", {"pairing_code": code}).status == 200


def test_a_photo_goes_up_is_confirmed_and_gets_a_receipt(world: World, camera: Camera) -> None:
    key = uploaded(camera, world)

    first = camera.post("/devices/ingest", claim(key)).json
    second = camera.post("/devices/ingest", claim(key)).json

    assert first["status"] == "queued"
    assert second["status"] == "duplicate"
    assert "task_id" not in second
    assert first["item_id"] == second["item_id"]
    assert first["receipt"] == second["receipt"]
    assert first["receipt"]["sha256"] == SHA256


def test_a_claim_before_its_object_is_queued_without_a_receipt(camera: Camera) -> None:
    key = camera.post("/devices/upload-url", asked()).json["object_key"]

    answer = camera.post("/devices/ingest", claim(key)).json

    assert answer["status"] == "queued"
    assert "receipt" not in answer


def test_asking_for_a_url_of_a_held_capture_tells_so_with_a_receipt(world: World, camera: Camera) -> None:
    camera.post("/devices/ingest", claim(uploaded(camera, world)))

    answer = camera.post("/devices/upload-url", asked()).json

    assert answer["status"] == "duplicate"
    assert answer["receipt"]["state"] == "held"


def test_other_bytes_for_a_held_seq_are_a_conflict_that_names_the_next_seq(world: World, camera: Camera) -> None:
    camera.post("/devices/ingest", claim(uploaded(camera, world)))

    answer = camera.post("/devices/upload-url", asked(sha256="0" * 64))

    assert (answer.status, answer.code) == (409, "conflict")
    assert answer.json["next_seq"] == 8


def test_an_impossible_time_of_an_unsynced_clock_becomes_the_time_of_receipt(world: World, camera: Camera) -> None:
    key = uploaded(camera, world)

    answer = camera.post("/devices/ingest", claim(key, captured_at="1970-01-01T00:00:05Z"))

    assert answer.status == 200
    item = world.items.get(camera.device_id, Seq(7))
    assert item is not None
    assert item.captured.at == world.clock()


@pytest.mark.parametrize(
    ("captured_at", "folder"),
    [
        ("2025-12-31T23:30:00-02:00", "2026/01/01"),
        ("0001-06-01T00:00:00Z", "2026/05/04"),
        ("1999-12-31T23:59:59Z", "2026/05/04"),
    ],
    ids=["a zone ahead of the date", "the year 1: the filename's date", "before 2000: the filename's date"],
)
def test_a_key_is_dated_in_utc_by_a_time_that_can_be(camera: Camera, captured_at: str, folder: str) -> None:
    key = camera.post("/devices/upload-url", asked(captured_at=captured_at)).json["object_key"]

    assert key == f"devices/{camera.device_id}/{folder}/0000000000000007-{NAME}"


def test_a_posted_image_is_stored_under_its_seq(world: World, camera: Camera) -> None:
    answer = camera.post_image(JPEG, "seq=9&captured_at=2026-05-04T11:00:00Z").json

    assert (answer["status"], answer["seq"]) == ("queued", 9)
    assert answer["receipt"]["sha256"] == SHA256
    assert world.captures.bodies() == {answer["receipt"]["object_key"]: [JPEG]}


def test_an_image_without_seq_is_given_one_and_keeps_it(camera: Camera) -> None:
    camera.post_image(tiny_jpeg(2), "seq=9")

    first, second = camera.post_image(JPEG).json, camera.post_image(JPEG).json

    assert (first["status"], first["seq"]) == ("queued", 10)
    assert (second["status"], second["seq"]) == ("duplicate", 10)


def test_a_heartbeat_is_answered_with_time_settings_and_what_waits(owner: Client, camera: Camera) -> None:
    owner.patch(f"/devices/{camera.device_id}", {"settings": {"interval_s": 60}})
    owner.post(f"/devices/{camera.device_id}/commands", {"kind": "reboot"})

    answer = camera.post("/devices/heartbeat", {"battery_percent": 83, "temperature_c": -5.5}).json

    assert answer["server_time"] == "2026-05-04T12:00:00.000Z"
    assert answer["settings"]["interval_s"] == 60
    assert answer["settings_version"] == 2
    assert answer["commands_waiting"] == 1
    told = owner.get(f"/devices/{camera.device_id}").json
    assert told["health"] == {
        "reported_at": "2026-05-04T12:00:00.000Z",
        "battery_percent": 83,
        "temperature_c": -5.5,
    }


def test_a_heartbeat_with_nothing_to_say_is_fine(camera: Camera) -> None:
    assert camera.post("/devices/heartbeat").status == 200


def test_an_event_told_twice_is_one_event(owner: Client, camera: Camera) -> None:
    event = {"kind": "evicted", "occurred_at": "2026-05-04T11:00:00Z", "first_seq": 3, "last_seq": 5}

    first, second = camera.post("/devices/events", event).json, camera.post("/devices/events", event).json

    assert (first["status"], second["status"]) == ("accepted", "duplicate")
    assert first["event_id"] == second["event_id"]
    (kept,) = owner.get(f"/devices/{camera.device_id}/events").json["items"]
    assert kept["details"] == {"first_seq": 3, "last_seq": 5}


def test_motion_is_limited_by_when_it_happened_so_that_a_backlog_passes(camera: Camera) -> None:
    def motion(second: int) -> dict[str, object]:
        return {"kind": "motion", "occurred_at": f"2026-05-04T11:00:{second:02d}Z", "score": 0.5}

    assert [camera.post("/devices/events", motion(second)).status for second in (0, 5, 10)] == [200, 200, 200]
    refused = camera.post("/devices/events", motion(12))
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1


def test_a_command_is_fetched_until_it_is_acknowledged(owner: Client, camera: Camera) -> None:
    made = owner.post(f"/devices/{camera.device_id}/commands", {"kind": "capture_now"}).json

    for _ in range(2):
        (fetched,) = camera.get("/devices/commands").json["items"]
        assert (fetched["command_id"], fetched["status"]) == (made["command_id"], "delivered")
    acknowledged = camera.post(f"/devices/commands/{made['command_id']}/ack", {"detail": "took one"}).json

    assert acknowledged == {"command_id": made["command_id"], "status": "done"}
    assert camera.get("/devices/commands").json == {"items": [], "cursor": None}


def test_the_same_acknowledgement_again_changes_nothing(owner: Client, camera: Camera) -> None:
    made = owner.post(f"/devices/{camera.device_id}/commands", {"kind": "reboot"}).json

    answers = [camera.post(f"/devices/commands/{made['command_id']}/ack", {"status": "failed"}) for _ in range(2)]

    assert [answer.json["status"] for answer in answers] == ["failed", "failed"]


def test_a_new_token_comes_again_until_it_is_used_and_then_ends_the_old_one(camera: Camera) -> None:
    first, second = camera.post("/devices/token").json, camera.post("/devices/token", {}).json
    assert first == second

    renewed = scene.camera(camera.device_id, first["device_token"])

    assert renewed.get("/devices/commands").status == 200
    assert camera.get("/devices/commands").code == "invalid_credential"


def test_a_401_challenges_a_device_in_its_own_scheme(nobody: Client, world: World) -> None:
    assert nobody.get("/devices/commands").headers["x-amzn-remapped-www-authenticate"] == "DeviceToken"


def test_case_blanks_and_parameters_of_a_media_type_do_not_matter(camera: Camera) -> None:
    spelled = {"Content-Type": " Application/JSON ; charset=utf-8"}

    assert camera.client.send("POST", "/devices/heartbeat", body=b"{}", headers=spelled).status == 200
