"""What Chalice remembers of a deploy, worked out from AWS itself.

Chalice writes `.chalice/deployed/<stage>.json` only at the end of a deploy that went well, on the machine that ran
it. Without it a second run makes a second REST API, and `chalice delete` deletes nothing. All of it follows from
names (see `target`), so it is read from the account before each run, and there is no file to keep or to lose.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deploying.target import API_FUNCTION, FUNCTIONS, Target

Resource = dict[str, str]


@dataclass(frozen=True, slots=True)
class RestApis:
    """Those of the stack's name. More than one is what a deploy leaves whose import's answer was lost."""

    kept_id: str | None
    surplus_ids: tuple[str, ...] = ()


class DeployedState:
    """Reads only. `session` is a boto3 session of the target's account and region."""

    def __init__(self, session: Any, target: Target) -> None:
        self._target = target
        self._lambda = session.client("lambda")
        self._iam = session.client("iam")
        self._events = session.client("events")
        self._s3 = session.client("s3")
        self._api_gateway = session.client("apigateway")

    def resources(self, captures_bucket: str | None) -> list[Resource]:
        """As Chalice lists them: in the order of their making. Empty where nothing is deployed."""
        found: list[Resource] = []
        for name in self._function_names():
            found += self._of_function(name, captures_bucket)
        api_id = self.rest_apis().kept_id
        if api_id:
            found.append({"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api_id, **self._url(api_id)})
        return found

    def rest_apis(self) -> RestApis:
        """The one that is kept has been deployed, or else is the oldest."""
        pages = self._api_gateway.get_paginator("get_rest_apis").paginate()
        ours = [api for page in pages for api in page["items"] if api["name"] == self._target.stack_name]
        if not ours:
            return RestApis(None)
        stages = {api["id"]: self._api_gateway.get_stages(restApiId=api["id"])["item"] for api in ours}
        ours.sort(key=lambda api: (not stages[api["id"]], api["createdDate"], api["id"]))
        return RestApis(ours[0]["id"], tuple(api["id"] for api in ours[1:] if not stages[api["id"]]))

    def _url(self, api_id: str) -> Resource:
        domain = "amazonaws.com.cn" if self._target.partition == "aws-cn" else "amazonaws.com"
        return {"rest_api_url": f"https://{api_id}.execute-api.{self._target.region}.{domain}/api/"}

    def _function_names(self) -> list[str]:
        """Ours, and those of an earlier release that this one no longer has: they are to be swept."""
        prefix = f"{self._target.stack_name}-"
        found = set(FUNCTIONS)
        for page in self._lambda.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                if function["FunctionName"].startswith(prefix) and self._is_ours(function["FunctionArn"]):
                    found.add(function["FunctionName"].removeprefix(prefix))
        return sorted(found, key=lambda name: (name == API_FUNCTION, name))

    def _is_ours(self, function_arn: str) -> bool:
        tag: str = self._lambda.list_tags(Resource=function_arn)["Tags"].get("aws-chalice", "")
        return tag.endswith(f":stage={self._target.stage}:app={self._target.app_name}")

    def _of_function(self, name: str, captures_bucket: str | None) -> list[Resource]:
        found: list[Resource] = []
        if role_arn := self._role_arn(name):
            role_name = self._target.role_name(name)
            found.append(
                {"name": f"{name}_role", "resource_type": "iam_role", "role_arn": role_arn, "role_name": role_name}
            )
        arn = self._function_arn(name)
        if arn:
            found.append({"name": name, "resource_type": "lambda_function", "lambda_arn": arn})
        if captures_bucket and self._hears_of(captures_bucket, self._target.function_arn(name)):
            event = {"bucket": captures_bucket, "lambda_arn": self._target.function_arn(name)}
            found.append({"name": f"{name}-s3event", "resource_type": "s3_event", **event})
        if self._has_rule(name):
            rule = {"rule_name": self._target.rule_name(name)}
            found.append({"name": f"{name}-event", "resource_type": "cloudwatch_event", **rule})
        return found

    def _role_arn(self, name: str) -> str | None:
        found = _or_none("NoSuchEntity", self._iam.get_role, RoleName=self._target.role_name(name))
        return None if found is None else str(found["Role"]["Arn"])

    def _function_arn(self, name: str) -> str | None:
        function_name = self._target.function_name(name)
        found = _or_none(
            "ResourceNotFoundException", self._lambda.get_function_configuration, FunctionName=function_name
        )
        return None if found is None else str(found["FunctionArn"])

    def _hears_of(self, bucket: str, function_arn: str) -> bool:
        held = _or_none("NoSuchBucket", self._s3.get_bucket_notification_configuration, Bucket=bucket) or {}
        return any(entry["LambdaFunctionArn"] == function_arn for entry in held.get("LambdaFunctionConfigurations", []))

    def _has_rule(self, name: str) -> bool:
        rule_name = self._target.rule_name(name)
        return _or_none("ResourceNotFoundException", self._events.describe_rule, Name=rule_name) is not None


def write_deployed_state(build_folder: Path, stage: str, resources: list[Resource]) -> None:
    """Where Chalice looks for it."""
    folder = build_folder / ".chalice" / "deployed"
    folder.mkdir(parents=True, exist_ok=True)
    state = {"resources": resources, "schema_version": "2.0", "backend": "api"}
    (folder / f"{stage}.json").write_text(json.dumps(state, indent=2), encoding="utf-8")


def read_deployed_state(build_folder: Path, stage: str) -> list[Resource]:
    """What Chalice wrote."""
    text = (build_folder / ".chalice" / "deployed" / f"{stage}.json").read_text(encoding="utf-8")
    resources: list[Resource] = json.loads(text)["resources"]
    return resources


def _or_none(absent: str, call: Callable[..., Any], **parameters: str) -> Any:
    """None where AWS answers with the code `absent`."""
    try:
        return call(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != absent:
            raise
        return None
