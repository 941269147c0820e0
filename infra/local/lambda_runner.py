"""Runs a handler as Lambda does: an event and a context in, within a time and a size, or not at all.

Limits: Lambda Developer Guide, "Lambda quotas". Each invocation has a thread of its own, as it has an
environment of its own in Lambda; one that overruns is given up on, since a thread cannot be killed.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from chalice.app import Chalice
from chalice.local import LocalChalice

Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]
OnRan = Callable[[str, float, float], None]

# Lambda's own message: "Request must be smaller than 6291556 bytes for the InvokeFunction operation".
PAYLOAD_LIMIT_BYTES = 6_291_556

_running: ContextVar[str | None] = ContextVar("running_function", default=None)


def running_function() -> str | None:
    """The name of the function in whose invocation this is asked; None outside of every invocation."""
    return _running.get()


class PayloadTooLarge(Exception):
    """The event, as JSON, is larger than Lambda takes."""


class AnswerTooLarge(Exception):
    """The answer, as JSON, is larger than Lambda gives back."""


class InvocationTimedOut(Exception):
    """The handler was still running when its time was up."""


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What a handler may ask about its invocation (Lambda Developer Guide, "Python context object")."""

    function_name: str
    memory_limit_in_mb: int
    deadline_s: float
    monotonic: Callable[[], float] = time.monotonic
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:local:000000000000:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self.deadline_s - self.monotonic()) * 1000))


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    """One deployed function: a handler with a name, a time limit and a memory size.

    `on_invoked` hears the name at each invocation: what Lambda itself then does in the function's role. `on_ran` hears
    name, seconds and seconds of CPU when it is over.
    """

    handler: Handler
    name: str
    timeout_s: float = 60.0
    memory_mb: int = 512
    on_invoked: Callable[[str], None] = lambda name: None
    on_ran: OnRan = lambda name, wall_s, cpu_s: None

    def invoke(self, event: Event) -> Any:
        """What the handler returned, through JSON and back as on the wire.

        Raises PayloadTooLarge, AnswerTooLarge, InvocationTimedOut, and whatever the handler raises.
        """
        payload = json.dumps(event)
        if len(payload) > PAYLOAD_LIMIT_BYTES:
            raise PayloadTooLarge
        self.on_invoked(self.name)
        context = LambdaContext(self.name, self.memory_mb, time.monotonic() + self.timeout_s)

        def run() -> Any:
            _running.set(self.name)  # this thread is the invocation's own
            began_at_s = time.perf_counter()
            try:
                return self.handler(json.loads(payload), context)
            finally:
                self.on_ran(self.name, time.perf_counter() - began_at_s, time.thread_time())

        answer = json.dumps(_within(self.timeout_s, run))
        if len(answer) > PAYLOAD_LIMIT_BYTES:
            raise AnswerTooLarge
        return json.loads(answer)


def _within(timeout_s: float, call: Callable[[], Any]) -> Any:
    outcome: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # whatever it is, it is the caller's to see
            failure.append(error)

    thread = threading.Thread(target=run, name="invocation", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if failure:
        raise failure[0]
    if not outcome:
        raise InvocationTimedOut
    return outcome[0]


class _OneRequestAThread(LocalChalice):
    """Chalice keeps the current request and context in one slot each; in Lambda one is all there is."""

    _slots = threading.local()

    @property
    def lambda_context(self) -> Any:
        return self._slots.lambda_context

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._slots.lambda_context = value


def let_requests_overlap(app: Chalice) -> None:
    """Make `app` safe to call from several threads at once; safe to call again."""
    if not isinstance(app, _OneRequestAThread):
        app.__class__ = type("LocalApp", (_OneRequestAThread, app.__class__), {})
