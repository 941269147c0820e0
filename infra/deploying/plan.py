"""What a deploy would change, and what a month costs. It reads, and changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from chalicelib.domain.prices import AS_OF
from infra.deploying import costs
from infra.deploying.deployed_state import DeployedState
from infra.deploying.preflight import NEVER_BEGUN
from infra.deploying.target import FUNCTIONS, Target
from infra.deploying.template import read_template
from infra.secrets import secret_names

_ROUTES_OF_APP = (
    "import json, app; "
    "print(json.dumps(sorted(f'{method} {path}' for path, views in app.app.routes.items() for method in views)))"
)


def print_plan(
    session: Any, target: Target, out: Console, *, cameras: int, parameters: Mapping[str, str] | None = None
) -> None:
    out.print(f"[bold]{target.stack_name}[/bold] in account {target.account_id}, {target.region}")
    changes = Table("", "what", box=None, show_header=False, padding=(0, 1))
    for change, what in stack_changes(session, target, parameters or {}) + chalice_changes(session, target):
        changes.add_row(change, what)
    out.print(changes)
    fleet = f"{cameras} cameras, a photo every 30 s each"
    table = Table(f"a month, list prices of {AS_OF}", "USD", box=None, title=fleet)
    table.columns[1].justify = "right"
    month = costs.month(cameras)
    for cost in month:
        table.add_row(cost.name, f"{cost.usd:.2f}")
    table.add_row("[bold]together[/bold]", f"[bold]{sum(cost.usd for cost in month):.2f}[/bold]")
    out.print(table)


def stack_changes(session: Any, target: Target, parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs such as `("make", "AWS::SQS::Queue DeadLetterQueue")`."""
    before, after = _deployed_template(session, target), read_template()["Resources"]
    changes = [("make", _named(name, after)) for name in after if name not in before]
    changes += [("change", _named(name, after)) for name in after if name in before and after[name] != before[name]]
    changes += [("remove", _named(name, before)) for name in before if name not in after]
    changes += [("set", f"parameter {name}={value}") for name, value in parameters.items()]
    return changes + [("make", f"secret {name}") for name in _missing_secrets(session, target)]


def chalice_changes(session: Any, target: Target) -> list[tuple[str, str]]:
    state = DeployedState(session, target)
    resources = state.resources(None)
    there = {resource["name"] for resource in resources if resource["resource_type"] == "lambda_function"}
    changes = [("update" if name in there else "make", f"function {target.function_name(name)}") for name in FUNCTIONS]
    changes += [("remove", f"function {target.function_name(name)}") for name in sorted(there - set(FUNCTIONS))]
    api_id = state.rest_apis().kept_id
    before, after = _deployed_routes(session, api_id) if api_id else set(), routes_of_app(target.project)
    changes.append(("update" if api_id else "make", f"REST API {target.stack_name}, {len(after)} routes"))
    changes += [("make", f"route {route}") for route in sorted(after - before) if api_id]
    return changes + [("remove", f"route {route}") for route in sorted(before - after)]


def _deployed_template(session: Any, target: Target) -> dict[str, Any]:
    """Its resources; none where there is no stack, or one that never got any."""
    cloudformation = session.client("cloudformation")
    try:
        (stack,) = cloudformation.describe_stacks(StackName=target.stack_name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    if stack["StackStatus"] == NEVER_BEGUN:
        return {}
    body = cloudformation.get_template(StackName=target.stack_name)["TemplateBody"]
    found: dict[str, Any] = read_template(body if isinstance(body, str) else json.dumps(body))["Resources"]
    return found


def _named(name: str, resources: dict[str, Any]) -> str:
    condition = resources[name].get("Condition")
    return f"{resources[name]['Type']} {name}" + (f" (if {condition})" if condition else "")


def _missing_secrets(session: Any, target: Target) -> list[str]:
    names = secret_names(target.stack_name)
    missing: list[str] = session.client("ssm").get_parameters(Names=[names.pepper, names.receipt_key])[
        "InvalidParameters"
    ]
    return sorted(missing)


def _deployed_routes(session: Any, api_id: str) -> set[str]:
    pages = session.client("apigateway").get_paginator("get_resources").paginate(restApiId=api_id)
    resources = [resource for page in pages for resource in page["items"]]
    return {f"{method} {entry['path']}" for entry in resources for method in entry.get("resourceMethods", {})}


def routes_of_app(project: Path) -> set[str]:
    """In a process of its own: the app reads its environment when it is imported, once."""
    done = subprocess.run(
        [sys.executable, "-c", _ROUTES_OF_APP],
        cwd=project,
        env={name: value for name, value in os.environ.items() if not name.startswith("FRAMEFERRY_")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))
