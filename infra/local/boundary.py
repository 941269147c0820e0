"""Where the local cloud enforces the functions' policies: every request on its way to moto.

The access key in the signature's scope says whose request it is. For S3 the strict front stands before this: it has
checked the signature, of a header or of a presigned URL, and hands the request on under the key that signed it. For the
other services nobody checks the signature itself.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from infra.local import aws_calls, s3_errors
from infra.local.access import Access
from infra.local.aws_calls import Arn, Needed, S3Call
from infra.local.moto_server import StartResponse, Wsgi
from infra.local.roles import Role, Roles

Environ = dict[str, Any]

_SCOPE = re.compile(r"Credential=(?P<access_key>[^/,\s]+)/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
_UNSIGNED_TARGET = "AWSCognitoIdentityProviderService."
"""Signing in needs no signature: Cognito Developer Guide, "Understanding API, OIDC, and managed login pages"."""
_UNSIGNED_PATH = re.compile(r"/moto-api/.*|/[^/]+/\.well-known/jwks\.json")
_DELETE_RESULT = '<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}</DeleteResult>'


class Boundary:
    """Wraps moto's WSGI application. `around` may wrap it once more for each function that calls it."""

    def __init__(
        self,
        roles: Roles,
        access: Access,
        arn: Arn,
        around: Callable[[Wsgi, str], Wsgi] = lambda application, function: application,
    ) -> None:
        self._roles = roles
        self._access = access
        self._arn = arn
        self._around = around

    def wrap(self, application: Wsgi) -> Wsgi:
        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
            if scope is None:
                answer = application if _needs_no_signature(environ) else _UNSIGNED
                return answer(environ, start_response)
            role = self._roles.find(scope["access_key"])
            if role is None:
                return _UNKNOWN_KEY(environ, start_response)
            if role is self._roles.operator:
                return application(environ, start_response)
            judged = self._s3 if scope["service"] == "s3" else self._json
            return judged(self._around(application, role.function), role, environ)(environ, start_response)

        return serve

    def _json(self, application: Wsgi, role: Role, environ: Environ) -> Wsgi:
        needed = aws_calls.json_call(environ.get("HTTP_X_AMZ_TARGET", ""), _body(environ), self._arn)
        if denied := self._denied(role, needed):
            return _json_refusal(aws_calls.json_fields(aws_calls.denial(role.arn, denied[0])))
        return application

    def _s3(self, application: Wsgi, role: Role, environ: Environ) -> Wsgi:
        call = _s3_call(environ)
        needed = aws_calls.s3_call(call, _body(environ) if call.deletes_objects else b"", self._arn)
        denied = self._denied(role, needed)
        if call.deletes_objects and denied:
            return _none_deleted(role, needed)
        if denied:
            return _s3_refusal(role, denied[0])
        if call.reads_object:
            return self._unless_missing_may_not_be_told(application, role, aws_calls.bucket_of(call, self._arn))
        return application

    def _denied(self, role: Role, needed: Iterable[Needed]) -> list[Needed]:
        return [one for one in needed if not self._access.allows(role.function, one.action, one.resource)]

    def _unless_missing_may_not_be_told(self, application: Wsgi, role: Role, needed: Needed) -> Wsgi:
        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            begun: list[Any] = []
            body = application(environ, lambda *head: begun.extend(head))
            if begun[0].startswith("404") and self._denied(role, [needed]):
                return _s3_refusal(role, needed)(environ, start_response)
            start_response(*begun)
            return body

        return serve


def _needs_no_signature(environ: Environ) -> bool:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    return target.startswith(_UNSIGNED_TARGET) or _UNSIGNED_PATH.fullmatch(environ["PATH_INFO"]) is not None


def _body(environ: Environ) -> bytes:
    """Read, and left to be read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _s3_call(environ: Environ) -> S3Call:
    bucket, _, key = environ["PATH_INFO"].encode("latin-1").decode().removeprefix("/").partition("/")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_X_AMZ_")
    }
    params = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    return S3Call(environ["REQUEST_METHOD"], bucket, key, params, headers)


def _answering(status: str, content_type: str, body: bytes) -> Wsgi:
    def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return serve


def _json_refusal(fields: dict[str, Any]) -> Wsgi:
    return _answering("400 Bad Request", "application/x-amz-json-1.0", json.dumps(fields).encode())


def _s3_refusal(role: Role, needed: Needed) -> Wsgi:
    refusal = s3_errors.access_denied(aws_calls.denial(role.arn, needed))
    return _answering("403 Forbidden", "application/xml", refusal.xml())


def _none_deleted(role: Role, needed: Iterable[Needed]) -> Wsgi:
    """DeleteObjects answers 200 and says of each key what became of it. S3 would delete those that are allowed; here
    one that is denied keeps all, which the answer says too.
    """
    errors = "".join(
        f"<Error><Key>{escape(one.name)}</Key><Code>AccessDenied</Code>"
        f"<Message>{escape(aws_calls.denial(role.arn, one))}</Message></Error>"
        for one in needed
    )
    return _answering("200 OK", "application/xml", _DELETE_RESULT.format(errors).encode())


_UNSIGNED = _json_refusal({"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"})
_UNKNOWN_KEY = _json_refusal(
    {"__type": "UnrecognizedClientException", "message": "The security token included in the request is invalid."}
)
