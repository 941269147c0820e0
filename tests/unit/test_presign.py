"""The presigner against botocore, which signs the same request in the same second."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.stores.presign import Credentials, PresignedUrl, Presigner, PutRequest, QuerySigner

ROOT = Path(__file__).parents[2]
PUBLISHED_GET = ROOT / "tests" / "vectors" / "sigv4-s3-presign-get.json"
BUCKET = "frameferry-captures"
REGION = "eu-central-1"
LOCAL = "http://127.0.0.1:9000"
NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
KEYS = Credentials("AKIDEXAMPLE", "a-secret", None)
SHA256 = sha256(b"photo").digest()
SESSION = botocore.session.Session()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
object_keys = st.one_of(texts, st.text(" +=/%&?#~!*'()é.", max_size=40)).filter(bool)
content_types = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40).filter(
    str.strip
)
tokens = st.none() | st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80)
access_keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.timezones())  # noqa: DTZ001
sizes = st.integers(0, 5 * 2**30)
digests = st.binary(min_size=32, max_size=32)
lifetimes_s = st.integers(1, 3600)
places = st.sampled_from([("eu-central-1", None), ("us-east-1", None), ("eu-central-1", LOCAL)])


@cache
def client(region: str, endpoint_url: str | None) -> BaseClient:
    style = {"addressing_style": "path" if endpoint_url else "virtual", "us_east_1_regional_endpoint": "legacy"}
    options: dict[str, Any] = {"signature_version": "s3v4", "s3": style, "ignore_configured_endpoint_urls": True}
    return SESSION.create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.session_token,
        config=Config(**options),
    )


def by_botocore(
    operation: str, params: dict[str, Any], expires_in_s: int, *, region: str = REGION, endpoint_url: str | None = None
) -> tuple[str, Presigner]:
    """botocore's URL, and a presigner for the same place whose clock shows the second that botocore signed in."""
    url: str = client(region, endpoint_url).generate_presigned_url(  # type: ignore[attr-defined]
        operation, Params={"Bucket": BUCKET} | params, ExpiresIn=expires_in_s
    )
    signed_at = datetime.strptime(parameters(url)["X-Amz-Date"], "%Y%m%dT%H%M%S%z")
    late_in_it = signed_at + timedelta(microseconds=999_999)
    return url, presigner(region=region, endpoint_url=endpoint_url, clock=lambda: late_in_it)


class AuthAt(botocore.auth.S3SigV4QueryAuth):
    """botocore's signer at a given instant."""

    def __init__(self, credentials: Credentials, instant: datetime, expires_in_s: int) -> None:
        known = (credentials.access_key, credentials.secret_key, credentials.session_token)
        super().__init__(botocore.credentials.Credentials(*known), "s3", REGION, expires=expires_in_s)
        self._instant = instant

    def _modify_request_before_signing(self, request: botocore.awsrequest.AWSRequest) -> None:
        request.context["timestamp"] = self._instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        super()._modify_request_before_signing(request)  # type: ignore[misc]  # the stubs leave it out

    def url(self, method: str, url: str, headers: Mapping[str, str]) -> str:
        request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=headers)
        self.add_auth(request)
        return str(request.url)


def presigner(
    *,
    bucket: str = BUCKET,
    region: str = REGION,
    endpoint_url: str | None = None,
    credentials: Callable[[], Credentials] = lambda: KEYS,
    clock: Callable[[], datetime] = lambda: NOON,
) -> Presigner:
    return Presigner(bucket=bucket, region=region, endpoint_url=endpoint_url, credentials=credentials, clock=clock)


def put(signer: Presigner, key: str = "a.jpg", **changes: Any) -> PresignedUrl:
    usual: dict[str, Any] = {"content_type": "image/jpeg", "size_bytes": 14, "sha256": SHA256, "if_none_match": True}
    return signer.put(key, **({"expires_in_s": 300} | usual | changes))


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def present(**params: object) -> dict[str, object]:
    return {name: value for name, value in params.items() if value is not None}


@given(places, object_keys, content_types, st.none() | sizes, st.none() | digests, st.booleans(), lifetimes_s)
def test_put_url_is_botocores(
    place: tuple[str, str | None],
    key: str,
    content_type: str,
    size_bytes: int | None,
    digest: bytes | None,
    if_none_match: bool,
    expires_in_s: int,
) -> None:
    params = present(
        Key=key,
        ContentType=content_type,
        ContentLength=size_bytes,
        ChecksumSHA256=None if digest is None else base64(digest),
        IfNoneMatch="*" if if_none_match else None,
    )
    expected, signer = by_botocore("put_object", params, expires_in_s, region=place[0], endpoint_url=place[1])
    ours = put(
        signer,
        key,
        content_type=content_type,
        size_bytes=size_bytes,
        sha256=digest,
        if_none_match=if_none_match,
        expires_in_s=expires_in_s,
    )
    assert ours.url == expected


@given(places, object_keys, st.none() | texts, st.none() | texts, st.none() | texts, lifetimes_s)
def test_get_url_is_botocores(
    place: tuple[str, str | None],
    key: str,
    version_id: str | None,
    content_type: str | None,
    content_disposition: str | None,
    expires_in_s: int,
) -> None:
    params = present(
        Key=key,
        VersionId=version_id,
        ResponseContentType=content_type,
        ResponseContentDisposition=content_disposition,
    )
    expected, signer = by_botocore("get_object", params, expires_in_s, region=place[0], endpoint_url=place[1])
    ours = signer.get(
        key,
        expires_in_s=expires_in_s,
        version_id=version_id,
        response_content_type=content_type,
        response_content_disposition=content_disposition,
    )
    assert ours.url == expected
    assert ours.headers == {}


@given(instants, st.builds(Credentials, access_keys, texts, tokens), object_keys, lifetimes_s)
def test_put_url_is_botocores_at_any_instant_with_any_credentials(
    instant: datetime, credentials: Credentials, key: str, expires_in_s: int
) -> None:
    signer = presigner(credentials=lambda: credentials, clock=lambda: instant)
    ours = put(signer, key, expires_in_s=expires_in_s)
    auth = AuthAt(credentials, instant, expires_in_s)
    assert ours.url == auth.url("PUT", ours.url.partition("?")[0], ours.headers)


@given(instants, st.builds(Credentials, access_keys, texts, tokens), object_keys)
def test_get_url_is_botocores_at_any_instant_with_any_credentials(
    instant: datetime, credentials: Credentials, key: str
) -> None:
    ours = presigner(credentials=lambda: credentials, clock=lambda: instant).get(key, expires_in_s=60)
    assert ours.url == AuthAt(credentials, instant, 60).url("GET", ours.url.partition("?")[0], {})


def test_host_is_botocores_in_every_region_of_every_partition() -> None:
    for partition in SESSION.get_available_partitions():
        for region in SESSION.get_available_regions("s3", partition):
            expected, signer = by_botocore("get_object", {"Key": "a"}, 60, region=region)
            assert signer.get("a", expires_in_s=60).url == expected


@pytest.mark.parametrize(
    ("endpoint_url", "host", "port"),
    [
        (LOCAL, "127.0.0.1", 9000),
        (f"{LOCAL}/", "127.0.0.1", 9000),
        ("http://localhost", "localhost", 80),
        ("http://localhost:80", "localhost", 80),
        ("https://s3.example:443", "s3.example", 443),
        ("https://s3.example:80", "s3.example", 80),
        ("http://LocalHost:9000", "localhost", 9000),
        ("http://[::1]:9000", "::1", 9000),
    ],
)
def test_url_on_an_endpoint_is_path_style_and_botocores(endpoint_url: str, host: str, port: int) -> None:
    expected, signer = by_botocore("get_object", {"Key": "a b.jpg"}, 60, endpoint_url=endpoint_url)
    ours = signer.get("a b.jpg", expires_in_s=60)
    assert ours.url == expected
    assert (ours.host, ours.port) == (host, port)
    assert ours.path.startswith(f"/{BUCKET}/a%20b.jpg?")


def test_published_get_example_of_aws_has_its_signature() -> None:
    published = json.loads(PUBLISHED_GET.read_text())
    signer = QuerySigner(
        Credentials(published["access_key"], published["secret_key"], None),
        region=published["region"],
        signed_at=datetime.fromisoformat(published["timestamp"]),
        lifetime_s=published["expires"],
    )
    query = signer.sign(published["method"], published["path"], {"host": published["host"]})
    assert parameters(f"?{query}")["X-Amz-Signature"] == published["signature"]


@given(
    places,
    texts,
    st.lists(st.builds(PutRequest, object_keys, content_types, sizes, digests), max_size=5),
    st.booleans(),
    tokens,
)
def test_batch_gives_the_urls_that_put_gives_one_by_one(
    place: tuple[str, str | None], prefix: str, requests: list[PutRequest], if_none_match: bool, token: str | None
) -> None:
    credentials = replace(KEYS, session_token=token)
    signer = presigner(region=place[0], endpoint_url=place[1], credentials=lambda: credentials)
    batch = signer.put_many(prefix, requests, expires_in_s=300, if_none_match=if_none_match)
    one_by_one = [
        put(
            signer,
            prefix + request.key_tail,
            content_type=request.content_type,
            size_bytes=request.size_bytes,
            sha256=request.sha256,
            if_none_match=if_none_match,
        )
        for request in requests
    ]
    assert batch.urls() == [one.url for one in one_by_one]
    assert {(batch.host, batch.port, batch.expires_at)} >= {(one.host, one.port, one.expires_at) for one in one_by_one}


def test_batch_sends_query_and_prefix_once_and_only_tail_and_signature_an_object() -> None:
    request = PutRequest("7-8-c a.zip", "application/zip", 14, SHA256)
    batch = presigner().put_many("devices/d é/packs/", [request], expires_in_s=300, if_none_match=True)
    (path_tail,), (signature,) = batch.path_tails, batch.signatures
    assert batch.path_prefix == "/devices/d%20%C3%A9/packs/"
    assert path_tail == "7-8-c%20a.zip"
    assert batch.query.endswith("&X-Amz-Signature=")
    assert batch.urls() == [f"{batch.origin}{batch.path_prefix}{path_tail}?{batch.query}{signature}"]


def test_put_signs_every_header_that_it_asks_the_client_to_send() -> None:
    ours = put(presigner())
    assert ours.headers == {
        "Content-Type": "image/jpeg",
        "Content-Length": "14",
        "x-amz-checksum-sha256": base64(SHA256),
        "If-None-Match": "*",
    }
    signed = parameters(ours.url)["X-Amz-SignedHeaders"].split(";")
    assert signed == sorted(["host", *(name.lower() for name in ours.headers)])


def test_put_of_unknown_bytes_asks_for_the_content_type_only() -> None:
    ours = put(presigner(), size_bytes=None, sha256=None, if_none_match=False)
    assert ours.headers == {"Content-Type": "image/jpeg"}
    assert parameters(ours.url)["X-Amz-SignedHeaders"] == "content-type;host"


@pytest.mark.parametrize("endpoint_url", [None, LOCAL])
def test_host_port_and_path_say_the_same_as_the_url(endpoint_url: str | None) -> None:
    ours = put(presigner(endpoint_url=endpoint_url), "devices/d/1.jpg")
    parts = urlsplit(ours.url)
    assert ours.path == f"{parts.path}?{parts.query}"
    assert (ours.host, ours.port) == (parts.hostname, parts.port or 443)


@pytest.mark.parametrize(
    ("credentials_left", "lifetime_s", "really_left"),
    [
        (None, 300, timedelta(seconds=300)),
        (timedelta(hours=2), 300, timedelta(seconds=300)),
        (timedelta(seconds=300), 300, timedelta(seconds=300)),
        (timedelta(seconds=61.5), 61, timedelta(seconds=61)),
        (timedelta(seconds=0.5), 1, timedelta(seconds=0.5)),
        (timedelta(seconds=-90), 1, timedelta(seconds=-90)),
    ],
)
def test_url_ends_with_its_time_or_with_the_credentials_whichever_is_first(
    credentials_left: timedelta | None, lifetime_s: int, really_left: timedelta
) -> None:
    end = None if credentials_left is None else NOON + credentials_left
    signer = presigner(credentials=lambda: replace(KEYS, expires_at=end))
    request = PutRequest("a", "image/jpeg", 14, SHA256)
    batch = signer.put_many("", [request], expires_in_s=300, if_none_match=True)
    one = put(signer, "a")
    assert parameters(one.url)["X-Amz-Expires"] == str(lifetime_s)
    assert one.expires_at == batch.expires_at == NOON + really_left


def test_end_is_counted_from_the_signed_second_in_utc() -> None:
    at = datetime(2026, 3, 1, 0, 30, 0, 700_000, tzinfo=timezone(timedelta(hours=2)))
    ours = put(presigner(clock=lambda: at))
    assert parameters(ours.url)["X-Amz-Date"] == "20260228T223000Z"
    assert ours.expires_at == datetime(2026, 2, 28, 22, 35, tzinfo=UTC)


def test_credentials_are_asked_at_each_url() -> None:
    keys = iter([KEYS, replace(KEYS, access_key="AKIDSECOND", session_token="refreshed")])
    signer = presigner(credentials=lambda: next(keys))
    first, second = put(signer), put(signer)
    assert parameters(first.url)["X-Amz-Credential"].startswith("AKIDEXAMPLE/")
    assert parameters(second.url)["X-Amz-Credential"].startswith("AKIDSECOND/")
    assert parameters(second.url)["X-Amz-Security-Token"] == "refreshed"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"key": ""}, "key is empty"),
        ({"key": "\ud800"}, "surrogates not allowed"),
        ({"content_type": ""}, "content type"),
        ({"content_type": " "}, "content type"),
        ({"content_type": "image/jpeg\r\nX-Evil: 1\x00"}, "content type"),
        ({"content_type": "imäge/jpeg"}, "content type"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"sha256": b"short"}, "32 raw bytes"),
        ({"sha256": SHA256.hex().encode()}, "32 raw bytes"),
        ({"expires_in_s": 0}, "expires_in_s"),
        ({"expires_in_s": -1}, "expires_in_s"),
        ({"expires_in_s": 3601}, "expires_in_s"),
    ],
    ids=repr,
)
def test_put_and_batch_refuse_what_s3_could_not_hold_to(change: dict[str, Any], problem: str) -> None:
    wanted: dict[str, Any] = {"key": "a", "content_type": "image/jpeg", "size_bytes": 14, "sha256": SHA256} | change
    expires_in_s = wanted.pop("expires_in_s", 300)
    with pytest.raises(ValueError, match=problem):
        presigner().put(**wanted, expires_in_s=expires_in_s, if_none_match=True)
    request = PutRequest(wanted.pop("key"), **wanted)
    with pytest.raises(ValueError, match=problem):
        presigner().put_many("", [request], expires_in_s=expires_in_s, if_none_match=True)


@pytest.mark.parametrize(
    "place",
    [
        {"bucket": ""},
        {"bucket": "Upper"},
        {"bucket": "with.dots"},
        {"bucket": "a/b"},
        {"bucket": "b" * 64},
        {"endpoint_url": ""},
        {"endpoint_url": "localhost:9000"},
        {"endpoint_url": "ftp://localhost"},
        {"endpoint_url": "http://"},
        {"endpoint_url": "http://user:pass@localhost"},
        {"endpoint_url": "http://localhost/base"},
        {"endpoint_url": "http://localhost?a=b"},
        {"endpoint_url": "http://localhost:port"},
    ],
    ids=repr,
)
def test_presigner_refuses_a_place_that_it_cannot_address(place: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"bucket name|endpoint_url|[Pp]ort"):
        presigner(**place)  # type: ignore[arg-type]


def test_no_repr_shows_a_secret_or_a_signature() -> None:
    credentials = Credentials("AKIDEXAMPLE", "very-secret", "very-session", NOON)
    signer = presigner(credentials=lambda: credentials)
    one = put(signer)
    batch = signer.put_many("", [PutRequest("a", "image/jpeg", 14, SHA256)], expires_in_s=300, if_none_match=True)
    shown = f"{credentials!r} {credentials} {signer!r} {one!r} {batch!r}"
    hidden = ["very-secret", "very-session", parameters(one.url)["X-Amz-Signature"], batch.signatures[0]]
    assert not [text for text in hidden if text in shown]


def test_presigner_loads_no_aws_sdk() -> None:
    asked = "import sys, chalicelib.stores.presign; print(*(name for name in sys.modules if name.startswith('boto')))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == ""
