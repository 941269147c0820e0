"""What AWS says when it refuses, is busy or out of reach; the last two are told as the domain's Unavailable.

Nothing here imports botocore before there is an error of its: that alone takes 15 ms of a cold start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib.domain.errors import Unavailable

RETRY_AFTER_S = 2
"""The client has retried for a while before any of this is seen."""

# Those with a status below 500: "Error handling with DynamoDB", and "Error responses" of Amazon S3.
_BUSY_CODES = frozenset(
    {
        "ConditionalRequestConflict",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ThrottlingException",
    }
)
_FIRST_SERVER_ERROR = 500


class AwsError(Exception):
    """An error answer of AWS; `response` is in the form of botocore's `ClientError.response`."""

    def __init__(self, operation: str, response: Mapping[str, Any]) -> None:
        super().__init__(f"{operation}: {response['Error']['Code']}: {response['Error']['Message']}")
        self.response = response


class AwsUnreachable(Exception):
    """No answer came."""


@contextmanager
def busy_as_unavailable() -> Iterator[None]:
    """Raises Unavailable for throttling, server errors and a broken network; every other error goes on."""
    try:
        yield
    except Exception as error:
        answer = error_answer(error)
        if is_busy(answer) if answer else _is_network(error):
            raise Unavailable(RETRY_AFTER_S) from error
        raise


def error_answer(error: Exception) -> Mapping[str, Any]:
    """What AWS answered; empty where the exception is neither an AwsError nor botocore's ClientError."""
    answer = getattr(error, "response", None)
    return answer if isinstance(answer, Mapping) and "Error" in answer else {}


def code(error: Exception) -> str:
    """The code of AWS's error answer; empty where there is none."""
    found: str = error_answer(error).get("Error", {}).get("Code", "")
    return found


def is_busy(answer: Mapping[str, Any]) -> bool:
    """Whether an error answer may be another one in a while."""
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return answer["Error"].get("Code", "") in _BUSY_CODES or status >= _FIRST_SERVER_ERROR


def _is_network(error: Exception) -> bool:
    if isinstance(error, AwsUnreachable):
        return True
    from botocore.exceptions import ConnectionError, HTTPClientError, IncompleteReadError

    return isinstance(error, ConnectionError | HTTPClientError | IncompleteReadError)
