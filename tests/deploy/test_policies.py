"""The policies name the stack's own resources and nothing more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.deploying.policies import policy
from infra.deploying.target import API_FUNCTION, FUNCTIONS, PROCESSING_FUNCTION, RECONCILER_FUNCTION, Target
from infra.secrets import secret_names
from infra.stack import StackOutputs

OUTPUTS = StackOutputs(**{name: f"{name}-of-the-stack" for name in StackOutputs.__dataclass_fields__})
CANNOT_BE_NAMED = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
"""Service Authorization Reference, "Actions defined by AWS X-Ray": no resource types."""


def statements(target: Target, function: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = policy(target, function, OUTPUTS, secret_names(target.stack_name))["Statement"]
    return found


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
