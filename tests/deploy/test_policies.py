"""The policies name the stack's own resources and nothing more, in words that IAM knows.

That each is needed, and that nothing else is, tests/e2e/test_least_privilege.py proves.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]

from infra.deploying.policies import policy
from infra.deploying.target import API_FUNCTION, FUNCTIONS, PROCESSING_FUNCTION, RECONCILER_FUNCTION, Target
from infra.secrets import secret_names
from infra.stack import StackOutputs

_NAMES = {name: f"{name}-of-the-stack" for name in StackOutputs.__dataclass_fields__}
_QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:letters-of-the-stack"
OUTPUTS = StackOutputs(**_NAMES | {"dead_letter_queue_arn": _QUEUE_ARN})
CANNOT_BE_NAMED = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
"""Service Authorization Reference, "Actions defined by AWS X-Ray": no resource types."""


def statements(target: Target, function: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = policy(target, function, OUTPUTS, secret_names(target.stack_name))["Statement"]
    return found


def findings(statement_list: list[dict[str, Any]]) -> list[str]:
    """The rules of cfn-lint that find something in a policy of these statements, its hints included."""
    document = {"Version": "2012-10-17", "Statement": statement_list}
    policy_resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Policy": policy_resource}}
    found = lint(json.dumps(template), config=ManualArgs(include_checks=["I"], regions=["eu-central-1"]))
    return [f"{match.rule.id} {match.message}" for match in found]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_resource_that_can_be_named_is_the_stacks_own(target: Target, function: str) -> None:
    for statement in statements(target, function):
        if set(listed(statement["Action"])) != CANNOT_BE_NAMED:
            resources = listed(statement["Resource"])
            assert all("-of-the-stack" in one or "frameferry-prod" in one for one in resources), statement["Sid"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_action_is_a_pattern_and_nothing_is_left_to_be_put_in(target: Target, function: str) -> None:
    for statement in statements(target, function):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in listed(statement["Action"]))
    assert "${" not in json.dumps(statements(target, function))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_its_own_log_only(target: Target, function: str) -> None:
    (log,) = [one for one in statements(target, function) if one["Sid"] == "Log"]
    assert log["Resource"] == target.arn("logs", f"log-group:{target.log_group(function)}:*")


@pytest.mark.parametrize("function", [PROCESSING_FUNCTION, RECONCILER_FUNCTION])
def test_only_the_api_reads_the_secrets(target: Target, function: str) -> None:
    assert "ssm:GetParameters" in json.dumps(statements(target, API_FUNCTION))
    assert "ssm:" not in json.dumps(statements(target, function))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_cfn_lint_knows_every_action_and_finds_it_on_a_resource_of_its_kind(target: Target, function: str) -> None:
    assert findings(statements(target, function)) == []


@pytest.mark.parametrize(
    ("action", "resource", "rule"),
    [
        ("dynamodb:GetItems", "arn:aws:dynamodb:eu-central-1:123456789012:table/items", "W3037"),
        ("dynamodb:GetItem", "arn:aws:s3:::captures/*", "I3510"),
    ],
)
def test_cfn_lint_does_find_a_wrong_action_and_a_resource_of_another_kind(
    target: Target, action: str, resource: str, rule: str
) -> None:
    wrong = {"Sid": "Wrong", "Effect": "Allow", "Action": action, "Resource": resource}
    (found,) = findings([*statements(target, API_FUNCTION), wrong])
    assert found.startswith(rule)
