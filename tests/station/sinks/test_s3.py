"""Photos in a bucket, through the strict S3 front: it checks the signature as S3 does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from frameferry_station.errors import Trouble
from frameferry_station.http import Connection
from frameferry_station.sinks.photo import NotAsConfigured
from frameferry_station.sinks.s3 import S3Destination

from tests.contract.s3_front_rig import Rig
from tests.station.samples import jpeg
from tests.station.sinks.photos import NAME, UNDATED, photo
from tests.station.sinks.rig import SinkRig, as_named
from tests.station.sinks.strict_s3 import s3_sink

KEY = f"snapshots/{NAME}"


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = Connection(response_s=5.0)
    yield made
    made.close()


def test_a_photo_is_an_object_with_its_type_and_checksum(front: Rig, connection: Connection) -> None:
    S3Destination(s3_sink(front), connection).deliver(photo())

    head = front.sdk().head_object(Bucket=front.bucket, Key=KEY, ChecksumMode="ENABLED")
    assert front.stored(KEY) == jpeg(12)
    assert head["ContentType"] == "image/jpeg"
    assert head["ChecksumSHA256"] == base64.b64encode(bytes.fromhex(photo().sha256)).decode()


def test_the_same_photo_twice_is_one_version_of_one_object(front: Rig, connection: Connection) -> None:
    made = S3Destination(s3_sink(front), connection)

    for _ in range(2):
        made.deliver(photo())

    versions = front.sdk().list_object_versions(Bucket=front.bucket)["Versions"]
    assert [version["Key"] for version in versions] == [KEY]


def test_another_photo_of_the_same_name_is_kept_beside_it_once(front: Rig, connection: Connection) -> None:
    made = S3Destination(s3_sink(front), connection)
    made.deliver(photo(12))

    for _ in range(2):
        made.deliver(photo(77))

    second = f"{KEY.removesuffix('.jpg')}-{photo(77).sha256[:12]}.jpg"
    assert (front.stored(KEY), front.stored(second)) == (jpeg(12), jpeg(77))
    assert len(front.sdk().list_object_versions(Bucket=front.bucket)["Versions"]) == 2


def test_an_object_without_a_checksum_is_compared_by_its_etag(front: Rig, connection: Connection) -> None:
    key = f"snapshots/{UNDATED}"
    front.sdk(request_checksum_calculation="when_required").put_object(Bucket=front.bucket, Key=key, Body=jpeg(12))
    made = S3Destination(s3_sink(front), connection)

    made.deliver(photo(12, at=None))
    assert len(front.sdk().list_object_versions(Bucket=front.bucket)["Versions"]) == 1

    made.deliver(photo(13, at=None))
    assert len(front.sdk().list_object_versions(Bucket=front.bucket)["Versions"]) == 2


def test_a_prefix_with_unusual_letters_is_signed_as_it_is_sent(front: Rig, connection: Connection) -> None:
    S3Destination(replace(s3_sink(front), prefix="my!photos/(a)='b'*/"), connection).deliver(photo())

    assert front.stored(f"my!photos/(a)='b'*/{NAME}") == jpeg(12)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"secret_access_key": "wrong"}, "SignatureDoesNotMatch (403): AWS_SECRET_ACCESS_KEY is wrong"),
        ({"access_key_id": "AKIANOBODY"}, "InvalidAccessKeyId (403): AWS_ACCESS_KEY_ID is not known"),
        ({"bucket": "nobody-s-bucket"}, "NoSuchBucket (404): S3_BUCKET does not exist"),
        ({"region": "eu-north-1"}, "AuthorizationHeaderMalformed (400): AWS_REGION is not the bucket's"),
    ],
)
def test_wrong_settings_are_told_by_the_name_of_the_variable(
    front: Rig, connection: Connection, change: dict[str, str], told: str
) -> None:
    with pytest.raises(NotAsConfigured) as caught:
        S3Destination(replace(s3_sink(front), **change), connection).deliver(photo())
    assert str(caught.value) == f"S3 answers {told}"


def test_a_wrong_clock_is_an_outage_that_says_so(front: Rig, connection: Connection) -> None:
    front.clock.ahead = timedelta(hours=2)

    with pytest.raises(Trouble, match="the clock of this machine is wrong"):
        S3Destination(s3_sink(front), connection).deliver(photo())


@pytest.mark.parametrize("status", [500, 503])
def test_a_busy_bucket_is_an_outage(front: Rig, connection: Connection, status: int) -> None:
    front.control("POST", "faults", {"refuse": {"count": 1, "status": status, "code": "SlowDown"}})

    with pytest.raises(Trouble, match="SlowDown"):
        S3Destination(s3_sink(front), connection).deliver(photo())


def test_connections_cut_in_the_body_and_before_the_answer_bring_each_photo_once(
    front: Rig, connection: Connection
) -> None:
    sink = SinkRig(destination=S3Destination(replace(s3_sink(front), prefix=""), connection))
    worker = sink.worker()
    sink.hand_over(worker, sink.filled(range(6)))
    front.control(
        "POST",
        "faults",
        {"cut_answer": {"count": 4}, "cut_body": {"count": 3, "at_byte": 100}, "refuse": {"count": 2}},
    )

    sink.run(worker)

    versions = front.sdk().list_object_versions(Bucket=front.bucket)["Versions"]
    assert sorted(version["Key"] for version in versions) == sorted(as_named(range(6)))
    assert {key: front.stored(key) for key in as_named(range(6))} == as_named(range(6))
    assert worker.counts().waiting == 0
