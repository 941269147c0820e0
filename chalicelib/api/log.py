"""The structured log of all functions. No token, code, presigned URL or photo goes into it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """Imported when there is something to say: most requests of a device say nothing, and its import costs 60 ms."""
    from aws_lambda_powertools import Logger

    return Logger(service=settings.stack_name())
