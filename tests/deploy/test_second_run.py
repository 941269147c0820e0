"""A run that fails says one line, whatever it fails of; the next one ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends

from infra.deploying.failure import DeployFailed, Failure, one_line
from infra.rehearse.expectations import expect_destroyed
from infra.rehearse.fake_aws import ACCOUNT_ID, REGION, FakeAws
from infra.rehearse.operator import Operator
from infra.rehearse.project import NO_PACKAGES, copy_of_project
from infra.rehearse.snapshot import differences, snapshot

STAGE = "prod"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_project(tmp_path_factory.mktemp("project"), requirements=NO_PACKAGES)


@pytest.fixture(scope="module")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("build")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def operator(session: Any, project: Path, build_folder: Path, said: list[str]) -> Operator:
    return Operator(project, build_folder, said.append)


@pytest.fixture(scope="module")
def whole(aws: FakeAws, project: Path, build_folder: Path) -> Any:
    """The account after a deploy that went well."""
    operator = Operator(project, build_folder)
    operator.deploy(STAGE)
    return snapshot(operator.session, operator.target(STAGE))


def failure_of(operator: Operator) -> str:
    with pytest.raises(Failure) as failed:
        operator.deploy(STAGE)
    return one_line(failed.value)


DENIED = ("You may not", "AccessDenied")
EXPIRED = ("have expired", "ExpiredToken")


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        ("AccessDenied", 1, DENIED),
        ("AccessDenied", 9, DENIED),
        ("AccessDenied", 33, DENIED),
        ("ExpiredToken", 2, EXPIRED),
        ("ExpiredToken", 25, EXPIRED),
    ],
)
def test_a_refusal_in_any_step_is_one_line_and_the_next_run_ends_the_job(
    whole: Any, operator: Operator, aws: FakeAws, said: list[str], code: str, changes: int, words: tuple[str, ...]
) -> None:
    aws.line.refuse_after(changes, code)
    line = failure_of(operator)
    assert any(word in line for word in words), line
    assert "run this again" in line
    assert "\n" not in line
    assert not any("Traceback" in one or one.lstrip().startswith("File ") for one in said)

    aws.line.mend()
    operator.deploy(STAGE)
    assert differences(snapshot(operator.session, operator.target(STAGE)), whole) == []


@pytest.mark.parametrize("changes", [1, 16])
def test_a_network_that_fails_within_a_step_is_one_line_without_a_trace(
    operator: Operator, aws: FakeAws, said: list[str], changes: int
) -> None:
    aws.line.cut_after(changes)
    line = failure_of(operator)
    assert "Connection was closed" in line
    assert "run this again" in line
    assert not any("Traceback" in one or one.lstrip().startswith("File ") for one in said)


def test_a_stack_that_was_rolled_back_is_cleared_away_and_made_anew(operator: Operator, whole: Any) -> None:
    begun = operator.new_deploy(STAGE)
    begun.apply_stack()
    begun.make_secrets()
    for stack in cloudformation_backends[ACCOUNT_ID][REGION].stacks.values():
        stack.status = "ROLLBACK_COMPLETE"
    with pytest.raises(DeployFailed, match="make destroy STAGE=prod"):
        operator.deploy(STAGE)
    operator.destroy(STAGE)
    expect_destroyed(operator.session, operator.target(STAGE), data_is_kept=True)
    operator.deploy(STAGE)
    assert differences(snapshot(operator.session, operator.target(STAGE)), whole) == []
