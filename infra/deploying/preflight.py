"""What can be known to go wrong before anything is touched."""

from __future__ import annotations

import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, InvalidRegionError
from botocore.exceptions import ConnectionError as NotConnected

from infra.deploying.failure import DeployFailed
from infra.deploying.target import Target, project_config, require_stage

_OLDEST_PYTHON = (3, 12)
_UNFINISHED = "IN_PROGRESS"
NEVER_BEGUN = "REVIEW_IN_PROGRESS"
"""What a run leaves that was killed before its stack got a resource; the next one clears it away."""
_GONE_WRONG = "Clear it away with `make destroy STAGE={stage}`, which keeps the photos; then run this again"
_BROKEN = {
    "ROLLBACK_COMPLETE": _GONE_WRONG,
    "ROLLBACK_FAILED": _GONE_WRONG,
    "CREATE_FAILED": _GONE_WRONG,
    "DELETE_FAILED": _GONE_WRONG,
    "IMPORT_ROLLBACK_FAILED": _GONE_WRONG,
    "UPDATE_ROLLBACK_FAILED": (
        "Bring it back with `aws cloudformation continue-update-rollback --stack-name {stack}`, then run this again"
    ),
}
_A_REGION = "Set AWS_REGION, such as AWS_REGION=eu-central-1"
OWNED_BY = "frameferry:stage"
"""The tag on every stack of ours, with the stage as its value."""


def check(
    session: Any,
    stage: str,
    *,
    account_id: str | None = None,
    may_be_broken: bool = False,
    version: tuple[int, ...] = sys.version_info[:3],
) -> Target:
    """Where this deploy goes. Raises DeployFailed; it has changed nothing then, as on return.

    `account_id`: the only account that will do. `may_be_broken`: the stack is to go anyway. `version`: of the Python
    that builds the package.
    """
    check_python(version)
    config = project_config()
    require_stage(stage, config)
    caller = _caller(session)
    if account_id and caller["Account"] != account_id:
        raise DeployFailed(
            f"These credentials are of account {caller['Account']}, not {account_id}",
            "Choose others with AWS_PROFILE, or another ACCOUNT",
        )
    target = Target(
        stage=stage,
        account_id=caller["Account"],
        region=session.region_name,
        partition=caller["Arn"].split(":")[1],
        app_name=config["app_name"],
    )
    check_stack(session.client("cloudformation"), target, may_be_broken=may_be_broken)
    return target


def check_python(version: tuple[int, ...]) -> None:
    if version < _OLDEST_PYTHON:
        raise DeployFailed(
            f"Python {'.'.join(map(str, version))} is too old: its package would not run in Lambda",
            "Make .venv with Python 3.12 or newer: make env PYTHON=/path/to/python3",
        )


def check_stack(cloudformation: Any, target: Target, *, may_be_broken: bool = False) -> None:
    """A stack of this name is ours and can be updated, or there is none."""
    try:
        stack = cloudformation.describe_stacks(StackName=target.stack_name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return
        raise
    if not _is_ours(cloudformation, stack, target.stage):
        raise DeployFailed(
            f"The stack name {target.stack_name} is taken by a stack that this program did not make",
            "Delete or rename that stack, or change app_name in .chalice/config.json",
        )
    status = stack["StackStatus"]
    if status in _BROKEN and not may_be_broken:
        next_step = _BROKEN[status].format(stack=target.stack_name, stage=target.stage)
        raise DeployFailed(f"The stack {target.stack_name} is {status}", next_step)
    if status.endswith(_UNFINISHED) and status != NEVER_BEGUN:
        raise DeployFailed(
            f"The stack {target.stack_name} is {status}: CloudFormation is at work for an earlier run or somebody else",
            "Wait some minutes, then run this again",
        )


def _is_ours(cloudformation: Any, stack: dict[str, Any], stage: str) -> bool:
    """A stack that is only reviewed may have no tags yet: its change sets have them."""
    if _stage_of(stack) == stage or stack["StackStatus"] != NEVER_BEGUN:
        return _stage_of(stack) == stage
    listed = cloudformation.list_change_sets(StackName=stack["StackName"])["Summaries"]
    names = [one["ChangeSetId"] for one in listed if one["StackName"] == stack["StackName"]]
    return all(_stage_of(cloudformation.describe_change_set(ChangeSetName=name)) == stage for name in names)


def _stage_of(tagged: dict[str, Any]) -> str | None:
    return next((tag["Value"] for tag in tagged.get("Tags") or [] if tag["Key"] == OWNED_BY), None)


def _caller(session: Any) -> dict[str, str]:
    if session.region_name is None:
        raise DeployFailed("No AWS region is chosen", _A_REGION)
    try:
        found: dict[str, str] = session.client("sts").get_caller_identity()
    except InvalidRegionError as error:
        raise DeployFailed(f"{session.region_name!r} is no AWS region", _A_REGION) from error
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, NotConnected | HTTPClientError):
            raise
        raise DeployFailed(
            f"There are no working AWS credentials ({_short(error)})",
            "Get new ones with `aws configure` or `aws sso login`, or choose others with AWS_PROFILE",
        ) from error
    return found


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160].rstrip(".")
