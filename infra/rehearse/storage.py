"""S3 as a camera reaches it: at AWS's own address of the bucket, as strict as S3.

A presigned URL out of the zip names the bucket in its host. Its signature is judged for that host, with the front's own
judgement; the same request then goes through the front, which knows paths only, and judges all the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from frameferry_station.http import Answer, Content

from chalicelib.domain.clock import utc_now
from infra.local import s3_request, s3_signature
from infra.local.faults import Faults
from infra.local.s3_errors import S3Error
from infra.local.s3_events import S3Change, event_for
from infra.local.s3_front import S3Front
from infra.local.stats import Stats
from infra.rehearse.expectations import RehearsalFailed, expect
from infra.rehearse.fake_aws import REGION, FakeAws

_CONFIG = Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required")


class Storage:
    """The front, and what has happened to objects."""

    def __init__(self, aws: FakeAws) -> None:
        self._roles = aws.roles
        self._changes: list[S3Change] = []
        moto = boto3.client("s3", endpoint_url=aws.url)
        self.front = S3Front(
            aws.url, aws.roles.credential, moto, utc_now, self._changes.append, Stats(), Faults(), port=0
        )

    def signer_of(self, method: str, url: str, headers: Mapping[str, str]) -> str:
        """The access key. Raises S3Error where S3 would refuse the request for its signature."""
        parts, fields = urlsplit(url), Message()
        for name, value in {"Host": parts.netloc, **headers}.items():
            fields[name] = value
        request = s3_request.parse(method, f"{parts.path}?{parts.query}", fields)
        return s3_signature.check(request, self._roles.credential, REGION, utc_now())

    def put(self, bucket: str, key: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The same request, addressed by path."""
        client = boto3.client("s3", endpoint_url=self.front.url, config=_CONFIG)
        try:
            client.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ContentType=headers["content-type"],
                ChecksumSHA256=headers["x-amz-checksum-sha256"],
                IfNoneMatch=headers["if-none-match"],
            )
        except ClientError as error:
            return Answer(error.response["ResponseMetadata"]["HTTPStatusCode"], {}, b"")
        return Answer(200, {}, b"")

    def take_events(self, bucket: str) -> list[Any]:
        """Of the objects that were put into the bucket since the last call."""
        changes, self._changes[:] = list(self._changes), []
        return [
            event_for(change, REGION)
            for change in changes
            if change.bucket == bucket and change.event_name.startswith("ObjectCreated:")
        ]


class CameraStorage:
    """A Sender, which a camera puts its photos by. `tell` gets S3's events, before the camera has its answer."""

    def __init__(self, storage: Storage, bucket: str, api_access_key: str, tell: Callable[[Any], object]) -> None:
        self._storage = storage
        self._bucket = bucket
        self._api_access_key = api_access_key
        self._tell = tell
        self.accepted = 0

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        body = content if isinstance(content, bytes) else b"".join(content())
        sent = {"content-length": str(len(body))} | {name.lower(): value for name, value in headers.items()}
        expect("who has signed the URL", self._storage.signer_of(method, url, sent), self._api_access_key)
        self._expect_refused(method, url, sent)
        key = urlsplit(url).path.removeprefix("/")
        expect("the URL's host", urlsplit(url).netloc.partition(".")[0], self._bucket)
        answer = self._storage.put(self._bucket, key, sent, body)
        if answer.status == 200:
            expect("the same PUT once more", self._storage.put(self._bucket, key, sent, body).status, 412)
            self.accepted += 1
        for event in self._storage.take_events(self._bucket):
            self._tell(event)
        return answer

    def _expect_refused(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        last = "0" if url[-1] != "0" else "1"
        for what, other_url, other in (
            ("another signature", url[:-1] + last, headers),
            ("another length", url, {**headers, "content-length": "1"}),
            ("another photo", url, {**headers, "x-amz-checksum-sha256": "A" * 43 + "="}),
            ("overwriting", url, {name: value for name, value in headers.items() if name != "if-none-match"}),
        ):
            try:
                self._storage.signer_of(method, other_url, other)
            except S3Error as error:
                expect(f"S3's answer to {what}", error.code, "SignatureDoesNotMatch")
            else:
                raise RehearsalFailed(f"the URL was good for {what}")


@contextmanager
def open_storage(aws: FakeAws) -> Iterator[Storage]:
    storage = Storage(aws)
    with storage.front:
        yield storage
