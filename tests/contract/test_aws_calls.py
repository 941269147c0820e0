"""What a request to AWS needs to be allowed, read from the requests that botocore really sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from infra.local.aws_calls import Needed, S3Call, json_call, s3_call

REGION = "eu-central-1"
CAPTURES, DERIVED = "arn:aws:s3:::captures", "arn:aws:s3:::derived"
KEY = "devices/a b/ü+1.jpg"
OBJECT = {"Bucket": "captures", "Key": KEY}
VERSION = OBJECT | {"VersionId": "v1"}
TABLE = "arn:aws:dynamodb:eu-central-1:1:table/"

Ask = Callable[[Any], Any]


def arn(service: str, resource: str) -> str:
    region, account = ("", "") if service == "s3" else (REGION, "1")
    return f"arn:aws:{service}:{region}:{account}:{resource}"


class Sent(Exception):
    """Carries the request, which goes nowhere."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__(request.url)
        self.request = request


def sent(service: str, ask: Ask) -> AWSPreparedRequest:
    client = boto3.client(  # type: ignore[call-overload]
        service,
        region_name=REGION,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )

    def catch(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        raise Sent(request)

    client.meta.events.register("before-send.*", catch)
    with pytest.raises(Sent) as caught:
        ask(client)
    return caught.value.request


def body_of(request: AWSPreparedRequest) -> bytes:
    body: Any = request.body or b""
    return body if isinstance(body, bytes) else bytes(body)


def needed_of_s3(ask: Ask) -> set[tuple[str, str]]:
    request = sent("s3", ask)
    parts = urlsplit(request.url)
    bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    call = S3Call(str(request.method), bucket, key, dict(parse_qsl(parts.query, keep_blank_values=True)), headers)
    body = body_of(request) if call.deletes_objects else b""
    return {(one.action, one.resource) for one in s3_call(call, body, arn)}


S3_CALLS: dict[str, tuple[Ask, set[tuple[str, str]]]] = {
    "get": (lambda s3: s3.get_object(**OBJECT), {("s3:GetObject", f"{CAPTURES}/{KEY}")}),
    "get a part, with its type": (
        lambda s3: s3.get_object(**OBJECT, Range="bytes=0-1", ResponseContentType="image/jpeg"),
        {("s3:GetObject", f"{CAPTURES}/{KEY}")},
    ),
    "get a version": (lambda s3: s3.get_object(**VERSION), {("s3:GetObjectVersion", f"{CAPTURES}/{KEY}")}),
    "head": (
        lambda s3: s3.head_object(**OBJECT, ChecksumMode="ENABLED"),
        {("s3:GetObject", f"{CAPTURES}/{KEY}")},
    ),
    "head of a version": (lambda s3: s3.head_object(**VERSION), {("s3:GetObjectVersion", f"{CAPTURES}/{KEY}")}),
    "put": (
        lambda s3: s3.put_object(**OBJECT, Body=b"x", IfNoneMatch="*", ChecksumAlgorithm="SHA256"),
        {("s3:PutObject", f"{CAPTURES}/{KEY}")},
    ),
    "put with tags and ACL": (
        lambda s3: s3.put_object(**OBJECT, Body=b"x", Tagging="a=b", ACL="private"),
        {(f"s3:PutObject{what}", f"{CAPTURES}/{KEY}") for what in ("", "Tagging", "Acl")},
    ),
    "copy": (
        lambda s3: s3.copy_object(**OBJECT, CopySource={"Bucket": "derived", "Key": "a/ü b"}),
        {("s3:GetObject", f"{DERIVED}/a/ü b"), ("s3:PutObject", f"{CAPTURES}/{KEY}")},
    ),
    "copy a version": (
        lambda s3: s3.copy_object(Bucket="derived", Key="k", CopySource=VERSION),
        {("s3:GetObjectVersion", f"{CAPTURES}/{KEY}"), ("s3:PutObject", f"{DERIVED}/k")},
    ),
    "delete": (lambda s3: s3.delete_object(**OBJECT), {("s3:DeleteObject", f"{CAPTURES}/{KEY}")}),
    "delete a version": (lambda s3: s3.delete_object(**VERSION), {("s3:DeleteObjectVersion", f"{CAPTURES}/{KEY}")}),
    "delete several": (
        lambda s3: s3.delete_objects(
            Bucket="captures", Delete={"Objects": [{"Key": "a&b"}, {"Key": KEY, "VersionId": "v1"}]}
        ),
        {("s3:DeleteObject", f"{CAPTURES}/a&b"), ("s3:DeleteObjectVersion", f"{CAPTURES}/{KEY}")},
    ),
    "list": (lambda s3: s3.list_objects_v2(Bucket="captures", Prefix="a"), {("s3:ListBucket", CAPTURES)}),
    "list as of old": (lambda s3: s3.list_objects(Bucket="captures", Marker="a"), {("s3:ListBucket", CAPTURES)}),
    "head of a bucket": (lambda s3: s3.head_bucket(Bucket="captures"), {("s3:ListBucket", CAPTURES)}),
    "list versions": (
        lambda s3: s3.list_object_versions(Bucket="captures", Prefix="a", KeyMarker="b", MaxKeys=1),
        {("s3:ListBucketVersions", CAPTURES)},
    ),
}


@pytest.mark.parametrize("name", S3_CALLS)
def test_s3_call_needs_what_the_api_reference_says(name: str) -> None:
    ask, expected = S3_CALLS[name]
    assert needed_of_s3(ask) == expected


UNKNOWN: dict[str, Ask] = {
    "tags": lambda s3: s3.get_object_tagging(**OBJECT),
    "an ACL": lambda s3: s3.put_object_acl(**OBJECT, ACL="private"),
    "a multipart upload": lambda s3: s3.create_multipart_upload(**OBJECT),
    "a part": lambda s3: s3.upload_part(**OBJECT, PartNumber=1, UploadId="u", Body=b"x"),
    "a bucket's policy": lambda s3: s3.get_bucket_policy(Bucket="captures"),
    "a bucket": lambda s3: s3.create_bucket(
        Bucket="captures", CreateBucketConfiguration={"LocationConstraint": REGION}
    ),
    "all buckets": lambda s3: s3.list_buckets(),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_s3_call_that_is_not_known_needs_an_action_that_no_policy_can_name(name: str) -> None:
    ((action, _),) = needed_of_s3(UNKNOWN[name])
    assert " ?" in action


def needed_of_json(service: str, ask: Ask) -> set[tuple[str, str]]:
    request = sent(service, ask)
    target = request.headers["X-Amz-Target"]
    found = json_call(target.decode() if isinstance(target, bytes) else target, body_of(request), arn)
    return {(one.action, one.resource) for one in found}


JSON_CALLS: dict[str, tuple[str, Ask, set[tuple[str, str]]]] = {
    "a table": (
        "dynamodb",
        lambda db: db.get_item(TableName="items", Key={"a": {"S": "b"}}),
        {("dynamodb:GetItem", f"{TABLE}items")},
    ),
    "an index": (
        "dynamodb",
        lambda db: db.query(TableName="items", IndexName="pending", KeyConditionExpression="a = :a"),
        {("dynamodb:Query", f"{TABLE}items/index/pending")},
    ),
    "several tables": (
        "dynamodb",
        lambda db: db.batch_get_item(
            RequestItems={name: {"Keys": [{"a": {"S": "b"}}]} for name in ("items", "devices")}
        ),
        {("dynamodb:BatchGetItem", f"{TABLE}items"), ("dynamodb:BatchGetItem", f"{TABLE}devices")},
    ),
    "a transaction, which is not known": (
        "dynamodb",
        lambda db: db.transact_get_items(TransactItems=[{"Get": {"TableName": "items", "Key": {"a": {"S": "b"}}}}]),
        {("dynamodb:TransactGetItems", "*")},
    ),
    "parameters": (
        "ssm",
        lambda ssm: ssm.get_parameters(Names=["/stack/pepper", "plain"], WithDecryption=True),
        {
            ("ssm:GetParameters", "arn:aws:ssm:eu-central-1:1:parameter/stack/pepper"),
            ("ssm:GetParameters", "arn:aws:ssm:eu-central-1:1:parameter/plain"),
        },
    ),
    "a parameter": (
        "ssm",
        lambda ssm: ssm.get_parameter(Name="/stack/pepper"),
        {("ssm:GetParameter", "arn:aws:ssm:eu-central-1:1:parameter/stack/pepper")},
    ),
    "a queue": (
        "sqs",
        lambda sqs: sqs.send_message(QueueUrl="https://sqs.eu-central-1.amazonaws.com/1/letters", MessageBody="x"),
        {("sqs:SendMessage", "arn:aws:sqs:eu-central-1:1:letters")},
    ),
    "another service": ("kms", lambda kms: kms.list_keys(), {("TrentService:ListKeys", "*")}),
}


@pytest.mark.parametrize("name", JSON_CALLS)
def test_call_of_a_json_service_needs_its_action_on_each_thing_it_names(name: str) -> None:
    service, ask, expected = JSON_CALLS[name]
    assert needed_of_json(service, ask) == expected


def test_body_that_is_no_json_names_nothing_that_a_policy_allows() -> None:
    assert json_call("DynamoDB_20120810.PutItem", b"{", arn) == [Needed("dynamodb:PutItem", "*")]
