"""Why the gateway says no. A device reads the code; the codes and statuses are those of docs/protocol.md, "Errors"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from frameferry_station.errors import StationError
from frameferry_station.intake import refusals

STATUSES: Final[Mapping[str, int]] = {
    "invalid_json": 400,
    "invalid_body": 400,
    "pairing_code_invalid": 400,
    "missing_credential": 401,
    "invalid_credential": 401,
    "device_revoked": 403,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "unavailable": 503,
}
STORAGE_STATUSES: Final[Mapping[str, int]] = {
    "BadDigest": 400,
    "InvalidRequest": 400,
    "AccessDenied": 403,
    "PreconditionFailed": 412,
    "SlowDown": 503,
}
"""A PUT is answered as S3 answers: by codes in XML."""


class Refused(refusals.Refused):
    """With codes of its own; answered in the form of the device API."""

    statuses = STATUSES


class PutRefused(StationError):
    """Nothing can be said about the pack but this; it stays on the card."""

    def __init__(self, code: str, retry_after_s: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> int:
        return STORAGE_STATUSES[self.code]
