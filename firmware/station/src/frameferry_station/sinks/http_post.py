"""Photos as POSTs of a JPEG to somebody's server.

    POST <url>
    Authorization: Bearer <token>
    Content-Type: image/jpeg
    Content-Disposition: attachment; filename="2026-05-04T12-00-00Z_000012.jpg"
    Idempotency-Key: "garden-12-<sha256>"      the same at each try, never that of another photo
    X-Captured-At: 2026-05-04T12:00:00.000Z    left out where no clock was set
    X-Source: garden

Any 2xx is taken. See RFC 6266 for the filename, draft-ietf-httpapi-idempotency-key-header for the key.
"""

from __future__ import annotations

from frameferry_station.clock import to_text
from frameferry_station.errors import Busy, ForeignAnswer, Refusal, StationError
from frameferry_station.http import Answer, Sender
from frameferry_station.sinks.photo import CONTENT_TYPE, NotAsConfigured, Photo

_CREDENTIALS_WRONG = frozenset({401, 403, 407})
_PASSING = frozenset({408, 425, 429})


class PostDestination:
    """A redirect is not followed: the token is for this URL alone."""

    def __init__(self, url: str, token: str | None, sender: Sender) -> None:
        self._url = url
        self._token = token
        self._sender = sender

    def deliver(self, photo: Photo) -> None:
        answer = self._sender.send("POST", self._url, self._headers(photo), photo.jpeg)
        if not 200 <= answer.status < 300:
            raise _error(answer)

    def _headers(self, photo: Photo) -> dict[str, str]:
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Content-Disposition": f'attachment; filename="{photo.filename}"',
            "Idempotency-Key": f'"{photo.key}"',
            "X-Source": photo.source,
        }
        if photo.captured_at is not None:
            headers["X-Captured-At"] = to_text(photo.captured_at)
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


def _error(answer: Answer) -> StationError:
    """What a server says in the body is its own affair: only the status counts."""
    status = answer.status
    if status in _CREDENTIALS_WRONG:
        return NotAsConfigured(f"the server answers {status}: HTTP_AUTH_TOKEN is wrong, or does not allow it")
    if status >= 500 or status in _PASSING:
        return Busy("busy", status, answer.retry_after_s)
    if status < 400:
        return ForeignAnswer(f"{status} instead of a 2xx: HTTP_UPLOAD_URL leads elsewhere", answer.retry_after_s)
    return Refusal("refused", status, answer.retry_after_s)
