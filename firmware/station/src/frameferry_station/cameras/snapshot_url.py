"""A camera, or anything else, that gives a JPEG at a URL."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urljoin, urlsplit

from frameferry_station.cameras.camera import REFUSED_S, Frame, TryLater
from frameferry_station.cameras.connection import CameraSender
from frameferry_station.device import CameraFailed
from frameferry_station.errors import StationError
from frameferry_station.http import Answer

WITHIN_S = 15.0
MAX_REDIRECTS = 3


class SnapshotUrl:
    """A Camera. `url` holds no credentials; the sender knows them."""

    def __init__(self, url: str, sender: CameraSender) -> None:
        self._url = url
        self._sender = sender

    def take(self) -> Frame:
        url = self._url
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._asked(url)
            target = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                _raise_for_status(answer)
                return Frame(answer.body, age_s(answer), answer.headers.get("last-modified"))
            url = _followed(url, target)
        raise CameraFailed("it sends in circles")

    def abort(self) -> None:
        self._sender.abort()

    def close(self) -> None:
        self._sender.close()

    def _asked(self, url: str) -> Answer:
        try:
            return self._sender.send("GET", url, {"Cache-Control": "no-cache"})
        except StationError as error:
            raise CameraFailed(f"{error}") from None


def age_s(answer: Answer) -> float | None:
    """How old the picture was when it was sent: Date minus Last-Modified (RFC 9110 section 8.8.2), both by the camera's
    clock, which need not be right. None where it does not say both. Its ETag says less than the picture's own bytes.
    """
    try:
        made, sent = (parsedate_to_datetime(answer.headers[name]) for name in ("last-modified", "date"))
        return max(0.0, (sent - made).total_seconds())
    except (LookupError, ValueError, TypeError):
        return None


def _followed(url: str, target: str) -> str:
    """Raises CameraFailed where credentials would go to another host, or from TLS into the clear."""
    try:
        old, new = urlsplit(url), urlsplit(urljoin(url, target))
        is_same = new.hostname == old.hostname and "@" not in new.netloc
        is_upgrade = (old.scheme, new.scheme) == ("http", "https")
        if is_same and (is_upgrade or (new.scheme, _port(new)) == (old.scheme, _port(old))):
            return new.geturl()
    except ValueError:
        pass
    raise CameraFailed("it sends elsewhere, to another host or port")


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _raise_for_status(answer: Answer) -> None:
    if answer.status in (401, 403):
        raise TryLater(f"it refuses the user name or the password (HTTP {answer.status})", REFUSED_S)
    if answer.status == 404:
        raise CameraFailed("there is no picture at this address (HTTP 404)")
    if answer.retry_after_s is not None and answer.status in (429, 503):
        raise TryLater(f"it is busy (HTTP {answer.status})", answer.retry_after_s)
    if answer.status != 200:
        raise CameraFailed(f"HTTP {answer.status}")
