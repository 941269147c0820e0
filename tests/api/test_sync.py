"""POST /devices/sync, over the wire."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from nacl.signing import VerifyKey

from chalicelib import wiring
from chalicelib.domain.clock_samples import solve
from chalicelib.domain.ids import MAX_SEQ, Seq
from chalicelib.domain.receipts import ReceiptKeys, signed_message
from chalicelib.stores.presign import Credentials, Presigner
from chalicelib.stores.signing import S3UploadSigner
from tests.api.client import Client
from tests.api.scene import Camera, World, new_camera, what_is_stored
from tests.pack_files import Shot, sealed
from tests.tiny_jpegs import tiny_jpeg

BOOT_ID = "8f3c1a90b2d4e677"
CLOCK = {"boot_id": BOOT_ID, "uptime_ms": 60_000, "next_seq": 1325, "oldest_seq": 101}
SESSION_TOKEN = "IQoJb3JpZ2luX2VjE" + "+/Aa9" * 117
"""Of 600 characters, as Lambda's roles have them, with as many that want escaping."""


def packed(camera: Camera, first: int = 1, count: int = 20) -> tuple[bytes, dict[str, object]]:
    body = sealed([Shot(first + n, tiny_jpeg(n)) for n in range(count)], device_id=camera.device_id)
    return body, offered(body, first, first + count - 1)


def offered(body: bytes, first: int, last: int) -> dict[str, object]:
    return {"first_seq": first, "last_seq": last, "size_bytes": len(body), "sha256": sha256(body).hexdigest()}


def made_up(count: int, captures: int = 20) -> list[dict[str, object]]:
    """Packs of a backlog that nobody has seen yet."""
    return [
        {
            "first_seq": 1_000_000 + captures * n,
            "last_seq": 1_000_000 + captures * n + captures - 1,
            "size_bytes": 1_628_160 + n,
            "sha256": sha256(b"%d" % n).hexdigest(),
        }
        for n in range(count)
    ]


def put(world: World, camera: Camera, asked: dict[str, object], answer: dict[str, Any], body: bytes) -> str:
    key = f"devices/{camera.device_id}/{answer['tail']}"
    assert world.captures.upload(key, body, str(asked["sha256"])) is not None
    return key


def verifies(
    camera: Camera, keys: dict[str, str], answer: dict[str, Any], key: str, asked: dict[str, Any], state: str = "held"
) -> None:
    receipt = answer["receipt"]
    assert receipt["state"] == state
    message = signed_message(state, receipt["key_id"], camera.device_id, key, asked["size_bytes"], asked["sha256"])
    VerifyKey(b64decode(keys[receipt["key_id"]])).verify(message, b64decode(receipt["signature"]))


def signed_for_real(world: World) -> None:
    """From now on URLs are signed as in AWS, by a role with a session token."""
    credentials = Credentials("ASIAEXAMPLEEXAMPLE12", "secret", SESSION_TOKEN)
    presigner = Presigner(
        bucket="frameferry-prod-captures-123456789012",
        region="eu-central-1",
        endpoint_url=None,
        credentials=lambda: credentials,
        clock=world.clock,
    )
    wiring.install(replace(world, upload_signer=S3UploadSigner(presigner)))  # type: ignore[arg-type]


def compact(value: object) -> int:
    """Bytes of JSON."""
    return len(json.dumps(value, separators=(",", ":")))


def test_an_empty_sync_is_a_heartbeat(camera: Camera) -> None:
    answer = camera.post("/devices/sync")

    assert answer.json.keys() == {"server_time", "settings_version", "settings"}
    assert answer.json["server_time"] == "2026-05-04T12:00:00.000Z"


def test_settings_are_told_only_to_who_has_others(camera: Camera, owner: Client) -> None:
    version = camera.post("/devices/sync").json["settings_version"]
    assert "settings" not in camera.post("/devices/sync", {"settings_version": version}).json

    owner.patch(f"/devices/{camera.device_id}", {"settings": {"interval_s": 60}})

    changed = camera.post("/devices/sync", {"settings_version": version}).json
    assert (changed["settings_version"], changed["settings"]["interval_s"]) == (version + 1, 60)


def test_a_pack_goes_up_and_its_receipt_comes_back(world: World, camera: Camera) -> None:
    body, asked = packed(camera)

    first = camera.post("/devices/sync", {"objects": [asked]}).json
    key = put(world, camera, asked, first["objects"][0], body)
    second = camera.post("/devices/sync", {"objects": [{**asked, "sent": True}]}).json

    assert first["uploads"]["path_prefix"].endswith(f"/devices/{camera.device_id}/")
    assert key == f"devices/{camera.device_id}/packs/{1:016d}-{20:016d}-{str(asked['sha256'])[:12]}.zip"
    assert "uploads" not in second
    assert second["objects"][0].keys() == {"receipt"}
    verifies(camera, world.receipt_keys.public_keys(), second["objects"][0], key, asked)


def test_a_single_of_a_synced_clock_and_one_of_none_go_up_under_what_is_known(world: World, camera: Camera) -> None:
    jpeg = tiny_jpeg(1)
    one = {"size_bytes": len(jpeg), "sha256": sha256(jpeg).hexdigest()}
    asked: list[dict[str, object]] = [
        {**one, "seq": 1, "captured_at": "2026-05-04T11:59:00+00:00", "ntp_synced": True},
        {**one, "seq": 2, "captured_at": "2026-05-04T11:59:00Z", "boot_id": BOOT_ID, "uptime_ms": 0},
        {**one, "seq": 3, "captured_at": "1970-01-01T00:00:00Z"},
    ]

    wanted = camera.post("/devices/sync", {"objects": asked}).json["objects"]
    keys = [put(world, camera, each, answer, jpeg) for each, answer in zip(asked, wanted, strict=True)]
    received = camera.post("/devices/sync", {"objects": [{**each, "sent": True} for each in asked]}).json["objects"]

    assert [answer["tail"] for answer in wanted] == [
        "2026/05/04/0000000000000001-n1777895940000.jpg",
        f"undated/0000000000000002-b{BOOT_ID}-0.jpg",
        "undated/0000000000000003-u.jpg",
    ]
    assert [answer["object_key_tail"] for answer in received] == [answer["tail"] for answer in wanted]
    for each, answer, key in zip(asked, received, keys, strict=True):
        verifies(camera, world.receipt_keys.public_keys(), answer, key, each)


def test_answers_stand_in_the_order_of_the_objects(world: World, camera: Camera) -> None:
    held, jpeg = tiny_jpeg(1), tiny_jpeg(2)
    camera.post_image(held, "seq=7")
    one = {"size_bytes": len(jpeg), "sha256": sha256(jpeg).hexdigest()}
    same = {"size_bytes": len(held), "sha256": sha256(held).hexdigest()}

    answers = camera.post(
        "/devices/sync",
        {
            "objects": [
                {**one, "seq": 8, "sent": True},
                {**one, "seq": 9},
                {**one, "seq": 7},
                {**same, "seq": 7},
                {**one, "seq": 10},
            ]
        },
    ).json["objects"]

    assert [sorted(answer) for answer in answers] == [
        [],
        ["signature", "tail"],
        ["conflict"],
        ["object_key_tail", "receipt"],
        ["signature", "tail"],
    ]
    assert answers[2] == {"conflict": 11}
    assert answers[1]["tail"].endswith(f"{9:016d}-u.jpg")
    assert answers[4]["tail"].endswith(f"{10:016d}-u.jpg")


def test_a_capture_that_conflicts_is_excepted_and_the_rest_of_the_pack_received(world: World, camera: Camera) -> None:
    camera.post_image(tiny_jpeg(99), "seq=5")
    body, asked = packed(camera)

    wanted = camera.post("/devices/sync", {"clock": CLOCK, "objects": [asked]}).json["objects"][0]
    key = put(world, camera, asked, wanted, body)
    answer = camera.post("/devices/sync", {"clock": CLOCK, "objects": [{**asked, "sent": True}]}).json["objects"][0]

    assert answer["except"] == [{"seq": 5, "next_seq": 1325}]
    verifies(camera, world.receipt_keys.public_keys(), answer, key, asked)


def test_events_are_judged_one_by_one(camera: Camera, owner: Client) -> None:
    told = [
        {"kind": "motion", "occurred_at": "2026-05-04T11:59:00Z", "score": 7},
        {"kind": "motion", "occurred_at": "2026-05-04T11:59:04Z"},
        {"kind": "evicted", "occurred_at": "2026-05-04T11:00:00Z", "first_seq": 3, "last_seq": 9},
        {"kind": "motion", "occurred_at": "2026-05-04T11:59:00Z", "score": 7},
    ]

    answer = camera.post("/devices/sync", {"events": told})

    assert answer.json["events"] == ["accepted", "rate_limited", "accepted", "duplicate"]
    assert len(owner.get(f"/devices/{camera.device_id}/events").json["items"]) == 2


def test_commands_come_and_are_acknowledged_in_the_next_sync(camera: Camera, owner: Client) -> None:
    owner.post(f"/devices/{camera.device_id}/commands", {"kind": "capture_now"})

    (command,) = camera.post("/devices/sync").json["commands"]
    acks = [{"command_id": each} for each in (command["command_id"], "0" * 26, command["command_id"])]
    acks[2]["status"] = "failed"
    answer = camera.post("/devices/sync", {"acks": acks}).json

    assert (command["kind"], command["status"]) == ("capture_now", "delivered")
    assert answer["acks"] == ["done", "not_found", "command_finished"]
    assert "commands" not in answer


def test_a_command_of_another_device_is_not_found(camera: Camera, owner: Client) -> None:
    other = new_camera(owner)
    owner.post(f"/devices/{other.device_id}/commands", {"kind": "reboot"})
    (command,) = other.post("/devices/sync").json["commands"]

    assert camera.post("/devices/sync", {"acks": [{"command_id": command["command_id"]}]}).json["acks"] == ["not_found"]


def test_what_a_device_says_of_itself_is_kept(world: World, camera: Camera, owner: Client) -> None:
    camera.post("/devices/sync", {"health": {"battery_percent": 83, "queue_depth": 3}, "clock": CLOCK})

    assert owner.get(f"/devices/{camera.device_id}").json["health"]["queue_depth"] == 3
    device = world.devices.get(camera.device_id)
    assert device is not None
    assert (device.oldest_seq, device.upcoming_seq) == (101, 1325)
    (sample,) = world.clocks.samples(camera.device_id)
    assert (sample.boot_id, sample.uptime_ms, sample.next_seq, sample.at) == (BOOT_ID, 60_000, 1325, world.clock())


def test_a_sync_without_health_leaves_what_is_known(camera: Camera, owner: Client) -> None:
    camera.post("/devices/sync", {"health": {"battery_percent": 83}})
    camera.post("/devices/sync", {"clock": CLOCK})

    assert owner.get(f"/devices/{camera.device_id}").json["health"]["battery_percent"] == 83


@pytest.mark.parametrize("route", ["sync", "heartbeat"])
def test_new_receipt_keys_reach_a_device_that_says_which_it_has(world: World, camera: Camera, route: str) -> None:
    two = ReceiptKeys("r2", {**world.receipt_keys.seeds, "r2": bytes(32)})
    wiring.install(replace(world, receipt_keys=two))

    def told(**has: object) -> object:
        return camera.post(f"/devices/{route}", has).json.get("receipt_keys")

    assert told(receipt_key_ids=["r1"]) == two.public_keys()
    assert told(receipt_key_ids=[]) == two.public_keys()
    assert told(receipt_key_ids=["r0", "r1", "r2"]) == two.public_keys()
    assert told(receipt_key_ids=["r2", "r1"]) is None
    assert told() is None


def test_a_receipt_and_the_new_key_that_it_is_signed_with_come_together(world: World, camera: Camera) -> None:
    body, asked = packed(camera)
    wanted = camera.post("/devices/sync", {"objects": [asked]}).json["objects"][0]
    key = put(world, camera, asked, wanted, body)
    wiring.install(replace(world, receipt_keys=ReceiptKeys("r2", {**world.receipt_keys.seeds, "r2": bytes(32)})))

    answer = camera.post("/devices/sync", {"objects": [{**asked, "sent": True}], "receipt_key_ids": ["r1"]}).json

    assert answer["objects"][0]["receipt"]["key_id"] == "r2"
    verifies(camera, answer["receipt_keys"], answer["objects"][0], key, asked)


def test_another_devices_objects_are_never_answered(world: World, camera: Camera, owner: Client) -> None:
    other = new_camera(owner)
    body, asked = packed(other)
    put(world, other, asked, other.post("/devices/sync", {"objects": [asked]}).json["objects"][0], body)

    answer = camera.post("/devices/sync", {"objects": [{**asked, "sent": True}, asked]}).json

    assert answer["objects"][0] == {}
    assert answer["uploads"]["path_prefix"].endswith(f"/devices/{camera.device_id}/")


def test_a_sync_of_the_largest_size_is_answered(world: World, camera: Camera) -> None:
    many = [{**each, "sent": n >= 50} for n, each in enumerate(made_up(100, captures=100))]
    events = [{"kind": "boot", "occurred_at": f"2026-05-04T11:{n:02d}:00Z"} for n in range(50)]
    acks = [{"command_id": f"{n:026d}"} for n in range(20)]

    answer = camera.post(
        "/devices/sync", {"objects": many, "events": events, "acks": acks, "clock": {**CLOCK, "next_seq": MAX_SEQ}}
    )

    assert answer.status == 200
    assert [len(answer.json[name]) for name in ("objects", "events", "acks")] == [100, 50, 20]


def test_a_sync_that_is_repeated_leaves_the_same_behind(world: World, camera: Camera, owner: Client) -> None:
    owner.post(f"/devices/{camera.device_id}/commands", {"kind": "capture_now"})
    (command,) = camera.post("/devices/sync").json["commands"]
    body = {
        "health": {"queue_depth": 3},
        "clock": CLOCK,
        "objects": made_up(3),
        "events": [{"kind": "paused", "occurred_at": "2026-05-04T11:00:00Z"}],
        "acks": [{"command_id": command["command_id"]}],
    }

    camera.post("/devices/sync", body)
    stored = what_is_stored(world)
    camera.post("/devices/sync", body)

    assert what_is_stored(world) == stored


@pytest.mark.parametrize("count", [1, 50])
def test_an_object_costs_150_bytes_of_answer_at_most(world: World, camera: Camera, count: int) -> None:
    signed_for_real(world)
    largest = {"boot_id": "f" * 16, "uptime_ms": 999_999_999_999}
    singles = [{"seq": MAX_SEQ - n, "size_bytes": 32 * 2**20, "sha256": "ab" * 32, **largest} for n in range(count)]
    dated = [{"seq": MAX_SEQ - n, "size_bytes": 9, "sha256": "ab" * 32, "ntp_synced": True} for n in range(count)]

    for objects in (
        made_up(count),
        singles,
        [{**each, "captured_at": "9999-12-31T23:59:59.999Z"} for each in dated],
    ):
        answer = camera.post("/devices/sync", {"objects": objects}).json
        assert max(map(compact, answer["objects"])) + len(",") <= 150
        assert compact(answer["objects"]) <= 150 * count + len("[]")
        assert answer["uploads"]["query"].count("X-Amz-Security-Token") == 1


def test_control_costs_200_bytes_a_photo_at_most(world: World, camera: Camera) -> None:
    """Bodies of the two syncs that a batch of packs of 20 needs, with the URLs and headers of the PUTs."""
    signed_for_real(world)
    packs = [packed(camera, 1 + 20 * n) for n in range(5)]
    bodies, asked = [body for body, _ in packs], [each for _, each in packs]
    first = {"health": {"battery_percent": 83, "queue_depth": 1204}, "clock": CLOCK, "objects": asked}
    wanted = camera.post("/devices/sync", first)
    for each, answer, body in zip(asked, wanted.json["objects"], bodies, strict=True):
        put(world, camera, each, answer, body)
    second = {**first, "objects": [{**each, "sent": True} for each in asked]}
    received = camera.post("/devices/sync", second)
    assert all("receipt" in answer for answer in received.json["objects"])

    uploads = wanted.json["uploads"]
    put_headers = "Content-Type: application/zip\r\nContent-Length: 1628160\r\nIf-None-Match: *\r\n"
    put_headers += f"x-amz-checksum-sha256: {'A' * 44}\r\nHost: {uploads['host']}\r\n\r\n"
    target = f"{uploads['path_prefix']}{wanted.json['objects'][0]['tail']}?{uploads['query']}{'0' * 64}"
    syncs = compact(first) + compact(second) + len(wanted.body) + len(received.body)
    puts = len(asked) * (len(f"PUT {target} HTTP/1.1\r\n") + len(put_headers))
    assert (syncs + puts) / (20 * len(asked)) <= 200


def test_the_next_seq_of_a_conflict_is_above_all_that_the_device_has_counted(camera: Camera) -> None:
    camera.post_image(tiny_jpeg(1), "seq=7")
    other = {"seq": 7, "size_bytes": 5, "sha256": "ab" * 32}
    camera.post("/devices/sync", {"clock": CLOCK})

    assert camera.post("/devices/sync", {"objects": [other]}).json["objects"] == [{"conflict": 1325}]
    assert camera.post("/devices/upload-url", _alone(other)).json["next_seq"] == 1325


def _alone(asked: dict[str, object]) -> dict[str, object]:
    return {"filename": "a.jpg", "content_type": "image/jpeg", **asked}


def test_a_time_is_solved_from_the_samples_of_syncs(world: World, camera: Camera) -> None:
    camera.post("/devices/sync", {"clock": CLOCK})
    world.clock.advance(60)
    camera.post("/devices/sync", {"clock": {**CLOCK, "uptime_ms": 120_000}})

    found = solve(BOOT_ID, 90_000, Seq(1325), world.clocks.samples(camera.device_id))

    assert found is not None
    assert found.at == world.clock() - timedelta(seconds=30)


def test_a_device_that_is_paired_again_goes_on_above_all_that_it_had_counted(camera: Camera, owner: Client) -> None:
    camera.post("/devices/sync", {"clock": CLOCK})
    code = owner.post(f"/devices/{camera.device_id}/pair").json["pairing_code"]

    assert Client().post("/devices/activate", {"pairing_code": code}).json["next_seq"] == 1325
