"""A bucket's CORS configuration is enforced as S3 does, not as moto does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.s3_front_rig import JPEG, Reply, Rig, running_rig

CONSOLE = "https://console.example"
RULES = [
    {
        "AllowedOrigins": [CONSOLE, "http://*.local"],
        "AllowedMethods": ["GET", "HEAD"],
        "AllowedHeaders": ["range", "x-amz-*"],
        "ExposeHeaders": ["etag", "content-range"],
        "MaxAgeSeconds": 3600,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["POST"]},
]


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with running_rig() as rig:
        rig.moto.put_bucket_cors(Bucket=rig.bucket, CORSConfiguration={"CORSRules": RULES})
        yield rig


def preflight(rig: Rig, bucket: str | None = None, **asked: str | None) -> Reply:
    fields = {"Origin": CONSOLE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": None}
    fields |= {"-".join(part.capitalize() for part in name.split("_")): value for name, value in asked.items()}
    headers = {name: value for name, value in fields.items() if value is not None}
    return rig.send("OPTIONS", f"{rig.front.url}/{bucket or rig.bucket}/photo.jpg", None, headers)


def allow_headers(reply: Reply) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.headers.items() if name.lower().startswith("access-control-")}


def test_preflight_of_an_allowed_origin_is_granted_without_a_signature(rig: Rig) -> None:
    reply = preflight(rig, access_control_request_headers="Range, x-amz-checksum-mode")
    assert (reply.status, reply.body) == (200, b"")
    assert allow_headers(reply) == {
        "access-control-allow-origin": CONSOLE,
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "range, x-amz-checksum-mode",
        "access-control-expose-headers": "etag, content-range",
        "access-control-max-age": "3600",
        "access-control-allow-credentials": "true",
    }
    assert "Origin" in reply.headers["Vary"]


@pytest.mark.parametrize(
    "asked",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://console.example.evil.example"},
        {"access_control_request_method": "PUT"},
        {"access_control_request_headers": "range, authorization"},
    ],
)
def test_preflight_that_no_rule_allows_is_forbidden(rig: Rig, asked: dict[str, str]) -> None:
    reply = preflight(rig, **asked)
    assert (reply.status, reply.code) == (403, "AccessForbidden")
    assert allow_headers(reply) == {}


def test_preflight_of_a_bucket_without_cors_is_forbidden(rig: Rig) -> None:
    reply = preflight(rig, bucket=rig.new_bucket())
    assert (reply.status, reply.code) == (403, "AccessForbidden")
    assert "CORS is not enabled for this bucket" in reply.message


@pytest.mark.parametrize("asked", [{"origin": None}, {"access_control_request_method": None}])
def test_preflight_that_does_not_say_what_it_asks_is_refused(rig: Rig, asked: dict[str, str | None]) -> None:
    reply = preflight(rig, **asked)
    assert (reply.status, reply.code) == (400, "BadRequest")


def test_wildcards_match_a_part_of_an_origin(rig: Rig) -> None:
    assert preflight(rig, origin="http://camera.local").headers["Access-Control-Allow-Origin"] == "http://camera.local"


def test_second_rule_is_used_where_the_first_does_not_match(rig: Rig) -> None:
    reply = preflight(rig, origin="https://anyone.example", access_control_request_method="POST")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in reply.headers


def test_read_from_an_allowed_origin_can_be_read_by_the_page(rig: Rig) -> None:
    rig.moto.put_object(Bucket=rig.bucket, Key="photo.jpg", Body=JPEG)
    url = rig.sdk().generate_presigned_url("get_object", Params={"Bucket": rig.bucket, "Key": "photo.jpg"})
    reply = rig.send("GET", url, None, {"Origin": CONSOLE})
    assert (reply.status, reply.body) == (200, JPEG)
    assert reply.headers["Access-Control-Allow-Origin"] == CONSOLE


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {}])
def test_read_from_another_or_no_origin_has_no_cors_headers(rig: Rig, headers: dict[str, str]) -> None:
    rig.moto.put_object(Bucket=rig.bucket, Key="photo.jpg", Body=JPEG)
    url = rig.sdk().generate_presigned_url("get_object", Params={"Bucket": rig.bucket, "Key": "photo.jpg"})
    reply = rig.send("GET", url, None, headers)
    assert (reply.status, reply.body) == (200, JPEG)
    assert allow_headers(reply) == {}


def test_page_of_an_allowed_origin_can_read_why_it_was_refused(rig: Rig) -> None:
    reply = rig.send("GET", f"{rig.front.url}/{rig.bucket}/photo.jpg", None, {"Origin": CONSOLE})
    assert reply.status == 403
    assert reply.headers["Access-Control-Allow-Origin"] == CONSOLE
