"""What upload-url gives, misused: S3 refuses it by status and code, nothing is stored and no item comes of it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from xml.etree import ElementTree

import httpx
import pytest

from chalicelib.stores.signing import UPLOAD_LIFETIME_S
from infra.local.cloud import LocalCloud
from infra.local.faults import CutAnswer, CutBody, FaultPlan, Refuse
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller, sha256_base64, sha256_hex
from tests.tiny_jpegs import tiny_jpeg

SEQ = 7
JPEG, OTHER = tiny_jpeg(1), tiny_jpeg(2)


@dataclass
class Upload:
    """One PUT that is about to be sent; tests spoil it."""

    url: str
    headers: dict[str, str]
    body: bytes = JPEG
    method: str = "PUT"

    def send(self, client: httpx.Client) -> httpx.Response:
        return client.request(self.method, self.url, headers=self.headers, content=self.body)


Spoil = Callable[[Upload], None]


def code_of(answer: httpx.Response) -> str:
    return ElementTree.fromstring(answer.content).findtext("Code") or ""


def replaced(pattern: str, by: str) -> Spoil:
    def spoil(upload: Upload) -> None:
        url, times = re.subn(pattern, by, upload.url)
        assert times == 1, upload.url
        upload.url = url

    return spoil


def with_header(name: str, value: str) -> Spoil:
    return lambda upload: upload.headers.update({name: value})


def without_header(name: str) -> Spoil:
    def spoil(upload: Upload) -> None:
        del upload.headers[name]

    return spoil


def with_body(body: bytes) -> Spoil:
    """With a Content-Length that says the truth."""

    def spoil(upload: Upload) -> None:
        upload.body = body
        upload.headers["Content-Length"] = str(len(body))

    return spoil


def with_other_body_of_that_length(upload: Upload) -> None:
    upload.body = bytes(len(upload.body))


def with_other_body_and_its_checksum(upload: Upload) -> None:
    upload.body = bytes(len(upload.body))
    upload.headers["x-amz-checksum-sha256"] = sha256_base64(upload.body)


def with_tampered_signature(upload: Upload) -> None:
    upload.url = upload.url[:-1] + ("0" if upload.url[-1] != "0" else "1")


def as_method(method: str) -> Spoil:
    def spoil(upload: Upload) -> None:
        upload.method, upload.body = method, b""
        del upload.headers["Content-Length"]

    return spoil


def without_query(upload: Upload) -> None:
    upload.url = upload.url.partition("?")[0]


REFUSALS: dict[str, tuple[Spoil, int, str]] = {
    "tampered signature": (with_tampered_signature, 403, "SignatureDoesNotMatch"),
    "no signature": (replaced(r"&X-Amz-Signature=\w+", ""), 400, "AuthorizationQueryParametersError"),
    "no query at all": (without_query, 403, "AccessDenied"),
    "longer life": (replaced("X-Amz-Expires=900", "X-Amz-Expires=3600"), 403, "SignatureDoesNotMatch"),
    "fewer signed headers": (replaced("content-length%3B", ""), 403, "SignatureDoesNotMatch"),
    "no session token": (replaced("&X-Amz-Security-Token=[^&]+", ""), 403, "InvalidAccessKeyId"),
    "another access key": (replaced("ASIA[A-Z2-7]{16}", "ASIAOTHERCLOUD"), 403, "InvalidAccessKeyId"),
    "another seq's key": (replaced("/0*7-", "/0000000000000008-"), 403, "SignatureDoesNotMatch"),
    "another device's key": (
        replaced("/devices/[0-9a-f-]{36}/", "/devices/00000000-0000-4000-8000-000000000000/"),
        403,
        "SignatureDoesNotMatch",
    ),
    "used to read": (as_method("GET"), 403, "SignatureDoesNotMatch"),
    "used to delete": (as_method("DELETE"), 403, "SignatureDoesNotMatch"),
    "another content type": (with_header("Content-Type", "image/png"), 403, "SignatureDoesNotMatch"),
    "no content type": (without_header("Content-Type"), 403, "SignatureDoesNotMatch"),
    "no condition": (without_header("If-None-Match"), 403, "SignatureDoesNotMatch"),
    "another checksum": (
        with_header("x-amz-checksum-sha256", sha256_base64(OTHER)),
        403,
        "SignatureDoesNotMatch",
    ),
    "no checksum": (without_header("x-amz-checksum-sha256"), 403, "SignatureDoesNotMatch"),
    "one more amz header": (with_header("x-amz-acl", "public-read"), 403, "AccessDenied"),
    "too long": (with_body(JPEG + b"\0"), 403, "SignatureDoesNotMatch"),
    "too short": (with_body(JPEG[:-1]), 403, "SignatureDoesNotMatch"),
    "empty": (with_body(b""), 403, "SignatureDoesNotMatch"),
    "other bytes": (with_other_body_of_that_length, 400, "BadDigest"),
    "other bytes and their checksum": (with_other_body_and_its_checksum, 403, "SignatureDoesNotMatch"),
}


def upload_to(target: JsonObject) -> Upload:
    return Upload(target["upload_url"], dict(target["headers"]))


@pytest.fixture
def nothing_comes(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket) -> Iterator[None]:
    """At the end of the test both buckets are what they were, and the device has no item."""
    before = captures.versions("")
    yield
    cloud.settle()
    assert captures.versions("") == before
    assert not owner.has_item(device.device_id, SEQ)
    assert owner.items() == []


@pytest.mark.usefixtures("nothing_comes")
@pytest.mark.parametrize("name", REFUSALS)
def test_spoiled_upload_is_refused_and_leaves_nothing(name: str, device: DeviceCaller) -> None:
    spoil, status, code = REFUSALS[name]
    upload = upload_to(device.target(SEQ, JPEG))
    spoil(upload)
    answer = upload.send(device.s3)
    assert (answer.status_code, code_of(answer)) == (status, code)


@pytest.mark.usefixtures("nothing_comes")
def test_url_is_dead_after_its_time(device: DeviceCaller, app_clock_moved: MoveClock) -> None:
    with app_clock_moved(timedelta(seconds=-UPLOAD_LIFETIME_S - 1)):
        target = device.target(SEQ, JPEG)
    answer = device.put(target, JPEG)
    assert (answer.status_code, code_of(answer)) == (403, "AccessDenied")
    assert "Request has expired" in answer.text


@pytest.mark.usefixtures("nothing_comes")
def test_url_of_a_server_whose_clock_is_ahead_is_not_valid_yet(
    device: DeviceCaller, app_clock_moved: MoveClock
) -> None:
    with app_clock_moved(timedelta(minutes=20)):
        target = device.target(SEQ, JPEG)
    answer = device.put(target, JPEG)
    assert (answer.status_code, code_of(answer)) == (403, "AccessDenied")
    assert "not valid yet" in answer.text


def test_url_works_until_shortly_before_its_end(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock
) -> None:
    with app_clock_moved(timedelta(seconds=60 - UPLOAD_LIFETIME_S)):
        target = device.target(SEQ, JPEG)
    assert device.put(target, JPEG).status_code == 200
    cloud.settle()
    assert owner.item(device.device_id, SEQ)["status"] == "processed"


@pytest.mark.usefixtures("nothing_comes")
@pytest.mark.parametrize("is_bound", [True, False], ids=["bound to its sha256", "bare"])
def test_body_that_ends_early_is_incomplete(device: DeviceCaller, is_bound: bool) -> None:
    target = device.target(SEQ, JPEG if is_bound else None)
    headers = {**target["headers"], "Content-Length": str(len(JPEG)), "Connection": "close"}
    lines = [f"PUT {target['upload_path']} HTTP/1.1", f"Host: {target['upload_host']}:{target['upload_port']}"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""])
    with socket.create_connection((target["upload_host"], target["upload_port"]), timeout=10) as connection:
        connection.sendall(head.encode() + JPEG[:-100])
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>IncompleteBody</Code>" in answer or b"<Code>RequestTimeout</Code>" in answer


def test_body_cut_by_the_network_leaves_nothing_and_the_same_url_takes_it_again(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    target = device.target(SEQ, JPEG)
    cloud.faults.add(FaultPlan(cut_body=CutBody(count=1, at_byte=len(JPEG) - 1)))
    with pytest.raises(httpx.TransportError):
        device.put(target, JPEG)
    cloud.settle()
    assert captures.of_device(device.device_id) == []
    assert not owner.has_item(device.device_id, SEQ)
    assert device.put(target, JPEG).status_code == 200
    cloud.settle()
    assert owner.item(device.device_id, SEQ)["sha256"] == sha256_hex(JPEG)


def test_answer_cut_by_the_network_is_412_the_next_time_and_one_item(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    target = device.target(SEQ, JPEG)
    cloud.faults.add(FaultPlan(cut_answer=CutAnswer(count=1)))
    with pytest.raises(httpx.TransportError):
        device.put(target, JPEG)
    answer = device.put(target, JPEG)
    assert (answer.status_code, code_of(answer)) == (412, "PreconditionFailed")
    assert device.ingest(target, SEQ, sha256=sha256_hex(JPEG))["receipt"]["sha256"] == sha256_hex(JPEG)
    cloud.settle()
    assert captures.of_device(device.device_id) == [target["object_key"]]
    assert [item["seq"] for item in owner.items()] == [SEQ]


@pytest.mark.parametrize("is_bound", [True, False], ids=["bound to its sha256", "bare"])
def test_second_put_is_412_and_the_first_bytes_stay(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, is_bound: bool
) -> None:
    first = device.target(SEQ, JPEG if is_bound else None)
    second = device.target(SEQ, OTHER if is_bound else None)
    assert device.put(first, JPEG).status_code == 200
    answer = device.put(second, OTHER)
    assert (answer.status_code, code_of(answer)) == (412, "PreconditionFailed")
    cloud.settle()
    assert captures.of_device(device.device_id) == [first["object_key"]]
    assert captures.body(first["object_key"]) == JPEG
    assert owner.item(device.device_id, SEQ)["sha256"] == sha256_hex(JPEG)


@pytest.mark.usefixtures("nothing_comes")
@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (403, "AccessDenied")])
def test_refusal_by_a_busy_s3_leaves_nothing(cloud: LocalCloud, device: DeviceCaller, status: int, code: str) -> None:
    target = device.target(SEQ, JPEG)
    cloud.faults.add(FaultPlan(refuse=Refuse(count=1, status=status, code=code, method="PUT")))
    answer = device.put(target, JPEG)
    assert (answer.status_code, code_of(answer)) == (status, code)
