"""What Lambda does with an event that a function has failed on to the last: a record in the stack's queue."""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain.clock import to_text, utc_now
from infra.local.lambda_runner import Event

_log = logging.getLogger(__name__)


class FailureDestination:
    """The on-failure destination of a function's asynchronous invocations; `sqs` is a client in the function's role.

    Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
    """

    def __init__(self, sqs: Any, queue_url: str, function_arn: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._function_arn = function_arn

    def send(self, event: Event, error: Exception, invocations: int) -> None:
        """A letter that the role may not send is lost; only the metric DestinationDeliveryFailures tells of it."""
        record = {
            "version": "1.0",
            "timestamp": to_text(utc_now()),
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"{self._function_arn}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": invocations,
            },
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": str(error), "errorType": type(error).__name__},
        }
        try:
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(record))
        except ClientError:
            _log.exception("a dead letter was lost")
