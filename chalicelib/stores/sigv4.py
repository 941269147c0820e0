"""Signature Version 4 in the Authorization header, byte for byte as botocore signs (IAM User Guide, "Create a signed
AWS API request").
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from chalicelib.stores.presign import Credentials, signing_key


class Request(NamedTuple):
    """`path` and `query` are escaped as they are sent, the query's parameters in the order of their names; `headers`
    are those to sign besides the signature's own, Host included.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def signed_headers(
    request: Request, credentials: Credentials, *, region: str, service: str, at: datetime
) -> dict[str, str]:
    """The request's headers and those that sign it; `at` is in UTC."""
    timestamp = at.strftime("%Y%m%dT%H%M%SZ")
    body_sha256 = sha256(request.body).hexdigest()
    headers = {**request.headers, "X-Amz-Date": timestamp}
    if credentials.session_token is not None:
        headers["X-Amz-Security-Token"] = credentials.session_token
    if service == "s3":
        headers["X-Amz-Content-SHA256"] = body_sha256
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in lines)
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in lines)
    canonical = f"{request.method}\n{request.path}\n{request.query}\n{canonical_headers}\n{names}\n{body_sha256}"
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = signing_key(credentials.secret_key, timestamp[:8], region, service)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers
