"""Why the intake says no: the one table from code to HTTP status, and what the maker of a sketch reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from frameferry_station.errors import StationError
from frameferry_station.photos import PhotoRefused

STATUSES: Final[Mapping[str, int]] = {
    "bad_request": 400,
    "empty_body": 400,
    "invalid_body": 400,
    "invalid_json": 400,
    "not_a_jpeg": 400,
    "invalid_credential": 401,
    "address_not_allowed": 403,
    "not_admitted": 403,
    "password_not_set": 403,
    "too_many_devices": 403,
    "wrong_device": 403,
    "not_found": 404,
    "unknown_command": 404,
    "method_not_allowed": 405,
    "body_too_large": 413,
    "too_large": 413,
    "unsupported_media_type": 415,
    "refused": 422,
    "paused": 423,
    "rate_limited": 429,
    "headers_too_large": 431,
    "internal": 500,
    "not_implemented": 501,
    "unpaired": 503,
    "disk_full": 507,
}
"""What the intake answers: its own codes, and those of `photos.PhotoRefused`. The sketches of the seeds take 200 for
success, and all of these for a failure."""

PLAIN_PATH: Final = "/upload_image"
"""Its sketch reads `{"error": "text"}`."""


class Refused(StationError):
    """A request is answered with `code`; the message is for the maker of the sketch and holds nothing that it sent.
    `statuses` are of the codes that there are."""

    statuses: ClassVar[Mapping[str, int]] = STATUSES

    def __init__(self, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> int:
        return self.statuses[self.code]


def of_photo(error: PhotoRefused) -> Refused:
    """What the station's lanes said about a photo."""
    return Refused(error.code if error.code in STATUSES else PhotoRefused.code, str(error))


def body_of(path: str, code: str, message: str) -> dict[str, Any]:
    """The JSON of an error, in the form that the sketch of this route reads."""
    return {"error": message} if path == PLAIN_PATH else {"error": {"code": code, "message": message}}
