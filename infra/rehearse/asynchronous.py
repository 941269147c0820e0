"""Lambda's way with an event: it tries, tries again, gives up and says so, all as the deployed function is set to.

Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation" and "Capturing
records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.rehearse.runtime_api import FunctionFailed, FunctionProcess


@dataclass(frozen=True)
class AsynchronousFunction:
    """Between the tries Lambda waits minutes, and this does not."""

    process: FunctionProcess
    retries: int
    dead_letter_queue_url: str

    @classmethod
    def of(cls, session: Any, process: FunctionProcess) -> AsynchronousFunction:
        name = process.arn.rpartition(":")[2]
        set_to = session.client("lambda").get_function_event_invoke_config(FunctionName=name)
        queue_arn: str = set_to["DestinationConfig"]["OnFailure"]["Destination"]
        queue_url = session.client("sqs").get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        return cls(process, set_to["MaximumRetryAttempts"], queue_url)

    def tell(self, event: Any) -> dict[str, Any] | None:
        """None where it has succeeded, or else the record that goes to the queue."""
        for _ in range(1 + self.retries):
            try:
                self.process.invoke(event)
            except FunctionFailed as error:
                failure = str(error)
            else:
                return None
        return self._record(event, json.loads(failure))

    def _record(self, event: Any, error: Any) -> dict[str, Any]:
        return {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"{self.process.arn}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 1 + self.retries,
            },
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": error,
        }
