"""What AWS says when it is busy or out of reach, told as the domain's Unavailable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError

from chalicelib.domain.errors import Unavailable

RETRY_AFTER_S = 2
"""The SDK has retried for a while before any of this is seen."""

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


@contextmanager
def busy_as_unavailable() -> Iterator[None]:
    """Raises Unavailable for throttling, server errors and a broken network; every other ClientError goes on."""
    try:
        yield
    except ClientError as error:
        if _is_busy(error):
            raise Unavailable(RETRY_AFTER_S) from error
        raise
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(RETRY_AFTER_S) from error


def code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _is_busy(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code(error) in _BUSY_CODES or status >= _FIRST_SERVER_ERROR
