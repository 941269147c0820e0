"""The boundary before moto: whose a request is, whether it is judged, and what AWS answers to what it denies."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from infra.deploying.target import API_FUNCTION, PROCESSING_FUNCTION, Target
from infra.local.access import Access, Call, Policy
from infra.local.boundary import Boundary
from infra.local.roles import ENVIRONMENT, Role, Roles

TARGET = Target("local", "123456789012", "eu-central-1", "aws", "frameferry")
ITEMS = TARGET.arn("dynamodb", "table/items")
GET_ITEM = "DynamoDB_20120810.GetItem"
MAY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Items", "Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": ITEMS},
        {"Sid": "Captures", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::captures/*"},
    ],
}
MAY_LIST = {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::captures"}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def fields(self) -> Any:
        return json.loads(self.body)

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)


class Rig:
    """moto stands behind the boundary as an application that answers `status` to all that reaches it."""

    def __init__(self) -> None:
        self.roles = Roles(TARGET)
        self.access = Access(unjudged=ENVIRONMENT)
        self.access.put_policy(API_FUNCTION, MAY)
        self.status = "200 OK"
        self.reached: list[bytes] = []
        self._application = Boundary(self.roles, self.access, TARGET.arn).wrap(self._moto)

    def _moto(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.reached.append(environ["wsgi.input"].read())
        start_response(self.status, [("Content-Type", "text/plain")])
        return [b"from moto"]

    def ask(
        self,
        role: Role | None,
        service: str,
        method: str = "POST",
        path: str = "/",
        query: str = "",
        body: bytes = b"",
        *,
        target: str | None = None,
    ) -> Answer:
        scope = "" if role is None else f"{role.access_key}/20260101/eu-central-1/{service}/aws4_request"
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        if role is not None:
            environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        if target is not None:
            environ["HTTP_X_AMZ_TARGET"] = target
        begun: list[str] = []
        answered = b"".join(self._application(environ, lambda status, *_: begun.append(status)))
        return Answer(int(begun[0][:3]), answered)

    def get_item(self, role: Role | None, table: str = "items") -> Answer:
        return self.ask(role, "dynamodb", body=json.dumps({"TableName": table}).encode(), target=GET_ITEM)

    def of(self, function: str) -> Role:
        return self.roles.of(function)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_allowed_call_reaches_moto_with_its_body_and_is_remembered(rig: Rig) -> None:
    assert rig.get_item(rig.of(API_FUNCTION)).body == b"from moto"
    assert rig.reached == [b'{"TableName": "items"}']
    assert rig.access.calls == {Call(API_FUNCTION, "dynamodb:GetItem", ITEMS): 1}
    assert not rig.access.denied


def test_denied_call_is_answered_as_dynamodb_does_and_does_not_reach_moto(rig: Rig) -> None:
    answer = rig.get_item(rig.of(API_FUNCTION), "items2")
    assert answer.status == 400
    assert answer.fields["__type"].rpartition("#")[2] == "AccessDeniedException"
    assert answer.fields["Message"] == (
        "User: arn:aws:sts::123456789012:assumed-role/frameferry-local-api_handler/local is not authorized to perform: "
        f"dynamodb:GetItem on resource: {ITEMS}2 because no identity-based policy allows the dynamodb:GetItem action"
    )
    assert rig.reached == []
    assert rig.access.denied == {Call(API_FUNCTION, "dynamodb:GetItem", f"{ITEMS}2"): 1}


def test_function_without_a_policy_may_do_nothing(rig: Rig) -> None:
    assert rig.get_item(rig.of(PROCESSING_FUNCTION)).status == 400


def test_who_is_no_function_is_not_judged_and_the_operator_is_not_even_remembered(rig: Rig) -> None:
    assert rig.get_item(rig.of(ENVIRONMENT), "any").status == 200
    assert [call.function for call in rig.access.calls] == [ENVIRONMENT]
    rig.access.forget()
    assert rig.get_item(rig.roles.operator, "any").status == 200
    assert not rig.access.calls


def test_request_without_a_signature_or_with_a_strangers_key_is_refused(rig: Rig) -> None:
    assert rig.get_item(None).fields["__type"] == "MissingAuthenticationTokenException"
    stranger = Roles(TARGET).of(API_FUNCTION)
    assert rig.get_item(stranger).fields["__type"] == "UnrecognizedClientException"
    assert rig.reached == []


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "AWSCognitoIdentityProviderService.InitiateAuth"),
        ("/eu-central-1_pool/.well-known/jwks.json", None),
        ("/moto-api/reset", None),
    ],
)
def test_what_needs_no_signature_passes_without_one(rig: Rig, path: str, target: str | None) -> None:
    assert rig.ask(None, "", path=path, target=target).status == 200


def test_denied_object_is_answered_as_s3_does(rig: Rig) -> None:
    answer = rig.ask(rig.of(API_FUNCTION), "s3", "PUT", "/captures/a/ü")
    assert (answer.status, answer.xml.findtext("Code")) == (403, "AccessDenied")
    assert "s3:PutObject on resource: arn:aws:s3:::captures/a/ü because" in (answer.xml.findtext("Message") or "")
    assert rig.ask(rig.of(API_FUNCTION), "s3", "HEAD", "/derived/a") == Answer(403, b"")
    assert rig.reached == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_object_that_is_not_there_is_404_only_to_who_may_list(rig: Rig, method: str) -> None:
    """Amazon S3 API Reference, "GetObject" and "HeadObject"."""
    rig.status = "404 NOT FOUND"
    assert rig.ask(rig.of(API_FUNCTION), "s3", method, "/captures/a").status == 403
    rig.access.put_policy(API_FUNCTION, {**MAY, "Statement": [*MAY["Statement"], MAY_LIST]})
    assert rig.ask(rig.of(API_FUNCTION), "s3", method, "/captures/a").status == 404
    rig.status = "200 OK"
    rig.access.forget()
    assert rig.ask(rig.of(API_FUNCTION), "s3", method, "/captures/a").status == 200
    assert [call.action for call in rig.access.calls] == ["s3:GetObject"]


def test_batch_of_deletions_is_answered_200_with_an_error_for_each_key(rig: Rig) -> None:
    body = b"<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key><VersionId>v</VersionId></Object></Delete>"
    answer = rig.ask(rig.of(API_FUNCTION), "s3", "POST", "/captures", "delete", body)
    assert answer.status == 200
    errors = [(one.findtext("{*}Key"), one.findtext("{*}Code")) for one in answer.xml.iterfind("{*}Error")]
    assert errors == [("a&b", "AccessDenied"), ("c", "AccessDenied")]
    assert {call.action for call in rig.access.denied} == {"s3:DeleteObject", "s3:DeleteObjectVersion"}


def test_query_decides_what_a_request_to_s3_is(rig: Rig) -> None:
    for query, action in (
        ("versionId=v1", "s3:GetObjectVersion"),
        ("tagging=", "s3:GET ?tagging"),
        (f"response-content-type={quote('image/jpeg')}", "s3:GetObject"),
    ):
        rig.access.forget()
        rig.ask(rig.of(API_FUNCTION), "s3", "GET", "/captures/a", query)
        assert [call.action for call in rig.access.calls] == [action]


def test_calls_on_a_thousand_objects_are_one_entry(rig: Rig) -> None:
    for number in range(1000):
        rig.access.allows(API_FUNCTION, "s3:GetObject", f"arn:aws:s3:::captures/devices/{number}/photo.jpg")
    rig.access.allows(API_FUNCTION, "s3:GetObject", "arn:aws:s3:::captures/top.jpg")
    assert rig.access.calls == {
        Call(API_FUNCTION, "s3:GetObject", "arn:aws:s3:::captures/devices/*"): 1000,
        Call(API_FUNCTION, "s3:GetObject", "arn:aws:s3:::captures/*"): 1,
    }


def test_policy_is_another_one_for_a_while(rig: Rig) -> None:
    with rig.access.with_policy(API_FUNCTION, {**MAY, "Statement": []}):
        assert rig.get_item(rig.of(API_FUNCTION)).status == 400
    assert rig.get_item(rig.of(API_FUNCTION)).status == 200


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed"),
    [
        ("dynamodb:GetItem", ITEMS, True),
        ("dynamodb:GetItem", f"{ITEMS}/index/pending", False),
        ("dynamodb:GetItem", f"{ITEMS}s", False),
        ("dynamodb:GetItems", ITEMS, False),
        ("dynamodb:Query", ITEMS, False),
        ("s3:GetObject", "arn:aws:s3:::captures/a/b", True),
        ("s3:GetObject", "arn:aws:s3:::captures", False),
        ("s3:GetObject", "arn:aws:s3:::captures2/a", False),
        ("s3:GetObjectVersion", "arn:aws:s3:::captures/a", False),
    ],
)
def test_policy_allows_its_actions_on_its_resources_only(action: str, resource: str, is_allowed: bool) -> None:
    assert Policy(MAY).allows(action, resource) is is_allowed
