"""Dead letters, told again. Processing can be repeated at any time, so a letter told twice does no harm."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from infra.deploying.failure import DeployFailed
from infra.deploying.target import FUNCTIONS, Target
from infra.stack import StackFailed, read_outputs

_BATCH = 10


def redrive(session: Any, target: Target, clock: Callable[[], float] = time.time) -> int:
    """Invoke each letter's function with its event, and take the letter away. How many there were.

    Those that fail again come back later as new letters, which this run leaves. What is no letter of this stack stays
    in the queue and is told of at the end, by DeployFailed.
    Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
    """
    try:
        queue_url = read_outputs(session.client("cloudformation"), target.stack_name).dead_letter_queue_url
    except (StackFailed, KeyError) as error:
        raise DeployFailed(f"{target.stack_name} is not deployed", "Deploy it first") from error
    sqs, functions = session.client("sqs"), session.client("lambda")
    told, foreign = 0, 0
    for letter in _letters(sqs, queue_url, clock() * 1000):
        if _tell(functions, target, letter["Body"]):
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=letter["ReceiptHandle"])
            told += 1
        else:
            foreign += 1
    if foreign:
        raise DeployFailed(
            f"Redriven: {told}. What else is in the queue names no function of {target.stack_name}: {foreign}",
            f"Look at it in {queue_url} and delete it there",
        )
    return told


def _letters(sqs: Any, queue_url: str, until_ms: float) -> Iterator[dict[str, Any]]:
    """Each letter that was there at `until_ms`, once: one that is neither deleted nor waited for appears again."""
    seen: set[str] = set()
    while batch := _receive(sqs, queue_url):
        fresh = [letter for letter in batch if letter["MessageId"] not in seen]
        if not fresh:
            return
        seen.update(letter["MessageId"] for letter in fresh)
        yield from (letter for letter in fresh if int(letter["Attributes"]["SentTimestamp"]) <= until_ms)


def _receive(sqs: Any, queue_url: str) -> list[dict[str, Any]]:
    received: list[dict[str, Any]] = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=_BATCH, AttributeNames=["SentTimestamp"], WaitTimeSeconds=1
    ).get("Messages", [])
    return received


def _tell(functions: Any, target: Target, body: str) -> bool:
    """Whether it is a letter of this stack."""
    try:
        letter = json.loads(body)
        name, event = _function_name(letter["requestContext"]["functionArn"]), letter["requestPayload"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    if name not in {target.function_name(function) for function in FUNCTIONS}:
        return False
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())
    return True


def _function_name(arn: str) -> str:
    """Of an ARN that may name a version as well."""
    return arn.split(":function:")[-1].split(":")[0]
