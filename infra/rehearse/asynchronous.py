"""Lambda's way with an event: it tries, tries again and gives up, all as the deployed function is set to.

Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local.dead_letters import FailureDestination
from infra.rehearse.runtime_api import FunctionFailed, FunctionProcess


@dataclass(frozen=True)
class AsynchronousFunction:
    """Between the tries Lambda waits minutes, and this does not."""

    process: FunctionProcess
    tries: int
    destination: FailureDestination

    @classmethod
    def of(cls, session: Any, process: FunctionProcess, sqs: Any) -> AsynchronousFunction:
        """`sqs` is a client in the function's role, by which Lambda sends its dead letters."""
        name = process.arn.rpartition(":")[2]
        set_to = session.client("lambda").get_function_event_invoke_config(FunctionName=name)
        queue_arn: str = set_to["DestinationConfig"]["OnFailure"]["Destination"]
        queue_url = session.client("sqs").get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        return cls(process, 1 + set_to["MaximumRetryAttempts"], FailureDestination(sqs, queue_url, process.arn))

    def tell(self, event: Any) -> bool:
        """Whether it has succeeded; or else there is a dead letter, if the role may send one."""
        for _ in range(self.tries):
            try:
                self.process.invoke(event)
            except FunctionFailed as error:
                failure = error
            else:
                return True
        self.destination.send(event, failure, self.tries)
        return False
