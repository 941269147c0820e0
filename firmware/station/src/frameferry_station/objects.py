"""A presigned PUT to S3, and what S3's answers mean for an upload."""

from __future__ import annotations

import re

from frameferry_station.captures import Capture
from frameferry_station.errors import Busy, ForeignAnswer, Refusal, StationError, UrlRefused
from frameferry_station.http import Answer, Sender
from frameferry_station.protocol import UploadTarget

_CODE = re.compile(rb"<Error>.*?<Code>([A-Za-z0-9.]{1,64})</Code>", re.DOTALL)
_STALE_URL_CODES = frozenset({"ExpiredToken", "InvalidToken"})
_PASSING_CODES = frozenset({"RequestTimeout", "SlowDown", "RequestTimeTooSkewed"})
_PASSING_STATUSES = frozenset({408, 409, 429})


def put(sender: Sender, target: UploadTarget, capture: Capture) -> None:
    """Stream a capture to its URL with the headers that were signed. That nothing is raised proves nothing:
    any box on the way can say 200. An object that is there already (412) is as good.

    Raises UrlRefused, other Trouble, Refusal, and CaptureDamaged or CaptureGone from the queue.
    """
    headers = {name.lower(): value for name, value in target.headers.items()}
    length = str(capture.size_bytes)
    if headers.setdefault("content-length", length) != length:
        raise ForeignAnswer("a URL for another length")
    answer = sender.send("PUT", target.upload_url, headers, capture.body.chunks)
    if answer.status not in (200, 201, 204, 412):
        raise _error(answer)


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
    if answer.status < 400:
        return ForeignAnswer(f"{answer.status} instead of an upload", answer.retry_after_s)
    return Refusal(code, answer.status, answer.retry_after_s)
