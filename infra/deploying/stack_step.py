"""The stack's own part of a deploy: its parameters and what it hands on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.deploying.failure import DeployFailed
from infra.deploying.preflight import OWNED_BY
from infra.deploying.target import Target
from infra.kept import CannotTakeUp, find_kept
from infra.stack import StackFailed, StackOutputs, apply_stack

_LOCAL_ORIGIN = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?")
_API_ORIGIN = re.compile(r"https://[a-z0-9]+\.execute-api\..*")


def apply(session: Any, target: Target, parameters: Mapping[str, str], poll_interval_s: int) -> StackOutputs:
    """What an earlier stack of this name left is taken up again. Raises DeployFailed."""
    try:
        return apply_stack(
            session.client("cloudformation"),
            target.stack_name,
            parameters=parameters,
            tags={OWNED_BY: target.stage},
            kept=find_kept(session.client, target.stack_name),
            poll_interval_s=poll_interval_s,
        )
    except (StackFailed, CannotTakeUp) as error:
        reason = " ".join(str(error).split())
        raise DeployFailed(
            f"The stack cannot be made as it should be: {reason}", "Mend that, then run this again"
        ) from error


def console_origins(cloudformation: Any, target: Target, api_origin: str) -> str:
    """The parameter ConsoleOrigins with the API's own origin in it; an earlier API's and this machine's leave it."""
    stack = cloudformation.describe_stacks(StackName=target.stack_name)["Stacks"][0]
    values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack.get("Parameters", [])}
    others = [
        origin
        for origin in values.get("ConsoleOrigins", "").split(",")
        if origin and origin != api_origin and not _LOCAL_ORIGIN.fullmatch(origin) and not _API_ORIGIN.fullmatch(origin)
    ]
    return ",".join([api_origin, *others])
