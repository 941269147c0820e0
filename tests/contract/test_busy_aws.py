"""What the stores make of an AWS that is busy, out of reach, or answers by halves."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from chalicelib.domain.device import Device
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.rates import Rate
from chalicelib.domain.storage import Changed
from chalicelib.stores.devices import DynamoDevices
from chalicelib.stores.dynamodb import Table
from chalicelib.stores.items import DynamoItems
from chalicelib.stores.objects import S3Captures
from tests.contract.test_item_store import an_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
DEVICE = DeviceId("0b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f")
NOBODY_LISTENS = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Aws:
    dynamodb: DynamoDBClient
    s3: S3Client
    pauses: list[float]

    @property
    def table(self) -> Table:
        return Table(self.dynamodb, "table", sleep=self.pauses.append)

    @property
    def items(self) -> DynamoItems:
        return DynamoItems(self.table)

    @property
    def captures(self) -> S3Captures:
        return S3Captures(self.s3, "captures")


@pytest.fixture(scope="module")
def session() -> boto3.session.Session:
    return boto3.session.Session("key", "secret", region_name="eu-central-1")


@pytest.fixture
def aws(session: boto3.session.Session) -> Aws:
    config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    options: Any = {"endpoint_url": NOBODY_LISTENS, "config": config}
    return Aws(session.client("dynamodb", **options), session.client("s3", **options), [])


@pytest.fixture
def dynamodb(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.dynamodb) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def s3(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.s3) as stub:
        yield stub
        stub.assert_no_pending_responses()


TABLE_CALLS: dict[str, Callable[[Aws], object]] = {
    "get_item": lambda aws: aws.items.get(DEVICE, Seq(1)),
    "batch_get_item": lambda aws: aws.items.get_many([(DEVICE, Seq(1))]),
    "put_item": lambda aws: aws.items.put(an_item(DEVICE)),
    "query": lambda aws: aws.items.last_seq(DEVICE),
    "update_item": lambda aws: DynamoDevices(aws.table).touch(DEVICE, NOW, Rate(60, 2)),
    "scan": lambda aws: list(DynamoDevices(aws.table).all_ids()),
    "delete_item": lambda aws: aws.table.delete({"device_id": DEVICE}),
}
BUCKET_CALLS: dict[str, Callable[[Aws], object]] = {
    "head_object": lambda aws: aws.captures.head("key"),
    "get_object": lambda aws: aws.captures.fetch("key", None, at_most_bytes=1000),
    "put_object": lambda aws: aws.captures.put("key", b"", "image/jpeg", "00" * 32),
    "delete_object": lambda aws: aws.captures.delete_version("key", "v1"),
    "list_object_versions": lambda aws: aws.captures.list_versions("devices/", None, 10),
}


@pytest.mark.parametrize("operation", TABLE_CALLS)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
        ("SomethingNew", 502),
    ],
)
def test_a_busy_table_is_unavailable(aws: Aws, dynamodb: Stubber, operation: str, code: str, status: int) -> None:
    dynamodb.add_client_error(operation, code, http_status_code=status)

    with pytest.raises(Unavailable) as refused:
        TABLE_CALLS[operation](aws)

    assert refused.value.retry_after_s >= 1


@pytest.mark.parametrize("operation", BUCKET_CALLS)
@pytest.mark.parametrize(
    ("code", "status"),
    [("SlowDown", 503), ("InternalError", 500), ("503", 503), ("RequestTimeout", 400), ("OperationAborted", 409)],
)
def test_a_busy_bucket_is_unavailable(aws: Aws, s3: Stubber, operation: str, code: str, status: int) -> None:
    s3.add_client_error(operation, code, http_status_code=status)

    with pytest.raises(Unavailable):
        BUCKET_CALLS[operation](aws)


@pytest.mark.parametrize("call", [*TABLE_CALLS.values(), *BUCKET_CALLS.values()], ids=[*TABLE_CALLS, *BUCKET_CALLS])
def test_an_aws_that_does_not_answer_is_unavailable(aws: Aws, call: Callable[[Aws], object]) -> None:
    with pytest.raises(Unavailable):
        call(aws)


def test_a_mistake_of_ours_is_not_called_busy(aws: Aws, dynamodb: Stubber, s3: Stubber) -> None:
    dynamodb.add_client_error("get_item", "AccessDeniedException", http_status_code=400)
    s3.add_client_error("head_object", "403", http_status_code=403)

    with pytest.raises(ClientError):
        aws.items.get(DEVICE, Seq(1))
    with pytest.raises(ClientError):
        aws.captures.head("key")


def batch_answer(found: list[Item], unprocessed: list[int]) -> dict[str, Any]:
    keys = [{"device_id": {"S": DEVICE}, "seq": {"N": str(seq)}} for seq in unprocessed]
    rows = [
        {
            "device_id": {"S": item.device_id},
            "seq": {"N": str(item.seq)},
            "owner_id": {"S": item.owner_id},
            "status": {"S": item.status},
            "object_key": {"S": item.object_key},
            "captured": {"M": {"at": {"S": "2026-05-04T12:00:00.123Z"}, "confidence": {"S": "ntp"}}},
            "created_at": {"S": "2026-05-04T12:00:00.123Z"},
            "pending_since": {"S": "2026-05-04T12:00:00.123Z"},
        }
        for item in found
    ]
    return {
        "Responses": {"table": rows},
        "UnprocessedKeys": {"table": {"Keys": keys, "ConsistentRead": True}} if unprocessed else {},
    }


def test_what_a_batch_left_over_is_asked_for_again_after_a_growing_pause(aws: Aws, dynamodb: Stubber) -> None:
    first, second = an_item(DEVICE, 1), an_item(DEVICE, 2)
    asked = batch_answer([], [2])["UnprocessedKeys"]
    dynamodb.add_response("batch_get_item", batch_answer([first], [2]))
    dynamodb.add_response("batch_get_item", batch_answer([], [2]), {"RequestItems": asked})
    dynamodb.add_response("batch_get_item", batch_answer([second], []), {"RequestItems": asked})

    found = aws.items.get_many([(DEVICE, Seq(1)), (DEVICE, Seq(2))])

    assert found == [first, second]
    assert len(aws.pauses) == 2
    assert aws.pauses[0] < aws.pauses[1]


def test_what_a_batch_leaves_over_again_and_again_is_unavailable_and_never_missing(aws: Aws, dynamodb: Stubber) -> None:
    for _ in range(6):
        dynamodb.add_response("batch_get_item", batch_answer([], [1]))

    with pytest.raises(Unavailable):
        aws.items.get_many([(DEVICE, Seq(1))])


def test_a_lost_condition_carries_the_row_without_a_read(aws: Aws, dynamodb: Stubber) -> None:
    dynamodb.add_client_error(
        "put_item",
        "ConditionalCheckFailedException",
        http_status_code=400,
        modeled_fields={"Item": batch_answer([an_item(DEVICE)], [])["Responses"]["table"][0]},
    )

    with pytest.raises(Changed) as lost:
        aws.items.put(an_item(DEVICE))

    assert lost.value.stored == an_item(DEVICE)


def test_a_put_that_races_another_of_the_same_key_is_unavailable(aws: Aws, s3: Stubber) -> None:
    s3.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)

    with pytest.raises(Unavailable):
        aws.captures.put("key", b"", "image/jpeg", "00" * 32)


def test_a_body_that_breaks_off_is_unavailable(aws: Aws, s3: Stubber) -> None:
    body = StreamingBody(io.BytesIO(b"half"), content_length=8)
    s3.add_response("get_object", {"Body": body, "ContentLength": 8, "LastModified": NOW, "ETag": '"e"'})

    with pytest.raises(Unavailable):
        aws.captures.fetch("key", None, at_most_bytes=1000)


def test_a_version_that_could_not_be_deleted_is_unavailable(aws: Aws, s3: Stubber) -> None:
    versions = [{"Key": "key", "VersionId": "v1"}]
    s3.add_response("list_object_versions", {"Versions": versions, "IsTruncated": False})
    s3.add_response("delete_objects", {"Errors": [{"Key": "key", "VersionId": "v1", "Code": "InternalError"}]})

    with pytest.raises(Unavailable):
        aws.captures.delete_all_versions("key")


def test_a_checksum_of_checksums_is_no_sha256(aws: Aws, s3: Stubber) -> None:
    multipart = "dGhlIHNoYTI1NiBvZiBhIG11bHRpcGFydCB1cGxvYWQ=-3"
    s3.add_response(
        "head_object", {"ContentLength": 1, "LastModified": NOW, "VersionId": "v1", "ChecksumSHA256": multipart}
    )

    found = aws.captures.head("key")

    assert found is not None
    assert found.sha256 is None


def test_a_delete_marker_is_nothing(aws: Aws, s3: Stubber) -> None:
    s3.add_client_error("head_object", "405", http_status_code=405)
    s3.add_client_error("get_object", "MethodNotAllowed", http_status_code=405)

    assert aws.captures.head("key", "marker") is None
    assert aws.captures.fetch("key", "marker", at_most_bytes=1000) is None


def test_delete_markers_are_deleted_with_the_versions_and_never_listed(aws: Aws, s3: Stubber) -> None:
    marker = {"Key": "key", "VersionId": "m1"}
    versions = [{"Key": "key", "VersionId": "v1"}, {"Key": "key.bak", "VersionId": "v2"}]
    answer = {"Versions": versions, "DeleteMarkers": [marker], "IsTruncated": False}
    s3.add_response("list_object_versions", answer)
    both = [{"Key": "key", "VersionId": "v1"}, {"Key": "key", "VersionId": "m1"}]
    s3.add_response("delete_objects", {}, {"Bucket": "captures", "Delete": {"Objects": both, "Quiet": True}})
    s3.add_response("list_object_versions", {"DeleteMarkers": [marker], "IsTruncated": False})

    aws.captures.delete_all_versions("key")

    assert aws.captures.list_versions("key", None, 10) == []


def test_a_new_attribute_that_a_later_release_wrote_is_no_error(aws: Aws, dynamodb: Stubber) -> None:
    row = {
        "device_id": {"S": DEVICE},
        "owner_id": {"S": "owner-1"},
        "name": {"S": "camera"},
        "created_at": {"S": "2026-05-04T12:00:00.000Z"},
        "something_new": {"M": {}},
    }
    dynamodb.add_response("get_item", {"Item": row})

    assert DynamoDevices(aws.table).get(DEVICE) == Device(DEVICE, OwnerId("owner-1"), "camera", NOW)
