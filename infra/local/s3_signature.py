"""Checks AWS Signature Version 4 as S3 does, with botocore's own signer as the reference.

Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)"
and "Authenticating Requests: Using the Authorization Header".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from infra.local import s3_errors
from infra.local.s3_request import S3Request

MAX_EXPIRES_S = 604_800
"""A presigned URL lives seven days at most."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_MAX_SKEW = timedelta(minutes=15)
_QUERY_PARAMS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)
AUTH_PARAMS = (*_QUERY_PARAMS, "X-Amz-Security-Token")
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM}\s+Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*"
    r"Signature=(?P<signature>[^,\s]+)"
)


@dataclass(frozen=True)
class Credential:
    """The secret of an access key. A temporary key has a session token, and dies at `expires_at`."""

    secret_key: str
    session_token: str | None = None
    expires_at: datetime | None = None


FindCredential = Callable[[str], Credential | None]
"""Access key -> its credential, or None for one that S3 does not know; the `get` of a dict is one."""


@dataclass(frozen=True)
class _Scope:
    access_key: str
    date: str
    region: str

    @classmethod
    def parse(cls, text: str, region: str, refuse: Callable[[str], s3_errors.S3Error], where: str) -> _Scope:
        parts = text.rsplit("/", 4)
        if len(parts) != 5:
            form = '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"'
            raise refuse(f"{where}the Credential is mal-formed; expecting {form}.")
        access_key, date, given_region, service, terminal = parts
        if not re.fullmatch(r"[0-9]{8}", date):
            raise refuse(f'{where}incorrect date format "{date}". This date must be in the format "yyyyMMdd".')
        if given_region != region:
            raise refuse(f"{where}the region '{given_region}' is wrong; expecting '{region}'")
        if service != "s3":
            raise refuse(f'{where}incorrect service "{service}". This endpoint belongs to "s3".')
        if terminal != "aws4_request":
            raise refuse(f'{where}incorrect terminal "{terminal}". This endpoint uses "aws4_request".')
        return cls(access_key, date, given_region)


@dataclass(frozen=True)
class _Claim:
    """What a request says about its own signature."""

    scope: _Scope
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    token: str | None


def check(request: S3Request, find: FindCredential, region: str, now: datetime) -> str:
    """Give the access key that signed the request; raise S3Error where S3 would refuse it.

    A request carries one kind of authentication; SigV2 is refused, for it signs neither length nor
    `If-None-Match`.
    """
    if request.auth == "anonymous":
        raise s3_errors.access_denied()
    if request.header("Authorization") is not None and request.auth != "signed":
        raise s3_errors.invalid_argument(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified"
        )
    if request.auth == "presigned v2":
        raise s3_errors.signature_version_2()
    claim = _query_claim(request, region, now) if request.auth == "presigned" else _header_claim(request, region, now)
    credential = _credential(claim, find, now)
    _check_all_signed(request, claim)
    _check_signature(request, claim, credential)
    return claim.scope.access_key


def _query_claim(request: S3Request, region: str, now: datetime) -> _Claim:
    given = [name for name, _ in request.params if name in AUTH_PARAMS]
    values = {name: request.param(name) or "" for name in _QUERY_PARAMS}
    if not all(values.values()) or len(given) != len(set(given)):
        raise s3_errors.query_parameters(
            f"Query-string authentication version 4 requires the {', '.join(_QUERY_PARAMS[:-1])}, "
            f"and {_QUERY_PARAMS[-1]} parameters."
        )
    if values["X-Amz-Algorithm"] != _ALGORITHM:
        raise s3_errors.query_parameters(f'X-Amz-Algorithm only supports "{_ALGORITHM}"')
    where = "Error parsing the X-Amz-Credential parameter; "
    scope = _Scope.parse(values["X-Amz-Credential"], region, s3_errors.query_parameters, where)
    signed_at = _instant(values["X-Amz-Date"])
    if signed_at is None:
        raise s3_errors.query_parameters("""X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'\"""")
    if not values["X-Amz-Date"].startswith(scope.date):
        raise s3_errors.query_parameters(
            f'Invalid credential date "{scope.date}". This date is not the same as X-Amz-Date: '
            f'"{values["X-Amz-Date"][:8]}".'
        )
    _check_lifetime(values["X-Amz-Expires"], signed_at, now)
    return _Claim(
        scope,
        values["X-Amz-Date"],
        tuple(values["X-Amz-SignedHeaders"].split(";")),
        values["X-Amz-Signature"],
        request.param("X-Amz-Security-Token"),
    )


def _check_lifetime(expires: str, signed_at: datetime, now: datetime) -> None:
    if not re.fullmatch(r"-?[0-9]{1,18}", expires, re.ASCII):
        raise s3_errors.query_parameters("X-Amz-Expires should be a number")
    expires_s = int(expires)
    if expires_s < 0:
        raise s3_errors.query_parameters("X-Amz-Expires must be non-negative")
    if expires_s > MAX_EXPIRES_S:
        raise s3_errors.query_parameters(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
            f"less than {MAX_EXPIRES_S} seconds"
        )
    if signed_at > now + _MAX_SKEW:
        raise s3_errors.access_denied("Request is not valid yet", ServerTime=_text(now))
    expires_at = signed_at + timedelta(seconds=expires_s)
    if now >= expires_at:
        details = {"X-Amz-Expires": expires, "Expires": _text(expires_at), "ServerTime": _text(now)}
        raise s3_errors.access_denied("Request has expired", **details)


def _header_claim(request: S3Request, region: str, now: datetime) -> _Claim:
    authorization = request.header("Authorization") or ""
    if authorization.startswith("AWS "):
        raise s3_errors.signature_version_2()
    if not authorization.startswith(_ALGORITHM):
        raise s3_errors.invalid_argument("Unsupported Authorization Type")
    parts = _AUTHORIZATION.fullmatch(authorization)
    if parts is None:
        raise s3_errors.malformed_authorization(
            "the authorization header requires three components: Credential, SignedHeaders, and Signature."
        )
    scope = _Scope.parse(parts["credential"], region, s3_errors.malformed_authorization, "")
    timestamp = request.header("X-Amz-Date") or ""
    signed_at = _instant(timestamp)
    if signed_at is None or not timestamp.startswith(scope.date):
        raise s3_errors.access_denied("AWS authentication requires a valid Date or x-amz-date header")
    if abs(now - signed_at) > _MAX_SKEW:
        raise s3_errors.request_time_too_skewed(timestamp, _text(now))
    if request.header("X-Amz-Content-SHA256") is None:
        raise s3_errors.invalid_request("Missing required header for this request: x-amz-content-sha256")
    names = tuple(parts["headers"].split(";"))
    return _Claim(scope, timestamp, names, parts["signature"], request.header("X-Amz-Security-Token"))


def _credential(claim: _Claim, find: FindCredential, now: datetime) -> Credential:
    credential = find(claim.scope.access_key)
    if credential is None or (credential.session_token is not None and claim.token is None):
        raise s3_errors.invalid_access_key(claim.scope.access_key)
    if not _same(claim.token or "", credential.session_token or ""):
        raise s3_errors.invalid_token()
    if credential.expires_at is not None and now >= credential.expires_at:
        raise s3_errors.expired_token()
    return credential


def _check_all_signed(request: S3Request, claim: _Claim) -> None:
    """`host` and every `x-amz-*` field that is sent must be among the signed ones."""
    names = {name.lower() for name in request.headers}
    needed = {name for name in names if name == "host" or name.startswith("x-amz-")}
    if unsigned := sorted(needed - set(claim.signed_headers)):
        raise s3_errors.headers_not_signed(unsigned)


class _Signer(S3SigV4QueryAuth):
    """Signs exactly the header fields of its request; botocore would leave out some that a client may sign."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers


def _check_signature(request: S3Request, claim: _Claim, credential: Credential) -> None:
    query = request.query("X-Amz-Signature")
    signed = AWSRequest(request.method, f"http://{request.header('Host')}{request.path}?{query}")
    for name in set(claim.signed_headers):
        for value in request.headers.get_all(name) or [""]:
            signed.headers[name] = str(value)
    signed.context["timestamp"] = claim.timestamp
    signer = _Signer(Credentials(claim.scope.access_key, credential.secret_key), "s3", claim.scope.region)
    canonical_request = signer.canonical_request(signed)
    string_to_sign = signer.string_to_sign(signed, canonical_request)
    if not _same(signer.signature(string_to_sign, signed), claim.signature):
        raise s3_errors.signature_does_not_match(
            claim.scope.access_key, claim.signature, string_to_sign, canonical_request
        )


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def _instant(text: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text, re.ASCII):
        return None
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
