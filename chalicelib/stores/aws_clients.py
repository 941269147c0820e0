"""What stands in for botocore's clients where somebody waits for a cold start: the same methods, parameters, answers
and error answers, of the few operations that a device's request and the processing of a photo need.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from chalicelib.stores.aws_errors import AwsError, is_busy
from chalicelib.stores.aws_http import Answer, Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_FIRST_ERROR = 300
MOST_BYTES = 64 * 2**20
"""Of an object that is read: the largest pack."""
_HEADERS = {
    "ChecksumMode": "x-amz-checksum-mode",
    "ContentType": "Content-Type",
    "ChecksumAlgorithm": "x-amz-sdk-checksum-algorithm",
    "ChecksumSHA256": "x-amz-checksum-sha256",
    "IfNoneMatch": "If-None-Match",
    "IfMatch": "If-Match",
    "Range": "Range",
}
_METADATA = "x-amz-meta-"
_XML_FIELDS = {"__type": re.compile(rb"<Code>([^<]+)</Code>"), "message": re.compile(rb"<Message>([^<]*)</Message>")}
"""Amazon S3 API Reference, "REST error responses"."""


class JsonClient:
    """The client of a service that speaks AWS's JSON protocol: `put_item(**parameters)` sends PutItem.

    Methods raise AwsError and AwsUnreachable. `target_prefix` and `version` are the `targetPrefix` and `jsonVersion`
    of botocore's model of the service.
    """

    def __init__(self, endpoint: Endpoint, *, target_prefix: str, version: str) -> None:
        self._endpoint = endpoint
        self._target_prefix = target_prefix
        self._content_type = f"application/x-amz-json-{version}"

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = method.title().replace("_", "")
        return lambda **parameters: self._call(operation, parameters)

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": self._content_type, "X-Amz-Target": f"{self._target_prefix}.{operation}"}
        body = msgspec.json.encode(parameters)
        answer = self._endpoint.send("POST", "/", headers=headers, body=body, is_busy=_is_busy)
        if answer.status >= _FIRST_ERROR:
            raise AwsError(operation, _error(answer))
        found: dict[str, Any] = msgspec.json.decode(answer.body)
        return found


class Objects:
    """`head_object`, `get_object` and `put_object` of one bucket, without botocore; every other method is that of the
    client that `make_client` makes.

    `by_path`: the bucket is the first part of the path, not of the endpoint's host.
    """

    def __init__(self, endpoint: Endpoint, *, by_path: bool, make_client: Callable[[], S3Client]) -> None:
        self._endpoint = endpoint
        self._by_path = by_path
        self._make_client = make_client

    def head_object(self, **parameters: str) -> dict[str, Any]:
        """Bucket, Key and, where they are wanted, ChecksumMode and VersionId."""
        return _described(self._send("HEAD", parameters))

    def get_object(self, **parameters: str) -> dict[str, Any]:
        """Bucket, Key and, where they are wanted, ChecksumMode, VersionId and Range. More than MOST_BYTES are not
        read: then Body is closed.
        """
        answer = self._send("GET", parameters, most_bytes=MOST_BYTES)
        told, body = _described(answer), BytesIO(answer.body)
        if told["ContentLength"] > MOST_BYTES:
            body.close()
        return told | {"Body": body}

    def put_object(
        self,
        *,
        Body: bytes,  # noqa: N803
        Metadata: Mapping[str, str] | None = None,  # noqa: N803
        **parameters: str,
    ) -> dict[str, Any]:
        """Bucket, Key, Body, ContentType and, where they are known, ChecksumAlgorithm, ChecksumSHA256, IfNoneMatch,
        IfMatch, Metadata.
        """
        metadata = {_METADATA + name: value for name, value in (Metadata or {}).items()}
        told = self._send("PUT", parameters, metadata, Body).headers
        return {"VersionId": told.get("x-amz-version-id"), "ETag": told.get("etag")}

    def _send(
        self,
        method: str,
        parameters: Mapping[str, str],
        more_headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        most_bytes: int | None = None,
    ) -> Answer:
        key, version_id = parameters["Key"], parameters.get("VersionId")
        path = quote(f"/{parameters['Bucket']}/{key}" if self._by_path else f"/{key}")
        query = "" if version_id is None else f"versionId={quote(version_id, safe='')}"
        headers = {header: parameters[name] for name, header in _HEADERS.items() if name in parameters}
        answer = self._endpoint.send(
            method, path, query, {**headers, **(more_headers or {})}, body, is_busy=_is_busy, most_bytes=most_bytes
        )
        if answer.status >= _FIRST_ERROR:
            raise AwsError(f"{method.title()}Object", _error(answer))
        return answer

    def __getattr__(self, method: str) -> Any:
        return getattr(self._make_client(), method)


def _described(answer: Answer) -> dict[str, Any]:
    told = answer.headers
    return {
        "ContentLength": int(told["content-length"]),
        "LastModified": parsedate_to_datetime(told["last-modified"]),
        "VersionId": told.get("x-amz-version-id"),
        "ChecksumSHA256": told.get("x-amz-checksum-sha256"),
        "ETag": told["etag"],
        "Metadata": {name.removeprefix(_METADATA): told[name] for name in told if name.startswith(_METADATA)},
    }


def _is_busy(answer: Answer) -> bool:
    return answer.status >= _FIRST_ERROR and is_busy(_error(answer))


def _error(answer: Answer) -> dict[str, Any]:
    """In the form of `ClientError.response`. An answer without a code in it has its status for one."""
    told = _told(answer.body)
    code = str(told.pop("__type", answer.status)).rpartition("#")[2]
    message = told.pop("message", told.pop("Message", ""))
    return {
        **told,
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": answer.status},
    }


def _told(body: bytes) -> dict[str, Any]:
    """S3 answers in XML, the others in JSON; what stands in between in whatever it likes."""
    if body.startswith(b"<"):
        return _told_in_xml(body)
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _told_in_xml(body: bytes) -> dict[str, Any]:
    from html import unescape

    found = {name: _XML_FIELDS[name].search(body) for name in _XML_FIELDS}
    return {name: unescape(match[1].decode(errors="replace")) for name, match in found.items() if match}
