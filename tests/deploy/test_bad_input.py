"""What can be wrong before a deploy: one line that says what to do, an exit that is not 0, and nothing changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import boto3
import pytest
from moto.cloudformation.models import cloudformation_backends

from infra.deploy import main
from infra.deploying import preflight, stack_step
from infra.deploying.failure import DeployFailed
from infra.deploying.one_run import one_run
from infra.deploying.parameters import check_parameters
from infra.deploying.target import PROJECT, Target
from infra.deploying.template import read_template
from infra.local.app_environment import app_environment
from infra.rehearse.fake_aws import ACCOUNT_ID, REGION, FakeAws

EMPTY_TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str], session: Any, aws: FakeAws) -> Callable[[Sequence[str]], str]:
    """Runs the program, expects it to fail and to have changed nothing, and gives the one line it said."""

    def run(arguments: Sequence[str], *, mend: bool = True) -> str:
        if mend:
            aws.line.mend()
        capsys.readouterr()
        assert main(arguments) == 1
        assert aws.line.changes == 0
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        return said[0]

    return run


COMMANDS = ("plan", "deploy", "destroy", "redrive")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_stage_asks_which(line: Any, command: str) -> None:
    assert line([command]).endswith("Say which stage: STAGE=dev or STAGE=prod")


@pytest.mark.parametrize("command", COMMANDS)
def test_make_without_a_stage_asks_which(command: str) -> None:
    done = subprocess.run(["make", "-s", command], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].endswith("Say which stage: STAGE=dev or STAGE=prod")


@pytest.mark.parametrize("command", COMMANDS)
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


def test_expired_credentials_say_where_to_get_new_ones(line: Any, aws: FakeAws) -> None:
    aws.line.refuse_after(0, "ExpiredToken")
    assert main(["plan", "--stage", "prod"]) == 1
    said = line(["deploy", "--stage", "prod"], mend=False)
    assert "no working AWS credentials (An error occurred (ExpiredToken)" in said
    assert "`aws sso login`" in said


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


@pytest.mark.parametrize("region", ["eu central", "eu_central_1"])
def test_a_region_that_is_none_is_told_so(line: Any, region: str) -> None:
    with app_environment({"AWS_REGION": region}):
        assert f"{region!r} is no AWS region. Set AWS_REGION" in line(["deploy", "--stage", "prod"])


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


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ("AlarmEmail=me", "AlarmEmail cannot be 'me'. It has to be an e-mail address, or nothing"),
        ("AlarmEmail=me@example.org,you@example.org", "AlarmEmail cannot be"),
        ("AlarmMail=me@example.org", "no parameter 'AlarmMail'. It has AlarmEmail, "),
        ("MonthlyBudgetUsd=ten", "MonthlyBudgetUsd cannot be 'ten'. It has to be a whole number from 0 to 100000"),
        ("MonthlyBudgetUsd=-1", "MonthlyBudgetUsd cannot be '-1'"),
        ("LogRetentionDays=2", "LogRetentionDays cannot be '2'. It has to be one of 1, 3, 5, "),
        ("DeletionProtection=no", "DeletionProtection cannot be 'no'. It has to be one of true, false"),
        ("AlarmEmail", "'AlarmEmail' has no value. Write PARAMETERS="),
    ],
)
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_bad_parameter_is_named_and_says_what_it_has_to_be(
    line: Any, command: str, parameter: str, said: str
) -> None:
    assert said in line([command, "--stage", "prod", "--parameter", parameter])


def test_every_default_of_the_template_is_allowed() -> None:
    parameters = read_template()["Parameters"]
    check_parameters({name: str(rule["Default"]) for name, rule in parameters.items()})


def test_an_option_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", "--stage", "prod", "--cameras", "many"])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_second_run_beside_the_first_is_refused(line: Any, target: Target) -> None:
    with one_run(target):
        for command in ("deploy", "destroy"):
            assert "Another run is at work on frameferry-prod" in line([command, "--stage", "prod"])


def test_an_unreachable_aws_is_one_line(line: Any) -> None:
    with app_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        assert "AWS could not be reached" in line(["deploy", "--stage", "prod"])


@pytest.mark.parametrize("version", [(3, 11, 9), (3, 8, 0)])
def test_a_python_whose_package_would_not_run_in_lambda_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(DeployFailed, match="make env PYTHON="):
        preflight.check_python(version)


def test_an_old_python_is_told_so_before_anything_is_imported() -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 11, 4); runpy.run_module('infra.deploy', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", pretend], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "Frameferry needs Python 3.12 or newer; found 3.11. Set PYTHON=/path/to/python3\n",
    )


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


@pytest.fixture(scope="module")
def our_stack(aws: FakeAws) -> Any:
    """As moto keeps it."""
    aws.line.mend()
    aws.forget_all()
    target = Target("prod", ACCOUNT_ID, REGION, "aws", "frameferry")
    stack_step.apply(boto3.session.Session(), target, {}, 1)
    (stack,) = cloudformation_backends[ACCOUNT_ID][REGION].stacks.values()
    return stack


@pytest.fixture
def set_status(our_stack: Any, session: Any) -> Callable[[str], None]:
    """Puts our stack, in an account that has nothing else, into a state that moto's stacks never have."""

    def set_status(status: str) -> None:
        our_stack.status = status
        cloudformation_backends[ACCOUNT_ID][REGION].stacks[our_stack.stack_id] = our_stack

    return set_status


@pytest.mark.parametrize(
    ("status", "next_step"),
    [
        ("ROLLBACK_COMPLETE", "make destroy STAGE=prod"),
        ("ROLLBACK_FAILED", "make destroy STAGE=prod"),
        ("CREATE_FAILED", "make destroy STAGE=prod"),
        ("DELETE_FAILED", "make destroy STAGE=prod"),
        ("IMPORT_ROLLBACK_FAILED", "make destroy STAGE=prod"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name frameferry-prod"),
        ("CREATE_IN_PROGRESS", "Wait some minutes, then run this again"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "Wait some minutes, then run this again"),
        ("DELETE_IN_PROGRESS", "Wait some minutes, then run this again"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_stack_that_cannot_be_updated_says_what_to_do(
    line: Any, set_status: Callable[[str], None], command: str, status: str, next_step: str
) -> None:
    set_status(status)
    said = line([command, "--stage", "prod"])
    assert f"The stack frameferry-prod is {status}" in said
    assert next_step in said


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"],
)
def test_a_stack_that_can_be_updated_is_taken(
    session: Any, target: Target, set_status: Callable[[str], None], status: str
) -> None:
    set_status(status)
    preflight.check_stack(session.client("cloudformation"), target)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_a_broken_stack_may_be_destroyed(
    session: Any, target: Target, set_status: Callable[[str], None], status: str
) -> None:
    set_status(status)
    preflight.check_stack(session.client("cloudformation"), target, may_be_broken=True)


class ReviewedStack:
    """CloudFormation with a stack of which nothing is there but change sets: it has no tags yet, and they have."""

    def __init__(self, *stages: str) -> None:
        self._stages = stages

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackName": "frameferry-prod", "StackStatus": "REVIEW_IN_PROGRESS", "Tags": []}]}

    def list_change_sets(self, **_: str) -> dict[str, Any]:
        names = range(len(self._stages))
        return {"Summaries": [{"StackName": "frameferry-prod", "ChangeSetId": str(name)} for name in names]}

    def describe_change_set(self, ChangeSetName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"Tags": [{"Key": preflight.OWNED_BY, "Value": self._stages[int(ChangeSetName)]}]}


@pytest.mark.parametrize("stages", [(), ("prod",)])
def test_what_a_killed_import_of_ours_left_is_taken_up(target: Target, stages: tuple[str, ...]) -> None:
    preflight.check_stack(ReviewedStack(*stages), target)


def test_what_somebody_else_reviews_under_our_name_is_left_alone(target: Target) -> None:
    with pytest.raises(DeployFailed, match="is taken by a stack that this program did not make"):
        preflight.check_stack(ReviewedStack("prod", "theirs"), target)


def test_the_session_of_the_tests_reaches_moto_and_nothing_else(session: Any, aws: FakeAws) -> None:
    assert boto3.client("sts").meta.endpoint_url == aws.url
