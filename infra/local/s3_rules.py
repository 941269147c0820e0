"""What S3 asks of a request before it reads the body, and of the body before it stores it.

Amazon S3 API Reference, "PutObject" and "Error responses"; Amazon S3 User Guide, "Checking object
integrity".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import tempfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Protocol

from infra.local import s3_errors
from infra.local.http_server import Exchange
from infra.local.s3_request import S3Request

_READ_BYTES = 64 * 1024
_SPOOL_BYTES = 8 * 1024 * 1024
_UNSIGNED = "UNSIGNED-PAYLOAD"
_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHECKSUM = "x-amz-checksum-"
_CHECKSUM_BYTES = {"sha256": 32, "sha1": 20, "crc32": 4}
_NOT_VALUES = ("x-amz-checksum-mode", "x-amz-checksum-algorithm", "x-amz-checksum-type")
_OBJECT_POSTS = ("uploads", "uploadId", "select", "restore")


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


@dataclass(frozen=True)
class Expected:
    """What the body must turn out to be. Digests are raw bytes; None where the client named none."""

    size_bytes: int | None = None
    md5: bytes | None = None
    content_sha256: str | None = None
    checksum_name: str | None = None
    checksum: bytes | None = None
    is_checksum_in_trailer: bool = False


@dataclass
class Body:
    """A body that came whole and passed its checks, without its transfer framing."""

    content: IO[bytes]
    size_bytes: int
    checksum: tuple[str, str] | None
    """Header name and base64 value of the checksum that was verified."""


def check_head(request: S3Request, body_bytes: int | None) -> Expected:
    """Refuse what can be refused by the header fields alone; a refused client need not send its body."""
    _check_method(request)
    is_chunked = request.header("Transfer-Encoding") is not None
    if is_chunked and not request.is_aws_chunked:
        raise s3_errors.not_implemented("Transfer-Encoding")
    if body_bytes is None:
        raise s3_errors.bad_request()
    if request.method == "PUT" and not is_chunked and request.header("Content-Length") is None:
        raise s3_errors.missing_content_length()
    size_bytes = _decoded_length(request) if request.is_aws_chunked else body_bytes
    if size_bytes > s3_errors.MAX_OBJECT_BYTES:
        raise s3_errors.entity_too_large(size_bytes)
    if request.method == "PUT" and request.header("If-None-Match") not in (None, "*"):
        raise s3_errors.not_implemented("If-None-Match")
    name, checksum, in_trailer = _expected_checksum(request)
    return Expected(size_bytes, _expected_md5(request), _expected_sha256(request), name, checksum, in_trailer)


def _check_method(request: S3Request) -> None:
    allowed = {"GET", "HEAD", "PUT", "DELETE", "POST"} if request.bucket else {"GET"}
    if request.method not in allowed:
        raise s3_errors.method_not_allowed(request.method, request.resource_type)
    if request.method == "POST" and request.key and not request.has_param(*_OBJECT_POSTS):
        raise s3_errors.method_not_allowed(request.method, request.resource_type)


def _decoded_length(request: S3Request) -> int:
    length = request.header("x-amz-decoded-content-length")
    if length is None or not re.fullmatch(r"[0-9]{1,18}", length, re.ASCII):
        raise s3_errors.missing_content_length()
    return int(length)


def _expected_md5(request: S3Request) -> bytes | None:
    if (text := request.header("Content-MD5")) is None:
        return None
    if (digest := _base64(text, 16)) is None:
        raise s3_errors.invalid_md5()
    return digest


def _expected_sha256(request: S3Request) -> str | None:
    text = request.header("x-amz-content-sha256")
    if text is not None and text.startswith("STREAMING-AWS4"):
        raise s3_errors.not_implemented("x-amz-content-sha256")
    if request.is_aws_chunked != (text == _UNSIGNED_TRAILER):
        raise s3_errors.invalid_request("The value of x-amz-content-sha256 header is invalid.")
    if text in (None, _UNSIGNED, _UNSIGNED_TRAILER):
        return None
    if not re.fullmatch(r"[0-9a-f]{64}", str(text)):
        raise s3_errors.invalid_argument(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value."
        )
    return text


def _expected_checksum(request: S3Request) -> tuple[str | None, bytes | None, bool]:
    """Algorithm, value and whether the value comes in a trailer. At most one checksum is allowed."""
    names = {name.lower() for name in request.headers}
    found = sorted(name for name in names if name.startswith(_CHECKSUM) and name not in _NOT_VALUES)
    trailer = (request.header("x-amz-trailer") or "").lower() if request.is_aws_chunked else ""
    if trailer:
        found.append(trailer)
    if len(found) > 1:
        raise s3_errors.invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    wanted = (request.header("x-amz-sdk-checksum-algorithm") or "").lower()
    if not found:
        if wanted:
            raise s3_errors.invalid_request(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                "headers were found."
            )
        return None, None, False
    name = found[0].removeprefix(_CHECKSUM)
    if name not in _CHECKSUM_BYTES:
        raise s3_errors.not_implemented(found[0])
    if wanted not in ("", name):
        raise s3_errors.invalid_header_value("x-amz-sdk-checksum-algorithm")
    if trailer:
        return name, None, True
    if (value := _base64(request.header(found[0]) or "", _CHECKSUM_BYTES[name])) is None:
        raise s3_errors.invalid_header_value(found[0])
    return name, value, False


def receive(exchange: Exchange, request: S3Request, expected: Expected) -> Body:
    """Read the body whole, to memory or disk, and verify it; the caller closes its content.

    Raises S3Error; ConnectionError where the client has gone.
    """
    with ExitStack() as spools:
        content = spools.enter_context(_spool())
        trailer: dict[str, str] = {}
        try:
            _read_chunked(exchange, content) if request.header("Transfer-Encoding") else _read_plain(exchange, content)
        except TimeoutError:
            raise s3_errors.request_timeout() from None
        if request.is_aws_chunked:
            with content as wire:
                content = spools.enter_context(_spool())
                trailer = _decode_aws_chunked(wire, content)
        body = _verified(content, expected, trailer)
        spools.pop_all()
        return body


def _spool() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(_SPOOL_BYTES)


def _read_plain(exchange: Exchange, into: IO[bytes]) -> None:
    left = exchange.body_bytes or 0
    while left:
        left -= _copy(exchange, min(left, _READ_BYTES), into)


def _read_chunked(exchange: Exchange, into: IO[bytes]) -> None:
    """HTTP's own chunked coding: RFC 9112 section 7.1. Trailer fields are read and dropped."""
    while size := _chunk_size(exchange.read_line()):
        if into.tell() + size > 2 * s3_errors.MAX_OBJECT_BYTES:
            raise s3_errors.entity_too_large(into.tell() + size)
        while size:
            size -= _copy(exchange, min(size, _READ_BYTES), into)
        if exchange.read_line() != b"\r\n":
            raise s3_errors.incomplete_body()
    while (line := exchange.read_line()) != b"\r\n":
        if not line:
            raise s3_errors.incomplete_body()
    exchange.chunked_body_done()


def _copy(exchange: Exchange, size_bytes: int, into: IO[bytes]) -> int:
    data = exchange.read(size_bytes)
    into.write(data)
    if len(data) < size_bytes:
        raise s3_errors.incomplete_body()
    return size_bytes


def _decode_aws_chunked(wire: IO[bytes], into: IO[bytes]) -> dict[str, str]:
    """The trailer of `STREAMING-UNSIGNED-PAYLOAD-TRAILER`, its body written to `into`.

    Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Including Trailing Headers".
    """
    wire.seek(0)
    while size := _chunk_size(wire.readline(1024)):
        data = wire.read(size)
        into.write(data)
        if len(data) < size or wire.readline(2) != b"\r\n":
            raise s3_errors.incomplete_body()
    fields = (line.decode("latin-1").partition(":") for line in wire.read(4096).split(b"\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in fields}


def _chunk_size(line: bytes) -> int:
    size = line.partition(b";")[0].strip()
    if not line.endswith(b"\r\n") or not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", size):
        raise s3_errors.incomplete_body()
    return int(size, 16)


def _verified(content: IO[bytes], expected: Expected, trailer: dict[str, str]) -> Body:
    hashes: dict[str, _Hash] = {}
    if expected.md5 is not None:
        hashes["md5"] = hashlib.md5(usedforsecurity=False)
    if expected.content_sha256 is not None:
        hashes["content"] = hashlib.sha256()
    if expected.checksum_name is not None:
        hashes["checksum"] = _new_hash(expected.checksum_name)
    size_bytes = _hash_all(content, list(hashes.values()))
    digests = {name: hash_.digest() for name, hash_ in hashes.items()}
    if size_bytes != expected.size_bytes:
        raise s3_errors.incomplete_body()
    if expected.md5 is not None and digests["md5"] != expected.md5:
        raise s3_errors.bad_md5()
    if expected.content_sha256 is not None and digests["content"].hex() != expected.content_sha256:
        raise s3_errors.content_sha256_mismatch(expected.content_sha256, digests["content"].hex())
    return Body(content, size_bytes, _verified_checksum(expected, trailer, digests.get("checksum")))


def _verified_checksum(expected: Expected, trailer: dict[str, str], digest: bytes | None) -> tuple[str, str] | None:
    name = expected.checksum_name
    if name is None or digest is None:
        return None
    value = expected.checksum
    if expected.is_checksum_in_trailer:
        value = _base64(trailer.get(_CHECKSUM + name, ""), _CHECKSUM_BYTES[name])
    if value is None:
        raise s3_errors.invalid_request(f"Value for {_CHECKSUM}{name} trailing header is invalid.")
    if digest != value:
        raise s3_errors.bad_digest(name.upper())
    return _CHECKSUM + name, base64.b64encode(digest).decode()


def _new_hash(name: str) -> _Hash:
    return _Crc32() if name == "crc32" else hashlib.new(name, usedforsecurity=False)


def _hash_all(content: IO[bytes], hashes: list[_Hash]) -> int:
    content.seek(0)
    size_bytes = 0
    while data := content.read(_READ_BYTES):
        size_bytes += len(data)
        for hash_ in hashes:
            hash_.update(data)
    content.seek(0)
    return size_bytes


def _base64(text: str, size_bytes: int) -> bytes | None:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == size_bytes else None
