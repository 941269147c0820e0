"""A function that lacks a permission: what AWS then says, what the app makes of it, and that it comes right again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from infra.deploying.target import API_FUNCTION, PROCESSING_FUNCTION
from infra.local.access import Document
from infra.local.cloud import LocalCloud
from infra.local.faults import FaultPlan, Refuse
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock, take_dead_letters
from tests.e2e.grants import grants, without_grant, without_statement
from tests.e2e.people import DeviceCaller, OwnerCaller
from tests.e2e.stage import LATER, NEXT_SWEEP
from tests.tiny_jpegs import tiny_jpeg

Without = Callable[[str, str], AbstractContextManager[None]]
INTERNALS = ("arn:", "assumed-role", "dynamodb", "s3:", "AccessDenied", "not authorized")


@pytest.fixture
def without(cloud: LocalCloud) -> Iterator[Without]:
    """`with without(function, "Items"):` the function's policy lacks that statement, or with "Items dynamodb:GetItem"
    that action of it. What it is denied meanwhile is no failure of the test.
    """

    def lacking(function: str, what: str) -> AbstractContextManager[None]:
        return cloud.access.with_policy(function, trimmed(cloud.access.policy(function), what))

    yield lacking
    cloud.settle()
    cloud.access.forget()


def trimmed(document: Document, what: str) -> Document:
    sid, _, action = what.partition(" ")
    if not action:
        return without_statement(document, sid)
    (gone,) = [grant for grant in grants(document) if (grant.sid, grant.action) == (sid, action)]
    return without_grant(document, gone)


def assert_tells_nothing(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"].keys() == {"code", "message", "request_id"}
    assert not [word for word in INTERNALS if word in answer.text]


@pytest.mark.parametrize(
    ("statement", "method", "path", "body"),
    [
        ("DevicesOfOwner", "GET", "/devices", None),
        ("Devices", "POST", "/devices/pair", {}),
        ("PairingsAndRates", "GET", "/devices", None),
        ("Timeline", "GET", "/items", None),
    ],
)
def test_denied_database_call_is_our_error_and_tells_nothing_of_what_is_inside(
    owner: OwnerCaller, without: Without, statement: str, method: str, path: str, body: Any
) -> None:
    with without(API_FUNCTION, statement):
        assert_tells_nothing(owner.call(method, path, json=body), 500, "internal")
    assert owner.call(method, path, json=body).status_code == 200


def test_upload_url_is_worth_what_its_signer_may_do_when_it_is_used(
    device: DeviceCaller, captures: Bucket, without: Without
) -> None:
    target = device.target(1, tiny_jpeg(1))
    with without(API_FUNCTION, "Captures s3:PutObject"):
        refused = device.put(target, tiny_jpeg(1))
        assert (refused.status_code, ElementTree.fromstring(refused.text).findtext("Code")) == (403, "AccessDenied")
        assert captures.of_device(device.device_id) == []
    assert device.put(target, tiny_jpeg(1)).status_code == 200


@pytest.mark.parametrize(
    ("permission", "place"), [("Captures s3:GetObjectVersion", "photo"), ("Thumbnails s3:GetObject", "thumbnail")]
)
def test_photos_url_is_worth_what_its_signer_may_do_when_it_is_used(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, without: Without, permission: str, place: str
) -> None:
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    url = owner.item(device.device_id, 1)[place]["url"]
    with without(API_FUNCTION, permission):
        assert owner.s3.get(url).status_code == 403
    assert owner.s3.get(url).status_code == 200


def test_object_that_is_not_there_looks_forbidden_to_who_may_not_list(device: DeviceCaller, without: Without) -> None:
    target = device.target(1, tiny_jpeg(1))
    claim = {"object_key": target["object_key"], "seq": 1}
    with without(API_FUNCTION, "ListCaptures s3:ListBucket"):
        assert_tells_nothing(device.call("POST", "/devices/ingest", json=claim), 500, "internal")
    assert device.ask("POST", "/devices/ingest", json=claim)["status"] == "queued"


def test_deletion_that_is_denied_is_unavailable_and_finished_by_the_reconciler(
    cloud: LocalCloud,
    owner: OwnerCaller,
    device: DeviceCaller,
    captures: Bucket,
    app_clock_moved: MoveClock,
    without: Without,
) -> None:
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    with without(API_FUNCTION, "Captures s3:DeleteObjectVersion"):
        assert_tells_nothing(owner.call("DELETE", f"/items/{device.device_id}/1"), 503, "unavailable")
    assert len(captures.of_device(device.device_id)) == 1
    with app_clock_moved(LATER):
        cloud.run_schedule()
    assert captures.of_device(device.device_id) == []


def test_photo_whose_thumbnail_is_denied_is_a_dead_letter_and_found_by_the_reconciler(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock, without: Without
) -> None:
    letters = len(cloud.dead_letters)
    with without(PROCESSING_FUNCTION, "Thumbnails"):
        device.upload(1, tiny_jpeg(1))
        cloud.settle()
    assert len(cloud.dead_letters) == letters + 1
    assert not owner.has_item(device.device_id, 1)
    with app_clock_moved(NEXT_SWEEP):
        cloud.run_schedule()
    assert owner.item(device.device_id, 1)["status"] == "processed"


@pytest.mark.parametrize(("statement", "arrived"), [("DeadLetters", 0), ("Trace", 1)])
def test_dead_letter_is_lost_where_the_function_may_not_send_it(
    cloud: LocalCloud, device: DeviceCaller, without: Without, statement: str, arrived: int
) -> None:
    take_dead_letters(cloud)
    with without(PROCESSING_FUNCTION, statement):
        cloud.faults.add(FaultPlan(refuse=Refuse(count=3, status=403, code="AccessDenied", method="GET")))
        device.put(device.target(1), tiny_jpeg(1))
        cloud.settle()
    assert len(take_dead_letters(cloud)) == arrived


def test_function_that_may_not_log_works_on_and_is_seen_not_to_log(
    cloud: LocalCloud, owner: OwnerCaller, without: Without
) -> None:
    with without(API_FUNCTION, "Log logs:PutLogEvents"):
        assert owner.call("GET", "/devices").status_code == 200
    assert [(call.function, call.action) for call in cloud.access.denied] == [(API_FUNCTION, "logs:PutLogEvents")]
