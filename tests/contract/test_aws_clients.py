"""The app's own AWS clients against botocore's, over one moto server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from chalicelib.stores.aws_clients import JsonClient
from chalicelib.stores.aws_errors import AwsError
from tests.contract.aws_clients_rig import REGION, dynamodb, endpoint, objects

KEYS_OF_ALL_KINDS = ["devices/1.jpg", "a b+c/é~%2F//&=.jpg"]
ROW = {"device_id": {"S": "d"}, "seq": {"N": "1"}, "name": {"S": "é"}, "more": {"M": {"yes": {"BOOL": True}}}}
KEY = {"device_id": {"S": "d"}, "seq": {"N": "1"}}

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("put_item", {"Item": ROW}),
    ("get_item", {"Key": KEY, "ConsistentRead": True}),
    ("get_item", {"Key": {**KEY, "seq": {"N": "404"}}}),
    (
        "update_item",
        {
            "Key": KEY,
            "UpdateExpression": "SET #n = :n",
            "ExpressionAttributeNames": {"#n": "name"},
            "ExpressionAttributeValues": {":n": {"S": "new"}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    (
        "query",
        {
            "KeyConditionExpression": "device_id = :d",
            "ExpressionAttributeValues": {":d": {"S": "d"}},
            "Limit": 1,
        },
    ),
    ("scan", {"Limit": 5}),
    ("delete_item", {"Key": {**KEY, "seq": {"N": "404"}}}),
]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    (
        "put_item",
        {
            "Item": ROW,
            "ConditionExpression": "attribute_not_exists(device_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    ("get_item", {"TableName": "nothing", "Key": KEY}),
    ("get_item", {"Key": {"device_id": {"S": "d"}}}),
]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def by_botocore(moto: str) -> Callable[[str], Any]:
    httpx.post(f"{moto}/moto-api/reset").raise_for_status()
    session = boto3.session.Session("key", "secret", region_name=REGION)
    make: Any = session.client
    clients = {name: make(name, endpoint_url=moto) for name in ("dynamodb", "ssm", "s3")}
    keys = [("device_id", "HASH", "S"), ("seq", "RANGE", "N")]
    clients["dynamodb"].create_table(
        TableName="items",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind, _ in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": type_} for name, _, type_ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    clients["dynamodb"].put_item(TableName="items", Item=ROW)
    clients["ssm"].put_parameter(Name="/a/secret", Value="said", Type="SecureString")
    clients["s3"].create_bucket(Bucket="captures", CreateBucketConfiguration={"LocationConstraint": REGION})
    clients["s3"].put_bucket_versioning(Bucket="captures", VersioningConfiguration={"Status": "Enabled"})
    return clients.__getitem__


@pytest.mark.parametrize(("method", "parameters"), CALLS)
def test_dynamodb_answers_as_it_answers_botocore(
    moto: str, by_botocore: Callable[[str], Any], method: str, parameters: dict[str, Any]
) -> None:
    theirs = getattr(by_botocore("dynamodb"), method)(TableName="items", **parameters)
    del theirs["ResponseMetadata"]

    assert getattr(dynamodb(moto), method)(TableName="items", **parameters) == theirs


@pytest.mark.parametrize(("method", "parameters"), REFUSED)
def test_dynamodb_refuses_as_it_refuses_botocore(
    moto: str, by_botocore: Callable[[str], Any], method: str, parameters: dict[str, Any]
) -> None:
    parameters = {"TableName": "items", **parameters}
    with pytest.raises(ClientError) as theirs:
        getattr(by_botocore("dynamodb"), method)(**parameters)

    with pytest.raises(AwsError) as ours:
        getattr(dynamodb(moto), method)(**parameters)

    expected: Any = theirs.value.response
    assert ours.value.response["Error"] == expected["Error"]
    assert ours.value.response.get("Item") == expected.get("Item")
    assert ours.value.response["ResponseMetadata"]["HTTPStatusCode"] == expected["ResponseMetadata"]["HTTPStatusCode"]


def test_ssm_answers_as_it_answers_botocore(moto: str, by_botocore: Callable[[str], Any]) -> None:
    asked: dict[str, Any] = {"Names": ["/a/secret", "/a/nothing"], "WithDecryption": True}
    theirs = by_botocore("ssm").get_parameters(**asked)

    ours = JsonClient(endpoint("ssm", moto), target_prefix="AmazonSSM", version="1.1").get_parameters(**asked)

    assert [(each["Name"], each["Value"]) for each in ours["Parameters"]] == [("/a/secret", "said")]
    assert ours["InvalidParameters"] == theirs["InvalidParameters"]


@pytest.mark.parametrize("key", KEYS_OF_ALL_KINDS)
def test_a_head_answers_as_it_answers_botocore(moto: str, by_botocore: Callable[[str], Any], key: str) -> None:
    s3 = by_botocore("s3")
    first = s3.put_object(Bucket="captures", Key=key, Body=b"one", ChecksumAlgorithm="SHA256")["VersionId"]
    s3.put_object(Bucket="captures", Key=key, Body=b"other", ChecksumAlgorithm="SHA256")

    for version in ({}, {"VersionId": first}):
        asked = {"Bucket": "captures", "Key": key, "ChecksumMode": "ENABLED", **version}
        ours, theirs = objects(moto).head_object(**asked), s3.head_object(**asked)
        assert ours == {name: theirs[name] for name in ours}
        assert len(ours) == 6


def test_a_head_of_nothing_is_refused_as_botocore_is(moto: str, by_botocore: Callable[[str], Any]) -> None:
    asked = {"Bucket": "captures", "Key": "nothing", "ChecksumMode": "ENABLED"}
    with pytest.raises(ClientError) as theirs:
        by_botocore("s3").head_object(**asked)

    with pytest.raises(AwsError) as ours:
        objects(moto).head_object(**asked)

    assert ours.value.response["Error"]["Code"] == theirs.value.response["Error"]["Code"] == "404"


@pytest.mark.parametrize("key", KEYS_OF_ALL_KINDS)
def test_a_get_answers_as_it_answers_botocore(moto: str, by_botocore: Callable[[str], Any], key: str) -> None:
    s3 = by_botocore("s3")
    first = s3.put_object(Bucket="captures", Key=key, Body=b"one", ChecksumAlgorithm="SHA256")["VersionId"]
    s3.put_object(Bucket="captures", Key=key, Body=b"other", ChecksumAlgorithm="SHA256", Metadata={"a-name": "said"})

    for version in ({}, {"VersionId": first}):
        asked = {"Bucket": "captures", "Key": key, "ChecksumMode": "ENABLED", **version}
        ours, theirs = objects(moto).get_object(**asked), s3.get_object(**asked)
        assert ours.pop("Body").read() == theirs["Body"].read()
        assert ours == {name: theirs[name] for name in ours}
        assert len(ours) == 6


def test_a_part_is_got_as_botocore_gets_it(moto: str, by_botocore: Callable[[str], Any]) -> None:
    s3 = by_botocore("s3")
    s3.put_object(Bucket="captures", Key="a clip", Body=b"0123456789", ChecksumAlgorithm="SHA256")
    asked = {"Bucket": "captures", "Key": "a clip", "Range": "bytes=0-3"}

    ours, theirs = objects(moto).get_object(**asked), s3.get_object(**asked)

    assert ours["Body"].read() == theirs["Body"].read() == b"0123"
    assert ours["ContentLength"] == theirs["ContentLength"] == 4


@pytest.mark.parametrize("key", KEYS_OF_ALL_KINDS)
@pytest.mark.parametrize("body", [b"", b"a photo" * 100_000])
def test_what_is_put_is_there_as_if_botocore_had_put_it(
    moto: str, by_botocore: Callable[[str], Any], key: str, body: bytes
) -> None:
    s3 = by_botocore("s3")
    checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
    asked: dict[str, Any] = {
        "Bucket": "captures", "Key": key, "Body": body, "ContentType": "image/jpeg", "ChecksumAlgorithm": "SHA256",
        "ChecksumSHA256": checksum,
    }  # fmt: skip
    told = ("ContentLength", "ContentType", "ChecksumSHA256", "ETag")

    put = objects(moto).put_object(**asked)
    ours = s3.get_object(Bucket="captures", Key=key, VersionId=put["VersionId"], ChecksumMode="ENABLED")
    s3.put_object(**asked)
    theirs = s3.get_object(Bucket="captures", Key=key, ChecksumMode="ENABLED")

    assert {name: ours[name] for name in told} == {name: theirs[name] for name in told}
    assert ours["Body"].read() == theirs["Body"].read() == body
    assert ours["ChecksumSHA256"] == checksum


def test_metadata_and_a_condition_are_put_as_botocore_puts_them(moto: str, by_botocore: Callable[[str], Any]) -> None:
    s3 = by_botocore("s3")
    etag = s3.put_object(Bucket="captures", Key="rewritten", Body=b"one")["ETag"]

    put = objects(moto).put_object(
        Bucket="captures", Key="rewritten", Body=b"other", IfMatch=etag, Metadata={"sealed-sha256": "said"}
    )

    theirs = s3.head_object(Bucket="captures", Key="rewritten")
    assert (theirs["ETag"], theirs["VersionId"]) == (put["ETag"], put["VersionId"])
    assert theirs["Metadata"] == {"sealed-sha256": "said"}


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("get_object", {"Key": "nothing"}),
        ("get_object", {"Key": "there", "VersionId": "f7b2c3d4-0000-0000-0000-000000000000"}),
        ("get_object", {"Key": "there", "Bucket": "no-such-bucket"}),
        ("put_object", {"Key": "there", "Body": b"", "ContentType": "image/jpeg", "IfNoneMatch": "*"}),
        ("put_object", {"Key": "there", "Body": b"", "ContentType": "image/jpeg", "IfMatch": '"another"'}),
        ("put_object", {"Key": "nothing", "Body": b"", "ContentType": "image/jpeg", "IfMatch": '"another"'}),
    ],
)
def test_s3_refuses_as_it_refuses_botocore(
    moto: str, by_botocore: Callable[[str], Any], method: str, parameters: dict[str, Any]
) -> None:
    by_botocore("s3").put_object(Bucket="captures", Key="there", Body=b"one")
    parameters = {"Bucket": "captures", **parameters}
    with pytest.raises(ClientError) as theirs:
        getattr(by_botocore("s3"), method)(**parameters)

    with pytest.raises(AwsError) as ours:
        getattr(objects(moto), method)(**parameters)

    expected: Any = theirs.value.response
    told = {name: expected["Error"].get(name, "") for name in ("Code", "Message")}
    assert ours.value.response["Error"] == told
    assert ours.value.response["ResponseMetadata"]["HTTPStatusCode"] == expected["ResponseMetadata"]["HTTPStatusCode"]


def test_what_is_no_head_get_or_put_goes_to_the_client_that_is_made_for_it(
    moto: str, by_botocore: Callable[[str], Any]
) -> None:
    s3 = by_botocore("s3")

    assert objects(moto, lambda: s3).list_objects_v2 == s3.list_objects_v2
