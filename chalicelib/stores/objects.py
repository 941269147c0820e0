"""The two buckets over S3. Both are versioned; keys are the caller's."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import batched, islice
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.item import StoredObject
from chalicelib.stores.aws_errors import RETRY_AFTER_S, busy_as_unavailable, code

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

# A HEAD has no body, so its code is the bare status; 405 is a version that is a delete marker.
_NOT_THERE = frozenset({"404", "405", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion"})
LONGEST_PAGE = 1000
"""Of a list, and of the objects that one call may delete."""

_MOST_HEADS_AT_ONCE = 8
_HEADS_A_CONNECTION = 4
"""Another connection costs a TLS handshake: fewer objects than this are asked for faster on one."""


class S3Captures:
    """CaptureObjects."""

    def __init__(self, client: S3Client, bucket: str, *, page_size: int = LONGEST_PAGE) -> None:
        self._client = client
        self._bucket = bucket
        self._page_size = page_size

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        with _none_where_absent():
            answer = self._client.head_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED", **_version(version_id)
            )
            return StoredObject(
                key=key,
                version_id=answer.get("VersionId"),
                size_bytes=answer["ContentLength"],
                sha256=_sha256(answer.get("ChecksumSHA256")),
                stored_at=answer["LastModified"],
            )
        return None

    def read(self, key: str, version_id: str | None = None) -> bytes | None:
        with _none_where_absent():
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=key, **_version(version_id))["Body"].read()
            return body
        return None

    def head_many(self, places: Sequence[tuple[str, str | None]]) -> list[StoredObject | None]:
        workers = min(_MOST_HEADS_AT_ONCE, math.ceil(len(places) / _HEADS_A_CONNECTION))
        if workers <= 1:
            return [self.head(*place) for place in places]
        from concurrent.futures import ThreadPoolExecutor  # 5 ms that only a request with many objects needs

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(lambda place: self.head(*place), places))

    def put(self, key: str, body: bytes, content_type: str, sha256: str) -> bool:
        """Condition: no object has this key. S3 refuses a body that does not hash to `sha256`."""
        try:
            with busy_as_unavailable():
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=b64encode(bytes.fromhex(sha256)).decode(),
                    IfNoneMatch="*",
                )
        except Exception as error:
            if code(error) == "PreconditionFailed":
                return False
            raise
        return True

    def move_version(self, key: str, version_id: str, to_key: str) -> None:
        """No condition, but what a move that broke off has copied is not copied again. S3 works out the sha256."""
        with _none_where_absent():
            if self.head(to_key) is None:
                self._client.copy_object(
                    Bucket=self._bucket,
                    Key=to_key,
                    CopySource={"Bucket": self._bucket, "Key": key, "VersionId": version_id},
                    MetadataDirective="COPY",
                    ChecksumAlgorithm="SHA256",
                )
            self.delete_version(key, version_id)

    def delete_version(self, key: str, version_id: str) -> None:
        with busy_as_unavailable():
            self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version_id)

    def delete_all_versions(self, key: str) -> None:
        _delete_all_versions(self._client, self._bucket, key, self._page_size)

    def list_versions(self, prefix: str, start_after: str | None, limit: int) -> list[StoredObject]:
        after = "" if start_after is None else start_after
        marker = {"KeyMarker": after} if after else {}
        found = (
            StoredObject(entry["Key"], entry["VersionId"], entry["Size"], None, entry["LastModified"])
            for page in _pages(self._client, self._bucket, prefix, min(limit, self._page_size), marker)
            for entry in page.get("Versions", [])
            # AWS leaves open whether a list begins at its marker or after it.
            if entry["Key"] != after
        )
        return list(islice(found, limit))


class S3Derived:
    """DerivedObjects."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """No condition."""
        with busy_as_unavailable():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def delete_all_versions(self, key: str) -> None:
        _delete_all_versions(self._client, self._bucket, key, LONGEST_PAGE)


@contextmanager
def _none_where_absent() -> Iterator[None]:
    try:
        with busy_as_unavailable():
            yield
    except Exception as error:
        if code(error) not in _NOT_THERE:
            raise


def _version(version_id: str | None) -> dict[str, Any]:
    return {} if version_id is None else {"VersionId": version_id}


def _sha256(checksum: str | None) -> str | None:
    """None for a checksum of checksums (`...-3`), which S3 gives for a multipart upload."""
    if checksum is None or "-" in checksum:
        return None
    return b64decode(checksum).hex()


def _delete_all_versions(client: S3Client, bucket: str, key: str, page_size: int) -> None:
    for batch in batched(list(_versions(client, bucket, key, page_size)), page_size):
        objects: Any = [{"Key": key, "VersionId": version_id} for version_id in batch]
        with busy_as_unavailable():
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if answer.get("Errors"):
            raise Unavailable(RETRY_AFTER_S)


def _versions(client: S3Client, bucket: str, key: str, page_size: int) -> Iterator[str]:
    """Versions and delete markers of exactly this key; keys that only begin like it come after."""
    for page in _pages(client, bucket, key, page_size, {}):
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if entry["Key"] == key:
                yield entry["VersionId"]
        if page.get("NextKeyMarker") != key:
            return


def _pages(
    client: S3Client, bucket: str, prefix: str, page_size: int, marker: Mapping[str, Any]
) -> Iterator[ListObjectVersionsOutputTypeDef]:
    while True:
        with busy_as_unavailable():
            page = client.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=page_size, **marker)
        yield page
        if not page["IsTruncated"]:
            return
        marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
