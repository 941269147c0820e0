"""Runs broken off after each of their changes, and run again: they end in the state of a run that went well.

A life is a deploy, a deploy of a changed app over it, and a destroy of all; each is broken off once and then ended, so
that the next begins where it should. There are as many lives as the longest of these has changes, and all processors
live them, each with an account of moto of its own. Packages are left out of what is deployed here: they take most of a
deploy's time, and no change in AWS differs for them.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from infra.deploying.failure import Failure, one_line
from infra.rehearse.expectations import RehearsalFailed, expect
from infra.rehearse.fake_aws import FakeAws, fake_aws
from infra.rehearse.operator import Operator
from infra.rehearse.project import NO_PACKAGES, changed_copy, copy_of_project
from infra.rehearse.snapshot import differences, snapshot

DEPLOY, CHANGE, DESTROY = "deploy", "deploy of a changed app", "destroy with all data"
LIFE = (DEPLOY, CHANGE, DESTROY)
OVER_KEPT = "deploy over what was kept"
"""Its stack is made in another way; what follows is a deploy's."""
_STAGE = "prod"
_LOOK_EVERY_S = 5.0
_Places = dict[str, int]
"""By kind of run: how many changes it makes, or after which of them it is broken off."""
_WHOLE = 0


def break_off_everywhere(folder: Path, progress: Callable[[int, int], None]) -> dict[str, int]:
    """How many changes each kind of run makes. `progress` hears how many runs are broken off, and of how many.

    Raises RehearsalFailed for the first that ends in another state.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with _workers(folder) as (counts, ask):
        lives = [
            {kind: place if place <= counts[kind] else _WHOLE for kind in LIFE}
            for place in range(1, max(counts[kind] for kind in LIFE) + 1)
        ]
        lives += [{OVER_KEPT: place} for place in range(1, counts[OVER_KEPT] + 1)]
        done = 0
        for life in ask(lives):
            done += sum(place != _WHOLE for place in life.values())
            progress(done, sum(counts.values()))
    return counts


@contextmanager
def _workers(folder: Path) -> Iterator[tuple[_Places, Callable[[list[_Places]], Iterator[_Places]]]]:
    """A process for each processor: what they counted in a whole life, and a way to have lives lived."""
    context = multiprocessing.get_context("spawn")
    tasks: Any = context.Queue()
    answers: Any = context.Queue()
    processes = [
        context.Process(target=_work, args=(folder / str(number), tasks, answers), daemon=True)
        for number in range(len(os.sched_getaffinity(0)))
    ]
    for process in processes:
        process.start()

    def ask(lives: list[_Places]) -> Iterator[_Places]:
        for life in lives:
            tasks.put(life)
        for _ in lives:
            yield _next(answers, processes)

    try:
        *_, counts = (_next(answers, processes) for _ in processes)
        yield counts, ask
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _next(answers: Any, processes: list[SpawnProcess]) -> _Places:
    while True:
        try:
            answer: _Places | str = answers.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            if dead := [process.exitcode for process in processes if not process.is_alive()]:
                raise RehearsalFailed(f"a process ended with {dead[0]}") from None
        else:
            if isinstance(answer, str):
                raise RehearsalFailed(answer)
            return answer


def _work(folder: Path, tasks: Any, answers: Any) -> None:
    """One process, until it is ended or alone. It answers with its counts, then with each life when it is over."""
    with fake_aws() as aws:
        try:
            bench = _Bench.of(aws, folder)
            answers.put(bench.counts)
            for life in _tasks(tasks):
                bench.live(life)
                answers.put(life)
        except RehearsalFailed as error:
            answers.put(str(error))
        except Exception:
            answers.put(traceback.format_exc())


def _tasks(tasks: Any) -> Iterator[_Places]:
    """As long as there is somebody to have them done."""
    parent = multiprocessing.parent_process()
    while parent and parent.is_alive():
        with suppress(queue.Empty):
            yield tasks.get(timeout=_LOOK_EVERY_S)


@dataclass(frozen=True)
class _Bench:
    """One process's account and folder, and what whole runs do there."""

    aws: FakeAws
    operator: Operator
    changed: Path
    counts: _Places
    states: dict[str, Any]
    """After each kind of run."""

    @classmethod
    def of(cls, aws: FakeAws, folder: Path) -> _Bench:
        project = copy_of_project(folder / "project", requirements=NO_PACKAGES)
        operator = Operator(project, folder / "build")
        bench = cls(aws, operator, changed_copy(folder / "changed", project), {}, {})
        for kind in LIFE:
            aws.line.mend()
            bench.run(kind)
            bench.counts[kind] = aws.line.changes
            bench.states[kind] = bench.state()
        bench.leave_data()
        operator.new_deploy(_STAGE).apply_stack()
        bench.counts[OVER_KEPT] = aws.line.changes
        bench.states[OVER_KEPT] = bench.states[DEPLOY]
        return bench

    def live(self, places: Mapping[str, int]) -> None:
        self.aws.line.mend()
        self.aws.forget_all()
        if OVER_KEPT in places:
            self.leave_data()
        for kind, place in places.items():
            if place != _WHOLE:
                self.break_off(kind, place)
            self.end(kind, place)

    def break_off(self, kind: str, place: int) -> None:
        """Raises RehearsalFailed where the run has not noticed, or does not say what to do."""
        self.aws.line.cut_after(place)
        try:
            self.run(kind)
        except Failure as error:
            said = one_line(error)
        else:
            said = "nothing"
        self.aws.line.mend()
        if "run this again" not in said:
            raise RehearsalFailed(f"{self._where(kind, place)}, it said {said!r}")
        if place % 2:  # the second run may be on another machine, which knows nothing of the first
            shutil.rmtree(self.operator.folder / _STAGE / ".chalice", ignore_errors=True)

    def end(self, kind: str, place: int) -> None:
        """The run that is not broken off. Raises RehearsalFailed where it ends otherwise than one without a first."""
        where = self._where(kind, place)
        try:
            self.run(kind)
        except Failure as error:
            raise RehearsalFailed(f"{where}, and run again: {one_line(error)}") from None
        expect(f"what is different after {where}", differences(self.state(), self.states[kind]), [])

    def run(self, kind: str) -> None:
        if kind == DESTROY:
            self.operator.destroy(_STAGE, delete_data=True)
        else:
            self.operator.deploy(_STAGE, project=self.changed if kind == CHANGE else None)

    def leave_data(self) -> None:
        self.operator.deploy(_STAGE)
        self.operator.destroy(_STAGE)
        self.aws.line.mend()

    def state(self) -> Any:
        return snapshot(self.operator.session, self.operator.target(_STAGE))

    def _where(self, kind: str, place: int) -> str:
        return f"{kind}, cut off after change {place} of {self.counts[kind]}"
