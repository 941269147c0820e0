"""How long a function takes from nothing to its first answer, against a naive app that does the same, in one run.

A start is a fresh interpreter that becomes the function out of its unpacked zip, in the deployed environment, under
awslambdaric, and is over when it has answered its first event: for the API a device's `upload-url`, for processing
S3's event of one 1600x1200 photo. Ours authenticates the device, counts it against its rate, reads secrets from SSM,
and for the photo heads, hashes, judges and logs it. The naive app (`naive/`) does none of that: one presigned URL and
one item; or get, thumbnail, put, update. As in tutorials it is one file with its imports and clients at the top, Pillow
among them for both functions. Its zip is made by `chalice package`.

The app's zip holds byte code and Chalice's does not, which is part of what is compared; so a third side is the naive
zip with byte code added to it. What Lambda's runtime brings (boto3, the standard library) has byte code on all sides,
and nobody writes any: Lambda's task folder is read-only.

CPU is of that process (user and system): Lambda gives it out by memory size. Wall time runs from the start of the
process and has the fake AWS in it, for four calls on our side of the API and one on the other; on a machine that does
other things it says little. Not in either: TLS, and the download of the zip.
"""

from __future__ import annotations

import compileall
import json
import os
import py_compile
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frameferry_station.scene import Scene

from infra.deploying.target import API_FUNCTION, PROCESSING_FUNCTION, Target
from infra.rehearse.device import Device
from infra.rehearse.expectations import expect
from infra.rehearse.from_zip import MACHINE, function_process, unzip
from infra.rehearse.runtime_api import FunctionProcess, make_runtime_folder

TARGETS = {API_FUNCTION: 0.4, PROCESSING_FUNCTION: 0.6}
"""Of a start of the naive zip, at most."""
OURS, PEER, COMPILED_PEER = "task", "naive", "naive-compiled"
"""Folders of the unpacked zips."""
_NAIVE = Path(__file__).with_name("naive")
_ROUNDS = 9
_NO_NEW_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Compared:
    """What a start costs, in the median; and the ratios of ours to the peer's, in the median over the rounds."""

    ours: Cost
    peer: Cost
    cpu: float
    wall: float
    cpu_with_byte_code: float
    wall_with_byte_code: float

    def told(self, target: float) -> str:
        return (
            f"{self.cpu:.2f} x the CPU and {self.wall:.2f} x the time of a naive zip (target {target}); byte code in "
            f"both: {self.cpu_with_byte_code:.2f} x and {self.wall_with_byte_code:.2f} x; "
            f"ours {self.ours.cpu_s * 1000:.0f} ms of CPU, {self.ours.wall_s * 1000:.0f} ms"
        )


class ColdStarts:
    """Of the functions that are deployed as `target` and unpacked in `folder`/task, and of the naive app."""

    def __init__(self, session: Any, target: Target, environment: Mapping[str, str], folder: Path) -> None:
        self._session = session
        self._target = target
        self._folder = folder
        self._device = Device(session, target, environment, "cold-start")
        self._jpeg = Scene(seed=0).take(datetime(2025, 12, 26, 10, 15, 30, tzinfo=UTC))
        make_runtime_folder(folder / "runtime")
        _make_naive_tasks(folder, environment)

    def compare(self, name: str, rounds: int = _ROUNDS) -> Compared:
        """Raises FunctionFailed or RehearsalFailed where a start ends in anything but the right answer."""
        self._round(name, 0)  # for the page cache
        return _compared([self._round(name, number) for number in range(rounds)])

    def run(self, name: str, task: str, also: Mapping[str, str] | None = None) -> Cost:
        """One start, with `also` in its environment; its log is `name`.log in the folder."""
        return self._start(name, task, self._event(name, *self._device.next_seqs()), also or {})

    def _round(self, name: str, number: int) -> dict[str, Cost]:
        """One start of each side on the same event, one right after the other; each round begins with another side."""
        (seq,), sides = self._device.next_seqs(), (OURS, PEER, COMPILED_PEER)
        event = self._event(name, seq)
        costs = {task: self._start(name, task, event, {}) for task in (sides * 2)[number % 3 : number % 3 + 3]}
        if name == PROCESSING_FUNCTION:
            self._device.expect_processed(seq)
        return costs

    def _event(self, name: str, seq: int) -> Any:
        return self._device.wants_upload_url(seq) if name == API_FUNCTION else self._device.puts(seq, self._jpeg)

    def _start(self, name: str, task: str, event: Any, also: Mapping[str, str]) -> Cost:
        process = function_process(
            self._session, self._target, name, self._folder, task=task, also={**_NO_NEW_BYTE_CODE, **also}
        )
        answer, cost = _cost_of(process, event)
        if name == API_FUNCTION:
            expect(f"status of the first answer from {task}", answer["statusCode"], 200)
        return cost


def _cost_of(process: FunctionProcess, event: Any) -> tuple[Any, Cost]:
    cpu_before_s, began_at_s = cpu_of_ended_s(), time.monotonic()
    with process:
        answer = process.invoke(event)
        wall_s = time.monotonic() - began_at_s
    return answer, Cost(wall_s, cpu_of_ended_s() - cpu_before_s)


def cpu_of_ended_s() -> float:
    """Of this process's children; nothing else ends meanwhile, and moto is no child."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _compared(rounds: Sequence[Mapping[str, Cost]]) -> Compared:
    return Compared(
        _median([costs[OURS] for costs in rounds]),
        _median([costs[PEER] for costs in rounds]),
        cpu=_ratio(rounds, PEER, lambda cost: cost.cpu_s),
        wall=_ratio(rounds, PEER, lambda cost: cost.wall_s),
        cpu_with_byte_code=_ratio(rounds, COMPILED_PEER, lambda cost: cost.cpu_s),
        wall_with_byte_code=_ratio(rounds, COMPILED_PEER, lambda cost: cost.wall_s),
    )


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(cost.wall_s for cost in costs), statistics.median(cost.cpu_s for cost in costs))


def _ratio(rounds: Sequence[Mapping[str, Cost]], peer: str, figure: Callable[[Cost], float]) -> float:
    return statistics.median(figure(costs[OURS]) / figure(costs[peer]) for costs in rounds)


def _make_naive_tasks(folder: Path, environment: Mapping[str, str]) -> None:
    """`naive` as `chalice package` makes it, and `naive-compiled`, the same with byte code beside each module."""
    project = folder / "naive-project"
    (project / ".chalice").mkdir(parents=True, exist_ok=True)
    for file in ("app.py", "requirements.txt"):
        shutil.copyfile(_NAIVE / file, project / file)
    config = {"version": "2.0", "app_name": "naive", "lambda_architecture": MACHINE, "stages": {"dev": {}}}
    (project / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    # For Terraform: in its CloudFormation Chalice has no word for the events of a bucket. The zip is the same.
    done = subprocess.run(
        [
            sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())",
            "package", "--pkg-format", "terraform", "--stage", "dev", "package",
        ],
        cwd=project, env={**os.environ, **environment, **_NO_NEW_BYTE_CODE}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    expect(f"chalice package of the naive app ended ({done.stderr[-500:]}) with", done.returncode, 0)
    package = (project / "package" / "deployment.zip").read_bytes()
    for task in (PEER, COMPILED_PEER):
        unzip(package, folder / task)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder / COMPILED_PEER, quiet=2, invalidation_mode=mode, workers=1)
