"""Hands requests that passed the front's checks to moto, and tidies moto's answers into S3's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3

from infra.local.s3_request import S3Request
from infra.local.s3_rules import Body
from infra.local.s3_signature import AUTH_PARAMS

_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
_FRONT_ONLY = {
    "host",
    "authorization",
    "expect",
    "origin",
    "content-length",
    "content-md5",
    "x-amz-content-sha256",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-security-token",
}
_MOTO_ONLY = {"date", "server", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "x-amz-sdk-checksum-algorithm"}
_NOT_OF_EMPTY_ANSWERS = {"content-type", "last-modified"}
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_IDS = re.compile(rb"<(RequestId|HostId)>[^<]*</\1>")


@dataclass(frozen=True)
class Answer:
    """An answer that is ready to be sent, but for request ids, CORS fields and connection fields."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for given, value in self.headers if given.lower() == name.lower()), None)


class MotoBackend:
    """Sends over pooled connections; moto's development server closes each of them after one answer."""

    def __init__(self, moto_url: str, region: str) -> None:
        parts = urlsplit(moto_url)
        self._pool = urllib3.HTTPConnectionPool(parts.hostname or "127.0.0.1", parts.port, maxsize=16, block=False)
        self._region = region

    def close(self) -> None:
        self._pool.close()

    def send(self, request: S3Request, access_key: str, body: Body) -> Answer:
        """Raises urllib3's errors where moto does not answer."""
        query = request.query(*AUTH_PARAMS)
        has_body = request.method in ("PUT", "POST") or body.size_bytes
        response = self._pool.urlopen(
            request.method,
            request.path + (f"?{query}" if query else ""),
            body=body.content if has_body else None,
            headers=self._headers(request, access_key, body, bool(has_body)),
            retries=False,
            redirect=False,
            decode_content=False,
        )
        return _tidy(request, response)

    def _headers(self, request: S3Request, access_key: str, body: Body, has_body: bool) -> Any:
        fields = urllib3.HTTPHeaderDict()
        for name, value in request.headers.items():
            if name.lower() not in _HOP_BY_HOP | _FRONT_ONLY and not name.lower().startswith("access-control-"):
                fields.add(name, value)
        _unframe(fields)
        if has_body:
            fields["Content-Length"] = str(body.size_bytes)
        if body.checksum is not None:
            # moto keeps a checksum for later HEADs only where an SDK names the algorithm.
            fields[body.checksum[0]] = body.checksum[1]
            fields["x-amz-sdk-checksum-algorithm"] = body.checksum[0].rpartition("-")[2].upper()
        # moto finds the service by the scope; without one it would read a form-typed body to guess it.
        scope = f"{access_key}/20000101/{self._region}/s3/aws4_request"
        fields["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=checked"
        return fields


def _unframe(fields: urllib3.HTTPHeaderDict) -> None:
    encodings = [part.strip() for part in fields.get("Content-Encoding", "").split(",")]
    if "aws-chunked" in encodings:
        fields.discard("Content-Encoding")
        if kept := ",".join(part for part in encodings if part != "aws-chunked"):
            fields["Content-Encoding"] = kept
    if fields.get("Content-Type", "").lower().startswith(_FORM_TYPES):
        # moto would parse such a body as a form, and store nothing of it.
        fields["Content-Type"] = "binary/octet-stream"


def _tidy(request: S3Request, response: urllib3.BaseHTTPResponse) -> Answer:
    body = response.data
    dropped = _MOTO_ONLY | _HOP_BY_HOP
    if request.method not in ("GET", "HEAD"):
        dropped = dropped | {"content-length"} | (_NOT_OF_EMPTY_ANSWERS if not body else set())
    headers = tuple(
        (name, value)
        for name, value in response.headers.items()
        if name.lower() not in dropped and not name.lower().startswith(("access-control-", "vary"))
    )
    if response.status >= 400:
        body = _IDS.sub(b"", body)
        headers = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    return Answer(response.status, headers, body)
