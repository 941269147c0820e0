"""What can be wrong before a deploy: one line that says what to do, an exit that is not 0, and nothing changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import boto3
import pytest

from infra.deploy import main
from infra.deploying import preflight
from infra.deploying.failure import DeployFailed
from infra.deploying.target import Target
from infra.local.app_environment import app_environment
from infra.rehearse.fake_aws import FakeAws

EMPTY_TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str], session: Any, aws: FakeAws) -> Callable[[Sequence[str]], str]:
    """Runs the program, expects it to fail and to have changed nothing, and gives the one line it said."""

    def run(arguments: Sequence[str]) -> str:
        aws.line.mend()
        assert main(arguments) == 1
        assert aws.line.changes == 0
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        return said[0]

    return run


@pytest.mark.parametrize("command", ["plan", "deploy", "destroy", "redrive"])
def test_a_stage_that_does_not_exist_names_those_that_do(line: Any, command: str) -> None:
    said = line([command, "--stage", "production"])
    assert "There is no stage 'production'" in said
    assert "dev, prod" in said


def test_another_account_than_the_one_that_was_asked_for_is_refused(line: Any) -> None:
    said = line(["deploy", "--stage", "prod", "--account", "999999999999"])
    assert "account 123456789012, not 999999999999" in said


def test_no_credentials_says_where_to_get_them(line: Any) -> None:
    without = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
    with app_environment(without):
        said = line(["deploy", "--stage", "prod"])
    assert "no working AWS credentials" in said
    assert "aws configure" in said


def test_a_profile_that_does_not_exist_is_named(line: Any) -> None:
    with app_environment({}):
        os.environ["AWS_PROFILE"] = "holiday"
        said = line(["deploy", "--stage", "prod"])
    assert "holiday" in said
    assert "Choose another with AWS_PROFILE" in said


def test_no_region_says_how_to_choose_one(line: Any) -> None:
    with app_environment({}):
        del os.environ["AWS_DEFAULT_REGION"], os.environ["AWS_REGION"]
        said = line(["deploy", "--stage", "prod"])
    assert "AWS_REGION=eu-central-1" in said


def test_a_stack_name_that_somebody_else_has_is_left_alone(line: Any, session: Any) -> None:
    session.client("cloudformation").create_stack(StackName="frameferry-prod", TemplateBody=EMPTY_TEMPLATE)
    assert "taken by a stack that this program did not make" in line(["deploy", "--stage", "prod"])
    assert "taken by a stack that this program did not make" in line(["destroy", "--stage", "prod"])


def test_destroying_the_photos_wants_the_name_of_the_stack(line: Any) -> None:
    said = line(["destroy", "--stage", "prod", "--delete-photos"])
    assert "deletes every photo" in said
    assert "CONFIRM=frameferry-prod" in said


def test_redriving_what_was_never_deployed_says_so(line: Any) -> None:
    assert "frameferry-prod is not deployed" in line(["redrive", "--stage", "prod"])


def test_an_unreachable_aws_is_one_line(line: Any) -> None:
    with app_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        assert "AWS could not be reached" in line(["deploy", "--stage", "prod"])


@pytest.mark.parametrize("version", [(3, 11, 9), (3, 8, 0)])
def test_a_python_whose_package_would_not_run_in_lambda_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(DeployFailed, match="make env PYTHON="):
        preflight.check_python(version)


@pytest.mark.parametrize("version", [(3, 12, 0), (3, 13, 2)])
def test_a_newer_python_will_do(version: tuple[int, ...]) -> None:
    preflight.check_python(version)


def test_a_cut_network_is_one_line_and_leaves_a_stack_that_the_next_run_takes_up(
    session: Any, aws: FakeAws, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.line.cut_after(1)
    assert main(["deploy", "--stage", "prod"]) == 1
    assert capsys.readouterr().err.splitlines()[0].startswith("AWS could not be reached")
    aws.line.mend()
    assert main(["plan", "--stage", "prod"]) == 0
    preflight.check_stack(session.client("cloudformation"), target)


class StacksInState:
    """CloudFormation with one stack of ours in a state that moto never has."""

    def __init__(self, status: str) -> None:
        self._status = status

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        tags = [{"Key": preflight.OWNED_BY, "Value": "prod"}]
        return {"Stacks": [{"StackStatus": self._status, "Tags": tags}]}


@pytest.mark.parametrize(
    ("status", "next_step"),
    [
        ("ROLLBACK_COMPLETE", "make destroy STAGE=prod"),
        ("ROLLBACK_FAILED", "make destroy STAGE=prod"),
        ("DELETE_FAILED", "make destroy STAGE=prod"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name frameferry-prod"),
        ("UPDATE_IN_PROGRESS", "wait, then run this again"),
    ],
)
def test_a_stack_that_cannot_be_updated_says_what_to_do(target: Target, status: str, next_step: str) -> None:
    with pytest.raises(DeployFailed, match=status) as refused:
        preflight.check_stack(StacksInState(status), target)
    assert next_step in str(refused.value)


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"]
)
def test_a_stack_that_can_be_updated_is_taken(target: Target, status: str) -> None:
    preflight.check_stack(StacksInState(status), target)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_a_broken_stack_may_be_destroyed(target: Target, status: str) -> None:
    preflight.check_stack(StacksInState(status), target, may_be_broken=True)


def test_the_session_of_the_tests_reaches_moto_and_nothing_else(session: Any, aws: FakeAws) -> None:
    assert boto3.client("sts").meta.endpoint_url == aws.url
