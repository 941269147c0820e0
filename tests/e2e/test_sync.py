"""A backlog drained by syncs, over real sockets: signed URLs, receipts and all."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from nacl.signing import VerifyKey

from chalicelib.domain.receipts import signed_message
from infra.local.cloud import LocalCloud
from tests.e2e.bucket import Bucket
from tests.e2e.people import DeviceCaller, OwnerCaller, sha256_base64, sha256_hex
from tests.pack_files import Shot, sealed
from tests.tiny_jpegs import tiny_jpeg

CLOCK = {"boot_id": "8f3c1a90b2d4e677", "uptime_ms": 60_000, "next_seq": 1325, "oldest_seq": 1}


def packed(device: DeviceCaller, first: int, count: int = 5) -> tuple[bytes, dict[str, Any]]:
    body = sealed([Shot(first + n, tiny_jpeg(first + n)) for n in range(count)], device_id=device.device_id)
    return body, {
        "first_seq": first,
        "last_seq": first + count - 1,
        "size_bytes": len(body),
        "sha256": sha256_hex(body),
    }


def alone(seq: int) -> tuple[bytes, dict[str, Any]]:
    jpeg = tiny_jpeg(seq)
    told = {"captured_at": "2025-12-26T10:15:30Z", "ntp_synced": True}
    return jpeg, {"seq": seq, "size_bytes": len(jpeg), "sha256": sha256_hex(jpeg), **told}


def sync(device: DeviceCaller, **body: object) -> dict[str, Any]:
    return device.ask("POST", "/devices/sync", json=body)


def put(device: DeviceCaller, uploads: dict[str, Any], answer: dict[str, Any], body: bytes) -> int:
    url = f"{uploads['origin']}{uploads['path_prefix']}{answer['tail']}?{uploads['query']}{answer['signature']}"
    headers = {
        "Content-Type": "application/zip" if answer["tail"].endswith(".zip") else "image/jpeg",
        "x-amz-checksum-sha256": sha256_base64(body),
        "If-None-Match": "*",
    }
    return device.s3.put(url, headers=headers, content=body).status_code


def believes(device: DeviceCaller, offer: dict[str, Any], answer: dict[str, Any]) -> bool:
    receipt = answer["receipt"]
    tail = answer.get("object_key_tail")
    if tail is None:
        tail = f"packs/{offer['first_seq']:016d}-{offer['last_seq']:016d}-{offer['sha256'][:12]}.zip"
    message = signed_message(
        receipt["state"],
        receipt["key_id"],
        device.device_id,
        f"devices/{device.device_id}/{tail}",
        offer["size_bytes"],
        offer["sha256"],
    )
    key = VerifyKey(b64decode(device.activation["receipt_keys"][receipt["key_id"]]))
    key.verify(message, b64decode(receipt["signature"]))
    return bool(receipt["state"] == "held")


def test_packs_and_singles_go_up_under_one_answer_and_get_their_receipts(device: DeviceCaller) -> None:
    made = [packed(device, 1), packed(device, 6), alone(11), alone(12)]
    bodies, offers = [body for body, _ in made], [offer for _, offer in made]

    wanted = sync(device, clock=CLOCK, health={"queue_depth": 12}, objects=offers)
    statuses = [
        put(device, wanted["uploads"], each, body) for each, body in zip(wanted["objects"], bodies, strict=True)
    ]
    again = put(device, wanted["uploads"], wanted["objects"][0], bodies[0])
    received = sync(device, clock=CLOCK, objects=[{**offer, "sent": True} for offer in offers])

    assert (statuses, again) == ([200] * 4, 412)
    assert all(believes(device, offer, each) for offer, each in zip(offers, received["objects"], strict=True))


def test_what_is_signed_for_one_object_carries_no_other(device: DeviceCaller) -> None:
    (one, first), (other, second) = packed(device, 1), packed(device, 6)

    wanted = sync(device, objects=[first, second])
    answers = wanted["objects"]

    assert put(device, wanted["uploads"], answers[0], other) in (400, 403)
    assert put(device, wanted["uploads"], {**answers[0], "tail": answers[1]["tail"]}, one) == 403
    assert put(device, wanted["uploads"], {**answers[1], "tail": "packs/x.zip"}, other) == 403


def test_a_conflict_within_a_pack_is_found_in_its_bytes(
    cloud: LocalCloud, device: DeviceCaller, owner: OwnerCaller
) -> None:
    device.send(3, tiny_jpeg(99))
    cloud.settle()
    body, offer = packed(device, 1)

    wanted = sync(device, clock=CLOCK, objects=[offer])
    assert put(device, wanted["uploads"], wanted["objects"][0], body) == 200
    (answer,) = sync(device, clock=CLOCK, objects=[{**offer, "sent": True}])["objects"]

    assert believes(device, offer, answer)
    assert answer["except"] == [{"seq": 3, "next_seq": 1325}]


def test_all_that_a_device_says_in_one_sync_arrives(device: DeviceCaller, owner: OwnerCaller) -> None:
    owner.ask("POST", f"/devices/{device.device_id}/commands", json={"kind": "capture_now"})
    (command,) = sync(device)["commands"]

    answer = sync(
        device,
        health={"queue_depth": 7},
        clock=CLOCK,
        events=[
            {"kind": "motion", "occurred_at": "2025-12-26T10:15:30Z"},
            {"kind": "evicted", "occurred_at": "2025-12-26T10:15:30Z", "first_seq": 1, "last_seq": 20},
            {"kind": "paused", "occurred_at": "2025-12-26T10:15:30Z"},
        ],
        acks=[{"command_id": command["command_id"]}],
        settings_version=device.activation["settings_version"],
        receipt_key_ids=[*device.activation["receipt_keys"]],
    )

    assert answer.keys() == {"server_time", "settings_version", "events", "acks"}
    assert (answer["events"], answer["acks"]) == (["accepted"] * 3, ["done"])
    assert owner.ask("GET", f"/devices/{device.device_id}")["health"]["queue_depth"] == 7
    assert {event["kind"] for event in owner.events(device.device_id)} == {"motion", "evicted", "paused"}


def test_a_hundred_objects_are_asked_for_at_once(device: DeviceCaller, captures: Bucket) -> None:
    made = [alone(seq) for seq in range(50)]
    wanted = sync(device, objects=[offer for _, offer in made])
    for (body, _), each in zip(made, wanted["objects"], strict=True):
        assert put(device, wanted["uploads"], each, body) == 200

    offers = [{**offer, "sent": True} for _, offer in made + [alone(seq) for seq in range(50, 100)]]
    received = sync(device, objects=offers)["objects"]

    assert ["receipt" in each for each in received] == [True] * 50 + [False] * 50
    assert all(believes(device, offer, each) for offer, each in zip(offers[:50], received[:50], strict=True))


def test_another_device_gets_nothing_of_it(new_device: Callable[[], DeviceCaller]) -> None:
    one, other = new_device(), new_device()
    body, offer = packed(one, 1)
    wanted = sync(one, objects=[offer])
    put(one, wanted["uploads"], wanted["objects"][0], body)

    assert sync(other, objects=[{**offer, "sent": True}])["objects"] == [{}]
