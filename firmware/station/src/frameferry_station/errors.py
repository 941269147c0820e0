"""Everything that can go wrong between a device and its cloud, and what each means for a capture.

`Trouble` passes: wait and try again. `Refusal` is about one object: a few tries, then go on with the rest.
`CredentialRefused` ends the work until somebody pairs the device again.
"""

from __future__ import annotations


class StationError(Exception):
    """Base of all errors of this package. No message holds a token, a code or the query of a URL."""


class Trouble(StationError):
    """The request may well succeed later. `retry_after_s` is the least time to wait, where the server named one."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class NoAnswer(Trouble):
    """No whole answer came: no network, a cut connection, a deadline passed."""


class ForeignAnswer(Trouble):
    """Something answered that does not speak the protocol: a captive portal, a proxy, a gateway."""


class ApiError(StationError):
    """The API, or S3 with a code of its own, answered with an error."""

    def __init__(self, code: str, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(f"{code} ({status})")
        self.reason = f"{code} ({status})"
        self.code = code
        self.status = status
        self.retry_after_s = retry_after_s


class Busy(ApiError, Trouble):
    """It cannot now: 5xx, 429, a timeout on its side."""


class UrlRefused(Busy):
    """S3 does not take this presigned URL (any more): ask for a new one."""


class DigestRefused(Busy):
    """S3 got other bytes than were announced: they were damaged on the way, or on the card."""


class Refusal(ApiError):
    """4xx: the same request will be refused again."""


class Conflict(Refusal):
    """The seq is held with other bytes; `next_seq` is free."""

    def __init__(self, next_seq: int) -> None:
        super().__init__("conflict", 409)
        self.next_seq = next_seq


class CredentialRefused(Refusal):
    """The token is not, or no longer, valid: `invalid_credential`, `missing_credential`, `device_revoked`."""


class ReceiptInvalid(StationError):
    """A receipt that does not prove that the cloud holds this capture."""


class PackGone(StationError):
    """The pack is not in the queue any more, or not as it was: it was evicted or rewritten in the meantime."""


class StateDamaged(StationError):
    """A file of the device's own state cannot be read."""


class StateInUse(StationError):
    """Another process works with this state folder."""
