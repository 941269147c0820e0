"""The account's one role by which API Gateway writes logs."""

from __future__ import annotations

from typing import Any

from infra.deploying.gateway import access_log_format, let_api_gateway_log
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
