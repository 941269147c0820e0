"""S3's errors as S3 sends them.

Codes, statuses and texts: Amazon S3 API Reference, "Error responses" and "Authenticating Requests:
Using Query Parameters (AWS Signature Version 4)".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

MAX_OBJECT_BYTES = 5 * 1024**3
"""The most that one PUT may carry (S3 User Guide, "Uploading objects")."""


_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(eq=False)
class S3Error(Exception):
    """A refusal: HTTP status, S3's code and message, and the further elements of its XML body."""

    status: int
    code: str
    message: str
    details: dict[str, str] = field(default_factory=dict)

    def xml(self) -> bytes:
        """S3's error body but for RequestId and HostId, which whoever answers puts before `</Error>`."""
        elements = {"Code": self.code, "Message": self.message, **self.details}
        inner = "".join(f"<{name}>{escape(_NOT_XML.sub('?', text))}</{name}>" for name, text in elements.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()


def access_denied(message: str = "Access Denied", **details: str) -> S3Error:
    return S3Error(403, "AccessDenied", message, details)


def headers_not_signed(names: list[str]) -> S3Error:
    return access_denied(
        "There were headers present in the request which were not signed", HeadersNotSigned=", ".join(names)
    )


def signature_does_not_match(access_key: str, provided: str, string_to_sign: str, canonical_request: str) -> S3Error:
    return S3Error(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        {
            "AWSAccessKeyId": access_key,
            "StringToSign": string_to_sign,
            "SignatureProvided": provided,
            "CanonicalRequest": canonical_request,
        },
    )


def invalid_access_key(access_key: str) -> S3Error:
    message = "The AWS Access Key Id you provided does not exist in our records."
    return S3Error(403, "InvalidAccessKeyId", message, {"AWSAccessKeyId": access_key})


def expired_token() -> S3Error:
    return S3Error(400, "ExpiredToken", "The provided token has expired.")


def invalid_token() -> S3Error:
    return S3Error(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")


def query_parameters(message: str) -> S3Error:
    return S3Error(400, "AuthorizationQueryParametersError", message)


def malformed_authorization(message: str) -> S3Error:
    return S3Error(400, "AuthorizationHeaderMalformed", f"The authorization header is malformed; {message}")


def invalid_request(message: str) -> S3Error:
    return S3Error(400, "InvalidRequest", message)


def invalid_argument(message: str) -> S3Error:
    return S3Error(400, "InvalidArgument", message)


def invalid_header_value(name: str) -> S3Error:
    return invalid_request(f"Value for {name} header is invalid.")


def signature_version_2() -> S3Error:
    return invalid_request(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )


def bad_request() -> S3Error:
    return S3Error(400, "BadRequest", "An error occurred when parsing the HTTP request.")


def invalid_uri() -> S3Error:
    return S3Error(400, "InvalidURI", "Couldn't parse the specified URI.")


def key_too_long(size_bytes: int) -> S3Error:
    details = {"Size": str(size_bytes), "MaxSizeAllowed": "1024"}
    return S3Error(400, "KeyTooLongError", "Your key is too long", details)


def method_not_allowed(method: str, resource_type: str) -> S3Error:
    message = "The specified method is not allowed against this resource."
    return S3Error(405, "MethodNotAllowed", message, {"Method": method, "ResourceType": resource_type})


def missing_content_length() -> S3Error:
    return S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")


def entity_too_large(size_bytes: int) -> S3Error:
    return S3Error(
        400,
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
        {"ProposedSize": str(size_bytes), "MaxSizeAllowed": str(MAX_OBJECT_BYTES)},
    )


def not_implemented(header: str) -> S3Error:
    message = "A header you provided implies functionality that is not implemented"
    return S3Error(501, "NotImplemented", message, {"Header": header})


def bad_digest(what: str) -> S3Error:
    return S3Error(400, "BadDigest", f"The {what} you specified did not match the calculated checksum.")


def bad_md5() -> S3Error:
    return S3Error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")


def invalid_md5() -> S3Error:
    return S3Error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")


def content_sha256_mismatch(claimed: str, computed: str) -> S3Error:
    return S3Error(
        400,
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        {"ClientComputedContentSHA256": claimed, "S3ComputedContentSHA256": computed},
    )


def incomplete_body() -> S3Error:
    return S3Error(
        400,
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )


def request_timeout() -> S3Error:
    return S3Error(
        400,
        "RequestTimeout",
        "Your socket connection to the server was not read from or written to within the timeout period. "
        "Idle connections will be closed.",
    )


def cors_forbidden(message: str, method: str, resource_type: str) -> S3Error:
    details = {"Method": method, "ResourceType": resource_type}
    return S3Error(403, "AccessForbidden", f"CORSResponse: {message}", details)


def internal_error() -> S3Error:
    return S3Error(500, "InternalError", "We encountered an internal error. Please try again.")


def request_time_too_skewed(request_time: str, server_time: str) -> S3Error:
    message = "The difference between the request time and the current time is too large."
    details = {"RequestTime": request_time, "ServerTime": server_time, "MaxAllowedSkewMilliseconds": "900000"}
    return S3Error(403, "RequestTimeTooSkewed", message, details)
