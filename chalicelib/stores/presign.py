"""Presigned S3 URLs by Signature Version 4 in the query, byte for byte as botocore makes them.

Standard library only: botocore's own signer costs a client and tens of microseconds a URL. Source: Amazon S3 API
Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
"""

from __future__ import annotations

import hmac
import re
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256 as new_sha256
from string import ascii_letters, digits
from typing import NamedTuple
from urllib.parse import quote, urlsplit

MAX_EXPIRES_IN_S = 3600

_BAD_CLAIM = "size_bytes must not be negative and sha256 must be 32 raw bytes"
_EMPTY_KEY = "key is empty"
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_NEVER_ESCAPED = f"{ascii_letters}{digits}-._~/".encode()
_HMAC_BLOCK_BYTES = 64
_INNER_PAD, _OUTER_PAD = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials; `expires_at` (aware) where they belong to a role's session."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PresignedUrl:
    """One URL for one method on one key.

    `host`, `port` and `path` (with its query) say the same as `url`, for a client that opens its own socket. `headers`
    are those to send besides Host; S3 answers 403 when one of them is missing or differs.
    """

    url: str = field(repr=False)
    host: str
    port: int
    path: str = field(repr=False)
    headers: Mapping[str, str]
    expires_at: datetime


class PutRequest(NamedTuple):
    """One object of a batch: its key after the batch's prefix, length in bytes, raw 32-byte SHA-256."""

    key_tail: str
    content_type: str
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class PresignedPuts:
    """A batch of PUTs that share all but key tail and signature, in the order of their requests.

    A URL is `origin + path_prefix + path_tail + "?" + query + signature`; all parts are escaped, `query` ends with
    `X-Amz-Signature=`. Each PUT sends Content-Type, Content-Length, x-amz-checksum-sha256 (base64) and, where asked
    for, `If-None-Match: *`.
    """

    origin: str
    host: str
    port: int
    path_prefix: str
    query: str = field(repr=False)
    expires_at: datetime
    path_tails: list[str]
    signatures: list[str] = field(repr=False)

    def urls(self) -> list[str]:
        """The complete URLs, in the order of the requests."""
        start, query = self.origin + self.path_prefix, self.query
        signed = zip(self.path_tails, self.signatures, strict=True)
        return [f"{start}{path_tail}?{query}{signature}" for path_tail, signature in signed]


class QuerySigner:
    """Signs S3 query strings with one set of credentials, at one instant, for one lifetime.

    `signed_at` is aware and counts in whole seconds; `lifetime_s` is 1 to 604800.
    """

    def __init__(self, credentials: Credentials, *, region: str, signed_at: datetime, lifetime_s: int) -> None:
        timestamp = signed_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{timestamp[:8]}/{region}/s3/aws4_request"
        self._shared = (
            f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={quote(credentials.access_key, safe='')}"
            f"%2F{scope.replace('/', '%2F')}&X-Amz-Date={timestamp}&X-Amz-Expires={lifetime_s}"
        )
        self._token = _token_parameter(credentials.session_token)
        # The string to sign differs between requests only in its last line: both hashes of the HMAC are kept as they
        # are before that line (RFC 2104, section 4). Going on from there takes half as long as with a copy of the
        # library's HMAC.
        block = signing_key(credentials.secret_key, timestamp[:8], region, "s3").ljust(_HMAC_BLOCK_BYTES, b"\0")
        self._inner = new_sha256(block.translate(_INNER_PAD) + f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n".encode())
        self._outer = new_sha256(block.translate(_OUTER_PAD))

    def query(self, signed_headers: str) -> str:
        """The signing parameters in botocore's order, up to and with `X-Amz-Signature=`."""
        return f"{self._shared}&X-Amz-SignedHeaders={signed_headers.replace(';', '%3B')}{self._token}&X-Amz-Signature="

    def canonical_query(self, signed_headers: str) -> str:
        """The same parameters as they are signed: sorted, without the signature."""
        return f"{self._shared}{self._token}&X-Amz-SignedHeaders={signed_headers.replace(';', '%3B')}"

    def signature(self, canonical_request: str) -> str:
        """The signature of a canonical request, in hex."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(new_sha256(canonical_request.encode()).hexdigest().encode())
        outer.update(inner.digest())
        return outer.hexdigest()

    def sign(self, method: str, path: str, headers: Mapping[str, str], params: Mapping[str, str] | None = None) -> str:
        """The whole signed query of a request.

        `path` is escaped; `headers` hold every header to sign, host too, names in lower case; `params` are query
        parameters of the operation itself, unescaped.
        """
        names = ";".join(sorted(headers))
        escaped = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in (params or {}).items()]
        canonical_query = "&".join([self.canonical_query(names), *sorted(escaped)])
        canonical_headers = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        signature = self.signature(
            f"{method}\n{path}\n{canonical_query}\n{canonical_headers}\n{names}\nUNSIGNED-PAYLOAD"
        )
        return "&".join([*escaped, self.query(names)]) + signature


class Presigner:
    """Presigns PUTs and GETs on one bucket. No call leaves the machine.

    With `endpoint_url` (scheme, host and port only) the URLs are path-style on it; without, virtual-hosted on AWS in
    `region`'s partition. `credentials` is asked at each call, so it may refresh them; `clock` gives an aware instant.
    Raises ValueError for a bucket name or an endpoint that cannot be addressed so.
    """

    def __init__(
        self,
        *,
        bucket: str,
        region: str,
        endpoint_url: str | None,
        credentials: Callable[[], Credentials],
        clock: Callable[[], datetime],
    ) -> None:
        if _BUCKET_NAME.fullmatch(bucket) is None:
            raise ValueError(f"bucket name is no host label: {bucket!r}")
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._base_path = "/" if endpoint_url is None else f"/{bucket}/"
        endpoint = urlsplit(f"https://{virtual_host(bucket, region)}" if endpoint_url is None else endpoint_url)
        more = "@" in endpoint.netloc or endpoint.path.strip("/") or endpoint.query or endpoint.fragment
        if endpoint.scheme not in _DEFAULT_PORTS or not endpoint.hostname or more:
            raise ValueError("endpoint_url must be http(s)://host[:port]")
        self._origin = f"{endpoint.scheme}://{endpoint.netloc}"
        self._host = endpoint.hostname
        self._port = endpoint.port or _DEFAULT_PORTS[endpoint.scheme]
        name = f"[{self._host}]" if ":" in self._host else self._host
        self._host_header = name if self._port == _DEFAULT_PORTS[endpoint.scheme] else f"{name}:{self._port}"

    def put(
        self,
        key: str,
        *,
        content_type: str,
        size_bytes: int | None,
        sha256: bytes | None,
        expires_in_s: int,
        if_none_match: bool,
    ) -> PresignedUrl:
        """A PUT of `key` that binds whatever is known: content type, length, raw 32-byte SHA-256, absence of the key.

        It ends after `expires_in_s` (1 to 3600) or with the credentials, whichever is first. Raises ValueError for an
        empty key, a content type that is no header value, a negative size, a SHA-256 of another length.
        """
        if (size_bytes is not None and size_bytes < 0) or (sha256 is not None and len(sha256) != 32):
            raise ValueError(_BAD_CLAIM)
        headers = {"Content-Type": _header_value(content_type)}
        if size_bytes is not None:
            headers["Content-Length"] = str(size_bytes)
        if sha256 is not None:
            headers["x-amz-checksum-sha256"] = b2a_base64(sha256, newline=False).decode()
        if if_none_match:
            headers["If-None-Match"] = "*"
        return self._presigned("PUT", key, headers, {}, expires_in_s)

    def get(
        self,
        key: str,
        *,
        expires_in_s: int,
        version_id: str | None = None,
        response_content_type: str | None = None,
        response_content_disposition: str | None = None,
    ) -> PresignedUrl:
        """A GET of `key`; Range stays the client's choice. Ends and raises as `put` does."""
        params = {
            "versionId": version_id,
            "response-content-type": response_content_type,
            "response-content-disposition": response_content_disposition,
        }
        known = {name: value for name, value in params.items() if value is not None}
        return self._presigned("GET", key, {}, known, expires_in_s)

    def put_many(
        self, key_prefix: str, requests: Sequence[PutRequest], *, expires_in_s: int, if_none_match: bool
    ) -> PresignedPuts:
        """The PUTs that `put` would give for each `key_prefix + key_tail`, signed at one instant. Raises as it does."""
        signer, expires_at = self._signer(expires_in_s)
        condition, condition_name = ("if-none-match:*\n", "if-none-match;") if if_none_match else ("", "")
        names = f"content-length;content-type;host;{condition_name}x-amz-checksum-sha256"
        path_prefix = self._base_path + quote(key_prefix)
        before_tail = f"PUT\n{path_prefix}"
        before_size = f"\n{signer.canonical_query(names)}\ncontent-length:"
        before_checksum = f"\nhost:{self._host_header}\n{condition}x-amz-checksum-sha256:"
        after_checksum = f"\n\n{names}\nUNSIGNED-PAYLOAD"
        path_tails = _escaped([request.key_tail for request in requests])
        if not key_prefix and "" in path_tails:
            raise ValueError(_EMPTY_KEY)
        sign, signatures = signer.signature, []
        for path_tail, (_, content_type, size_bytes, sha256) in zip(path_tails, requests, strict=True):
            if size_bytes < 0 or len(sha256) != 32:
                raise ValueError(_BAD_CLAIM)
            canonical_request = (
                f"{before_tail}{path_tail}{before_size}{size_bytes}\ncontent-type:{_header_value(content_type)}"
                f"{before_checksum}{b2a_base64(sha256, newline=False).decode()}{after_checksum}"
            )
            signatures.append(sign(canonical_request))
        place = (self._origin, self._host, self._port, path_prefix)
        return PresignedPuts(*place, signer.query(names), expires_at, path_tails, signatures)

    def _presigned(
        self, method: str, key: str, headers: Mapping[str, str], params: Mapping[str, str], expires_in_s: int
    ) -> PresignedUrl:
        if not key:
            raise ValueError(_EMPTY_KEY)
        signer, expires_at = self._signer(expires_in_s)
        path = self._base_path + quote(key)
        signed = {"host": self._host_header, **{name.lower(): value for name, value in headers.items()}}
        target = f"{path}?{signer.sign(method, path, signed, params)}"
        return PresignedUrl(self._origin + target, self._host, self._port, target, headers, expires_at)

    def _signer(self, expires_in_s: int) -> tuple[QuerySigner, datetime]:
        if not 1 <= expires_in_s <= MAX_EXPIRES_IN_S:
            raise ValueError(f"expires_in_s must be 1 to {MAX_EXPIRES_IN_S}")
        credentials = self._credentials()
        # S3 counts from X-Amz-Date, which has whole seconds.
        signed_at = self._clock().replace(microsecond=0)
        lifetime_s, end = expires_in_s, credentials.expires_at
        if end is not None:
            lifetime_s = max(1, min(lifetime_s, int((end - signed_at).total_seconds())))
        expires_at = signed_at + timedelta(seconds=lifetime_s)
        signer = QuerySigner(credentials, region=self._region, signed_at=signed_at, lifetime_s=lifetime_s)
        return signer, expires_at if end is None else min(expires_at, end)


@lru_cache(maxsize=8)
def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    """`date` is YYYYMMDD, in UTC."""
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@lru_cache(maxsize=4)
def _token_parameter(session_token: str | None) -> str:
    # A session token is a thousand characters that want escaping: kept, for that costs as much as ten signatures.
    return "" if session_token is None else f"&X-Amz-Security-Token={quote(session_token, safe='')}"


def virtual_host(bucket: str, region: str) -> str:
    """The host name that AWS gives a bucket."""
    # botocore still gives the first region its old global name.
    return f"{bucket}.s3.amazonaws.com" if region == "us-east-1" else f"{bucket}.s3.{region}.{dns_suffix(region)}"


def dns_suffix(region: str) -> str:
    """What the host names of the region's partition end in."""
    return next((suffix for prefix, suffix in _DNS_SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")


@lru_cache(maxsize=32)
def _header_value(text: str) -> str:
    value = " ".join(text.split())
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError("content type must be printable ASCII")
    return value


def _escaped(key_tails: list[str]) -> list[str]:
    # The project's own keys need no escaping: one look at all of them is cheaper than one at each.
    special = "".join(key_tails).encode().translate(None, _NEVER_ESCAPED)
    return [quote(key_tail) for key_tail in key_tails] if special else key_tails
