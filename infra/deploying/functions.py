"""What the functions need and Chalice does not set: what becomes of an event that fails, and what starts them."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.deploying.failure import DeployFailed
from infra.deploying.patience import Sleep, until_role_is_known
from infra.deploying.target import FUNCTIONS, PROCESSING_FUNCTION, RECONCILER_FUNCTION, Target

RETRIES = {PROCESSING_FUNCTION: 2, RECONCILER_FUNCTION: 0}
"""The reconciler runs again by itself. 2 is the most that Lambda takes."""
MAXIMUM_EVENT_AGE_S = 6 * 3600
_CREATED_EVENTS = "s3:ObjectCreated:*"


def delete_log_groups(logs: Any, target: Target) -> None:
    """The stack has deleted them; a function's last words may have made one anew, which keeps its lines for ever."""
    for name in log_groups(target):
        try:
            logs.delete_log_group(logGroupName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise


def log_groups(target: Target) -> list[str]:
    return [*(target.log_group(function) for function in FUNCTIONS), target.access_log_group]


def set_asynchronous_invocation(
    functions: Any, target: Target, dead_letter_queue_arn: str, sleep: Sleep = time.sleep
) -> None:
    """An event that fails to the last goes to the queue, with the reason, and can be redriven."""
    for function, retries in RETRIES.items():
        put = partial(
            functions.put_function_event_invoke_config,
            FunctionName=target.function_name(function),
            MaximumRetryAttempts=retries,
            MaximumEventAgeInSeconds=MAXIMUM_EVENT_AGE_S,
            DestinationConfig={"OnFailure": {"Destination": dead_letter_queue_arn}},
        )
        until_role_is_known("InvalidParameterValueException", put, sleep)


def check_bucket_notification(s3: Any, target: Target, bucket: str) -> None:
    """Raises DeployFailed where photos would arrive unseen, or be processed twice."""
    held = s3.get_bucket_notification_configuration(Bucket=bucket).get("LambdaFunctionConfigurations", [])
    told = [entry["LambdaFunctionArn"] for entry in held if _CREATED_EVENTS in entry["Events"]]
    if told != [target.function_arn(PROCESSING_FUNCTION)]:
        raise DeployFailed(
            f"New objects in {bucket} should start {target.function_name(PROCESSING_FUNCTION)} alone, and start {told}",
            "Remove other notifications from that bucket, then run this again",
        )
