"""What a deploy would change, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from infra.deploying import costs, preflight, stack_step
from infra.deploying.plan import chalice_changes, stack_changes
from infra.deploying.preflight import OWNED_BY
from infra.deploying.target import Target
from infra.rehearse.fake_aws import FakeAws


def test_in_an_empty_account_everything_is_made(session: Any, target: Target) -> None:
    changes = stack_changes(session, target, {"AlarmEmail": "owner@example.org"}) + chalice_changes(session, target)
    assert ("make", "AWS::S3::Bucket CapturesBucket") in changes
    assert ("make", "secret /frameferry-prod/pepper") in changes
    assert ("make", "function frameferry-prod-process_object") in changes
    assert ("set", "parameter AlarmEmail=owner@example.org") in changes
    assert {change for change, _ in changes} == {"make", "set"}


def test_a_stack_that_is_as_the_template_says_is_not_changed(session: Any, target: Target) -> None:
    stack_step.apply(session, target, {}, 1)
    assert {what for _, what in stack_changes(session, target, {})} == {
        "secret /frameferry-prod/pepper",
        "secret /frameferry-prod/receipt-key",
    }


def test_of_a_stack_that_never_got_a_resource_everything_is_made(session: Any, target: Target) -> None:
    session.client("cloudformation").create_change_set(
        StackName=target.stack_name,
        ChangeSetName="take-up",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
        Tags=[{"Key": OWNED_BY, "Value": target.stage}],
    )
    preflight.check_stack(session.client("cloudformation"), target)
    assert {change for change, _ in stack_changes(session, target, {})} == {"make"}


def test_a_plan_changes_nothing(session: Any, target: Target, aws: FakeAws) -> None:
    stack_changes(session, target, {})
    chalice_changes(session, target)
    assert aws.line.changes == 0


def test_a_million_photos_one_by_one_cost_what_the_design_says() -> None:
    """Without storage and logs: $21.8."""
    photos_a_camera = 2880 * 30
    of_a_camera = sum(cost.usd for cost in costs.month(11) if "storage" not in cost.name and cost.name != "logs")
    assert of_a_camera / 11 / photos_a_camera * 1e6 == pytest.approx(21.8, abs=0.2)


def test_ten_cameras_cost_ten_times_one_but_for_the_reconciler() -> None:
    ten, one = (sum(cost.usd for cost in costs.month(cameras)) for cameras in (10, 1))
    assert ten == pytest.approx(10 * one, rel=0.01)
