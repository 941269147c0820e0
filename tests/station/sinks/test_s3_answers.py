"""What buckets elsewhere answer, and what that means for a photo."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from frameferry_station.errors import ForeignAnswer, Refusal, StationError, Trouble
from frameferry_station.http import Answer
from frameferry_station.settings import S3Sink
from frameferry_station.sinks.photo import NotAsConfigured
from frameferry_station.sinks.s3 import S3Destination

from tests.station.samples import jpeg
from tests.station.sinks.photos import NAME, Answering, Sent, photo

SECRET = "a/secret+key"
SETTINGS = S3Sink("bucket", "eu-central-1", "AKIAEXAMPLE", SECRET)


def error(code: str, status: int) -> Answer:
    return Answer(status, {}, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode())


def destination(answer: Callable[[Sent], Answer], settings: S3Sink = SETTINGS) -> tuple[S3Destination, Answering]:
    sender = Answering(answer)
    return S3Destination(settings, sender), sender


def always(answer: Answer) -> Callable[[Sent], Answer]:
    return lambda sent: answer


class OldEndpoint:
    """Takes objects, and does not know `If-None-Match`."""

    def __init__(self, *, tells_etag: bool = True) -> None:
        self.held: dict[str, bytes] = {}
        self.tells_etag = tells_etag

    def __call__(self, sent: Sent) -> Answer:
        if sent.method == "HEAD":
            if sent.url not in self.held:
                return Answer(404, {}, b"")
            return Answer(200, {"content-length": str(len(self.held[sent.url])), "etag": '"other-2"'}, b"")
        if "if-none-match" in sent.headers:
            return error("NotImplemented", 501)
        self.held[sent.url] = sent.body
        return Answer(200, {}, b"")


def test_aws_is_asked_in_the_bucket_s_region_with_a_signature_of_all_that_matters() -> None:
    made, sender = destination(always(Answer(200, {}, b"")))

    made.deliver(photo())

    (sent,) = sender.sent
    assert (sent.method, sent.url) == ("PUT", f"https://s3.eu-central-1.amazonaws.com/bucket/{NAME}")
    assert sent.headers["if-none-match"] == "*"
    assert sent.headers["x-amz-content-sha256"] == photo().sha256
    signed = sent.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "if-none-match", "content-type", "x-amz-checksum-sha256", "x-amz-content-sha256"} <= set(signed)
    assert SECRET not in str(sent.headers)


def test_an_endpoint_of_one_s_own_has_the_bucket_in_the_path() -> None:
    settings = S3Sink("bucket", "us-east-1", "id", SECRET, "a/", "http://nas.local:9000/")
    made, sender = destination(always(Answer(200, {}, b"")), settings)

    made.deliver(photo())

    assert sender.sent[0].url == f"http://nas.local:9000/bucket/a/{NAME}"


def test_an_endpoint_without_conditions_is_looked_at_first_from_then_on() -> None:
    endpoint = OldEndpoint()
    made, sender = destination(endpoint)

    made.deliver(photo(1, seq=1))
    made.deliver(photo(2, seq=2))
    made.deliver(photo(2, seq=2))

    assert [sent.method for sent in sender.sent] == ["PUT", "HEAD", "PUT", "HEAD", "PUT", "HEAD"]
    assert sorted(endpoint.held.values()) == sorted([jpeg(1), jpeg(2)])


def test_an_endpoint_without_conditions_keeps_another_photo_beside_the_first() -> None:
    endpoint = OldEndpoint()
    made, _ = destination(endpoint)

    made.deliver(photo(1, size_bytes=600))
    made.deliver(photo(2, size_bytes=700))

    assert sorted(len(body) for body in endpoint.held.values()) == [600, 700]


def test_where_a_key_may_not_look_a_taken_name_is_believed() -> None:
    made, sender = destination(lambda sent: Answer(403, {}, b"") if sent.method == "HEAD" else error("x", 412))

    made.deliver(photo())

    assert [sent.method for sent in sender.sent] == ["PUT", "HEAD"]


def test_where_the_look_fails_for_now_nothing_is_believed() -> None:
    made, _ = destination(lambda sent: Answer(503, {}, b"") if sent.method == "HEAD" else error("x", 412))

    with pytest.raises(Trouble):
        made.deliver(photo())


def test_a_second_name_that_is_taken_by_yet_other_bytes_is_a_refusal() -> None:
    other = Answer(200, {"content-length": "1"}, b"")
    made, _ = destination(lambda sent: other if sent.method == "HEAD" else error("PreconditionFailed", 412))

    with pytest.raises(Refusal):
        made.deliver(photo())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error("AccessDenied", 403), NotAsConfigured),
        (error("InvalidAccessKeyId", 403), NotAsConfigured),
        (error("ExpiredToken", 403), NotAsConfigured),
        (error("NoSuchBucket", 404), NotAsConfigured),
        (error("PermanentRedirect", 301), NotAsConfigured),
        (error("RequestTimeTooSkewed", 403), Trouble),
        (error("SlowDown", 503), Trouble),
        (error("RequestTimeout", 400), Trouble),
        (error("ConditionalRequestConflict", 409), Trouble),
        (error("XAmzContentChecksumMismatch", 400), Trouble),
        (error("TooManyRequests", 429), Trouble),
        (error("EntityTooLarge", 400), Refusal),
        (error("KeyTooLongError", 400), Refusal),
        (Answer(403, {}, b"<html>Welcome to the hotel</html>"), ForeignAnswer),
        (Answer(302, {"location": "http://hotel/"}, b""), ForeignAnswer),
        (Answer(502, {"retry-after": "9"}, b"bad gateway"), Trouble),
    ],
)
def test_each_answer_means_what_it_means(answer: Answer, expected: type[StationError]) -> None:
    made, _ = destination(always(answer))

    with pytest.raises(expected) as caught:
        made.deliver(photo())
    assert SECRET not in str(caught.value)
    assert type(caught.value) is expected or expected is Trouble
