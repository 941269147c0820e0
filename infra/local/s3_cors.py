"""A bucket's CORS configuration, enforced.

Amazon S3 User Guide, "Using cross-origin resource sharing (CORS)", and Amazon S3 API Reference,
"OPTIONS object": the first rule that matches decides; a preflight that none allows is a 403, an
actual request that none allows is answered without the headers that a browser asks for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra.local import s3_errors
from infra.local.s3_request import S3Request

Rule = Mapping[str, Any]
_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
_VARY = ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
_NOT_ALLOWED = (
    "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)


def rules_of(s3_client: Any, bucket: str) -> Sequence[Rule]:
    """The bucket's rules, in order; none for a bucket without a configuration, or that does not exist."""
    try:
        rules: Sequence[Rule] = s3_client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError:
        return ()
    return rules


def preflight(request: S3Request, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """The header fields that allow what an OPTIONS asks for. Raises S3Error."""
    origin = request.header("Origin")
    method = request.header("Access-Control-Request-Method")
    if origin is None:
        raise s3_errors.S3Error(400, "BadRequest", "Insufficient information. Origin request header needed.")
    if method not in _METHODS:
        raise s3_errors.S3Error(400, "BadRequest", f"Invalid Access-Control-Request-Method: {method or 'null'}")
    if not rules:
        message = "CORS is not enabled for this bucket."
        raise s3_errors.cors_forbidden(message, method, request.resource_type)
    asked = request.header("Access-Control-Request-Headers") or ""
    names = [name.strip().lower() for name in asked.split(",") if name.strip()]
    rule = _first_match(rules, origin, method, names)
    if rule is None:
        raise s3_errors.cors_forbidden(_NOT_ALLOWED, method, request.resource_type)
    fields = _allow(rule, origin)
    if names:
        fields.append(("Access-Control-Allow-Headers", ", ".join(names)))
    return fields


def answer_headers(request: S3Request, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """The header fields that an actual request's answer gets; none where no rule allows it."""
    origin = request.header("Origin")
    rule = _first_match(rules, origin, request.method, []) if origin is not None else None
    return _allow(rule, origin) if rule is not None and origin is not None else []


def _first_match(rules: Sequence[Rule], origin: str, method: str, names: list[str]) -> Rule | None:
    return next((rule for rule in rules if _matches(rule, origin, method, names)), None)


def _matches(rule: Rule, origin: str, method: str, names: list[str]) -> bool:
    allowed = [str(pattern).lower() for pattern in rule.get("AllowedHeaders", ())]
    return (
        any(_wildcard(pattern, origin) for pattern in rule["AllowedOrigins"])
        and method in rule["AllowedMethods"]
        and all(any(_wildcard(pattern, name) for pattern in allowed) for name in names)
    )


def _wildcard(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text) is not None


def _allow(rule: Rule, origin: str) -> list[tuple[str, str]]:
    is_any_origin = "*" in rule["AllowedOrigins"]
    fields = [
        ("Access-Control-Allow-Origin", "*" if is_any_origin else origin),
        ("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])),
    ]
    if exposed := rule.get("ExposeHeaders"):
        fields.append(("Access-Control-Expose-Headers", ", ".join(exposed)))
    if "MaxAgeSeconds" in rule:
        fields.append(("Access-Control-Max-Age", str(rule["MaxAgeSeconds"])))
    if not is_any_origin:
        fields.append(("Access-Control-Allow-Credentials", "true"))
    return [*fields, _VARY]
