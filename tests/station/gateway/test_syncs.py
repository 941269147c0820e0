"""What a sync says and is told, beside packs; and that nothing that a client says makes the station stumble."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from frameferry_station.gateway.bodies import MOST_BYTES
from frameferry_station.gateway.commands import KEPT_S
from frameferry_station.gateway.refusals import STATUSES, STORAGE_STATUSES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.station.fake_cloud import FakeCloud
from tests.station.gateway.cameras import Camera, Shot, named, pack_of
from tests.station.gateway.gateways import SOURCE, GatewayRig
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import Station

FIELDS = (
    *("pairing_code", "nonce", "health", "clock", "objects", "events", "acks", "settings_version"),
    *("receipt_key_ids", "boot_id", "uptime_ms", "next_seq", "first_seq", "last_seq", "size_bytes", "sha256"),
    *("sent", "kind", "occurred_at", "score", "message", "command_id"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.sampled_from(["0" * 64, 2**64]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=20,
)
GOOD: dict[str, Any] = {
    "clock": {"boot_id": "0" * 16, "uptime_ms": 5, "next_seq": 7},
    "objects": [{"first_seq": 0, "last_seq": 4, "size_bytes": 9, "sha256": "0" * 64}],
    "events": [{"kind": "motion", "occurred_at": "2026-05-04T12:00:00Z", "score": 0.5}],
    "acks": [{"command_id": "0" * 26, "status": "done"}],
    "receipt_key_ids": ["k1"],
}
ON_ONE_STATION = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def camera(rig: GatewayRig) -> Camera:
    return Camera.paired(rig)


def test_health_answers_without_a_credential(rig: GatewayRig) -> None:
    assert rig.client.get("/api/health").get_json() == {"status": "ok"}


def test_what_the_camera_has_already_is_not_said_again(camera: Camera) -> None:
    first = camera.sync(receipt_key_ids=["other"]).get_json()
    again = camera.sync(
        settings_version=first["settings_version"], receipt_key_ids=list(first["receipt_keys"])
    ).get_json()

    assert first["receipt_keys"] == camera.keys
    assert first["settings"]["interval_s"] == 30
    assert "settings" not in again
    assert "receipt_keys" not in again


def wanted(rig: GatewayRig, cloud: FakeCloud) -> Camera:
    """A camera of which the owner wants a photo now."""
    rig = GatewayRig(rig.folder, Station(cloud=cloud, sinks=(), pack_captures=100))
    camera = Camera.paired(rig)
    rig.station.pair()
    camera.send(Shot(0, photograph(0)))
    cloud.command("0" * 26, "capture_now")
    rig.station.work()
    return camera


def test_a_photo_that_the_owner_wants_is_commanded_until_it_is_acknowledged(rig: GatewayRig, cloud: FakeCloud) -> None:
    camera = wanted(rig, cloud)

    [command] = camera.sync().get_json()["commands"]
    again = camera.sync().get_json()["commands"]
    acks = [
        camera.sync(acks=[{"command_id": command["command_id"], "status": "done"}]).get_json()["acks"]
        for _ in range(2)
    ]

    assert command["kind"] == "capture_now"
    assert re.fullmatch("[0-9A-Z]{26}", command["command_id"])
    assert [each["command_id"] for each in again] == [command["command_id"]]
    assert acks == [["done"], ["not_found"]]
    assert camera.sync().get_json()["commands"] == []


def test_a_wish_is_dropped_after_a_while(rig: GatewayRig, cloud: FakeCloud) -> None:
    camera = wanted(rig, cloud)
    camera.rig.station.time.advance(KEPT_S)

    assert camera.sync().get_json()["commands"] == []


def test_an_event_told_twice_is_one_and_motion_is_not_told_all_the_time(rig: GatewayRig) -> None:
    camera = Camera.paired(rig)
    error = {"kind": "error", "occurred_at": "2026-05-04T12:00:00Z", "message": "the lens is wet\n"}
    motions = [{"kind": "motion", "occurred_at": f"2026-05-04T12:00:0{number}Z"} for number in range(2)]

    told = [camera.sync(events=[error]).get_json()["events"] for _ in range(2)]
    moved = camera.sync(events=motions).get_json()["events"]

    assert told == [["accepted"], ["duplicate"]]
    assert moved == ["accepted", "rate_limited"]
    [news] = [each for each in rig.station.lanes.sources() if each.source == SOURCE]
    assert news.error == "the lens is wet"


def test_lane_of_a_camera_can_be_paired_with_the_cloud_and_its_photos_go_there(
    rig: GatewayRig, cloud: FakeCloud
) -> None:
    rig = GatewayRig(rig.folder, Station(cloud=cloud, sinks=(), pack_captures=100))
    camera = Camera.paired(rig)
    pack, content = pack_of(camera.device_id, [Shot(5, photograph(5))])
    unpaired = camera.put(content, camera.place(pack))
    rig.station.pair(SOURCE)

    paired = camera.put(content, camera.place(pack))
    rig.station.work(SOURCE)

    assert (unpaired.status_code, b"SlowDown" in unpaired.data) == (503, True)
    assert paired.status_code == 200
    assert len(cloud.holds(photograph(5))) == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"objects": [GOOD["objects"][0] | {"last_seq": 1000}]}, "invalid_body"),
        ({"objects": GOOD["objects"] * 51}, "invalid_body"),
        ({"objects": [GOOD["objects"][0] | {"size_bytes": 2**26 + 1}]}, "invalid_body"),
        ({"objects": [{"seq": 1, "size_bytes": 5, "sha256": "0" * 64}]}, "invalid_body"),
        ({"clock": {"boot_id": "x", "uptime_ms": 5, "next_seq": 7}}, "invalid_body"),
        ({"events": [{}]}, "invalid_body"),
    ],
)
def test_a_part_of_a_wrong_form_refuses_the_whole(camera: Camera, said: dict[str, Any], code: str) -> None:
    answer = camera.sync(**said)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (STATUSES[code], code)


@pytest.mark.parametrize("host", ["", "a b", "a/b", "[::1", "x:99999", "é"])
def test_a_host_that_is_none_is_refused(camera: Camera, host: str) -> None:
    answer = camera.ask("/api/devices/sync", json=GOOD, headers={"Host": host})

    assert answer.status_code == 400


@ON_ONE_STATION
@given(
    path=st.sampled_from(["/api/devices/activate", "/api/devices/sync"]),
    body=VALUES.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5).map(
        lambda fields: json.dumps(GOOD | fields).encode()
    )
    | st.binary(max_size=100)
    | st.integers(1, MOST_BYTES // 2).map(lambda depth: b"[" * depth + b"]" * depth),
    token=st.sampled_from(["right", "", "devtok_", "devtok_é", "x" * 5000]),
)
def test_any_body_is_answered_in_the_form_of_the_protocol(camera: Camera, path: str, body: bytes, token: str) -> None:
    camera.rig.station.time.advance(3600)  # past all limits
    headers = {"Content-Type": "application/json"} | ({} if token == "right" else {"X-Device-Token": token})

    answer = camera.ask(path, data=body, headers=headers)

    said = answer.get_json()
    if answer.status_code == 200:
        assert "server_time" in said
    else:
        assert set(said["error"]) == {"code", "message"}
        assert STATUSES[said["error"]["code"]] == answer.status_code


@ON_ONE_STATION
@given(first=st.integers(0, 2**53 - 1000), more=st.integers(0, 999), body=st.binary(min_size=1, max_size=2000))
def test_any_bytes_at_a_place_are_answered_as_storage_answers(
    camera: Camera, first: int, more: int, body: bytes
) -> None:
    answer = camera.put(body, camera.place(named(body, first, first + more)))

    assert answer.status_code in STORAGE_STATUSES.values()
    assert b"<Code>InvalidRequest</Code>" in answer.data
    assert camera.rig.photos() == []
