"""The two buckets over S3. Both are versioned; keys are the caller's."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import batched, islice
from typing import TYPE_CHECKING, Any

from chalicelib.domain.clock import from_text, to_text
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.item import StoredObject
from chalicelib.domain.storage import AtOnce, Content, Fetched
from chalicelib.stores.aws_errors import RETRY_AFTER_S, busy_as_unavailable, code
from chalicelib.stores.threads import at_once

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        GetObjectOutputTypeDef,
        HeadObjectOutputTypeDef,
        ListObjectVersionsOutputTypeDef,
    )

# A HEAD has no body, so its code is the bare status; 405 is a version that is a delete marker.
_NOT_THERE = frozenset({"404", "405", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion"})
# What an If-None-Match finds taken, and what an If-Match finds changed or gone.
_CONDITION_LOST = frozenset({"PreconditionFailed", "NoSuchKey"})
LONGEST_PAGE = 1000
"""Of a list, and of the objects that one call may delete."""
_SEALED_SHA256, _STORED_AT = "sealed-sha256", "stored-at"
"""Metadata of a pack that a deletion has rewritten; in a header they are `x-amz-meta-sealed-sha256` and so on."""


class S3Captures:
    """CaptureObjects."""

    def __init__(
        self, client: S3Client, bucket: str, *, page_size: int = LONGEST_PAGE, at_once: AtOnce = at_once
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._page_size = page_size
        self._at_once = at_once

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        with _none_where_absent():
            answer = self._client.head_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED", **_version(version_id)
            )
            return _described(key, answer)
        return None

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        with _none_where_absent():
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED", **_version(version_id)
            )
            found = _described(key, answer)
            return Fetched(found, answer["ETag"], _body(answer, at_most_bytes))
        return None

    def fetch_start(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        """Two requests: for a part of an object S3 tells neither the size nor the sha256 of the whole."""
        with _none_where_absent():
            head = self._client.head_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED", **_version(version_id)
            )
            found = _described(key, head)
            return Fetched(found, head["ETag"], self._start(found, at_most_bytes) if found.size_bytes else b"")
        return None

    def _start(self, found: StoredObject, length: int) -> bytes:
        """Of an object that is not empty: S3 refuses every range of nothing."""
        of_it = {"Bucket": self._bucket, "Key": found.key, **_version(found.version_id)}
        return self._client.get_object(**of_it, Range=f"bytes=0-{length - 1}")["Body"].read()

    def head_many(self, places: Sequence[tuple[str, str | None]]) -> list[StoredObject | None]:
        return list(self._at_once(lambda place: self.head(*place), places))

    def put(self, key: str, body: bytes, content_type: str, sha256: str) -> bool:
        """Condition: no object has this key. S3 refuses a body that does not hash to `sha256`."""
        return self._put(key, body, content_type, sha256, IfNoneMatch="*")

    def replace(
        self, key: str, body: bytes, content_type: str, sha256: str, *, if_match: str, was: StoredObject
    ) -> bool:
        """Condition: the current version has this ETag. S3 refuses a body that does not hash to `sha256`."""
        metadata = {_SEALED_SHA256: was.sealed_sha256 or was.sha256 or "", _STORED_AT: to_text(was.stored_at)}
        return self._put(key, body, content_type, sha256, IfMatch=if_match, Metadata=metadata)

    def _put(self, key: str, body: bytes, content_type: str, sha256: str, **how: Any) -> bool:
        checksum = b64encode(bytes.fromhex(sha256)).decode()
        how |= {"ContentType": content_type, "ChecksumAlgorithm": "SHA256", "ChecksumSHA256": checksum}
        return _put(self._client, self._bucket, key, body, **how)

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

    def delete_old_versions(self, key: str) -> None:
        _delete_versions(self._client, self._bucket, key, self._page_size, keep_current=True)

    def delete_all_versions(self, key: str) -> None:
        _delete_versions(self._client, self._bucket, key, self._page_size)

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

    def create(self, key: str, body: bytes, content_type: str) -> bool:
        """Condition: no object has this key."""
        return _put(self._client, self._bucket, key, body, ContentType=content_type, IfNoneMatch="*")

    def read(self, key: str) -> Content | None:
        with _none_where_absent():
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return Content(answer["Body"].read(), answer["ETag"])
        return None

    def replace(self, key: str, body: bytes, content_type: str, *, if_match: str) -> bool:
        """Condition: the current version has this ETag."""
        return _put(self._client, self._bucket, key, body, ContentType=content_type, IfMatch=if_match)

    def delete_old_versions(self, key: str) -> None:
        _delete_versions(self._client, self._bucket, key, LONGEST_PAGE, keep_current=True)

    def delete_all_versions(self, key: str) -> None:
        _delete_versions(self._client, self._bucket, key, LONGEST_PAGE)


def _put(client: S3Client, bucket: str, key: str, body: bytes, **how: Any) -> bool:
    """False where the condition among `how` does not hold."""
    try:
        with busy_as_unavailable():
            client.put_object(Bucket=bucket, Key=key, Body=body, **how)
    except Exception as error:
        if code(error) in _CONDITION_LOST:
            return False
        raise
    return True


def _described(key: str, answer: GetObjectOutputTypeDef | HeadObjectOutputTypeDef) -> StoredObject:
    told = answer.get("Metadata", {})
    return StoredObject(
        key=key,
        version_id=answer.get("VersionId"),
        size_bytes=answer["ContentLength"],
        sha256=_sha256(answer.get("ChecksumSHA256")),
        stored_at=from_text(told[_STORED_AT]) if _STORED_AT in told else answer["LastModified"],
        sealed_sha256=told.get(_SEALED_SHA256),
    )


def _body(answer: GetObjectOutputTypeDef, at_most_bytes: int) -> bytes | None:
    """None, with the connection given up, where there is more."""
    if answer["ContentLength"] > at_most_bytes:
        answer["Body"].close()
        return None
    return answer["Body"].read()


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


def _delete_versions(client: S3Client, bucket: str, key: str, page_size: int, *, keep_current: bool = False) -> None:
    for batch in batched(list(_versions(client, bucket, key, page_size, keep_current)), page_size):
        objects: Any = [{"Key": key, "VersionId": version_id} for version_id in batch]
        with busy_as_unavailable():
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if answer.get("Errors"):
            raise Unavailable(RETRY_AFTER_S)


def _versions(client: S3Client, bucket: str, key: str, page_size: int, but_current: bool) -> Iterator[str]:
    """Versions and delete markers of exactly this key; keys that only begin like it come after."""
    for page in _pages(client, bucket, key, page_size, {}):
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if entry["Key"] == key and not (but_current and entry["IsLatest"]):
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
