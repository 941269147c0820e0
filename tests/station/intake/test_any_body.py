"""Whatever a JSON body holds, and whatever a header or a path says: an answer of the usual form, and never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from frameferry_station.intake.bodies import DEEPEST, MOST_BYTES
from frameferry_station.intake.refusals import STATUSES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.station.intake.lan import MAC, SOURCE, Lan

FIELDS = (
    *("device_id", "device_type", "firmware_version", "ip_address", "capabilities"),
    *("uptime", "free_heap", "rssi", "camera_enabled", "timestamp", "motion_score", "status", "detail"),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=80)
    | st.sampled_from([MAC, "done", "failed", 2**63, -1, 1e400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
BODIES = (
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8).map(lambda fields: json.dumps(fields).encode())
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=200)
    | st.integers(1, MOST_BYTES // 2).map(lambda depth: b"[" * depth + b"]" * depth)
    | st.integers(1, MOST_BYTES - 20).map(lambda digits: b'{"rssi": ' + b"9" * digits + b"}")
)
PATHS = st.sampled_from(
    ["/api/devices/register", "/api/heartbeat", "/api/events/motion", "/api/commands/{}/ack", "/api/commands/0/ack"]
)


ON_ONE_STATION = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_of_the_usual_form(answer: TestResponse) -> bool:
    body: Any = answer.get_json()
    if answer.status_code == 200:
        return isinstance(body, dict) and "error" not in body
    code = body["error"]["code"]
    return set(body["error"]) == {"code", "message"} and STATUSES[code] == answer.status_code < 500


@ON_ONE_STATION
@given(path=PATHS, body=BODIES)
def test_any_json_body_is_answered(lan: Lan, path: str, body: bytes) -> None:
    lan.time.advance(3600)  # past all limits
    token = lan.admitted()
    lan.photos.want_photo(SOURCE)
    commands = lan.ask("/api/commands", method="GET", token=token).get_json()["commands"]

    answer = lan.ask(path.format(commands[0]["id"]), token=token, data=body, content_type="application/json")

    assert is_of_the_usual_form(answer)
    assert token not in answer.text


@ON_ONE_STATION
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]),
    path=st.text(max_size=30).map("/".__add__) | st.sampled_from(["/upload", "/api/commands", "/api/images/upload"]),
    headers=st.dictionaries(
        st.sampled_from(["Authorization", "X-Device-ID", "Content-Type", "Host", "Origin", "Range", "Cookie"]),
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=60)
        | st.sampled_from(["Basic eDp5", "Bearer ", "Digest username=x", "multipart/form-data; boundary=x"]),
    ),
    body=st.binary(max_size=100),
)
def test_any_request_is_answered(lan: Lan, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
    answer = lan.ask(path, method=method, headers=headers, data=body)

    assert answer.status_code < 500
    assert method in ("OPTIONS", "HEAD") or is_of_the_usual_form(answer)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"[]", 400, "invalid_body"),
        (b"{" * 50, 400, "invalid_json"),
        (b'{"x": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", 400, "invalid_json"),
        (b'{"rssi": NaN}', 400, "invalid_json"),
        (b'{"rssi": 1e999}', 400, "invalid_json"),
        (b'{"rssi": ' + b"9" * 4070 + b"}", 400, "invalid_body"),
        (b'{"x": "' + b"x" * MOST_BYTES + b'"}', 413, "body_too_large"),
        (b"\xff\xfe", 400, "invalid_json"),
    ],
)
def test_a_body_that_is_no_small_json_object_is_refused(lan: Lan, body: bytes, status: int, code: str) -> None:
    answer = lan.ask("/api/heartbeat", token=lan.admitted(), data=body, content_type="application/json")

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


def test_json_that_is_nested_as_deep_as_may_be_is_read(lan: Lan) -> None:
    body = b'{"x": ' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}"

    answer = lan.ask("/api/heartbeat", token=lan.admitted(), data=body, content_type="application/json")

    assert answer.status_code == 200


def test_json_of_another_type_is_refused_for_no_browser_asks_before_it_sends_that(lan: Lan) -> None:
    lan.admit()

    answer = lan.ask("/api/devices/register", data=json.dumps({"device_id": MAC}), content_type="text/plain")

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (415, "unsupported_media_type")
