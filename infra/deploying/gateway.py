"""What the REST API's stage needs and Chalice does not set: error answers, throttling, an access log.

Chalice's import overwrites the API with every deploy, so all of this is set again after it and then deployed.
"""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.exceptions import ClientError

from infra.deploying.patience import Sleep, until_role_is_known
from infra.deploying.target import Target
from infra.gateway_responses import GATEWAY_RESPONSES, GatewayResponse

STAGE = "api"
RATE_LIMIT_PER_S = 50
BURST_LIMIT = 100
"""Hundreds of cameras draining at once; a runaway client costs at most $15 a day in requests."""
_LOG_FIELDS = {
    "request_id": "requestId",
    "at_ms": "requestTimeEpoch",
    "source_ip": "identity.sourceIp",
    "method": "httpMethod",
    "route": "resourcePath",
    "status": "status",
    "size_bytes": "responseLength",
    "latency_ms": "responseLatency",
    "error": "error.responseType",
}
"""The route and not the path, which names a device."""
_LOG_ROLE = "frameferry-api-gateway-logs"
LOG_POLICY = "AmazonAPIGatewayPushToCloudWatchLogs"


def set_gateway_responses(api_gateway: Any, api_id: str) -> None:
    for kind, response in GATEWAY_RESPONSES.items():
        status = {} if response.status is None else {"statusCode": str(response.status)}
        api_gateway.put_gateway_response(
            restApiId=api_id, responseType=kind.name, responseTemplates=_template(response), **status
        )


def redeploy(api_gateway: Any, api_id: str) -> None:
    """What was set on the API since its last deployment takes effect."""
    api_gateway.create_deployment(restApiId=api_id, stageName=STAGE, description="error answers")


def set_stage(api_gateway: Any, api_id: str, target: Target) -> None:
    values = {
        "/*/*/throttling/rateLimit": str(RATE_LIMIT_PER_S),
        "/*/*/throttling/burstLimit": str(BURST_LIMIT),
        "/accessLogSettings/destinationArn": target.arn("logs", f"log-group:{target.access_log_group}"),
        "/accessLogSettings/format": access_log_format(),
    }
    operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    api_gateway.update_stage(restApiId=api_id, stageName=STAGE, patchOperations=operations)


def access_log_format() -> str:
    return json.dumps({name: f"$context.{variable}" for name, variable in _LOG_FIELDS.items()})


def let_api_gateway_log(session: Any, target: Target, sleep: Sleep = time.sleep) -> None:
    """API Gateway writes logs with one role for the whole account and region. One that is set is left alone.

    Source: API Gateway Developer Guide, "Permissions for CloudWatch logging".
    """
    api_gateway = session.client("apigateway")
    if api_gateway.get_account().get("cloudwatchRoleArn"):
        return
    role_arn = _log_role(session.client("iam"), target)
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role_arn}]
    until_role_is_known("BadRequestException", lambda: api_gateway.update_account(patchOperations=operations), sleep)


def _log_role(iam: Any, target: Target) -> str:
    principal = {"Service": "apigateway.amazonaws.com"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
    try:
        iam.create_role(RoleName=_LOG_ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
    iam.attach_role_policy(
        RoleName=_LOG_ROLE, PolicyArn=f"arn:{target.partition}:iam::aws:policy/service-role/{LOG_POLICY}"
    )
    arn: str = iam.get_role(RoleName=_LOG_ROLE)["Role"]["Arn"]
    return arn


def _template(response: GatewayResponse) -> dict[str, str]:
    return {"application/json": response.body("$context.requestId")}
