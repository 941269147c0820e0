"""A whole photo's life, good and bad, with every line that the app and the local cloud write: no secret in it."""

from __future__ import annotations

import base64
import io
import logging
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from chalicelib import wiring
from chalicelib.api.log import logger
from infra.local.cloud import LocalCloud
from infra.local.faults import FaultPlan, Refuse
from tests.e2e.conftest import MoveClock
from tests.e2e.people import Caller, DeviceCaller, JsonObject, OwnerCaller, another_address
from tests.tiny_jpegs import not_a_jpeg, tiny_jpeg

LOGGED_FROM = logging.INFO
"""Lambda logs from WARNING on, unless somebody turns it up."""


@pytest.fixture
def written(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Gives what all loggers and all prints of this process have written, in the form in which they write it."""
    lines = io.StringIO()
    root, own, client = (logging.getLogger(name) for name in (None, "frameferry", "httpx"))
    plain, structured = logging.StreamHandler(lines), logging.StreamHandler(lines)
    structured.setFormatter(logger().registered_formatter)
    levels = root.level, client.level
    root.addHandler(plain)
    own.addHandler(structured)
    root.setLevel(LOGGED_FROM)
    client.setLevel(logging.WARNING)  # the tests' own: it tells of each URL
    yield lambda: lines.getvalue() + "".join(capfd.readouterr())
    root.setLevel(levels[0])
    client.setLevel(levels[1])
    own.removeHandler(structured)
    root.removeHandler(plain)


class Secrets:
    """Every secret that a run of the tests comes by, each with its name."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def keep(self, **found: str) -> None:
        for name, secret in found.items():
            assert len(secret) >= 8
            self._found[f"{name} {len(self._found)}"] = secret

    def keep_url(self, url: str) -> None:
        query = parse_qs(urlsplit(url).query)
        self.keep(signature=query["X-Amz-Signature"][0])

    def keep_answer(self, body: JsonObject) -> None:
        """What an answer of the API gives away to the one who asked."""
        for name in ("pairing_code", "device_token"):
            if name in body:
                self.keep(**{name: body[name]})
        for name in ("upload_url", "url"):
            if name in body:
                self.keep_url(body[name])

    def in_text(self, text: str) -> list[str]:
        return [name for name, secret in self._found.items() if secret in text]

    def __len__(self) -> int:
        return len(self._found)


@pytest.fixture
def secrets(cloud: LocalCloud, owner: OwnerCaller) -> Secrets:
    found = Secrets()
    found.keep(
        session_token=os.environ["AWS_SESSION_TOKEN"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        owner_token=owner.headers["Authorization"].removeprefix("Bearer "),
        password=cloud.owner.password,
    )
    stack = wiring.current()
    for key in (*stack.peppers.by_id.values(), *stack.receipt_keys.seeds.values()):
        found.keep(key_hex=key.hex(), key_base64=base64.b64encode(key).decode(), key_repr=repr(key)[2:-1])
    return found


@pytest.fixture
def answers(owner: OwnerCaller, device: DeviceCaller) -> list[httpx.Response]:
    """Everything that the API answers to owner and device from now on."""
    found: list[httpx.Response] = []

    def keep(answer: httpx.Response) -> None:
        answer.read()
        found.append(answer)

    for client in (owner.api, device.api):
        client.event_hooks = {"response": [keep]}
    return found


def live_a_whole_life(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, secrets: Secrets, app_clock_moved: MoveClock
) -> None:
    secrets.keep(activation_token=device.token, bare_token=device.token[-43:])
    paired = owner.pair("another")
    secrets.keep_answer(paired)
    secrets.keep(nonce="a-nonce-that-nobody-sees")
    body = {"pairing_code": paired["pairing_code"], "nonce": "a-nonce-that-nobody-sees"}
    with Caller(cloud.api_url, {}, another_address()) as newcomer:
        secrets.keep_answer(newcomer.ask("POST", "/devices/activate", json=body))
        newcomer.call("POST", "/devices/activate", json=body | {"nonce": "another-nonce-than-that"})
    device.send(1, tiny_jpeg(1))
    device.upload(2, not_a_jpeg(2))
    device.post_image(tiny_jpeg(3), seq=3)
    cloud.settle()
    item = owner.item(device.device_id, 1)
    for place in ("photo", "thumbnail"):
        secrets.keep_answer(item[place])
    owner.items()
    owner.ask("DELETE", f"/items/{device.device_id}/1")
    secrets.keep_answer(device.ask("POST", "/devices/token"))
    go_wrong(cloud, owner, device, secrets)
    with app_clock_moved(timedelta(minutes=20)):
        cloud.run_schedule()


def go_wrong(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, secrets: Secrets) -> None:
    target = device.target(4, tiny_jpeg(4))
    secrets.keep_answer(target)
    # Three tries fail with an exception and its traceback, and the event is given up.
    cloud.faults.add(FaultPlan(refuse=Refuse(count=3, status=403, code="AccessDenied", method="GET")))
    device.put(target, tiny_jpeg(4))
    cloud.settle()
    cloud.faults.add(FaultPlan(refuse=Refuse(count=1, status=403, code="AccessDenied", method="HEAD")))
    assert (
        device.call("POST", "/devices/ingest", json={"object_key": target["object_key"], "seq": 5}).status_code == 400
    )
    failed = device.call("POST", "/devices/ingest", json={"object_key": target["object_key"], "seq": 4})
    assert failed.json()["error"]["code"] == "internal"
    for body in (b"{", b'{"pairing_code": 5}', device.token.encode()):
        device.call("POST", "/devices/heartbeat", content=body, headers={"Content-Type": "application/json"})
    owner.call("GET", f"/devices/{device.token}")
    owner.call("GET", "/items", params={"cursor": device.token, "token": device.token})
    device.call("GET", "/devices/commands", headers={"X-Device-Token": device.token[:-1]})
    owner.call("GET", "/devices", headers={"Authorization": owner.headers["Authorization"][:-1]})


def test_nothing_that_is_written_holds_a_secret(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    secrets: Secrets,
    written: Callable[[], str],
    app_clock_moved: MoveClock,
) -> None:
    live_a_whole_life(cloud, owner, device, secrets, app_clock_moved)
    device.call("POST", "/devices/heartbeat", json={device.token: 1})
    text = written()
    for expected in (
        '"outcome":"processed"',
        '"outcome":"rejected"',
        "object failed",
        "unexpected error",
        "CloudWatch",
    ):
        assert expected in text, f"without {expected} this test would prove nothing"
    assert "process_object failed" in text
    assert len(secrets) > 15
    assert secrets.in_text(text) == []
    assert not re.search(r"X-Amz-(Signature|Security-Token|Credential)|Authorization|devtok_|Bearer ", text)


def test_no_error_answer_holds_a_secret_or_what_happened_inside(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    secrets: Secrets,
    answers: list[httpx.Response],
    app_clock_moved: MoveClock,
) -> None:
    live_a_whole_life(cloud, owner, device, secrets, app_clock_moved)
    errors = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in errors} >= {400, 401, 500}
    for answer in errors:
        text = answer.text + repr(answer.headers.raw)
        assert secrets.in_text(text) == []
        assert not re.search(r"Traceback|botocore|chalice|AccessDenied|arn:|frameferry-|\.py\b|127\.0\.0\.1", text), (
            text
        )
        assert answer.json().keys() <= {"error", "next_seq"}
        assert answer.json()["error"].keys() == {"code", "message", "request_id"}


def test_only_its_own_secrets_are_in_a_good_answer(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    secrets: Secrets,
    answers: list[httpx.Response],
) -> None:
    """The role's secret key and the stack's own keys are in none; a session token is in presigned URLs alone."""
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    for path in ("/items", f"/items/{device.device_id}/1", "/devices", f"/devices/{device.device_id}"):
        owner.ask("GET", path)
    device.ask("POST", "/devices/heartbeat", json={})
    for answer in answers:
        allowed = {"session_token"} if "X-Amz-Signature" in answer.text else set()
        assert {name.split()[0] for name in secrets.in_text(answer.text)} <= allowed
        assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_that_is_kept_holds_a_token_or_a_code(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, secrets: Secrets, app_clock_moved: MoveClock
) -> None:
    live_a_whole_life(cloud, owner, device, secrets, app_clock_moved)
    dynamodb, outputs = cloud.client("dynamodb"), cloud.outputs
    tables = (outputs.devices_table, outputs.items_table, outputs.pairings_table, outputs.inbox_table)
    rows = repr([dynamodb.scan(TableName=name)["Items"] for name in (*tables, outputs.timeline_table)])
    assert device.device_id in rows
    counters = device.s3.get(f"{cloud.s3_url}/_local/stats").text
    assert "s3:PUT presigned" in counters
    assert secrets.in_text(rows + counters) == []
