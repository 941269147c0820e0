"""A camera's life beside its photos: health, events, commands, tokens, revocation, limits."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from nacl.signing import VerifyKey

from chalicelib import wiring
from chalicelib.api import device_routes
from chalicelib.domain.clock import utc_now
from chalicelib.domain.ids import DeviceId
from chalicelib.domain.rates import Rate
from chalicelib.domain.receipts import signed_message
from infra.local.cloud import LocalCloud
from tests.e2e.conftest import MoveClock
from tests.e2e.people import Caller, DeviceCaller, JsonObject, OwnerCaller, another_address, sha256_hex
from tests.tiny_jpegs import tiny_jpeg

NewDevice = Callable[[], DeviceCaller]

WITH_TOKEN = [route for route in device_routes.routes.entries if route.path != "/devices/activate"]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def activate(cloud: LocalCloud, pairing_code: str, **fields: str) -> JsonObject:
    with Caller(cloud.api_url, {}, another_address()) as newcomer:
        return newcomer.ask("POST", "/devices/activate", json={"pairing_code": pairing_code, **fields})


def test_activation_tells_a_device_all_that_it_needs(cloud: LocalCloud, owner: OwnerCaller) -> None:
    paired = owner.pair("barn")
    typed = paired["pairing_code"].lower().replace("-", " ")
    done = activate(cloud, typed, nonce="0123456789abcdef", firmware_version="1.4.0")
    assert done["device_id"] == paired["device_id"]
    assert done["device_token"].startswith(f"devtok_{done['device_id']}_")
    assert done["next_seq"] == 0
    assert done["settings"]["interval_s"] == 30
    assert {len(base64.b64decode(key)) for key in done["receipt_keys"].values()} == {32}
    seen = owner.ask("GET", f"/devices/{done['device_id']}")
    assert (seen["name"], seen["health"]["firmware_version"]) == ("barn", "1.4.0")
    assert "activated_at" in seen


def test_lost_activation_answer_is_given_again_to_the_same_nonce_only(cloud: LocalCloud, owner: OwnerCaller) -> None:
    code = owner.pair()["pairing_code"]
    first = activate(cloud, code, nonce="0123456789abcdef")
    again = activate(cloud, code, nonce="0123456789abcdef")
    assert again["device_token"] == first["device_token"]
    with Caller(cloud.api_url, {}, another_address()) as thief:
        for body in ({"nonce": "fedcba9876543210"}, {}):
            answer = thief.call("POST", "/devices/activate", json={"pairing_code": code, **body})
            assert code_of(answer) == (400, "pairing_code_invalid")


def test_code_dies_after_ten_minutes_and_looks_like_a_wrong_one(
    cloud: LocalCloud, owner: OwnerCaller, app_clock_moved: MoveClock
) -> None:
    code = owner.pair()["pairing_code"]
    with Caller(cloud.api_url, {}, another_address()) as late, app_clock_moved(timedelta(minutes=10, seconds=1)):
        expired = late.call("POST", "/devices/activate", json={"pairing_code": code})
        wrong = late.call("POST", "/devices/activate", json={"pairing_code": "00000-00000"})
    assert code_of(expired) == code_of(wrong) == (400, "pairing_code_invalid")
    assert expired.json()["error"]["message"] == wrong.json()["error"]["message"]


def test_guesses_are_limited_by_where_they_come_from(cloud: LocalCloud, owner: OwnerCaller) -> None:
    code = owner.pair()["pairing_code"]
    with Caller(cloud.api_url, {}, another_address()) as guesser:
        guesses = [
            guesser.call("POST", "/devices/activate", json={"pairing_code": f"00000-{number:05}"})
            for number in range(11)
        ]
        assert {code_of(guess) for guess in guesses[:10]} == {(400, "pairing_code_invalid")}
        assert code_of(guesses[10]) == (429, "rate_limited")
        assert 1 <= int(guesses[10].headers["Retry-After"]) <= 20
        assert code_of(guesser.call("POST", "/devices/activate", json={"pairing_code": code})) == (429, "rate_limited")
    assert activate(cloud, code)["device_token"]


def test_receipt_verifies_under_the_key_of_the_activation(device: DeviceCaller) -> None:
    receipt = device.send(1, tiny_jpeg(1))["receipt"]
    key = VerifyKey(base64.b64decode(device.activation["receipt_keys"][receipt["key_id"]]))
    fields = [receipt[name] for name in ("object_key", "size_bytes", "sha256")]
    assert fields[1:] == [len(tiny_jpeg(1)), sha256_hex(tiny_jpeg(1))]
    message = signed_message(receipt["state"], receipt["key_id"], device.device_id, *fields)
    assert key.verify(message, base64.b64decode(receipt["signature"])) == message


def test_heartbeat_brings_health_to_the_owner_and_settings_to_the_device(
    owner: OwnerCaller, device: DeviceCaller
) -> None:
    path = f"/devices/{device.device_id}"
    owner.ask("PATCH", path, json={"name": "door", "settings": {"interval_s": 60, "motion": True}})
    answer = device.ask("POST", "/devices/heartbeat", json={"battery_percent": 83, "temperature_c": -21.5})
    assert (answer["settings"]["interval_s"], answer["settings"]["motion"]) == (60, True)
    assert answer["settings_version"] == 2
    assert "commands_waiting" not in answer
    seen = owner.ask("GET", path)
    assert seen["name"] == "door"
    assert seen["health"] | {"reported_at": ""} == {
        "battery_percent": 83,
        "temperature_c": -21.5,
        "reported_at": "",
    }
    assert device.ask("POST", "/devices/heartbeat")["settings_version"] == 2


def test_motion_is_taken_once_in_five_seconds_by_the_time_it_happened(owner: OwnerCaller, device: DeviceCaller) -> None:
    def report(second: int) -> Any:
        body = {"kind": "motion", "occurred_at": f"2025-12-26T10:15:{second:02d}Z", "score": 0.5}
        return device.call("POST", "/devices/events", json=body)

    assert report(30).json()["status"] == "accepted"
    assert report(30).json()["status"] == "duplicate"
    refused = report(34)
    assert code_of(refused) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == "1"
    assert report(31).headers["Retry-After"] == "4"
    assert [report(second).status_code for second in (35, 25, 26, 20)] == [200, 200, 429, 200], "a backlog, any order"
    seen = [event["occurred_at"][17:19] for event in owner.events(device.device_id)]
    assert sorted(seen) == ["20", "25", "30", "35"]


def test_other_events_are_not_limited_and_the_same_one_is_kept_once(owner: OwnerCaller, device: DeviceCaller) -> None:
    at = "2025-12-26T10:15:30Z"
    evicted = {"kind": "evicted", "occurred_at": at, "first_seq": 1, "last_seq": 7}
    for body in (evicted, evicted, evicted | {"last_seq": 8}, {"kind": "boot", "occurred_at": at, "message": "hello"}):
        assert device.call("POST", "/devices/events", json=body).status_code == 200
    told = owner.events(device.device_id)
    assert sorted(event["details"].get("last_seq", 0) for event in told) == [0, 7, 8]
    assert {event["kind"] for event in told} == {"evicted", "boot"}


def test_command_goes_full_circle(owner: OwnerCaller, device: DeviceCaller) -> None:
    path = f"/devices/{device.device_id}/commands"
    first = owner.ask("POST", path, json={"kind": "capture_now"})
    second = owner.ask("POST", path, json={"kind": "pause", "duration_s": 3600})
    assert first["status"] == "pending"
    beat = device.ask("POST", "/devices/heartbeat", json={})
    assert beat["commands_waiting"] == 2
    assert beat["settings"]["paused_until"] is not None
    fetched = device.ask("GET", "/devices/commands")["items"]
    assert [one["command_id"] for one in fetched] == [first["command_id"], second["command_id"]]
    assert fetched[1]["arguments"] == {"duration_s": 3600}
    assert [one["status"] for one in owner.ask("GET", path)["items"]] == ["delivered", "delivered"]
    ack = f"/devices/commands/{first['command_id']}/ack"
    for _ in range(2):
        assert device.ask("POST", ack, json={"status": "done", "detail": "seq 7"})["status"] == "done"
    assert code_of(device.call("POST", ack, json={"status": "failed"})) == (409, "command_finished")
    assert device.ask("POST", f"/devices/commands/{second['command_id']}/ack")["status"] == "done"
    assert device.ask("GET", "/devices/commands")["items"] == []
    history = owner.ask("GET", path)["items"]
    assert [(one["kind"], one["status"], one.get("detail")) for one in history] == [
        ("pause", "done", None),
        ("capture_now", "done", "seq 7"),
    ]


def test_command_is_its_devices_alone(owner: OwnerCaller, new_device: NewDevice) -> None:
    barn, door = new_device(), new_device()
    command = owner.ask("POST", f"/devices/{barn.device_id}/commands", json={"kind": "reboot"})
    assert door.ask("GET", "/devices/commands")["items"] == []
    answer = door.call("POST", f"/devices/commands/{command['command_id']}/ack", json={})
    assert code_of(answer) == (404, "not_found")


def test_device_cannot_confirm_the_object_of_another(
    owner: OwnerCaller, new_device: NewDevice, cloud: LocalCloud
) -> None:
    barn, door = new_device(), new_device()
    target = barn.upload(1, tiny_jpeg(1))
    answer = door.call("POST", "/devices/ingest", json={"object_key": target["object_key"], "seq": 1})
    assert code_of(answer) == (403, "foreign_object_key")
    cloud.settle()
    assert not owner.has_item(door.device_id, 1)


def test_token_rotation_ends_the_old_token_when_the_new_one_is_first_used(device: DeviceCaller) -> None:
    old = device.token
    new = device.ask("POST", "/devices/token")["device_token"]
    assert new != old
    assert device.ask("POST", "/devices/token")["device_token"] == new
    device.use(new)
    assert device.call("GET", "/devices/commands").status_code == 200
    device.use(old)
    assert code_of(device.call("GET", "/devices/commands")) == (401, "invalid_credential")


def body_for(route: Any) -> dict[str, Any]:
    """Something that the route would take from a device that may ask."""
    if route.path == "/devices/images":
        return {"content": tiny_jpeg(1), "headers": {"Content-Type": "image/jpeg"}}
    bodies: dict[str, JsonObject] = {
        "/devices/upload-url": {"filename": "a.jpg", "content_type": "image/jpeg", "seq": 1},
        "/devices/ingest": {"object_key": "devices/x", "seq": 1},
        "/devices/events": {"kind": "boot"},
    }
    return {} if route.method == "GET" else {"json": bodies.get(route.path, {})}


def path_of(route: Any) -> str:
    return str(route.path.replace("{command_id}", "01KDD2G0EG000G40R40M30E209"))


def test_revoked_device_is_told_so_on_every_route_and_does_nothing_more(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    device.send(1, tiny_jpeg(1))
    live = device.target(2, tiny_jpeg(2))
    revoked = owner.ask("DELETE", f"/devices/{device.device_id}")
    assert "revoked_at" in revoked
    for route in WITH_TOKEN:
        answer = device.call(route.method, path_of(route), **body_for(route))
        assert code_of(answer) == (403, "device_revoked"), route.path
    cloud.settle()
    assert [item["seq"] for item in owner.items()] == [1], "its photos stay"
    assert device.put(live, tiny_jpeg(2)).status_code == 200
    cloud.settle()
    assert [item["seq"] for item in owner.items(device_id=device.device_id)] == [2, 1], "what was under way is not lost"


def test_device_with_a_wrong_token_learns_nothing(device: DeviceCaller, new_device: NewDevice) -> None:
    other = new_device()
    wrong = [
        device.token[:-1] + ("A" if device.token[-1] != "A" else "B"),
        device.token.replace(device.device_id, other.device_id),
        device.token.replace(device.device_id, "00000000-0000-4000-8000-000000000000"),
        "devtok_",
        "x",
    ]
    answers = []
    for token in wrong:
        device.use(token)
        answers.append(device.call("GET", "/devices/commands"))
    assert {code_of(answer) for answer in answers} == {(401, "invalid_credential")}
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    silent = device.call("GET", "/devices/commands", headers={"X-Device-Token": ""})
    assert code_of(silent) == (401, "missing_credential")


def test_paired_again_a_device_is_the_same_one_and_counts_on(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    old = device.token
    device.send(41, tiny_jpeg(1))
    cloud.settle()
    owner.ask("DELETE", f"/devices/{device.device_id}")
    again = owner.ask("POST", f"/devices/{device.device_id}/pair")
    assert again["device_id"] == device.device_id
    done = activate(cloud, again["pairing_code"])
    assert (done["device_id"], done["next_seq"]) == (device.device_id, 42)
    assert code_of(device.call("GET", "/devices/commands")) == (401, "invalid_credential")
    assert done["device_token"] != old
    device.use(done["device_token"])
    assert device.send(42, tiny_jpeg(2))["status"] == "queued"
    cloud.settle()
    assert [item["seq"] for item in owner.items()] == [42, 41]
    (known,) = owner.ask("GET", "/devices")["items"]
    assert "revoked_at" not in known


def drain_rate(device: DeviceCaller) -> None:
    """As a burst would: the device's bucket is full again only in a minute."""
    wiring.current().devices.touch(DeviceId(device.device_id), utc_now(), Rate(per_minute=1, burst=2))


def test_device_that_asks_too_often_is_told_when_to_come_back(
    new_device: NewDevice, app_clock_moved: MoveClock
) -> None:
    eager, other = new_device(), new_device()
    drain_rate(eager)
    refused = eager.call("GET", "/devices/commands")
    assert code_of(refused) == (429, "rate_limited")
    wait_s = int(refused.headers["Retry-After"])
    assert 1 <= wait_s <= 60
    assert other.call("GET", "/devices/commands").status_code == 200
    with app_clock_moved(timedelta(seconds=wait_s)):
        assert eager.call("GET", "/devices/commands").status_code == 200


@pytest.mark.parametrize("threads", [2, 8])
def test_requests_of_one_device_at_once_are_all_answered(device: DeviceCaller, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda _: device.call("GET", "/devices/commands"), range(4 * threads)))
    assert [answer.status_code for answer in answers] == [200] * len(answers)


def test_requests_of_one_owner_at_once_are_all_answered(owner: OwnerCaller) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: owner.call("GET", "/devices"), range(18)))
    assert [answer.status_code for answer in answers] == [200] * len(answers)
