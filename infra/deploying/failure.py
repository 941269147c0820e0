"""What ends a deploy: one line that says what is wrong and what to do next."""

from __future__ import annotations


class DeployFailed(Exception):
    """Nothing is half done that a second run would not finish."""

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(f"{reason.rstrip('.')}. {next_step}")
        self.reason = reason
        self.next_step = next_step
