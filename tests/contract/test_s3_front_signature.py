"""What the strict S3 front refuses for its authentication, and what it lets through."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from infra.local import s3_request, s3_signature
from infra.local.s3_errors import S3Error
from infra.local.s3_signature import Credential
from tests.contract.s3_front_rig import ACCESS_KEY, JPEG, REGION, SECRET_KEY, Reply, Rig, running_rig


@pytest.fixture(scope="module")
def running() -> Iterator[Rig]:
    with running_rig() as rig:
        yield rig


@pytest.fixture
def rig(running: Rig) -> Iterator[Rig]:
    yield running
    running.clock.ahead = timedelta()


def with_params(url: str, **changed: str | None) -> str:
    """The URL with `X-Amz-<name>` parameters set, or left out where None."""
    parts = urlsplit(url)
    params = dict(parse_qsl(parts.query))
    for name, value in changed.items():
        full = f"X-Amz-{name}"
        params.pop(full, None)
        if value is not None:
            params[full] = value
    return parts._replace(query=urlencode(params, quote_via=quote)).geturl()


def assert_refused(rig: Rig, key: str, reply: Reply, status: int, code: str, message: str = "") -> None:
    assert (reply.status, reply.code) == (status, code)
    assert message in reply.message
    assert rig.stored(key) is None


def test_put_with_the_five_signed_headers_is_stored(rig: Rig) -> None:
    upload = rig.presign_put()
    reply = rig.put(upload)
    assert reply.status == 200
    assert rig.stored(upload.key) == JPEG


def test_answer_of_a_put_has_version_etag_checksum_and_request_ids(rig: Rig) -> None:
    upload = rig.presign_put()
    headers = rig.put(upload).headers
    assert headers["x-amz-checksum-sha256"] == upload.headers["x-amz-checksum-sha256"]
    assert headers["x-amz-version-id"]
    assert headers["ETag"].startswith('"')
    assert headers["x-amz-request-id"]
    assert headers["x-amz-id-2"]


def test_error_body_has_code_message_and_the_ids_of_its_headers(rig: Rig) -> None:
    reply = rig.send("GET", f"{rig.front.url}/{rig.bucket}/photo.jpg")
    assert reply.headers["Content-Type"] == "application/xml"
    assert f"<RequestId>{reply.headers['x-amz-request-id']}</RequestId>".encode() in reply.body
    assert f"<HostId>{reply.headers['x-amz-id-2']}</HostId>".encode() in reply.body


def test_tampered_signature_is_refused(rig: Rig) -> None:
    upload = rig.presign_put()
    signature = dict(parse_qsl(urlsplit(upload.url).query))["X-Amz-Signature"]
    forged = with_params(upload.url, Signature=signature[:-1] + ("0" if signature[-1] != "0" else "1"))
    reply = rig.send("PUT", forged, JPEG, upload.headers)
    assert_refused(rig, upload.key, reply, 403, "SignatureDoesNotMatch")
    assert b"<CanonicalRequest>PUT\n" in reply.body


def test_url_for_one_key_does_not_open_another(rig: Rig) -> None:
    upload = rig.presign_put()
    reply = rig.send("PUT", upload.url.replace(upload.key, "devices/other.jpg"), JPEG, upload.headers)
    assert_refused(rig, "devices/other.jpg", reply, 403, "SignatureDoesNotMatch")


def test_url_for_put_does_not_delete(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.put(upload)
    assert rig.send("DELETE", upload.url, None, upload.headers).code == "SignatureDoesNotMatch"
    assert rig.stored(upload.key) == JPEG


def test_url_lives_until_its_last_second_and_is_refused_after_it(rig: Rig) -> None:
    upload = rig.presign_put(expires_s=60)
    late = rig.presign_put(expires_s=60)
    rig.clock.ahead = timedelta(seconds=55)
    assert rig.put(upload).status == 200
    rig.clock.ahead = timedelta(seconds=61)
    reply = rig.put(late)
    assert_refused(rig, late.key, reply, 403, "AccessDenied", "Request has expired")
    assert b"<X-Amz-Expires>60</X-Amz-Expires>" in reply.body


def test_url_signed_a_little_ahead_of_the_clock_is_taken(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.clock.ahead = -timedelta(minutes=14)
    assert rig.put(upload).status == 200


def test_url_signed_far_ahead_of_the_clock_is_not_valid_yet(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.clock.ahead = -timedelta(minutes=16)
    assert_refused(rig, upload.key, rig.put(upload), 403, "AccessDenied", "not valid yet")


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        ("604801", "less than a week"),
        ("-1", "non-negative"),
        ("soon", "should be a number"),
        ("", "requires"),
    ],
)
def test_lifetime_outside_of_one_second_to_seven_days_is_refused(rig: Rig, expires: str, message: str) -> None:
    upload = rig.presign_put()
    reply = rig.send("PUT", with_params(upload.url, Expires=expires), JPEG, upload.headers)
    assert_refused(rig, upload.key, reply, 400, "AuthorizationQueryParametersError", message)


def test_lifetime_of_nothing_has_expired(rig: Rig) -> None:
    upload = rig.presign_put()
    reply = rig.send("PUT", with_params(upload.url, Expires="0"), JPEG, upload.headers)
    assert_refused(rig, upload.key, reply, 403, "AccessDenied", "Request has expired")


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"])
def test_url_without_one_of_its_parameters_is_refused(rig: Rig, name: str) -> None:
    upload = rig.presign_put()
    reply = rig.send("PUT", with_params(upload.url, **{name: None}), JPEG, upload.headers)
    assert_refused(rig, upload.key, reply, 400, "AuthorizationQueryParametersError", "requires")


def test_url_with_a_parameter_given_twice_is_refused(rig: Rig) -> None:
    upload = rig.presign_put()
    reply = rig.send("PUT", f"{upload.url}&X-Amz-Expires=604800", JPEG, upload.headers)
    assert_refused(rig, upload.key, reply, 400, "AuthorizationQueryParametersError")


@pytest.mark.parametrize(
    ("param", "value", "message"),
    [
        ("Algorithm", "AWS4-HMAC-SHA1", "X-Amz-Algorithm"),
        ("Credential", f"{ACCESS_KEY}/20260101/us-east-1/s3", "mal-formed"),
        ("Credential", f"{ACCESS_KEY}/1.1.2026/us-east-1/s3/aws4_request", "incorrect date format"),
        ("Credential", f"{ACCESS_KEY}/20260101/eu-west-1/s3/aws4_request", "expecting 'us-east-1'"),
        ("Credential", f"{ACCESS_KEY}/20260101/us-east-1/ec2/aws4_request", "incorrect service"),
        ("Credential", f"{ACCESS_KEY}/20260101/us-east-1/s3/aws5_request", "incorrect terminal"),
        ("Credential", f"{ACCESS_KEY}/19990101/us-east-1/s3/aws4_request", "not the same as X-Amz-Date"),
        ("Date", "2026-01-01T00:00:00Z", "ISO8601 Long Format"),
        ("Date", "20261341T000000Z", "ISO8601 Long Format"),
    ],
)
def test_malformed_scope_algorithm_or_date_is_named(rig: Rig, param: str, value: str, message: str) -> None:
    upload = rig.presign_put()
    reply = rig.send("PUT", with_params(upload.url, **{param: value}), JPEG, upload.headers)
    assert_refused(rig, upload.key, reply, 400, "AuthorizationQueryParametersError", message)


@pytest.mark.parametrize("header", ["content_type", "x_amz_checksum_sha256", "if_none_match"])
def test_signed_header_that_is_left_out_is_refused(rig: Rig, header: str) -> None:
    upload = rig.presign_put()
    assert_refused(rig, upload.key, rig.put(upload, **{header: None}), 403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("content_type", "image/png"),
        ("x_amz_checksum_sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ("if_none_match", "**"),
        ("host", "localhost:9000"),
    ],
)
def test_signed_header_with_another_value_is_refused(rig: Rig, header: str, value: str) -> None:
    upload = rig.presign_put()
    assert_refused(rig, upload.key, rig.put(upload, **{header: value}), 403, "SignatureDoesNotMatch")


def test_body_of_another_length_than_the_signed_one_is_refused(rig: Rig) -> None:
    upload = rig.presign_put()
    longer = JPEG + b"!"
    reply = rig.put(upload, longer, content_length=str(len(longer)))
    assert_refused(rig, upload.key, reply, 403, "SignatureDoesNotMatch")


def test_unsigned_amz_header_is_refused_and_named(rig: Rig) -> None:
    upload = rig.presign_put()
    reply = rig.put(upload, x_amz_meta_note="hello")
    assert_refused(rig, upload.key, reply, 403, "AccessDenied", "headers present in the request which were not signed")
    assert b"<HeadersNotSigned>x-amz-meta-note</HeadersNotSigned>" in reply.body


def test_unsigned_ordinary_header_is_taken(rig: Rig) -> None:
    assert rig.put(rig.presign_put(), cache_control="no-store", x_trace="1").status == 200


def test_url_whose_signature_leaves_out_the_host_is_refused(rig: Rig) -> None:
    upload = rig.presign_bare_put()
    reply = rig.send("PUT", with_params(upload.url, SignedHeaders="content-type"), JPEG)
    assert_refused(rig, upload.key, reply, 403, "AccessDenied", "not signed")


def test_unknown_access_key_is_refused(rig: Rig) -> None:
    upload = rig.presign_put(access_key="AKIAFOREIGNFOREIGN00")
    assert_refused(rig, upload.key, rig.put(upload), 403, "InvalidAccessKeyId")


def test_wrong_secret_is_refused(rig: Rig) -> None:
    upload = rig.presign_put(secret_key="guessed")
    assert_refused(rig, upload.key, rig.put(upload), 403, "SignatureDoesNotMatch")


def test_sigv2_url_is_refused(rig: Rig) -> None:
    client = rig.sdk(signature_version="s3-query")
    url = client.generate_presigned_url("put_object", Params={"Bucket": rig.bucket, "Key": "v2.jpg"})
    assert "AWSAccessKeyId=" in url
    assert_refused(rig, "v2.jpg", rig.send("PUT", url, JPEG), 400, "InvalidRequest", "AWS4-HMAC-SHA256")


def test_anonymous_request_is_refused(rig: Rig) -> None:
    reply = rig.send("PUT", f"{rig.front.url}/{rig.bucket}/anonymous.jpg", JPEG)
    assert_refused(rig, "anonymous.jpg", reply, 403, "AccessDenied", "Access Denied")


def test_temporary_credentials_work_with_their_token_until_they_expire(rig: Rig) -> None:
    dies_at = datetime.now(UTC) + timedelta(minutes=10)
    rig.credentials["ASIATEMPORARY0000000"] = Credential("temporary", "the-token", dies_at)
    sdk: dict[str, Any] = {
        "access_key": "ASIATEMPORARY0000000",
        "secret_key": "temporary",
        "session_token": "the-token",
    }
    alive, dead = rig.presign_put(expires_s=3600, **sdk), rig.presign_put(expires_s=3600, **sdk)
    assert rig.put(alive).status == 200
    rig.clock.ahead = timedelta(minutes=11)
    assert_refused(rig, dead.key, rig.put(dead), 400, "ExpiredToken")


@pytest.mark.parametrize(
    ("token", "status", "code"), [("another-token", 400, "InvalidToken"), (None, 403, "InvalidAccessKeyId")]
)
def test_temporary_key_with_another_or_no_token_is_refused(rig: Rig, token: str | None, status: int, code: str) -> None:
    rig.credentials["ASIATEMPORARY1111111"] = Credential("temporary", "the-token")
    upload = rig.presign_put(access_key="ASIATEMPORARY1111111", secret_key="temporary", session_token=token)
    assert_refused(rig, upload.key, rig.put(upload), status, code)


def test_only_one_kind_of_authentication_is_taken(rig: Rig) -> None:
    upload = rig.presign_bare_put()
    assert_refused(rig, upload.key, rig.put(upload, authorization="AWS4-HMAC-SHA256 x"), 400, "InvalidArgument")


def test_presigned_get_and_head_are_checked_like_puts(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.put(upload)
    params = {"Bucket": rig.bucket, "Key": upload.key}
    url = rig.sdk().generate_presigned_url("get_object", Params=params, ExpiresIn=60)
    assert rig.send("GET", url).body == JPEG
    assert rig.send("HEAD", url).status == 403
    assert rig.send("GET", with_params(url, Expires="61")).code == "SignatureDoesNotMatch"
    rig.clock.ahead = timedelta(seconds=61)
    assert rig.send("GET", url).code == "AccessDenied"


@pytest.mark.parametrize(
    ("client", "code"),
    [
        ({"secret_key": "guessed"}, "SignatureDoesNotMatch"),
        ({"access_key": "AKIAFOREIGNFOREIGN00"}, "InvalidAccessKeyId"),
        ({"region_name": "eu-west-1"}, "AuthorizationHeaderMalformed"),
        ({"signature_version": "s3"}, "InvalidRequest"),
    ],
)
def test_signed_request_with_a_wrong_credential_is_refused(rig: Rig, client: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        rig.sdk(**client).put_object(Bucket=rig.bucket, Key="signed.jpg", Body=JPEG)
    assert refused.value.response["Error"]["Code"] == code
    assert rig.stored("signed.jpg") is None


def test_signed_request_from_a_skewed_clock_is_refused(rig: Rig) -> None:
    rig.clock.ahead = timedelta(minutes=16)
    with pytest.raises(ClientError) as refused:
        rig.sdk().put_object(Bucket=rig.bucket, Key="skewed.jpg", Body=JPEG)
    assert refused.value.response["Error"]["Code"] == "RequestTimeTooSkewed"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("AWS4-HMAC-SHA256 Credential=a", "AuthorizationHeaderMalformed"),
        ("Bearer token", "InvalidArgument"),
        ("AWS AKID:signature", "InvalidRequest"),
    ],
)
def test_authorization_that_is_no_sigv4_is_refused(rig: Rig, authorization: str, code: str) -> None:
    reply = rig.send("PUT", f"{rig.front.url}/{rig.bucket}/odd.jpg", JPEG, {"Authorization": authorization})
    assert_refused(rig, "odd.jpg", reply, 400, code)


def test_signed_body_that_was_changed_is_refused(rig: Rig) -> None:
    url = f"{rig.front.url}/{rig.bucket}/changed.jpg"
    request = AWSRequest("PUT", url, data=JPEG)
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION).add_auth(request)
    reply = rig.send("PUT", url, JPEG[::-1], dict(request.headers.items()))
    assert_refused(rig, "changed.jpg", reply, 400, "XAmzContentSHA256Mismatch")


def test_example_of_the_aws_documentation_is_accepted() -> None:
    """Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", example."""
    headers = Message()
    headers["Host"] = "examplebucket.s3.amazonaws.com"
    signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    target = (
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential={ACCESS_KEY}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        f"&X-Amz-Signature={signature}"
    )
    find = {ACCESS_KEY: Credential(SECRET_KEY)}.get
    last_second = datetime(2013, 5, 24, 23, 59, 59, tzinfo=UTC)
    request = s3_request.parse("GET", target, headers)
    assert s3_signature.check(request, find, "us-east-1", last_second) == ACCESS_KEY
    with pytest.raises(S3Error, match="Request has expired"):
        s3_signature.check(request, find, "us-east-1", last_second + timedelta(seconds=1))


@pytest.mark.parametrize("key", ["a b+c=d&é/ü.jpg", "x//y", "~.-_", "%2F?#", "\U0001f4f7.jpg", "devices/'()!*"])
def test_keys_of_any_characters_are_signed_and_stored_as_they_are(rig: Rig, key: str) -> None:
    upload = rig.presign_put(key=f"{uuid.uuid4()}/{key}")
    assert rig.put(upload).status == 200
    assert rig.stored(upload.key) == JPEG
    assert rig.changes[-1].key == upload.key


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_the_query_or_of_a_signed_header_is_refused(running: Rig, data: st.DataObject) -> None:
    upload = running.presign_put(key="devices/property.jpg")
    head = running.raw_head("PUT", upload.url, upload.headers)
    line_end, query = head.index(b" HTTP/1.1"), head.index(b"?") + 1
    values = [i for name in [b"Host", *map(str.encode, upload.headers)] for i in _value_range(head, name)]
    place = data.draw(st.sampled_from([*range(query, line_end), *values]))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != head[place]))
    changed = head[:place] + bytes([byte]) + head[place + 1 :]
    assume(unquote_to_bytes(changed[:line_end]) != unquote_to_bytes(head[:line_end]) or place > line_end)
    with running.socket() as connection:
        connection.sendall(changed + JPEG)
        status = int(connection.recv(65536).split(b" ")[1])
    assert 400 <= status < 500
    assert running.stored("devices/property.jpg") is None


def _value_range(head: bytes, name: bytes) -> range:
    start = head.index(b"\r\n" + name + b": ") + len(name) + 4
    return range(start, head.index(b"\r\n", start))
