"""Signed headers against botocore's signers, which sign the same request in the same second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.stores.presign import Credentials
from chalicelib.stores.sigv4 import Request, signed_headers

SIGNERS = {
    "dynamodb": botocore.auth.SigV4Auth,
    "ssm": botocore.auth.SigV4Auth,
    "s3": botocore.auth.S3SigV4Auth,
}
REGION = "eu-central-1"

texts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
values = st.lists(texts, min_size=1, max_size=3).map("  ".join)
credentials = st.builds(Credentials, texts, texts, st.none() | texts)
headers = st.fixed_dictionaries({"Host": st.just("aws.example:8000")}, optional={"X-Amz-Target": values, "A-b": values})
paths = (
    st.text(max_size=40).map(lambda text: "/" + quote(text, safe="/~")).filter(lambda path: not path.startswith("//"))
)
queries = st.text(max_size=40).map(lambda text: f"versionId={quote(text, safe='~')}") | st.just("")
methods = st.sampled_from(["GET", "HEAD", "POST"])
bodies = st.binary(max_size=40)
requests = st.builds(Request, methods, paths, queries, headers, bodies)
json_requests = st.builds(Request, st.just("POST"), st.just("/"), st.just(""), headers, bodies)


def by_botocore(service: str, request: Request, keys: Credentials) -> dict[str, str]:
    url = f"http://aws.example:8000{request.path}" + (f"?{request.query}" if request.query else "")
    asked = botocore.awsrequest.AWSRequest(request.method, url, dict(request.headers), request.body)
    role = botocore.credentials.Credentials(keys.access_key, keys.secret_key, keys.session_token)
    SIGNERS[service](role, service, REGION).add_auth(asked)
    return {str(name).lower(): str(value) for name, value in asked.headers.items()}


@given(st.sampled_from(["dynamodb", "ssm"]), json_requests, credentials)
def test_a_json_call_is_signed_as_botocore_signs_it(service: str, request: Request, keys: Credentials) -> None:
    assert_signed_alike(service, request, keys)


@given(requests, credentials)
def test_an_object_request_is_signed_as_botocore_signs_it(request: Request, keys: Credentials) -> None:
    assert_signed_alike("s3", request, keys)


def assert_signed_alike(service: str, request: Request, keys: Credentials) -> None:
    theirs = by_botocore(service, request, keys)
    at = datetime.strptime(theirs["x-amz-date"], "%Y%m%dT%H%M%S%z").astimezone(UTC)

    ours = signed_headers(request, keys, region=REGION, service=service, at=at + timedelta(microseconds=999_999))

    assert {name.lower(): value for name, value in ours.items()} == theirs
