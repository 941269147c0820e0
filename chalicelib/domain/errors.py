"""Everything that can go wrong by a caller's doing, each with a code that never changes.

The code is the contract; the message may be reworded. `chalicelib.api.errors` holds the one table
from code to HTTP status. Data that a caller needs sits on attributes.
"""

from __future__ import annotations

from typing import ClassVar

from chalicelib.domain.ids import Seq


class FrameferryError(Exception):
    """Base of all errors that a caller may see."""

    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, message: str | None = None) -> None:
        self.detail = message or self.message
        super().__init__(self.detail)


class InvalidJson(FrameferryError):
    code = "invalid_json"
    message = "The body is not valid JSON."


class InvalidBody(FrameferryError):
    code = "invalid_body"
    message = "The body does not have the form that this route takes."


class InvalidParameter(FrameferryError):
    code = "invalid_parameter"
    message = "A path or query parameter does not have the form that this route takes."


class TooManyPhotos(FrameferryError):
    """A caller who wants the whole range asks for its halves."""

    code = "too_many_photos"
    message = "There are too many photos between from and to; ask for less at a time."


class InvalidFilename(FrameferryError):
    code = "invalid_filename"
    message = (
        "A filename is 1 to 100 letters, digits, '.', '_' and '-', starts with a letter or digit, and has no '..'."
    )


class ContentTypeNotAllowed(FrameferryError):
    code = "content_type_not_allowed"
    message = "Only image/jpeg can be uploaded, and video/mp4 under a filename that ends in .mp4, as no other does."


class CapturedAtOutOfRange(FrameferryError):
    code = "captured_at_out_of_range"
    message = "captured_at is before 2000 or in the future; send ntp_synced=false if the clock is not set."


class UnsupportedMediaType(FrameferryError):
    code = "unsupported_media_type"
    message = "The body's Content-Type is not the one that this route takes."


class BodyTooLarge(FrameferryError):
    code = "body_too_large"
    message = "The body is larger than this route takes."


class SizeLimitExceeded(FrameferryError):
    code = "size_limit_exceeded"
    message = "The object is larger than a single capture may be."


class NotAJpeg(FrameferryError):
    code = "not_a_jpeg"
    message = "The body does not begin like a JPEG."


class MissingCredential(FrameferryError):
    code = "missing_credential"
    message = "The request carries no credential."


class InvalidCredential(FrameferryError):
    code = "invalid_credential"
    message = "The credential is not valid."


class DeviceRevoked(FrameferryError):
    code = "device_revoked"
    message = "The owner revoked this device; pair it again."


class ForeignObjectKey(FrameferryError):
    code = "foreign_object_key"
    message = "object_key is not one of this device."


class ObjectKeyMismatch(FrameferryError):
    code = "object_key_mismatch"
    message = "object_key was not made for this seq."


class NotFound(FrameferryError):
    code = "not_found"
    message = "There is no such thing, or it is not yours."


class MethodNotAllowed(FrameferryError):
    code = "method_not_allowed"
    message = "This path does not take that method."


class PairingCodeInvalid(FrameferryError):
    code = "pairing_code_invalid"
    message = "The pairing code is wrong, used or expired; ask the owner for a new one."


class Conflict(FrameferryError):
    """The seq is held with other bytes; `next_seq` is free."""

    code = "conflict"
    message = "This seq is held with another sha256; nothing was overwritten. Use next_seq."

    def __init__(self, next_seq: Seq) -> None:
        super().__init__()
        self.next_seq = next_seq


class CommandFinished(FrameferryError):
    code = "command_finished"
    message = "The command was acknowledged before with another outcome."


class RetryLater(FrameferryError):
    """Base of the errors that answer Retry-After; `retry_after_s` is whole seconds, at least 1."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = max(1, retry_after_s)


class RateLimited(RetryLater):
    code = "rate_limited"
    message = "Too many requests; wait as long as Retry-After says."


class Unavailable(RetryLater):
    code = "unavailable"
    message = "The store is busy; wait as long as Retry-After says and try again."


class Internal(FrameferryError):
    """Ours to mend: what really happened is in the log, under the request's id."""

    code = "internal"
    message = "Something went wrong here. Try again; the request id finds it in the log."
