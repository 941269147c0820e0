"""The policy of each function: `infra/policies/*.json` with the stack's own ARNs put in."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from infra.deploying.target import API_FUNCTION, PROCESSING_FUNCTION, RECONCILER_FUNCTION, Target
from infra.secrets import SecretNames
from infra.stack import StackOutputs

TEMPLATES = Path(__file__).resolve().parents[1] / "policies"
FILES = {API_FUNCTION: "api.json", PROCESSING_FUNCTION: "processing.json", RECONCILER_FUNCTION: "reconciler.json"}


def policy(target: Target, function: str, outputs: StackOutputs, secrets: SecretNames) -> dict[str, Any]:
    """The IAM policy document. Raises KeyError for a name in the template that nothing stands for."""
    rendered: dict[str, Any] = json.loads(_template(function).substitute(_arns(target, function, outputs, secrets)))
    return rendered


@cache
def _template(function: str) -> Template:
    """Read once: what is deployed does not change under a run."""
    return Template((TEMPLATES / FILES[function]).read_text(encoding="utf-8"))


def _arns(target: Target, function: str, outputs: StackOutputs, secrets: SecretNames) -> dict[str, str]:
    def table(name: str) -> str:
        return target.arn("dynamodb", f"table/{name}")

    return {
        "LogGroupArn": target.arn("logs", f"log-group:{target.log_group(function)}"),
        "PepperArn": target.arn("ssm", f"parameter{secrets.pepper}"),
        "ReceiptKeyArn": target.arn("ssm", f"parameter{secrets.receipt_key}"),
        "DevicesTableArn": table(outputs.devices_table),
        "ItemsTableArn": table(outputs.items_table),
        "TimelineTableArn": table(outputs.timeline_table),
        "PairingsTableArn": table(outputs.pairings_table),
        "InboxTableArn": table(outputs.inbox_table),
        "CapturesBucketArn": target.arn("s3", outputs.captures_bucket),
        "DerivedBucketArn": target.arn("s3", outputs.derived_bucket),
        "DeadLetterQueueArn": outputs.dead_letter_queue_arn,
    }
