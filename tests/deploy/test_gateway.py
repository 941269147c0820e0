"""The account's one role by which API Gateway writes logs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploying.gateway import access_log_format, let_api_gateway_log
from infra.deploying.patience import until_role_is_known
from infra.deploying.target import Target


def no_sleep(_: float) -> None: ...


def test_an_account_without_a_log_role_gets_one(session: Any, target: Target) -> None:
    let_api_gateway_log(session, target, no_sleep)
    role_arn = session.client("apigateway").get_account()["cloudwatchRoleArn"]
    assert role_arn == session.client("iam").get_role(RoleName="frameferry-api-gateway-logs")["Role"]["Arn"]


def test_a_log_role_that_is_set_is_left_alone(session: Any, target: Target) -> None:
    client = session.client("apigateway")
    let_api_gateway_log(session, target, no_sleep)
    held = client.get_account()["cloudwatchRoleArn"]
    session.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument="{}")
    other = session.client("iam").get_role(RoleName="other")["Role"]["Arn"]
    client.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": other}])
    let_api_gateway_log(session, target, no_sleep)
    assert client.get_account()["cloudwatchRoleArn"] == other != held


def test_the_access_log_names_routes_and_no_paths() -> None:
    assert "$context.resourcePath" in access_log_format()
    assert "$context.path" not in access_log_format()
    assert "requestOverride" not in access_log_format()


class NotKnownYet:
    """A call that AWS refuses until it has been tried so many times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.slept_s = 0.0

    def call(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": "NotYet", "Message": "role"}}, "Use")

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


def test_a_role_that_is_not_known_yet_is_waited_for() -> None:
    aws = NotKnownYet(3)
    until_role_is_known("NotYet", aws.call, aws.sleep)
    assert aws.slept_s == 15.0


def test_a_role_that_is_never_known_is_given_up_on_after_a_minute() -> None:
    aws = NotKnownYet(100)
    with pytest.raises(ClientError, match="role"):
        until_role_is_known("NotYet", aws.call, aws.sleep)
    assert aws.slept_s == 55.0


def test_another_refusal_is_not_waited_for() -> None:
    aws = NotKnownYet(1)
    with pytest.raises(ClientError, match="role"):
        until_role_is_known("Other", aws.call, aws.sleep)
    assert aws.slept_s == 0.0
