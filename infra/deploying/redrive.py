"""Dead letters, told again. Processing can be repeated at any time, so a letter told twice does no harm."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from infra.deploying.failure import DeployFailed
from infra.deploying.target import FUNCTIONS, Target
from infra.stack import StackFailed, read_outputs

_BATCH = 10


def redrive(session: Any, target: Target, clock: Callable[[], float] = time.time) -> int:
    """Invoke each letter's function with its event, and take the letter away. How many there were.

    Those that fail again come back later as new letters, which this run leaves. Raises DeployFailed.
    Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
    """
    try:
        queue_url = read_outputs(session.client("cloudformation"), target.stack_name).dead_letter_queue_url
    except StackFailed as error:
        raise DeployFailed(f"{target.stack_name} is not deployed", "Deploy it first") from error
    sqs, functions = session.client("sqs"), session.client("lambda")
    started_at_ms, told = clock() * 1000, 0
    while letters := _receive(sqs, queue_url):
        for letter in letters:
            if int(letter["Attributes"]["SentTimestamp"]) > started_at_ms:
                return told
            _tell(functions, target, json.loads(letter["Body"]))
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=letter["ReceiptHandle"])
            told += 1
    return told


def _receive(sqs: Any, queue_url: str) -> list[dict[str, Any]]:
    received: list[dict[str, Any]] = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=_BATCH, AttributeNames=["SentTimestamp"], WaitTimeSeconds=1
    ).get("Messages", [])
    return received


def _tell(functions: Any, target: Target, letter: dict[str, Any]) -> None:
    """Raises DeployFailed for what is no letter of this stack; it stays in the queue."""
    name = letter.get("requestContext", {}).get("functionArn", "").split(":function:")[-1].split(":")[0]
    if name not in {target.function_name(function) for function in FUNCTIONS}:
        raise DeployFailed(
            f"A dead letter names no function of this stack ({name or 'none'})", "Look at it in the queue"
        )
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(letter["requestPayload"]).encode())
