"""A presigned PUT to S3, and what S3's answers mean for an upload."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from frameferry_station.captures import Capture
from frameferry_station.errors import Busy, DigestRefused, ForeignAnswer, Refusal, StationError, UrlRefused
from frameferry_station.http import Answer, Content, Sender
from frameferry_station.protocol import UploadTarget
from frameferry_station.receipts import Bytes

_CODE = re.compile(rb"<Error>.*?<Code>([A-Za-z0-9.]{1,64})</Code>", re.DOTALL)
_STALE_URL_CODES = frozenset({"ExpiredToken", "InvalidToken"})
_PASSING_CODES = frozenset({"IncompleteBody", "RequestTimeout", "SlowDown", "RequestTimeTooSkewed"})
_DIGEST_CODES = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})
_PASSING_STATUSES = frozenset({408, 409, 429})


def put(sender: Sender, target: UploadTarget, capture: Capture) -> None:
    """Put a single to its own URL with the headers that came with it. As `put_to` in all else."""
    headers = {name.lower(): value for name, value in target.headers.items()}
    length = str(capture.size_bytes)
    if headers.setdefault("content-length", length) != length:
        raise ForeignAnswer("a URL for another length")
    put_to(sender, target.upload_url, headers, capture.body.chunks)


def put_to(sender: Sender, url: str, headers: Mapping[str, str], content: Content) -> None:
    """Put an object with the headers that were signed. That nothing is raised proves nothing: any box on the way can
    say 200. An object that is there already (412) is as good.

    Raises UrlRefused, DigestRefused, other Trouble, Refusal, and whatever `content` does.
    """
    answer = sender.send("PUT", url, headers, content)
    if answer.status not in (200, 201, 204, 412):
        raise _error(answer)


def signed_headers(content_type: str, own: Bytes) -> dict[str, str]:
    """What a place of a sync is signed for."""
    return {
        "content-type": content_type,
        "content-length": str(own.size_bytes),
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(own.sha256)).decode(),
        "if-none-match": "*",
    }


def _error(answer: Answer) -> StationError:
    """Errors of S3 are XML with a code (Amazon S3 API Reference, "Error responses"); anything else is not S3's."""
    match = _CODE.search(answer.body)
    if match is None and answer.status < 500:
        return ForeignAnswer(f"{answer.status} that is not S3's", answer.retry_after_s)
    code = match[1].decode() if match else "unknown"
    if code in _PASSING_CODES or answer.status >= 500 or answer.status in _PASSING_STATUSES:
        return Busy(code, answer.status, answer.retry_after_s)
    if answer.status == 403 or code in _STALE_URL_CODES:
        return UrlRefused(code, answer.status, answer.retry_after_s)
    if code in _DIGEST_CODES:
        return DigestRefused(code, answer.status, answer.retry_after_s)
    if answer.status < 400:
        return ForeignAnswer(f"{answer.status} instead of an upload", answer.retry_after_s)
    return Refusal(code, answer.status, answer.retry_after_s)
