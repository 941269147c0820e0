"""One request to S3, path-style, with its path and query decoded once."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from infra.local import s3_errors

AuthKind = Literal["presigned", "presigned v2", "signed", "anonymous"]

_MAX_KEY_BYTES = 1024


@dataclass(frozen=True)
class S3Request:
    """`bucket` and `key` are decoded and empty where the path has none; `params` keep their order."""

    method: str
    decoded_path: str
    bucket: str
    key: str
    params: tuple[tuple[str, str], ...]
    headers: Message

    @property
    def path(self) -> str:
        """The canonical path: decoded, then every byte but the unreserved ones and `/` encoded."""
        return _encode(self.decoded_path, safe="/")

    def query(self, *without: str) -> str:
        """The query, decoded and encoded again, without some parameters."""
        return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in self.params if name not in without)

    def param(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for given, value in self.params if given == name), None)

    def has_param(self, *names: str) -> bool:
        return any(given in names for given, _ in self.params)

    def header(self, name: str) -> str | None:
        """All values of a header field, joined as SigV4 joins them."""
        values = self.headers.get_all(name)
        return None if values is None else ",".join(" ".join(str(value).split()) for value in values)

    @property
    def is_aws_chunked(self) -> bool:
        return "aws-chunked" in (self.header("Content-Encoding") or "")

    @property
    def resource_type(self) -> str:
        if self.key:
            return "OBJECT"
        return "BUCKET" if self.bucket else "SERVICE"

    @property
    def auth(self) -> AuthKind:
        """How the request says that it is authenticated; nothing is checked here."""
        if any(name.startswith("X-Amz-") and name != "X-Amz-Security-Token" for name, _ in self.params):
            return "presigned"
        if self.has_param("AWSAccessKeyId", "Signature"):
            return "presigned v2"
        return "signed" if self.header("Authorization") is not None else "anonymous"


def parse(method: str, target: str, headers: Message) -> S3Request:
    """Read a raw request target, as `http.server` gives it. Raises S3Error (InvalidURI, KeyTooLongError)."""
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        raise s3_errors.invalid_uri()
    decoded_path = _decode(path)
    bucket, _, key = decoded_path[1:].partition("/")
    if (key_bytes := len(key.encode())) > _MAX_KEY_BYTES:
        raise s3_errors.key_too_long(key_bytes)
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    params = tuple((_decode(name), _decode(value)) for name, _, value in pairs)
    return S3Request(method, decoded_path, bucket, key, params, headers)


def _decode(text: str) -> str:
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise s3_errors.invalid_uri() from None


def _encode(text: str, safe: str = "") -> str:
    return quote(text, safe=safe)
