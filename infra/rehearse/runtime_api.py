"""The Runtime API of Lambda for one function, and the function as a process that asks it for work.

The process is awslambdaric, as in Lambda: a fresh interpreter with the unzipped package, what the runtime brings
(boto3), the deployed environment, and nothing of this project's own packages.
Source: Lambda Developer Guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Self

_VERSION = "/2018-06-01/runtime"
_OF_THE_RUNTIME = (
    "awslambdaric", "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "simplejson", "six",
    "snapshot-restore-py", "urllib3",
)  # fmt: skip
_START_TIMEOUT_S = 60.0
_POLL_S = 0.02
"""How soon the server notices that it is to end."""


class FunctionFailed(Exception):
    """What the function raised, as its runtime told it."""


@dataclass(frozen=True, slots=True)
class _Work:
    request_id: str
    event: bytes
    deadline_ms: int


class FunctionProcess:
    """A context manager: the function is up inside it. One event at a time, as in Lambda."""

    def __init__(
        self,
        handler: str,
        task_root: Path,
        runtime: Path,
        environment: Mapping[str, str],
        *,
        arn: str,
        timeout_s: float,
        log: Path,
    ) -> None:
        self._arn = arn
        self._timeout_s = timeout_s
        self._log = log
        self._one_at_a_time = threading.Lock()
        self._work: queue.Queue[_Work] = queue.Queue()
        self._done: queue.Queue[tuple[bool, bytes]] = queue.Queue()
        self._ready = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._command = [sys.executable, "-S", "-s", "-m", "awslambdaric", handler]
        self._task_root = task_root
        self._environment = {
            **environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "PYTHONPATH": f"{task_root}:{runtime}",
        }
        self.init_s = 0.0
        self.peak_memory_mb = 0.0

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="runtime-api", daemon=True).start()
        started_at_s = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._task_root, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        deadline_s = started_at_s + _START_TIMEOUT_S
        while not self._ready.wait(0.001):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.__exit__()
                raise FunctionFailed(f"it did not start: {self._last_words()}")
        self.init_s = time.monotonic() - started_at_s
        return self

    def __exit__(self, *_: object) -> None:
        self.peak_memory_mb = _peak_memory_mb(self._process.pid)
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: Any) -> Any:
        """What the function returned. Raises FunctionFailed."""
        with self._one_at_a_time:
            deadline_ms = round((time.time() + self._timeout_s) * 1000)
            self._work.put(_Work(str(uuid.uuid4()), json.dumps(event).encode(), deadline_ms))
            try:
                succeeded, answer = self._done.get(timeout=self._timeout_s)
            except queue.Empty:
                raise FunctionFailed(f"it took longer than {self._timeout_s} s: {self._last_words()}") from None
        if not succeeded:
            raise FunctionFailed(answer.decode(errors="replace"))
        return json.loads(answer)

    def next_work(self) -> _Work:
        self._ready.set()
        return self._work.get()

    def work_done(self, *, succeeded: bool, answer: bytes) -> None:
        self._done.put((succeeded, answer))

    @property
    def arn(self) -> str:
        return self._arn

    def _last_words(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-1000:]


def make_runtime_folder(folder: Path) -> None:
    """What Lambda's Python runtime has beside the standard library, linked to where this Python has it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _OF_THE_RUNTIME:
        found = distribution(name)
        for top in {path.parts[0] for path in found.files or () if ".." not in path.parts}:
            link = folder / top
            if top != "__pycache__" and not link.is_symlink():
                link.symlink_to(Path(str(found.locate_file(top))))


def _peak_memory_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    kilobytes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
    return kilobytes[0] / 1024 if kilobytes else 0.0


def _handler_of(function: FunctionProcess) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with suppress(ConnectionError):  # the process was killed while it was being answered
                super().handle()

        def do_GET(self) -> None:
            if self.path != f"{_VERSION}/invocation/next":
                return self._answer(404, b"{}")
            work = function.next_work()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": work.request_id,
                "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": function.arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            }
            return self._answer(200, work.event, headers)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            function.work_done(succeeded=self.path.endswith("/response"), answer=body)
            self._answer(202, b"{}")

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the function's own log is what counts."""

    return Handler
