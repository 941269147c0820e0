"""The app's stack where all functions share a process: each has its own, as each has a process of its own in AWS."""

from __future__ import annotations

from typing import Any, cast

from chalicelib.domain.clock import Clock
from chalicelib.settings import Settings
from chalicelib.wiring import AwsStack, Stack
from infra.deploying.target import FUNCTIONS
from infra.local.lambda_runner import running_function
from infra.local.roles import ENVIRONMENT, Roles


class FunctionStacks:
    """Gives what the stack of the running function gives; outside of every function, one in the environment's role."""

    def __init__(self, settings: Settings, roles: Roles, clock: Clock) -> None:
        self._stacks = {
            function: AwsStack(settings, roles.of(function).credentials) for function in (*FUNCTIONS, ENVIRONMENT)
        }
        for stack in self._stacks.values():
            stack.clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stacks[running_function() or ENVIRONMENT], name)


def function_stacks(settings: Settings, roles: Roles, clock: Clock) -> Stack:
    """As after a cold start of every function: nothing is connected, nothing is read."""
    return cast("Stack", FunctionStacks(settings, roles, clock))
