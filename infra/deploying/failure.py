"""What ends a deploy: one line that says what is wrong and what to do next."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

AGAIN = "run this again: it goes on where it stopped"
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


class DeployFailed(Exception):
    """Nothing is half done that a second run would not finish."""

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(f"{reason.rstrip('.')}. {next_step}")
        self.reason = reason
        self.next_step = next_step


Failure = (DeployFailed, ClientError, BotoCoreError, ResponseParserError, KeyboardInterrupt)
"""All that a run ends with where nothing is wrong with the program."""


def one_line(error: BaseException) -> str:
    """What an owner is told. `error` is one of `Failure`."""
    if isinstance(error, KeyboardInterrupt):
        return f"Stopped. To finish, {AGAIN}"
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, DeployFailed):
        return _flat(error)
    return f"AWS could not be reached ({_flat(error)}). Check the network and AWS_REGION, then {AGAIN}"


def _refusal(error: ClientError) -> str:
    code, reason = error.response["Error"]["Code"], " ".join(error.response["Error"]["Message"].split()).rstrip(".")
    if code in _EXPIRED:
        return f"Your AWS credentials have expired. Get new ones, then {AGAIN}"
    if code in _DENIED:
        return f"You may not do that in AWS: {reason}. Use credentials that may, then {AGAIN}"
    return f"AWS refused {error.operation_name}: {reason}. Mend that, then {AGAIN}"


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split())
