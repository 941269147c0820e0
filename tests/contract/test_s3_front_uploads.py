"""What the strict S3 front asks of an upload's header fields and body, and what it leaves stored."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.faults import Faults
from infra.local.http_server import Exchange, HttpServer
from infra.local.s3_front import S3Front
from infra.local.stats import Stats
from tests.contract.s3_front_rig import (
    ACCESS_KEY,
    JPEG,
    REGION,
    SECRET_KEY,
    Reply,
    Rig,
    Upload,
    running_rig,
    sha256_base64,
)


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with running_rig(idle_timeout_s=0.3) as rig:
        yield rig


def read_reply(connection: socket.socket, method: str = "PUT") -> Reply:
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return Reply(response.status, response.headers, response.read())


def assert_refused(rig: Rig, key: str, reply: Reply, status: int, code: str, message: str = "") -> None:
    assert (reply.status, reply.code) == (status, code)
    assert message in reply.message
    assert rig.stored(key) is None


def test_wrong_checksum_is_refused_with_the_text_of_s3(rig: Rig) -> None:
    upload = rig.presign_put()
    reply = rig.put(upload, JPEG[::-1])
    text = "The SHA256 you specified did not match the calculated checksum."
    assert_refused(rig, upload.key, reply, 400, "BadDigest", text)


@pytest.mark.parametrize("checksum", ["not-base64!", base64.b64encode(b"short").decode(), "é"])
def test_malformed_checksum_is_refused(rig: Rig, checksum: str) -> None:
    upload = rig.presign_bare_put(ChecksumSHA256=checksum)
    reply = rig.put(upload, x_amz_checksum_sha256=checksum)
    assert_refused(rig, upload.key, reply, 400, "InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid.")


def test_two_checksums_are_refused(rig: Rig) -> None:
    crc32 = base64.b64encode(zlib.crc32(JPEG).to_bytes(4, "big")).decode()
    upload = rig.presign_bare_put(ChecksumSHA256=sha256_base64(JPEG), ChecksumCRC32=crc32)
    reply = rig.put(upload, x_amz_checksum_sha256=sha256_base64(JPEG), x_amz_checksum_crc32=crc32)
    assert_refused(rig, upload.key, reply, 400, "InvalidRequest", "Multiple checksum Types are not allowed")


def test_checksum_that_cannot_be_verified_is_refused_and_not_believed(rig: Rig) -> None:
    upload = rig.presign_bare_put(ChecksumCRC64NVME="AAAAAAAAAAA=")
    assert_refused(rig, upload.key, rig.put(upload, x_amz_checksum_crc64nvme="AAAAAAAAAAA="), 501, "NotImplemented")


@pytest.mark.parametrize(
    ("md5", "code"),
    [(base64.b64encode(hashlib.md5(b"other").digest()).decode(), "BadDigest"), ("nonsense", "InvalidDigest")],
)
def test_wrong_content_md5_is_refused(rig: Rig, md5: str, code: str) -> None:
    upload = rig.presign_bare_put()
    assert_refused(rig, upload.key, rig.put(upload, content_md5=md5), 400, code)


def test_right_content_md5_is_taken(rig: Rig) -> None:
    upload = rig.presign_bare_put()
    md5 = base64.b64encode(hashlib.md5(JPEG).digest()).decode()
    assert rig.put(upload, content_md5=md5).status == 200


def test_head_gives_back_the_checksum_of_a_presigned_put(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.put(upload)
    head = rig.sdk().head_object(Bucket=rig.bucket, Key=upload.key, ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == sha256_base64(JPEG)
    assert head["ContentType"] == "image/jpeg"


def test_second_put_of_a_key_that_must_not_exist_is_refused(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.put(upload)
    other = rig.presign_put(upload.key, b"other bytes")
    reply = rig.put(other, b"other bytes")
    assert (reply.status, reply.code) == (412, "PreconditionFailed")
    assert rig.stored(upload.key) == JPEG


def put_at_once(rig: Rig, bodies: list[bytes]) -> list[int]:
    """Statuses of PUTs of one key, of these bodies, that start together."""
    uploads = [rig.presign_put("devices/contended.jpg", body) for body in bodies]
    start = Barrier(len(bodies))

    def put(upload: Upload, body: bytes) -> int:
        start.wait()
        return rig.put(upload, body).status

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(put, uploads, bodies))


def test_of_concurrent_puts_of_one_key_exactly_one_wins(rig: Rig) -> None:
    bodies = [f"body {number}".encode() for number in range(8)]
    statuses = put_at_once(rig, bodies)
    assert sorted(statuses) == [200] + [412] * 7
    assert rig.stored("devices/contended.jpg") == bodies[statuses.index(200)]
    assert sum(change.key == "devices/contended.jpg" for change in rig.changes) == 1


def test_store_that_checks_long_before_it_writes_sees_one_writer_of_a_key_at_a_time(rig: Rig) -> None:
    taken: set[str] = set()

    def store(exchange: Exchange) -> None:
        exchange.read(exchange.body_bytes or 0)
        is_taken = exchange.path in taken
        time.sleep(0.02)
        taken.add(exchange.path)
        exchange.respond(412 if is_taken else 200)

    slow_store = HttpServer("127.0.0.1", 0, store, lambda status: (status, [], b""), 5.0)
    slow_store.start()
    front = S3Front(
        f"http://127.0.0.1:{slow_store.port}",
        rig.credentials.get,
        rig.moto,
        rig.clock,
        lambda change: None,
        Stats(),
        Faults(),
        port=0,
    )
    with front:
        statuses = put_at_once(replace(rig, front=front), [b"x"] * 4)
    slow_store.stop()
    assert sorted(statuses) == [200] + [412] * 3


def test_other_conditions_than_any_are_not_implemented_for_a_put(rig: Rig) -> None:
    upload = rig.presign_bare_put(IfNoneMatch='"etag"')
    assert_refused(rig, upload.key, rig.put(upload, if_none_match='"etag"'), 501, "NotImplemented")


def test_put_without_a_length_is_refused(rig: Rig) -> None:
    upload = rig.presign_bare_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, {}))
        assert_refused(rig, upload.key, read_reply(connection), 411, "MissingContentLength")


def test_put_in_chunks_of_unknown_length_is_refused(rig: Rig) -> None:
    upload = rig.presign_bare_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, {"Transfer-Encoding": "chunked"}) + b"0\r\n\r\n")
        reply = read_reply(connection)
    assert_refused(rig, upload.key, reply, 501, "NotImplemented")
    assert b"<Header>Transfer-Encoding</Header>" in reply.body


@pytest.mark.parametrize("length", ["-1", "ten", "1, 2", "99999999999999999999"])
def test_length_that_is_no_length_is_refused(rig: Rig, length: str) -> None:
    upload = rig.presign_bare_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, {"Content-Length": length}))
        assert_refused(rig, upload.key, read_reply(connection), 400, "BadRequest")


def test_more_than_five_gibibytes_are_refused_before_they_are_sent(rig: Rig) -> None:
    upload = rig.presign_bare_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, {"Content-Length": str(5 * 1024**3 + 1)}))
        assert_refused(rig, upload.key, read_reply(connection), 400, "EntityTooLarge")


def test_body_that_is_cut_off_stores_nothing(rig: Rig) -> None:
    upload = rig.presign_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, upload.headers) + JPEG[:-1])
        connection.shutdown(socket.SHUT_WR)
        assert_refused(rig, upload.key, read_reply(connection), 400, "IncompleteBody")


def test_body_that_stalls_is_answered_with_a_timeout_and_the_connection_closed(rig: Rig) -> None:
    upload = rig.presign_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, upload.headers) + JPEG[:-1])
        reply = read_reply(connection)
        assert_refused(rig, upload.key, reply, 400, "RequestTimeout")
        assert reply.headers["Connection"] == "close"


def test_client_that_vanishes_stores_nothing_and_the_front_goes_on(rig: Rig) -> None:
    upload = rig.presign_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, upload.headers) + JPEG[:-1])
    assert rig.put(rig.presign_put()).status == 200
    assert rig.stored(upload.key) is None


def test_expect_continue_is_answered_before_the_body_is_sent(rig: Rig) -> None:
    upload = rig.presign_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, {**upload.headers, "Expect": "100-continue"}))
        assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(JPEG)
        assert read_reply(connection).status == 200
    assert rig.stored(upload.key) == JPEG


def test_expect_continue_of_a_refused_upload_is_answered_by_the_refusal(rig: Rig) -> None:
    upload = rig.presign_put()
    with rig.socket() as connection:
        headers = {**upload.headers, "Content-Type": "image/png", "Expect": "100-continue"}
        connection.sendall(rig.raw_head("PUT", upload.url, headers))
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert rig.stored(upload.key) is None


def test_refusal_reaches_a_client_that_sends_its_whole_body_first(rig: Rig) -> None:
    body = bytes(4_000_000)
    upload = rig.presign_put(body=body)
    reply = rig.put(upload, body, content_type="image/png")
    assert_refused(rig, upload.key, reply, 403, "SignatureDoesNotMatch")
    assert reply.headers["Connection"] == "close"


def test_two_uploads_and_a_refusal_share_one_connection(rig: Rig) -> None:
    rig.control("DELETE", "stats")
    first, second = rig.presign_put(), rig.presign_put()
    with rig.socket() as connection:
        for upload in (first, second, first):
            connection.sendall(rig.raw_head("PUT", upload.url, upload.headers) + JPEG)
            reply = read_reply(connection)
            assert "Connection" not in reply.headers
    assert reply.status == 412
    assert rig.control("GET", "stats").json["connections"] == {"s3": 1}


def test_large_body_is_stored_byte_for_byte(rig: Rig) -> None:
    body = bytes(range(256)) * 40_000
    upload = rig.presign_put(body=body)
    assert rig.put(upload, body).status == 200
    assert rig.stored(upload.key) == body


def test_empty_body_is_an_object(rig: Rig) -> None:
    upload = rig.presign_put(body=b"")
    assert rig.put(upload, b"").status == 200
    assert rig.stored(upload.key) == b""


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_body_that_a_client_calls_a_form_is_stored_whole(rig: Rig, content_type: str) -> None:
    upload = rig.presign_bare_put()
    assert rig.put(upload, content_type=content_type).status == 200
    assert rig.stored(upload.key) == JPEG


def aws_chunked(body: bytes, checksum: bytes) -> bytes:
    trailer = b"x-amz-checksum-crc32:" + base64.b64encode(checksum) + b"\r\n\r\n"
    half = len(body) // 2
    chunks = [body[:half], body[half:]]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + trailer


@pytest.mark.parametrize("is_http_chunked", [False, True])
@pytest.mark.parametrize(("flip", "status"), [(0, 200), (1, 400)])
def test_aws_chunked_body_is_stored_where_its_trailer_is_right(
    rig: Rig, is_http_chunked: bool, flip: int, status: int
) -> None:
    key = f"trailer-{is_http_chunked}-{flip}"
    url = f"{rig.front.url}/{rig.bucket}/{key}"
    wire = aws_chunked(JPEG, (zlib.crc32(JPEG) ^ flip).to_bytes(4, "big"))
    request = AWSRequest("PUT", url)
    request.context["checksum"] = {"request_algorithm": {"algorithm": "crc32", "in": "trailer", "name": "x"}}
    request.headers["Content-Encoding"] = "aws-chunked"
    request.headers["X-Amz-Decoded-Content-Length"] = str(len(JPEG))
    request.headers["X-Amz-Trailer"] = "x-amz-checksum-crc32"
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION).add_auth(request)
    framing = {"Transfer-Encoding": "chunked"} if is_http_chunked else {"Content-Length": str(len(wire))}
    if is_http_chunked:
        wire = b"%x\r\n%s\r\n0\r\n\r\n" % (len(wire), wire)
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", url, {**dict(request.headers.items()), **framing}) + wire)
        reply = read_reply(connection)
    assert reply.status == status
    assert rig.stored(key) == (JPEG if status == 200 else None)


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "POST"])
def test_method_that_objects_do_not_have_is_refused(rig: Rig, method: str) -> None:
    url = f"{rig.front.url}/{rig.bucket}/photo.jpg"
    request = AWSRequest(method, url)
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION).add_auth(request)
    reply = rig.send(method, url, None, dict(request.headers.items()))
    assert (reply.status, reply.code) == (405, "MethodNotAllowed")


def test_key_of_more_than_1024_bytes_is_refused(rig: Rig) -> None:
    upload = rig.presign_bare_put(key="é" * 513)
    reply = rig.put(upload)
    assert (reply.status, reply.code) == (400, "KeyTooLongError")


@pytest.mark.parametrize("target", ["/bucket/%ff.jpg", "bucket/x", "http://127.0.0.1/bucket/x"])
def test_target_that_is_no_path_of_utf8_is_refused(rig: Rig, target: str) -> None:
    with rig.socket() as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: s3\r\n\r\n".encode())
        assert read_reply(connection, "GET").code == "InvalidURI"


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"PUT / HTTP/9.9\r\n\r\n", b"x" * 70_000])
def test_what_is_no_http_is_answered_or_dropped_and_the_front_goes_on(rig: Rig, junk: bytes) -> None:
    with rig.socket() as connection:
        connection.sendall(junk)
        answer = connection.recv(65536)
    assert answer == b"" or b"<Code>BadRequest</Code>" in answer
    assert rig.put(rig.presign_put()).status == 200


def test_log_has_one_line_a_request_and_no_secret(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.put(upload)
    line = rig.log[-1]
    assert line.startswith(f"s3 PUT /{rig.bucket}/{upload.key} 200 ")
    secrets = (*urlsplit(upload.url).query.split("&"), SECRET_KEY)
    assert not [secret for secret in secrets if secret in "".join(rig.log)]
