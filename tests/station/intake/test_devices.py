"""Heartbeats, motion, commands and photos of registered cameras."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from frameferry_station.intake.presence import Heartbeat
from frameferry_station.intake.registry import FILE
from frameferry_station.photos import (
    NoSpace,
    NotAPhoto,
    PhotoRefused,
    PhotoTooLarge,
    SourcePaused,
    SourceUnpaired,
)

from tests.station.intake.lan import CAMERA, MAC, SOURCE, STRANGER, Lan
from tests.station.samples import START, jpeg

ALIVE = {"device_id": MAC, "uptime": 61, "free_heap": 180_000, "rssi": -61, "camera_enabled": True}


def test_a_heartbeat_is_kept_for_the_page(lan: Lan) -> None:
    token = lan.admitted()
    lan.time.advance(60)

    answer = lan.ask("/api/heartbeat", token=token, json=ALIVE)

    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "camera_enabled": True})
    device = lan.intake.devices()[0]
    at = START + timedelta(seconds=60)
    assert device.heartbeat == Heartbeat(at, -61, 180_000, 61, True)
    assert (device.last_seen_at, device.address, device.firmware_version) == (at, CAMERA, "1.2")


def test_a_heartbeat_writes_nothing(lan: Lan) -> None:
    token = lan.admitted()
    before = (lan.folder / FILE).stat()

    for _ in range(3):
        lan.ask("/api/heartbeat", token=token, json=ALIVE)

    after = (lan.folder / FILE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_heartbeat_may_leave_out_what_it_does_not_know(lan: Lan) -> None:
    token = lan.admitted()

    assert lan.ask("/api/heartbeat", token=token, json={"rssi": None}).status_code == 200


@pytest.mark.parametrize(
    "field", [{"rssi": "-61"}, {"rssi": 1e9}, {"uptime": -1}, {"free_heap": True}, {"camera_enabled": 1}]
)
def test_a_heartbeat_with_a_wrong_value_names_the_field(lan: Lan, field: dict[str, object]) -> None:
    answer = lan.ask("/api/heartbeat", token=lan.admitted(), json=field)

    assert answer.status_code == 400
    assert next(iter(field)) in answer.get_json()["error"]["message"]


def test_motion_is_told_once_in_five_seconds_and_always_a_success(lan: Lan) -> None:
    token = lan.admitted()

    for _ in range(6):  # 0, 2, ..., 10 s
        answer = lan.ask("/api/events/motion", token=token, json={"device_id": MAC, "motion_score": 12.5})
        assert (answer.status_code, answer.get_json()) == (200, {"status": "received"})
        lan.time.advance(2)

    assert lan.photos.told == [(SOURCE, "motion", "score 12.5")] * 2


def test_motion_of_a_paused_camera_is_told_to_nobody(lan: Lan) -> None:
    token = lan.admitted()
    lan.photos.paused[SOURCE] = SourcePaused(None)

    assert lan.ask("/api/events/motion", token=token, json={"motion_score": 1}).status_code == 200
    assert lan.photos.told == []


def test_a_pause_is_camera_enabled_false_until_it_ends(lan: Lan) -> None:
    token = lan.admitted()
    lan.photos.intervals[SOURCE] = 15.0
    lan.photos.paused[SOURCE] = SourcePaused(None)

    assert lan.ask("/api/commands", method="GET", token=token).get_json() == {
        "camera_enabled": False,
        "interval_s": 15.0,
        "commands": [],
    }
    assert lan.ask("/api/heartbeat", token=token, json={}).get_json()["camera_enabled"] is False

    lan.photos.paused.clear()

    assert lan.ask("/api/commands", method="GET", token=token).get_json()["camera_enabled"] is True


def test_a_paused_camera_is_told_how_long(lan: Lan) -> None:
    token = lan.admitted()
    lan.photos.paused[SOURCE] = SourcePaused(START)

    answer = lan.ask("/api/images/upload", token=token, data=jpeg(1))

    assert answer.status_code == 423
    assert answer.get_json()["error"] == {"code": "paused", "message": "paused until 2026-05-04 12:00 UTC"}


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotAPhoto("no JPEG"), 400),
        (PhotoTooLarge("too large"), 413),
        (PhotoRefused("for a reason that is new"), 422),
        (SourcePaused(None), 423),
        (SourceUnpaired("pair it"), 503),
        (NoSpace("full"), 507),
    ],
)
def test_what_the_lanes_refuse_is_answered_with_a_status_of_its_own(
    lan: Lan, refusal: PhotoRefused, status: int
) -> None:
    token = lan.admitted()
    lan.photos.refuses = refusal

    answer = lan.ask("/api/images/upload", token=token, data=jpeg(1))

    assert answer.status_code == status
    assert answer.get_json() == {"error": {"code": refusal.code, "message": str(refusal)}}


def test_an_unforeseen_failure_is_answered_and_says_nothing_of_its_reason(lan: Lan) -> None:
    token = lan.admitted()
    lan.photos.accept = None  # type: ignore[assignment, method-assign]

    answer = lan.ask("/api/images/upload", token=token, data=jpeg(1))

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "internal")
    assert "NoneType" not in answer.text


def test_a_photo_above_the_bound_is_refused_by_the_app_too(lan: Lan) -> None:
    answer = lan.ask("/upload", of="127.0.0.1", data=jpeg(1, lan.settings.max_photo_bytes + 1))

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "body_too_large")


def test_a_form_or_nothing_is_no_photo(lan: Lan) -> None:
    token = lan.admitted()

    form = lan.ask("/api/images/upload", token=token, data={"photo": (BytesIO(jpeg(1)), "a.jpg")})
    nothing = lan.ask("/api/images/upload", token=token, data=b"")

    assert (form.status_code, form.get_json()["error"]["code"]) == (415, "unsupported_media_type")
    assert (nothing.status_code, nothing.get_json()["error"]["code"]) == (400, "empty_body")


def test_a_wanted_photo_is_a_command_until_it_is_acknowledged(lan: Lan) -> None:
    token = lan.admitted()
    for _ in range(3):
        lan.photos.want_photo(SOURCE)

    first = lan.ask("/api/commands", method="GET", token=token).get_json()["commands"]
    lan.photos.want_photo(SOURCE)
    assert lan.ask("/api/commands", method="GET", token=token).get_json()["commands"] == first
    assert [command["kind"] for command in first] == ["capture_now"]

    path = f"/api/commands/{first[0]['id']}/ack"
    assert [lan.ask(path, token=token, json={"status": "done"}).status_code for _ in range(2)] == [200, 200]
    assert lan.ask("/api/commands", method="GET", token=token).get_json()["commands"] == []


def test_a_wanted_photo_that_failed_is_told_once(lan: Lan) -> None:
    token = lan.admitted()
    lan.photos.want_photo(SOURCE)
    command = lan.ask("/api/commands", method="GET", token=token).get_json()["commands"][0]

    for _ in range(2):
        body = {"status": "failed", "detail": "no frame"}
        lan.ask(f"/api/commands/{command['id']}/ack", token=token, json=body)

    assert lan.photos.told == [(SOURCE, "error", "the camera took no photo: no frame")]


def test_a_wanted_photo_is_not_wanted_after_five_minutes(lan: Lan) -> None:
    token = lan.admitted()
    lan.photos.want_photo(SOURCE)
    command = lan.ask("/api/commands", method="GET", token=token).get_json()["commands"][0]
    lan.time.advance(300)

    assert lan.ask("/api/commands", method="GET", token=token).get_json()["commands"] == []
    answer = lan.ask(f"/api/commands/{command['id']}/ack", token=token, json={})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "unknown_command")


def test_a_camera_that_registered_in_an_earlier_run_can_be_asked_for_a_photo(lan: Lan) -> None:
    token = lan.admitted()

    again = Lan(lan.folder)
    again.photos.want_photo(SOURCE)

    assert again.ask("/api/commands", method="GET", token=token).get_json()["commands"] != []


def test_wrong_tokens_are_limited_for_their_address_and_for_no_other(lan: Lan) -> None:
    good = lan.admitted()

    answers = [lan.ask("/api/heartbeat", token=f"wrong {number}", of=STRANGER, json=ALIVE) for number in range(300)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 290
    assert all(0 < int(answer.headers["Retry-After"]) <= 10 for answer in answers[10:])
    assert lan.ask("/api/heartbeat", token="wrong", of=CAMERA, json=ALIVE).status_code == 401
    assert lan.ask("/api/heartbeat", token=good, of=STRANGER, json=ALIVE).status_code == 200
    lan.time.advance(10)
    assert lan.ask("/api/heartbeat", token="wrong", of=STRANGER, json=ALIVE).status_code == 401


def test_no_token_a_wrong_one_and_one_of_a_forgotten_scheme_are_answered_alike(lan: Lan) -> None:
    lan.admitted()

    answers = [
        lan.ask("/api/heartbeat", json=ALIVE),
        lan.ask("/api/heartbeat", json=ALIVE, token="wrong"),
        lan.ask("/api/heartbeat", json=ALIVE, token=""),
        lan.ask("/api/heartbeat", json=ALIVE, headers={"Authorization": "Basic ZXNwMzI6eA=="}),
        lan.ask("/api/heartbeat", json=ALIVE, headers={"Authorization": "lantok"}),
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer realm="station"'


def test_tries_of_unknown_macs_are_limited_too(lan: Lan) -> None:
    answers = [lan.register(f"A0:00:00:00:00:{number:02X}", of=STRANGER) for number in range(20)]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429] * 10


def test_the_journal_says_who_is_refused_and_why_and_not_again_and_again(
    lan: Lan, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for _ in range(5):
        lan.register()
        lan.ask("/upload", data=jpeg(1))
    assert sorted(record.message for record in caplog.records) == [
        f"{CAMERA} was refused: address_not_allowed",
        f"{CAMERA} was refused: not_admitted",
    ]

    lan.time.advance(3600)
    lan.register()

    assert caplog.records[-1].message == f"{CAMERA} was refused: not_admitted"
    assert len(caplog.records) == 3
