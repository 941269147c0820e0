"""What is no good photo, and what is no good request: a clear answer, and nothing that came is thrown away."""

from __future__ import annotations

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from chalicelib.services.uploads import MAX_DIRECT_BYTES
from infra.local.api_server import REQUEST_LIMIT_BYTES
from infra.local.cloud import LocalCloud
from tests.e2e.bucket import Bucket
from tests.e2e.people import DeviceCaller, OwnerCaller, sha256_hex
from tests.pictures import bad_photos, cmyk_photo, grey_photo, mpo_photo, progressive_photo, rgb_photo, with_hole
from tests.pictures import photo as good_photo
from tests.tiny_jpegs import tiny_jpeg

BAD = bad_photos()
BEGINS_LIKE_A_JPEG = [bad for bad in BAD if bad.jpeg.startswith(b"\xff\xd8\xff")]
ODD_BUT_GOOD: dict[str, Callable[[], bytes]] = {
    "grey": grey_photo,
    "cmyk": cmyk_photo,
    "rgb": rgb_photo,
    "progressive": progressive_photo,
    "two pictures": mpo_photo,
    "with a tail": lambda: good_photo() + b"tail",
}


def test_bad_photo_is_an_item_with_the_reason_and_its_object_is_kept(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, derived: Bucket
) -> None:
    for seq, bad in enumerate(BAD):
        device.upload(seq, bad.jpeg)
    cloud.settle()
    items = {item["seq"]: item for item in owner.items()}
    assert {seq: (item["status"], item.get("reject_reason")) for seq, item in items.items()} == {
        seq: ("rejected", bad.reason) for seq, bad in enumerate(BAD)
    }
    for seq, bad in enumerate(BAD):
        assert "thumbnail" not in items[seq]
        assert owner.photo(owner.item(device.device_id, seq)) == bad.jpeg, bad.name
    assert len(captures.of_device(device.device_id)) == len(BAD)
    assert derived.of_device(device.device_id) == []


def test_bad_photo_still_gets_its_receipt_for_the_bytes_are_held(cloud: LocalCloud, device: DeviceCaller) -> None:
    bad = BEGINS_LIKE_A_JPEG[0].jpeg
    target = device.upload(1, bad)
    cloud.settle()
    assert device.ingest(target, 1)["receipt"]["sha256"] == sha256_hex(bad)


def test_odd_photos_are_good_photos(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> None:
    for seq, make in enumerate(ODD_BUT_GOOD.values()):
        device.upload(seq, make())
    cloud.settle()
    statuses = {item["seq"]: item["status"] for item in owner.items()}
    assert dict(zip(ODD_BUT_GOOD, (statuses[seq] for seq in range(len(ODD_BUT_GOOD))), strict=True)) == dict.fromkeys(
        ODD_BUT_GOOD, "processed"
    )


def test_photo_with_a_hole_is_caught_by_the_sha256_that_the_device_claims(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    """No decoder sees it. A bare URL does not bind the sha256, so S3 cannot see it either."""
    whole, holed = good_photo(), with_hole(good_photo())
    target = device.target(1)
    claimed = device.ingest(target, 1, sha256=sha256_hex(whole))
    assert "receipt" not in claimed
    assert device.put(target, holed).status_code == 200
    cloud.settle()
    item = owner.item(device.device_id, 1)
    assert (item["status"], item["reject_reason"]) == ("rejected", "sha256_mismatch")
    assert owner.photo(item) == holed


def test_posted_image_that_does_not_begin_like_a_jpeg_is_refused(
    owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    for bad in BAD:
        if bad not in BEGINS_LIKE_A_JPEG:
            answer = device.post_image(bad.jpeg, seq=1)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_a_jpeg"), bad.name
    assert not owner.has_item(device.device_id, 1)
    assert captures.of_device(device.device_id) == []


def test_posted_image_that_turns_out_bad_is_kept_and_rejected(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    for seq, bad in enumerate(BEGINS_LIKE_A_JPEG):
        answer = device.post_image(bad.jpeg, seq=seq).json()
        assert (answer["status"], answer["receipt"]["sha256"]) == ("queued", sha256_hex(bad.jpeg)), bad.name
    cloud.settle()
    assert {item["seq"]: item.get("reject_reason") for item in owner.items()} == {
        seq: bad.reason for seq, bad in enumerate(BEGINS_LIKE_A_JPEG)
    }


def test_posted_image_becomes_a_photo_under_a_seq_that_the_server_allots_once(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    first = device.post_image(tiny_jpeg(1), captured_at="2025-12-26T10:15:30Z").json()
    again = device.post_image(tiny_jpeg(1)).json()
    other = device.post_image(tiny_jpeg(2)).json()
    assert (first["status"], again["status"], other["status"]) == ("queued", "duplicate", "queued")
    assert (again["seq"], again["item_id"]) == (first["seq"], first["item_id"])
    assert other["seq"] == first["seq"] + 1
    cloud.settle()
    assert {item["seq"]: item["sha256"] for item in owner.items()} == {
        first["seq"]: sha256_hex(tiny_jpeg(1)),
        other["seq"]: sha256_hex(tiny_jpeg(2)),
    }
    taken = device.post_image(tiny_jpeg(3), seq=first["seq"])
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "conflict")
    assert taken.json()["next_seq"] == other["seq"] + 1


def padded_jpeg(size_bytes: int) -> bytes:
    """A good JPEG of exactly that size: what follows its end is nobody's business."""
    jpeg = tiny_jpeg(1)
    return jpeg + bytes(size_bytes - len(jpeg))


def test_largest_posted_image_is_taken(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> None:
    answer = device.post_image(padded_jpeg(MAX_DIRECT_BYTES), seq=1)
    assert answer.status_code == 200, answer.text
    cloud.settle()
    assert owner.item(device.device_id, 1)["size_bytes"] == MAX_DIRECT_BYTES


@pytest.mark.parametrize(
    "size_bytes",
    [MAX_DIRECT_BYTES + 1, 5 * 2**20, REQUEST_LIMIT_BYTES + 1],
    ids=["the app's limit", "Lambda's limit", "API Gateway's limit"],
)
def test_posted_image_that_is_too_large_is_413_in_our_form(
    owner: OwnerCaller, device: DeviceCaller, captures: Bucket, size_bytes: int
) -> None:
    answer = device.post_image(padded_jpeg(size_bytes), seq=1)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert answer.json()["error"].keys() == {"code", "message", "request_id"}
    assert not owner.has_item(device.device_id, 1)
    assert captures.of_device(device.device_id) == []


BAD_BODIES: list[tuple[bytes, str, int, str]] = [
    (b"{", "application/json", 400, "invalid_json"),
    (b"seq=1", "application/json", 400, "invalid_json"),
    (b"\xff\xfe\x00", "application/json", 400, "invalid_json"),
    (b"[" * 20_000, "application/json", 400, "invalid_body"),
    (b"[]", "application/json", 400, "invalid_body"),
    (b"null", "application/json", 400, "invalid_body"),
    (b"", "application/json", 400, "invalid_body"),
    (b'{"seq": 1, "seq_": 2}', "application/json", 400, "invalid_body"),
    (b'{"object_key": 5, "seq": 1}', "application/json", 400, "invalid_body"),
    (b'{"object_key": "a", "seq": 1e400}', "application/json", 400, "invalid_body"),
    (b'{"object_key": "a", "seq": 1}', "text/plain", 415, "unsupported_media_type"),
    (b'{"object_key": "a", "seq": 1}', "image/jpeg", 415, "unsupported_media_type"),
    (b'{"object_key": "' + b"a" * 70_000 + b'"}', "application/json", 413, "body_too_large"),
    (b'{"object_key": "devices/x/y", "seq": 1}', "application/json", 403, "foreign_object_key"),
]


def test_body_that_is_not_what_the_route_takes_is_told_why(device: DeviceCaller) -> None:
    for body, content_type, status, code in BAD_BODIES:
        answer = device.call("POST", "/devices/ingest", content=body, headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), body[:100]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nowhere"),
        ("GET", "/api/devices/upload-url/x"),
        ("GET", "/nowhere"),
        ("GET", "/apix/health"),
        ("PUT", "/api/devices/pair"),
        ("BREW", "/api/health"),
        ("GET", "/api/%2e%2e/%2e%2e/etc/passwd"),
        ("GET", "/api//health"),
    ],
)
def test_route_that_is_not_there_is_404_in_our_form(cloud: LocalCloud, method: str, path: str) -> None:
    origin = urlsplit(cloud.api_url)
    answer = httpx.request(method, f"http://{origin.netloc}{path}", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_headers_that_are_too_large_are_431_in_our_form(device: DeviceCaller) -> None:
    answer = device.call("GET", "/devices/commands", headers={"X-Large": "a" * 10_300})
    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "headers_too_large")
    assert device.call("GET", "/devices/commands").status_code == 200


def test_what_is_no_http_is_refused_in_our_form(cloud: LocalCloud) -> None:
    origin = urlsplit(cloud.api_url)
    with socket.create_connection((origin.hostname or "", origin.port or 0), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00 a TLS hello\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "bad_request"' in answer
