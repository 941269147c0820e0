"""boto3 through the strict S3 front, reads by presigned URL, and the events of what changed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from infra.local.s3_events import S3Change, event_for
from tests.contract.s3_front_rig import JPEG, Rig, running_rig


@pytest.fixture(scope="module")
def running() -> Iterator[Rig]:
    with running_rig() as rig:
        yield rig


@pytest.fixture
def rig(running: Rig) -> Rig:
    """The same front with a fresh bucket, no change seen yet and a clock that goes."""
    running.clock.stopped_at = None
    running.bucket = running.new_bucket()
    running.changes.clear()
    return running


@pytest.fixture
def s3(rig: Rig) -> Any:
    return rig.sdk()


def names(changes: list[S3Change]) -> list[str]:
    return [change.event_name for change in changes]


@pytest.mark.parametrize("key", ["a/b.jpg", "a b+c=d&é/ü.jpg", "\U0001f4f7 (1).jpg"])
def test_object_that_boto3_puts_can_be_got_and_listed(rig: Rig, s3: Any, key: str) -> None:
    put = s3.put_object(Bucket=rig.bucket, Key=key, Body=JPEG, ContentType="image/jpeg", Metadata={"seq": "7"})
    got = s3.get_object(Bucket=rig.bucket, Key=key)
    assert got["Body"].read() == JPEG
    assert (got["VersionId"], got["ContentType"], got["Metadata"]) == (put["VersionId"], "image/jpeg", {"seq": "7"})
    listed = s3.list_objects_v2(Bucket=rig.bucket, Prefix=key[:1])["Contents"]
    assert [(found["Key"], found["Size"]) for found in listed] == [(key, len(JPEG))]


def test_list_goes_on_after_a_key(rig: Rig, s3: Any) -> None:
    for number in range(3):
        s3.put_object(Bucket=rig.bucket, Key=f"devices/d 1/{number}", Body=b"")
    page = s3.list_objects_v2(Bucket=rig.bucket, Prefix="devices/d 1/", StartAfter="devices/d 1/0", MaxKeys=1)
    assert [found["Key"] for found in page["Contents"]] == ["devices/d 1/1"]
    rest = s3.list_objects_v2(Bucket=rig.bucket, ContinuationToken=page["NextContinuationToken"])
    assert [found["Key"] for found in rest["Contents"]] == ["devices/d 1/2"]


def test_missing_object_and_bucket_are_404(rig: Rig, s3: Any) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=rig.bucket, Key="nothing")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket="no-such-bucket", Key="nothing")
    with pytest.raises(ClientError) as missing:
        s3.head_object(Bucket=rig.bucket, Key="nothing")
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_range_and_header_overrides_of_a_presigned_get(rig: Rig, s3: Any) -> None:
    s3.put_object(Bucket=rig.bucket, Key="pack.zip", Body=bytes(range(100)))
    params = {"Bucket": rig.bucket, "Key": "pack.zip", "ResponseContentDisposition": 'attachment; filename="a b.zip"'}
    url = s3.generate_presigned_url("get_object", Params=params)
    part = rig.send("GET", url, None, {"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, bytes(range(10, 20)))
    assert part.headers["Content-Range"] == "bytes 10-19/100"
    assert part.headers["Content-Disposition"] == 'attachment; filename="a b.zip"'
    beyond = rig.send("GET", url, None, {"Range": "bytes=100-"})
    assert (beyond.status, beyond.code) == (416, "InvalidRange")


def test_presigned_get_of_an_older_version(rig: Rig, s3: Any) -> None:
    first = s3.put_object(Bucket=rig.bucket, Key="k", Body=b"first")["VersionId"]
    s3.put_object(Bucket=rig.bucket, Key="k", Body=b"second")
    params = {"Bucket": rig.bucket, "Key": "k", "VersionId": first}
    assert rig.send("GET", s3.generate_presigned_url("get_object", Params=params)).body == b"first"


def test_presigned_head_has_length_and_no_body(rig: Rig, s3: Any) -> None:
    s3.put_object(Bucket=rig.bucket, Key="k", Body=JPEG)
    url = s3.generate_presigned_url("head_object", Params={"Bucket": rig.bucket, "Key": "k"})
    reply = rig.send("HEAD", url)
    assert (reply.status, reply.headers["Content-Length"], reply.body) == (200, str(len(JPEG)), b"")


def test_cors_policy_and_tagging_calls_pass_and_are_no_change(rig: Rig, s3: Any) -> None:
    s3.put_object(Bucket=rig.bucket, Key="k", Body=JPEG)
    rig.changes.clear()
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://console.example"]}
    s3.put_bucket_cors(Bucket=rig.bucket, CORSConfiguration={"CORSRules": [rule]})
    s3.put_object_tagging(Bucket=rig.bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object_tagging(Bucket=rig.bucket, Key="k")
    assert s3.get_bucket_cors(Bucket=rig.bucket)["CORSRules"] == [rule]
    assert rig.changes == []


def test_put_makes_one_change_with_version_size_and_etag(rig: Rig, s3: Any) -> None:
    put = s3.put_object(Bucket=rig.bucket, Key="a b", Body=JPEG)
    (change,) = rig.changes
    assert (change.bucket, change.key, change.event_name) == (rig.bucket, "a b", "ObjectCreated:Put")
    assert (change.version_id, change.size_bytes) == (put["VersionId"], len(JPEG))
    assert change.etag == put["ETag"].strip('"')


def test_refused_put_and_reads_make_no_change(rig: Rig, s3: Any) -> None:
    upload = rig.presign_put()
    rig.put(upload, JPEG[::-1])
    s3.list_objects_v2(Bucket=rig.bucket)
    assert rig.changes == []


def test_copy_makes_one_change_of_the_target(rig: Rig, s3: Any) -> None:
    s3.put_object(Bucket=rig.bucket, Key="from here", Body=JPEG)
    rig.changes.clear()
    s3.copy_object(Bucket=rig.bucket, Key="to", CopySource={"Bucket": rig.bucket, "Key": "from here"})
    (change,) = rig.changes
    assert (change.key, change.event_name, change.size_bytes) == ("to", "ObjectCreated:Copy", len(JPEG))
    assert change.version_id == s3.head_object(Bucket=rig.bucket, Key="to")["VersionId"]


def test_multipart_upload_makes_one_change_when_it_is_completed(rig: Rig, s3: Any) -> None:
    body = bytes(6 * 1024 * 1024)
    config = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
    s3.upload_fileobj(io.BytesIO(body), rig.bucket, "big", Config=config)
    (change,) = rig.changes
    assert (change.event_name, change.size_bytes) == ("ObjectCreated:CompleteMultipartUpload", len(body))


def test_delete_makes_a_marker_and_delete_of_a_version_removes_it(rig: Rig, s3: Any) -> None:
    version_id = s3.put_object(Bucket=rig.bucket, Key="k", Body=JPEG)["VersionId"]
    rig.changes.clear()
    marker = s3.delete_object(Bucket=rig.bucket, Key="k")
    s3.delete_object(Bucket=rig.bucket, Key="k", VersionId=version_id)
    assert names(rig.changes) == ["ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete"]
    assert [change.version_id for change in rig.changes] == [marker["VersionId"], version_id]
    assert rig.changes[0].size_bytes is None


@pytest.mark.parametrize("quiet", [False, True])
def test_delete_of_many_makes_a_change_for_each(rig: Rig, s3: Any, quiet: bool) -> None:
    versions = {key: s3.put_object(Bucket=rig.bucket, Key=key, Body=b"x")["VersionId"] for key in ("a b", "é&<")}
    rig.changes.clear()
    objects = [{"Key": key, "VersionId": version} for key, version in versions.items()]
    s3.delete_objects(Bucket=rig.bucket, Delete={"Objects": objects, "Quiet": quiet})
    assert {change.key: change.version_id for change in rig.changes} == versions
    assert set(names(rig.changes)) == {"ObjectRemoved:Delete"}
    assert "Versions" not in s3.list_object_versions(Bucket=rig.bucket)


def test_sequencers_of_a_key_grow_though_the_clock_stands(rig: Rig, s3: Any) -> None:
    rig.clock.stopped_at = datetime.now(UTC)
    for _ in range(3):
        s3.put_object(Bucket=rig.bucket, Key="k", Body=JPEG)
    s3.delete_object(Bucket=rig.bucket, Key="k")
    sequencers = [change.sequencer for change in rig.changes]
    assert sequencers == sorted(set(sequencers))


def test_event_has_the_form_that_aws_documents() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    change = S3Change("captures", "d/a b+é.jpg", "v1", 17, "e" * 32, "ObjectCreated:Put", "0A", at)
    (record,) = event_for(change, "eu-central-1")["Records"]
    assert record["eventSource"] == "aws:s3"
    assert record["eventVersion"].startswith("2.")
    assert record["awsRegion"] == "eu-central-1"
    assert record["eventTime"] == "2026-01-02T03:04:05.678Z"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == "captures"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::captures"
    expected = {"key": "d%2Fa+b%2B%C3%A9.jpg", "size": 17, "eTag": "e" * 32, "versionId": "v1", "sequencer": "0A"}
    assert record["s3"]["object"] == expected
    assert json.loads(json.dumps(record)) == record


def test_event_of_a_removal_has_no_size() -> None:
    change = S3Change("b", "k", None, None, None, "ObjectRemoved:Delete", "0A", datetime(2026, 1, 1, tzinfo=UTC))
    (record,) = event_for(change)["Records"]
    assert record["s3"]["object"] == {"key": "k", "sequencer": "0A"}
