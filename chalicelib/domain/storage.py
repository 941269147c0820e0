"""What a store answers with: facts that services decide by, without a word of any database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.item import StoredObject


class Changed[T](Exception):
    """A conditional write lost: `stored` is what stands there now, None where nothing does."""

    def __init__(self, stored: T | None) -> None:
        super().__init__("the condition of a write did not hold")
        self.stored = stored


@dataclass(frozen=True)
class Page[T]:
    """Some of an answer, in order; `cursor` continues it and is None at its end."""

    entries: Sequence[T]
    cursor: str | None = None


@dataclass(frozen=True)
class UploadTarget:
    """Where and how to PUT, ready for a client that knows nothing of AWS."""

    upload_url: str = field(repr=False)
    upload_host: str
    upload_port: int
    upload_path: str = field(repr=False)
    headers: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class PutWanted:
    """One object of a batch: its key after the batch's prefix, and what its PUT is bound to."""

    key_tail: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class UploadBatch:
    """PUTs that share all but tail and signature, in the order in which they were wanted.

    A URL is `origin + path_prefix + path_tail + "?" + query + signature`. Each PUT sends Content-Type, Content-Length,
    x-amz-checksum-sha256 (base64) and `If-None-Match: *`.
    """

    origin: str
    host: str
    port: int
    path_prefix: str
    query: str = field(repr=False)
    expires_at: datetime
    path_tails: Sequence[str]
    signatures: Sequence[str] = field(repr=False)


@dataclass(frozen=True)
class Download:
    """A presigned GET."""

    url: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class Content:
    """An object's bytes, and the ETag that a conditional write names them by."""

    body: bytes = field(repr=False)
    etag: str


@dataclass(frozen=True)
class Fetched:
    """An object as it was read, whole or in part. `body` is None where there is more of it than was wanted."""

    object: StoredObject
    etag: str
    body: bytes | None = field(repr=False)


class AtOnce(Protocol):
    """Calls that do not depend on one another."""

    def __call__[T, R](self, call: Callable[[T], R], values: Sequence[T], /) -> Iterable[R]:
        """As `map`, but in any order and several at a time, and all are over when it is. What a call raises passes."""
