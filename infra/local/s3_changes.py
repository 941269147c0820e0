"""Which objects an answered request has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from infra.local.moto_backend import Answer
from infra.local.s3_events import S3Change
from infra.local.s3_request import S3Request
from infra.local.s3_rules import Body

_SUBRESOURCES = ("tagging", "acl", "retention", "legal-hold", "torrent", "uploads", "restore", "select")


class Changes:
    """Makes the S3Changes of a front. Sequencers grow, also over a restart."""

    def __init__(self, s3_client: Any, clock: Callable[[], datetime]) -> None:
        self._s3_client = s3_client
        self._clock = clock
        self._sequence_lock = threading.Lock()
        self._last_sequence = 0

    def of(self, request: S3Request, body: Body, answer: Answer) -> list[S3Change]:
        """The changes that the answer reports, in order; none for a refusal or a read.

        Calls for one key must not overlap: the order of the calls is the order of the sequencers.
        """
        if answer.status >= 300 or not request.bucket:
            return []
        if request.method == "POST" and request.has_param("delete") and not request.key:
            return list(self._deleted_objects(request, body, answer))
        if not request.key or request.has_param(*_SUBRESOURCES):
            return []
        if request.method == "DELETE" and not request.has_param("uploadId"):
            return [self._removed(request, answer)]
        if request.method == "POST" and request.has_param("uploadId"):
            return [self._created(request, "ObjectCreated:CompleteMultipartUpload", answer)]
        if request.method == "PUT" and not request.has_param("uploadId"):
            if request.header("x-amz-copy-source") is not None:
                return [self._created(request, "ObjectCreated:Copy", answer)]
            etag = (answer.header("ETag") or "").strip('"')
            version_id = answer.header("x-amz-version-id")
            return [self._change(request.bucket, request.key, version_id, body.size_bytes, etag, "ObjectCreated:Put")]
        return []

    def _created(self, request: S3Request, event_name: str, answer: Answer) -> S3Change:
        """A copy or a completed upload: what came of it only the stored object says."""
        version_id = answer.header("x-amz-version-id")
        wanted = {"VersionId": version_id} if version_id else {}
        head = self._s3_client.head_object(Bucket=request.bucket, Key=request.key, **wanted)
        return self._change(
            request.bucket,
            request.key,
            version_id or head.get("VersionId"),
            int(head["ContentLength"]),
            str(head["ETag"]).strip('"'),
            event_name,
        )

    def _removed(self, request: S3Request, answer: Answer) -> S3Change:
        is_marker = answer.header("x-amz-delete-marker") == "true" and not request.has_param("versionId")
        version_id = answer.header("x-amz-version-id") or request.param("versionId")
        return self._removal(request.bucket, request.key, version_id, is_marker)

    def _deleted_objects(self, request: S3Request, body: Body, answer: Answer) -> Iterator[S3Change]:
        """DeleteObjects: moto names what it deleted also where the request asked to be told only of errors."""
        for deleted in ElementTree.fromstring(answer.body).iterfind("{*}Deleted"):  # noqa: S314 - moto wrote it
            marker = deleted.findtext("{*}DeleteMarkerVersionId")
            version_id = marker or deleted.findtext("{*}VersionId")
            key = deleted.findtext("{*}Key") or ""
            yield self._removal(request.bucket, key, version_id, marker is not None)

    def _removal(self, bucket: str, key: str, version_id: str | None, is_marker: bool) -> S3Change:
        name = "ObjectRemoved:DeleteMarkerCreated" if is_marker else "ObjectRemoved:Delete"
        return self._change(bucket, key, version_id, None, None, name)

    def _change(
        self, bucket: str, key: str, version_id: str | None, size_bytes: int | None, etag: str | None, name: str
    ) -> S3Change:
        at = self._clock()
        with self._sequence_lock:
            self._last_sequence = max(self._last_sequence + 1, int(at.timestamp() * 1_000_000))
            sequencer = f"{self._last_sequence:016X}"
        return S3Change(bucket, key, version_id, size_bytes, etag, name, sequencer, at)
