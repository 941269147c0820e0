"""What has to be there after a deploy, and what after a destroy, put down independently of the code that makes it."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Mapping
from typing import Any

from infra.deploying.deploy import Deploy
from infra.deploying.target import (
    API_FUNCTION,
    FUNCTIONS,
    PROCESSING_FUNCTION,
    RECONCILER_FUNCTION,
    Target,
    project_config,
)
from infra.gateway_responses import GATEWAY_RESPONSES
from infra.rehearse.moto_lambda import sent_zip
from infra.rehearse.snapshot import captures_bucket, function, snapshot

_HANDLERS = {API_FUNCTION: "app.app", PROCESSING_FUNCTION: "app.process_object", RECONCILER_FUNCTION: "app.reconcile"}
_INVOKED_BY = {
    API_FUNCTION: "apigateway.amazonaws.com",
    PROCESSING_FUNCTION: "s3.amazonaws.com",
    RECONCILER_FUNCTION: "events.amazonaws.com",
}


class RehearsalFailed(Exception):
    """What was expected, and what was there instead."""


def expect(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise RehearsalFailed(f"{what}: {found!r} instead of {wanted!r}")


def expect_deployed(session: Any, deploy: Deploy, *, architecture: str, routes: set[str]) -> None:
    target, there = deploy.target, snapshot(session, deploy.target)
    for name in FUNCTIONS:
        _expect_function(there["functions"][name], target, name, architecture)
        held = function(session, target, name) or {}
        expect(f"environment of {name}", held["configuration"]["Environment"]["Variables"], deploy.environment)
        expect(f"policy of {name}", held["policies"], {target.role_name(name): deploy.policies[name]})
        digest = base64.b64encode(hashlib.sha256(sent_zip(target, name)).digest()).decode()
        expect(f"the zip of {name}", held["configuration"]["CodeSha256"], digest)
    _expect_api(there["api"], target, routes)
    expect(
        "what S3 tells", there["notifications"], [[target.function_arn(PROCESSING_FUNCTION), ["s3:ObjectCreated:*"]]]
    )
    wanted = {"expression": "rate(15 minutes)", "targets": [target.function_arn(RECONCILER_FUNCTION)]}
    expect("the schedule", there["schedule"], wanted)
    groups = {
        *(target.log_group(name) for name in FUNCTIONS),
        target.access_log_group,
    }
    expect("log groups and their days", there["logs"], dict.fromkeys(groups, 30))
    expect("the stack", there["stack"]["status"], "COMPLETE")


def _expect_function(there: Mapping[str, Any] | None, target: Target, name: str, architecture: str) -> None:
    if there is None:
        raise RehearsalFailed(f"function {name} is not there")
    configuration, config = there["configuration"], project_config()["lambda_functions"][name]
    for field, wanted in {
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "Architectures": [architecture],
        "Handler": _HANDLERS[name],
        "MemorySize": config["lambda_memory_size"],
        "Timeout": config["lambda_timeout"],
        "Role": target.arn("iam", f"role/{target.role_name(name)}", is_global=True),
        "TracingConfig": {"Mode": "Active"},
    }.items():
        expect(f"{field} of {name}", configuration[field], wanted)
    expect(f"who invokes {name}", [service for service, _ in there["permissions"]], [_INVOKED_BY[name]])
    if name != API_FUNCTION:
        destination = there["on_failure"]["DestinationConfig"]["OnFailure"]["Destination"]
        expect(f"where failed events of {name} go", destination, target.arn("sqs", "<queue>"))


def _expect_api(there: Mapping[str, Any] | None, target: Target, routes: set[str]) -> None:
    if there is None:
        raise RehearsalFailed("there is no REST API")
    expect("REST APIs of this name", there["how_many"], 1)
    expect("routes", there["routes"], sorted(routes))
    answers = [kind for kind, *_ in there["error_answers"]]
    expect("error answers in our form", answers, sorted(kind.name for kind in GATEWAY_RESPONSES))
    ((stage, methods, access_log),) = there["stages"]
    expect("the API's stage", stage, "api")
    if "throttlingRateLimit" not in (methods or {}).get("*/*", {}):
        raise RehearsalFailed(f"the stage has no request limit: {methods!r}")
    expect("the access log", access_log["destinationArn"], target.arn("logs", f"log-group:{target.access_log_group}"))


def expect_destroyed(session: Any, target: Target, *, data_is_kept: bool) -> None:
    there = snapshot(session, target)
    for part in ("api", "schedule", "stack"):
        expect(f"{part} after destroy", there[part], None)
    expect("functions after destroy", [name for name, held in there["functions"].items() if held], [])
    expect("what S3 tells after destroy", there["notifications"], [])
    expect("log groups after destroy", there["logs"], {})
    expect("secrets after destroy", bool(there["secrets"]), data_is_kept)
    roles = [role["RoleName"] for role in session.client("iam").list_roles()["Roles"]]
    expect("roles after destroy", [role for role in roles if role.startswith(target.stack_name)], [])
    buckets = [bucket["Name"] for bucket in session.client("s3").list_buckets()["Buckets"]]
    expect("the captures bucket after destroy", captures_bucket(target) in buckets, data_is_kept)
    tables = [name for name in session.client("dynamodb").list_tables()["TableNames"] if target.stack_name in name]
    expect("tables after destroy", len(tables), 5 if data_is_kept else 0)
    queues = session.client("sqs").list_queues(QueueNamePrefix=target.stack_name).get("QueueUrls", [])
    expect("queues after destroy", queues, [])
    alarms = session.client("cloudwatch").describe_alarms(AlarmNamePrefix=target.stack_name)["MetricAlarms"]
    expect("alarms after destroy", alarms, [])
