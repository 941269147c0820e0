"""The CloudFormation stack: made or brought up to date, and what the app must know of it.

`environment` is the single place for the names of the app's environment variables on this side;
`chalicelib.settings` reads them on the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.kept import Kept, import_change_set
from infra.secrets import SecretNames

TEMPLATE = Path(__file__).with_name("template.yaml")


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """The stack's outputs, one field each: `devices_table` is the output DevicesTable."""

    devices_table: str
    items_table: str
    timeline_table: str
    pairings_table: str
    inbox_table: str
    captures_bucket: str
    derived_bucket: str
    user_pool_id: str
    user_pool_client_id: str
    oidc_issuer: str
    dead_letter_queue_url: str
    dead_letter_queue_arn: str
    alarm_topic_arn: str
    access_log_group_arn: str


class StackFailed(Exception):
    """CloudFormation could not make or change the stack; the text is CloudFormation's own reason."""


def apply_stack(
    cloudformation: Any,
    stack_name: str,
    *,
    parameters: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    kept: Sequence[Kept] = (),
    poll_interval_s: int = 5,
) -> StackOutputs:
    """Make the stack from `infra/template.yaml`, or bring it up to date, wait, and return its outputs.

    Doing it again changes nothing. `parameters` not given keep the value they have, or their default; `tags` go
    onto the stack and all that is in it. Where there is no stack yet, it begins with `kept` (`infra.kept.find_kept`).
    Raises StackFailed when CloudFormation refuses or rolls back.
    """
    tag_list = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    try:
        if _is_free(cloudformation, stack_name) and kept:
            _take_up(cloudformation, stack_name, kept, tag_list, poll_interval_s)
        started = _start(cloudformation, stack_name, dict(parameters or {}), tag_list)
    except ClientError as error:
        raise StackFailed(str(error)) from error
    if started:
        _wait(cloudformation, *started, poll_interval_s)
    return read_outputs(cloudformation, stack_name)


@cache
def template_body() -> str:
    """Read once: what is deployed does not change under a run."""
    return TEMPLATE.read_text(encoding="utf-8")


def read_outputs(cloudformation: Any, stack_name: str) -> StackOutputs:
    """The outputs of a stack that exists. Raises StackFailed when there is none."""
    stack = _describe(cloudformation, stack_name)
    if stack is None:
        raise StackFailed(f"there is no stack named {stack_name}")
    values = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return StackOutputs(**{field: values[_output_key(field)] for field in StackOutputs.__dataclass_fields__})


def environment(
    outputs: StackOutputs,
    secrets: SecretNames,
    *,
    stack_name: str | None = None,
    jwks_url: str | None = None,
    s3_url: str | None = None,
    sign_in_url: str | None = None,
) -> dict[str, str]:
    """The app's environment variables. `stack_name` tells the APIs and metrics of several stacks apart.

    The URLs are for the local cloud: in AWS they follow from the issuer and the region.
    """
    variables = {
        "FRAMEFERRY_DEVICES_TABLE": outputs.devices_table,
        "FRAMEFERRY_ITEMS_TABLE": outputs.items_table,
        "FRAMEFERRY_TIMELINE_TABLE": outputs.timeline_table,
        "FRAMEFERRY_PAIRINGS_TABLE": outputs.pairings_table,
        "FRAMEFERRY_INBOX_TABLE": outputs.inbox_table,
        "FRAMEFERRY_CAPTURES_BUCKET": outputs.captures_bucket,
        "FRAMEFERRY_DERIVED_BUCKET": outputs.derived_bucket,
        "FRAMEFERRY_OIDC_ISSUER": outputs.oidc_issuer,
        "FRAMEFERRY_OIDC_CLIENT_ID": outputs.user_pool_client_id,
        "FRAMEFERRY_PEPPER_PARAMETER": secrets.pepper,
        "FRAMEFERRY_RECEIPT_KEY_PARAMETER": secrets.receipt_key,
    }
    if stack_name:
        variables["FRAMEFERRY_STACK"] = stack_name
    if jwks_url:
        variables["FRAMEFERRY_OIDC_JWKS_URL"] = jwks_url
    if s3_url:
        variables["FRAMEFERRY_S3_URL"] = s3_url
    if sign_in_url:
        variables["FRAMEFERRY_SIGN_IN_URL"] = sign_in_url
    return variables


def _is_free(cloudformation: Any, stack_name: str) -> bool:
    """Whether there is no stack. One that was named and never got a resource is cleared away."""
    present = _describe(cloudformation, stack_name)
    if present and present["StackStatus"] == "REVIEW_IN_PROGRESS":
        cloudformation.delete_stack(StackName=stack_name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=present["StackId"])
        return True
    return present is None


def _take_up(
    cloudformation: Any, stack_name: str, kept: Sequence[Kept], tags: list[dict[str, str]], poll_interval_s: int
) -> None:
    """A new stack that holds `kept` and nothing else. Raises StackFailed, and leaves no stack then."""
    made = cloudformation.create_change_set(
        StackName=stack_name, ChangeSetName="take-up", Tags=tags, **import_change_set(kept)
    )
    try:
        try:
            cloudformation.get_waiter("change_set_create_complete").wait(
                ChangeSetName=made["Id"], WaiterConfig={"Delay": poll_interval_s}
            )
        except WaiterError as error:
            raise StackFailed(error.last_response.get("StatusReason", str(error))) from error
        cloudformation.execute_change_set(ChangeSetName=made["Id"])
        _wait(cloudformation, "stack_import_complete", made["StackId"], poll_interval_s)
    except (StackFailed, ClientError):
        cloudformation.delete_stack(StackName=made["StackId"])
        raise


def _wait(cloudformation: Any, waiter: str, stack_id: str, poll_interval_s: int) -> None:
    try:
        cloudformation.get_waiter(waiter).wait(StackName=stack_id, WaiterConfig={"Delay": poll_interval_s})
    except WaiterError as error:
        raise StackFailed(_first_failure(cloudformation, stack_id) or str(error)) from error


def _start(
    cloudformation: Any, stack_name: str, parameters: dict[str, str], tags: list[dict[str, str]]
) -> tuple[str, str] | None:
    """Begin the creation or the update: (waiter's name, stack id), or None when nothing is to be done.

    The id, because a stack whose creation fails is deleted, and then is found by its id only.
    """
    body = template_body()
    present = _describe(cloudformation, stack_name)
    if present is None:
        values = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        made = cloudformation.create_stack(
            StackName=stack_name, TemplateBody=body, Parameters=values, Tags=tags, OnFailure="DELETE"
        )
        return "stack_create_complete", made["StackId"]
    try:
        cloudformation.update_stack(
            StackName=stack_name,
            TemplateBody=body,
            Parameters=_kept_or_given(present, parameters),
            Tags=tags or present.get("Tags", []),
        )
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return None
        raise
    return "stack_update_complete", present["StackId"]


def _kept_or_given(stack: dict[str, Any], given: dict[str, str]) -> list[dict[str, str]]:
    """Values in full: UsePreviousValue fails in moto for a parameter that was left at its default."""
    kept = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", [])}
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in (kept | given).items()]


def _describe(cloudformation: Any, stack_name: str) -> dict[str, Any] | None:
    try:
        stacks: list[dict[str, Any]] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return stacks[0]


def _first_failure(cloudformation: Any, stack_id: str) -> str | None:
    """The oldest event that failed says why; what fails after it is only told to stop."""
    try:
        events = cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
    except ClientError:
        return None
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', event['ResourceStatus'])}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return reasons[-1] if reasons else None


def _output_key(field: str) -> str:
    return "".join(word.capitalize() for word in field.split("_"))
