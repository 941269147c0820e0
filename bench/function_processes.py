"""The functions of a local cloud in processes of their own, one each and one event at a time, as in Lambda.

So a function's CPU is that of its process, and no server of the local cloud has to wait for its turn in the function's
interpreter, nor the function for its turn in theirs. While it could run and finds no core free, no time passes.

The local cloud's servers answer one request after the other, and AWS's do not. So what a function asks several at a
time is asked one at a time here, and of its waiting only so much counts as if each thread had had its answers at once.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heapreplace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from chalice import Chalice

from chalicelib import settings, wiring
from chalicelib.services.ports import AtOnce
from chalicelib.stores.threads import threads_for
from infra.deploying.target import API_FUNCTION, FUNCTIONS, PROCESSING_FUNCTION, PROJECT, RECONCILER_FUNCTION
from infra.local.lambda_runner import LambdaContext, OnRan

_TIMEOUT_S = 300.0
_ENTRY_POINTS = {
    API_FUNCTION: "app",
    PROCESSING_FUNCTION: "process_object",
    RECONCILER_FUNCTION: "reconcile",
}
"""Their names in app.py."""


class FunctionFailed(Exception):
    """What the function raised, as text."""


@dataclass(frozen=True)
class Entries:
    """With the names of app.py; each calls its function's process."""

    app: Chalice
    process_object: Callable[[Any, Any], Any]
    reconcile: Callable[[Any, Any], Any]


@contextmanager
def function_processes(environments: Mapping[str, Mapping[str, str]], log: Path, on_ran: OnRan) -> Iterator[Entries]:
    """`environments` by function. What they print goes to the end of `log`; `on_ran` hears the function's name, seconds
    and seconds of CPU of each invocation, as its own process has measured them.
    """
    processes = {name: _FunctionProcess(name, environments[name], log, on_ran) for name in FUNCTIONS}
    try:
        for process in processes.values():
            process.wait_until_ready()
        yield Entries(
            _in_front(processes[API_FUNCTION].invoke),
            processes[PROCESSING_FUNCTION].invoke,
            processes[RECONCILER_FUNCTION].invoke,
        )
    finally:
        for process in processes.values():
            process.stop()


class _FunctionProcess:
    def __init__(self, name: str, environment: Mapping[str, str], log: Path, on_ran: OnRan) -> None:
        self._name = name
        self._on_ran = on_ran
        self._one_at_a_time = threading.Lock()
        self._pipe, far_end = Pipe()
        command = [sys.executable, "-m", __name__, name, str(far_end.fileno())]
        with far_end, log.open("ab") as stdout:
            self._process = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=stdout, pass_fds=[far_end.fileno()]
            )

    def wait_until_ready(self) -> None:
        """Raises EOFError where it died before that."""
        self._pipe.recv()

    def invoke(self, event: Any, context: object = None) -> Any:
        """What the function returned. Raises FunctionFailed, and EOFError where its process has died."""
        with self._one_at_a_time:
            self._pipe.send(event)
            answer, error, wall_s, cpu_s = self._pipe.recv()
        self._on_ran(self._name, wall_s, cpu_s)
        if error is not None:
            raise FunctionFailed(error)
        return answer

    def stop(self) -> None:
        self._pipe.close()
        self._process.wait()


def _in_front(invoke: Callable[[Any], Any]) -> Chalice:
    """What the local API Gateway needs of the app: its routes, its binary types, and something to call."""

    class InFront(Chalice):
        def __call__(self, event: Any, context: object) -> Any:
            return invoke(event)

    real = importlib.import_module("app").app
    front = InFront("bench", configure_logs=False)
    front.api.binary_types = real.api.binary_types
    for path, views in real.routes.items():
        for method in views:
            front.route(path, methods=[method], name=f"{method} {path}")(lambda **_: None)
    return front


class _OneByOne(wiring.AwsStack):
    """Makes the calls that are made at once one after the other, and adds up the waiting that this adds."""

    def __init__(self) -> None:
        super().__init__(settings.from_environment())
        self.needless_s = 0.0

    @property
    def at_once(self) -> AtOnce:
        return self._one_by_one

    @property
    def billed_s(self) -> float:
        """Of a clock of its own, of which differences count."""
        return time.perf_counter() - _without_core_s() - self.needless_s

    def _one_by_one[T, R](self, call: Callable[[T], R], values: Sequence[T], /) -> list[R]:
        answers, free_at_s, waited_s = list[R](), [0.0] * max(1, threads_for(len(values))), 0.0
        for value in values:
            began_s, cpu_began_s = self.billed_s, time.process_time()
            answers.append(call(value))
            wait_s = max(0.0, self.billed_s - began_s - (time.process_time() - cpu_began_s))
            heapreplace(free_at_s, free_at_s[0] + wait_s)
            waited_s += wait_s
        self.needless_s += waited_s - max(free_at_s)
        return answers


def _without_core_s() -> float:
    """Of this process's main thread, which makes all its calls (Linux, Documentation/scheduler/sched-stats.rst)."""
    return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9


def _serve(name: str, pipe: Connection) -> None:
    """In the function's process: until the other end of the pipe is closed."""
    stack = _OneByOne()
    wiring.install(stack)
    handler = getattr(importlib.import_module("app"), _ENTRY_POINTS[name])
    pipe.send("ready")
    while True:
        try:
            event = pipe.recv()
        except EOFError:
            return
        context = LambdaContext(name, 0, time.monotonic() + _TIMEOUT_S)
        answer = error = None
        began_s, cpu_began_s = stack.billed_s, time.process_time()
        try:
            answer = handler(event, context)
        except Exception as raised:  # whatever it is, it is the caller's to see
            error = repr(raised)
        pipe.send((answer, error, stack.billed_s - began_s, time.process_time() - cpu_began_s))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    _serve(sys.argv[1], Connection(int(sys.argv[2])))
