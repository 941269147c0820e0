"""Which permissions a request to AWS needs: actions, and the ARN of what each is to be allowed on.

What is not known here needs an action or a resource that no policy names, so that it is denied and seen. Sources:
Service Authorization Reference, "Actions, resources, and condition keys" for DynamoDB, Systems Manager and SQS; for S3
its User Guide, "Required permissions for Amazon S3 API operations", and the API Reference of each operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

import msgspec

Arn = Callable[[str, str], str]
"""Service and resource -> ARN in the account."""


@dataclass(frozen=True, slots=True)
class Needed:
    action: str
    resource: str
    name: str = ""
    """What the request calls the thing, where it names several."""


class _JsonBody(msgspec.Struct):
    """The fields that name resources, of any operation of DynamoDB, SSM and SQS."""

    TableName: str | None = None
    IndexName: str | None = None
    RequestItems: dict[str, msgspec.Raw] | None = None
    Names: list[str] | None = None
    Name: str | None = None
    QueueUrl: str | None = None


_JSON_SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSSM": "ssm", "AmazonSQS": "sqs"}


def json_call(target: str, body: bytes, arn: Arn) -> list[Needed]:
    """Of a request with `X-Amz-Target: <target>`. A batch needs its action on each of its resources."""
    prefix, _, operation = target.rpartition(".")
    service = _JSON_SERVICES.get(prefix, prefix)
    try:
        told = msgspec.json.decode(body, type=_JsonBody)
    except msgspec.DecodeError:
        told = _JsonBody()
    resources = [arn(service, name) for name in _json_resources(service, told)]
    return [Needed(f"{service}:{operation}", resource) for resource in resources or ["*"]]


def _json_resources(service: str, told: _JsonBody) -> list[str]:
    match service:
        case "dynamodb" if told.RequestItems is not None:
            return [f"table/{name}" for name in told.RequestItems]
        case "dynamodb" if told.TableName is not None:
            index = "" if told.IndexName is None else f"/index/{told.IndexName}"
            return [f"table/{told.TableName}{index}"]
        case "ssm":
            names = told.Names or [told.Name or ""]
            return [f"parameter/{name.removeprefix('/')}" for name in names]
        case "sqs" if told.QueueUrl is not None:
            return [told.QueueUrl.rpartition("/")[2]]
    return []


@dataclass(frozen=True, slots=True)
class S3Call:
    """A request to S3, path-style. `params` and `headers` (lower-case names) are decoded."""

    method: str
    bucket: str
    key: str
    params: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def reads_object(self) -> bool:
        return bool(self.key) and self.method in ("GET", "HEAD")

    @property
    def deletes_objects(self) -> bool:
        """DeleteObjects: the body names them."""
        return self.method == "POST" and not self.key and "delete" in self.params


_WITHOUT_MEANING = {"x-id"}
_OF_LISTS = {
    "continuation-token", "delimiter", "encoding-type", "fetch-owner", "key-marker", "list-type", "marker", "max-keys",
    "prefix", "start-after", "version-id-marker", "versions",
}  # fmt: skip
_OF_READS = {
    "partNumber", "response-cache-control", "response-content-disposition", "response-content-encoding",
    "response-content-language", "response-content-type", "response-expires", "versionId",
}  # fmt: skip
_BY_HEADER = {"x-amz-tagging": "s3:PutObjectTagging", "x-amz-acl": "s3:PutObjectAcl"}


def s3_call(call: S3Call, body: bytes, arn: Arn) -> list[Needed]:
    """`body` is read for DeleteObjects only."""
    bucket = arn("s3", call.bucket)
    params = call.params.keys() - _WITHOUT_MEANING
    if call.deletes_objects and params == {"delete"}:
        return list(_deleted(body, bucket))
    if call.key:
        return _of_object(call, params, f"{bucket}/{call.key}", arn)
    if call.method in ("GET", "HEAD") and call.bucket and params <= _OF_LISTS:
        return [Needed("s3:ListBucketVersions" if "versions" in params else "s3:ListBucket", bucket)]
    return [_unknown(call, bucket)]


def _of_object(call: S3Call, params: set[str], object_arn: str, arn: Arn) -> list[Needed]:
    versioned = "Version" if "versionId" in params else ""
    if call.method in ("GET", "HEAD") and params <= _OF_READS:
        return [Needed(f"s3:GetObject{versioned}", object_arn)]
    if call.method == "DELETE" and params <= {"versionId"}:
        return [Needed(f"s3:DeleteObject{versioned}", object_arn)]
    if call.method == "PUT" and not params:
        also = [Needed(action, object_arn) for header, action in _BY_HEADER.items() if header in call.headers]
        return [*_copied(call.headers.get("x-amz-copy-source"), arn), Needed("s3:PutObject", object_arn), *also]
    return [_unknown(call, object_arn)]


def _copied(source: str | None, arn: Arn) -> Iterator[Needed]:
    """`/bucket/key?versionId=...`, the bucket's and the key's bytes escaped."""
    if source is not None:
        path, _, query = source.partition("?")
        versioned = "Version" if "versionId" in dict(parse_qsl(query)) else ""
        yield Needed(f"s3:GetObject{versioned}", arn("s3", unquote(path).removeprefix("/")))


def _deleted(body: bytes, bucket: str) -> Iterator[Needed]:
    for entry in ElementTree.fromstring(body).iterfind("{*}Object"):  # noqa: S314 - the app wrote it
        key = entry.findtext("{*}Key") or ""
        versioned = "Version" if entry.findtext("{*}VersionId") else ""
        yield Needed(f"s3:DeleteObject{versioned}", f"{bucket}/{key}", key)


def _unknown(call: S3Call, resource: str) -> Needed:
    return Needed(f"s3:{call.method} ?{'&'.join(sorted(call.params))}", resource)


def bucket_of(call: S3Call, arn: Arn) -> Needed:
    """What it takes to be told that an object is not there: without it S3 answers 403 instead of 404.

    Amazon S3 API Reference, "HeadObject" and "GetObject".
    """
    return Needed("s3:ListBucket", arn("s3", call.bucket))


def denial(role_arn: str, needed: Needed) -> str:
    """AWS's own sentence (IAM User Guide, "Troubleshoot access denied error messages")."""
    return (
        f"User: {role_arn} is not authorized to perform: {needed.action} on resource: {needed.resource} "
        f"because no identity-based policy allows the {needed.action} action"
    )


def json_fields(message: str) -> dict[str, Any]:
    """The body of a JSON service's refusal, which comes with status 400."""
    return {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message}
