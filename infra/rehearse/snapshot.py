"""Everything that a deploy makes in an account, as plain data, so that two accounts can be compared."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from botocore.exceptions import ClientError

from infra.deploying.deployed_state import DeployedState
from infra.deploying.functions import log_groups
from infra.deploying.target import FUNCTIONS, Target
from infra.rehearse.moto_lambda import files_of, sent_zip

Data = dict[str, Any]
_FUNCTION_FIELDS = (
    "FunctionName", "Runtime", "Architectures", "Role", "Handler", "Timeout", "MemorySize", "CodeSha256",
    "TracingConfig", "Environment",
)  # fmt: skip


def snapshot(session: Any, target: Target) -> Data:
    """Without what AWS numbers by chance: ids are put as their kind, times are left out. Packages are their files'."""
    parts = {
        "functions": {name: _with_files(function(session, target, name), target, name) for name in FUNCTIONS},
        "api": rest_api(session, target),
        "schedule": schedule(session, target),
        "notifications": notifications(session, target),
        "logs": _logs(session, target),
        "stack": _stack(session, target),
        "secrets": _secrets(session, target),
    }
    return _without_ids(parts, session, target)


def function(session: Any, target: Target, name: str) -> Data | None:
    client, function_name = session.client("lambda"), target.function_name(name)
    try:
        configuration = client.get_function_configuration(FunctionName=function_name)
    except ClientError:
        return None
    return {
        "configuration": {field: configuration.get(field) for field in _FUNCTION_FIELDS},
        "permissions": permissions(client, function_name),
        "on_failure": _invocation(client, function_name),
        "policies": role_policies(session, target, name),
    }


def _with_files(there: Data | None, target: Target, name: str) -> Data | None:
    if there is not None:
        files = json.dumps(files_of(sent_zip(target, name)))
        there["configuration"]["CodeSha256"] = hashlib.sha256(files.encode()).hexdigest()
    return there


def permissions(client: Any, function_name: str) -> list[list[str]]:
    """Pairs of who may invoke it and on whose behalf."""
    try:
        policy = json.loads(client.get_policy(FunctionName=function_name)["Policy"])
    except ClientError:
        return []
    return sorted(
        [statement["Principal"]["Service"], statement["Condition"]["ArnLike"]["AWS:SourceArn"]]
        for statement in policy["Statement"]
    )


def role_policies(session: Any, target: Target, name: str) -> Data:
    iam, role = session.client("iam"), target.role_name(name)
    try:
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    except ClientError:
        return {}
    return {policy: iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"] for policy in names}


def rest_api(session: Any, target: Target) -> Data | None:
    client = session.client("apigateway")
    apis = [api for api in client.get_rest_apis()["items"] if api["name"] == target.stack_name]
    if not apis:
        return None
    api_id = apis[0]["id"]
    resources = client.get_resources(restApiId=api_id, limit=500)["items"]
    stages = client.get_stages(restApiId=api_id)["item"]
    return {
        "how_many": len(apis),
        "routes": sorted(f"{method} {one['path']}" for one in resources for method in one.get("resourceMethods", {})),
        "error_answers": sorted(
            [one["responseType"], one.get("statusCode", ""), one["responseTemplates"]]
            for one in client.get_gateway_responses(restApiId=api_id)["items"]
        ),
        "stages": [[one["stageName"], one.get("methodSettings"), one.get("accessLogSettings")] for one in stages],
    }


def schedule(session: Any, target: Target) -> Data | None:
    client, rule = session.client("events"), target.rule_name("reconcile")
    try:
        expression = client.describe_rule(Name=rule)["ScheduleExpression"]
        targets = client.list_targets_by_rule(Rule=rule)["Targets"]
    except ClientError:
        return None
    return {"expression": expression, "targets": [one["Arn"] for one in targets]}


def notifications(session: Any, target: Target) -> list[list[Any]]:
    bucket = captures_bucket(target)
    try:
        held = session.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    except ClientError:
        return []
    return [[one["LambdaFunctionArn"], one["Events"]] for one in held.get("LambdaFunctionConfigurations", [])]


def captures_bucket(target: Target) -> str:
    return f"{target.stack_name}-captures-{target.account_id}-{target.region}"


def api_id(session: Any, target: Target) -> str | None:
    return DeployedState(session, target).rest_apis().kept_id


def _invocation(client: Any, function_name: str) -> Data | None:
    try:
        held = client.get_function_event_invoke_config(FunctionName=function_name)
    except ClientError:
        return None
    return {key: held[key] for key in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")}


def _logs(session: Any, target: Target) -> Data:
    found = session.client("logs").describe_log_groups()["logGroups"]
    ours = set(log_groups(target))
    return {one["logGroupName"]: one.get("retentionInDays") for one in found if one["logGroupName"] in ours}


def _stack(session: Any, target: Target) -> Data | None:
    client = session.client("cloudformation")
    try:
        stack = client.describe_stacks(StackName=target.stack_name)["Stacks"][0]
    except ClientError:
        return None
    resources = _stack_resources(session, target)
    return {
        "status": stack["StackStatus"].removeprefix("CREATE_").removeprefix("UPDATE_"),
        "parameters": sorted([one["ParameterKey"], one["ParameterValue"]] for one in stack.get("Parameters", [])),
        "resources": sorted({one["LogicalResourceId"] for one in resources}),
    }


def _stack_resources(session: Any, target: Target) -> list[Data]:
    try:
        found = session.client("cloudformation").describe_stack_resources(StackName=target.stack_name)
    except ClientError:
        return []
    return [one for one in found["StackResources"] if "LogicalResourceId" in one]


def _secrets(session: Any, target: Target) -> list[list[Any]]:
    found = session.client("ssm").describe_parameters()["Parameters"]
    return sorted([one["Name"], one["Type"], one["Version"]] for one in found if target.stack_name in one["Name"])


def _without_ids(parts: Data, session: Any, target: Target) -> Data:
    text = json.dumps(parts, sort_keys=True)
    pools = session.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    for pool in pools:
        if pool["Name"].startswith(target.stack_name):
            for one in session.client("cognito-idp").list_user_pool_clients(UserPoolId=pool["Id"])["UserPoolClients"]:
                text = text.replace(one["ClientId"], "<client>")
            text = text.replace(pool["Id"], "<pool>")
    for resource in _stack_resources(session, target):
        if resource["ResourceType"] == "AWS::SQS::Queue":
            text = text.replace(resource["PhysicalResourceId"].rpartition("/")[2].rpartition(":")[2], "<queue>")
    if found := api_id(session, target):
        text = text.replace(found, "<api>")
    replaced: Data = json.loads(text)
    return replaced


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two snapshots differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            text
            for key in sorted(one.keys() | other.keys())
            for text in differences(one.get(key), other.get(key), f"{place}/{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [text for number, pair in pairs for text in differences(*pair, f"{place}/{number}")]
    return [] if one == other else [f"{place}: {_short(one)} is not {_short(other)}"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 200 else f"{text[:180]}... ({hashlib.sha256(text.encode()).hexdigest()[:8]})"
