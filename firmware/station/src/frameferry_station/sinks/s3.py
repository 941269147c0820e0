"""Photos as objects of a bucket, at AWS or whoever speaks S3.

Amazon S3 API Reference, "PutObject", "HeadObject" and "Authenticating Requests: Using the Authorization Header".
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cached_property
from typing import Any
from urllib.parse import quote

from frameferry_station.errors import Busy, ForeignAnswer, Refusal, StationError
from frameferry_station.http import Answer, Sender
from frameferry_station.settings import S3Sink
from frameferry_station.sinks.photo import CONTENT_TYPE, NotAsConfigured, Photo

_CODE = re.compile(rb"<Error>.*?<Code>([A-Za-z0-9.]{1,64})</Code>", re.DOTALL)
_MD5_TAG = re.compile(r'"?([0-9a-f]{32})"?')
_PASSING_CODES = frozenset({"IncompleteBody", "RequestTimeout", "SlowDown", "OperationAborted", "BadDigest"})
_DAMAGED_ON_THE_WAY = frozenset({"InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})
_PASSING_STATUSES = frozenset({408, 409, 425, 429})
_WRONG_DIGEST = _DAMAGED_ON_THE_WAY | {"BadDigest"}
_WRONG_SETTINGS = {
    "AccessDenied": "the key may not put objects there (s3:PutObject)",
    "AuthorizationHeaderMalformed": "AWS_REGION is not the bucket's",
    "InvalidAccessKeyId": "AWS_ACCESS_KEY_ID is not known",
    "InvalidBucketName": "S3_BUCKET is no bucket's name",
    "NoSuchBucket": "S3_BUCKET does not exist",
    "PermanentRedirect": "AWS_REGION or S3_ENDPOINT_URL is not the bucket's",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY is wrong",
}

PROBE_NAME = ".frameferry-probe"


class S3Destination:
    """A name is taken once, by `If-None-Match: *`; where the endpoint does not know that, by looking first."""

    def __init__(self, settings: S3Sink, sender: Sender) -> None:
        self._settings = settings
        self._sender = sender
        self._knows_conditions = True

    def deliver(self, photo: Photo) -> None:
        """An object of the same name with other bytes is kept, and this photo gets its second name."""
        for name in (photo.name, photo.second_name):
            if self._put(self._url(name), photo):
                return
        raise Refusal("conflict", 412)

    def probe(self) -> bool:
        """Whether key, bucket and region are right, without a photo: a few bytes are put under PROBE_NAME with digests
        of other bytes, which S3 refuses after it has looked at all else. False where the endpoint has stored them,
        since it looks at no digest. Raises as `deliver` where a photo would not be taken."""
        if self._send("HEAD", self._bucket_url, {}, b"").status == 404:
            # Some endpoints look at digests before they look for the bucket.
            raise _error(Answer(404, {}, b"<Error><Code>NoSuchBucket</Code></Error>"))
        wrong = {
            "Content-MD5": base64.b64encode(bytes(16)).decode(),
            "x-amz-checksum-sha256": base64.b64encode(bytes(32)).decode(),
        }
        answer = self._send("PUT", self._url(PROBE_NAME), {"Content-Type": "text/plain", **wrong}, b"probe")
        if 200 <= answer.status < 300:
            return False
        error = _error(answer)
        if isinstance(error, Busy) and error.code in _WRONG_DIGEST:
            return True
        raise error

    def _put(self, url: str, photo: Photo) -> bool:
        """False where other bytes have the name."""
        if not self._knows_conditions:
            held = self._is_held(url, photo)
            return held if held is not None else self._was_put(url, photo, {})
        try:
            return self._was_put(url, photo, {"If-None-Match": "*"})
        except _NoConditions:
            self._knows_conditions = False
            return self._put(url, photo)

    def _was_put(self, url: str, photo: Photo, condition: dict[str, str]) -> bool:
        checksum = base64.b64encode(bytes.fromhex(photo.sha256)).decode()
        headers = {"Content-Type": CONTENT_TYPE, "x-amz-checksum-sha256": checksum, **condition}
        answer = self._send("PUT", url, headers, photo.jpeg)
        if answer.status == 412:
            # A key that may put but not look is told no more than that the name is taken.
            return self._is_held(url, photo) is not False
        if not 200 <= answer.status < 300:
            raise _error(answer)
        return True

    def _is_held(self, url: str, photo: Photo) -> bool | None:
        """False where other bytes have the name; None where nothing has, or nobody says."""
        answer = self._send("HEAD", url, {"x-amz-checksum-mode": "ENABLED"}, b"")
        if answer.status >= 500 or answer.status in _PASSING_STATUSES:
            raise Busy("busy", answer.status, answer.retry_after_s)
        return _has_bytes_of(answer, photo) if answer.status == 200 else None

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        request = self._new_request(method=method, url=url, headers=headers, data=body)
        self._signer.add_auth(request)
        return self._sender.send(method, url, dict(request.headers.items()), body)

    def _url(self, name: str) -> str:
        """The bucket in the path: every endpoint understands that."""
        return f"{self._bucket_url}/{quote(self._settings.prefix + name)}"

    @property
    def _bucket_url(self) -> str:
        settings = self._settings
        endpoint = settings.endpoint_url or _aws_endpoint(settings.region)
        return f"{endpoint.rstrip('/')}/{quote(settings.bucket)}"

    @cached_property
    def _signer(self) -> Any:
        try:
            from botocore.auth import S3SigV4Auth
            from botocore.credentials import Credentials
        except ImportError:
            raise NotAsConfigured("S3 needs botocore: pip install 'frameferry-station[s3]'") from None
        settings = self._settings
        credentials = Credentials(settings.access_key_id, settings.secret_access_key)
        return S3SigV4Auth(credentials, "s3", settings.region)

    @cached_property
    def _new_request(self) -> Any:
        from botocore.awsrequest import AWSRequest

        return AWSRequest


class _NoConditions(NotAsConfigured):
    """The endpoint has not learnt `If-None-Match`, or something else that it was sent."""


def _aws_endpoint(region: str) -> str:
    return f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


def _has_bytes_of(answer: Answer, photo: Photo) -> bool:
    """By the surest that the answer tells."""
    if (checksum := answer.headers.get("x-amz-checksum-sha256")) is not None:
        return checksum == base64.b64encode(bytes.fromhex(photo.sha256)).decode()
    tag = _MD5_TAG.fullmatch(answer.headers.get("etag", ""))
    if tag and "kms" not in answer.headers.get("x-amz-server-side-encryption", ""):
        return tag[1] == hashlib.md5(photo.jpeg, usedforsecurity=False).hexdigest()
    return answer.headers.get("content-length") == str(len(photo.jpeg))


def _error(answer: Answer) -> StationError:
    status, match = answer.status, _CODE.search(answer.body)
    if match is None and status < 500 and status not in _PASSING_STATUSES:
        return ForeignAnswer(f"{status} that is not S3's", answer.retry_after_s)
    code = match[1].decode() if match else "unknown"
    if status == 501 or code == "NotImplemented":
        return _NoConditions(f"S3 answers {code} ({status}): S3_ENDPOINT_URL does not know how to do this")
    if code == "RequestTimeTooSkewed":
        return ForeignAnswer("the clock of this machine is wrong, so S3 refuses what it signs")
    if status >= 500 or status in _PASSING_STATUSES or code in _PASSING_CODES | _DAMAGED_ON_THE_WAY:
        return Busy(code, status, answer.retry_after_s)
    if status in (401, 403) or code in _WRONG_SETTINGS:
        return NotAsConfigured(f"S3 answers {code} ({status}): {_WRONG_SETTINGS.get(code, 'the key is refused')}")
    if status < 400:
        return ForeignAnswer(f"{status} instead of an upload", answer.retry_after_s)
    return Refusal(code, status, answer.retry_after_s)
