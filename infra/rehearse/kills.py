"""`python -m infra.deploy` killed by SIGKILL, as by a flat battery, and run again: it ends in the same state.

A cut line (`cuts`) leaves the same in AWS. What a kill leaves besides is on this machine: a folder of packages that is
half filled, a zip that is half written, a Chalice that goes on alone.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from infra.deploying.target import PROJECT
from infra.rehearse.expectations import RehearsalFailed, expect
from infra.rehearse.fake_aws import FakeAws
from infra.rehearse.operator import Operator
from infra.rehearse.project import copy_of_project
from infra.rehearse.snapshot import differences, snapshot

_STAGE = "prod"
_ONE_PACKAGE = "msgspec"
_PADDING_BYTES = 6_000_000
"""Not to be compressed: a zip that takes its time to be written."""
_LOOK_EVERY_S = 0.005
_PATIENCE_S = 300.0
_KILLED = -signal.SIGKILL


@dataclass
class _Run:
    """One run of the program in a project of its own, with its Chalice in one process group."""

    project: Path
    _process: subprocess.Popen[str] = field(init=False)

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.deploy", "deploy", "--stage", _STAGE, "--no-smoke"],
            cwd=self.project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kill_all(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)

    def kill_alone(self) -> None:
        self._process.kill()

    def kill_chalice(self) -> None:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii")
        for child in children.split():
            os.kill(int(child), signal.SIGKILL)

    def end(self) -> tuple[int, str]:
        """Exit code, and what it said on stderr."""
        _, said = self._process.communicate(timeout=_PATIENCE_S)
        return self._process.returncode, said

    def is_up(self) -> bool:
        return self._process.poll() is None


def kill_and_run_again(aws: FakeAws, folder: Path, progress: Callable[[str], None]) -> tuple[str, ...]:
    """The ways to be killed. Raises RehearsalFailed for one that leaves another state than a whole run."""
    project = _project(folder)
    aws.forget_all()
    aws.line.mend()
    _finish(_Run(project), "a run that is left alone")
    changes, whole = aws.line.changes, _state(project)
    build = project / ".local" / "deploy" / _STAGE
    place = random.randrange(1, changes)
    at_change = partial(_at_change, aws)
    ways: dict[str, Callable[[_Run], None]] = {
        "while packages are put together": partial(_when_there, build / "vendor", "*"),
        "while the zip is written": partial(_when_there, build / ".chalice" / "deployments", "*.zip"),
        f"after change {place} of {changes}": partial(at_change, place, _Run.kill_all),
        "without its Chalice": partial(at_change, changes // 2, _Run.kill_alone),
        "its Chalice alone": partial(at_change, changes // 2, _Run.kill_chalice),
    }
    for name, kill in ways.items():
        progress(f"killed {name}")
        aws.line.mend()
        aws.forget_all()
        kill(_Run(project))
        aws.line.mend()
        _finish(_Run(project), f"killed {name}")
        expect(f"what is different after a run that was killed {name}", differences(_state(project), whole), [])
    aws.forget_all()
    return tuple(ways)


def _when_there(place: Path, pattern: str, run: _Run) -> None:
    """Kills the run when there is something at the place, where there was nothing before."""
    shutil.rmtree(place, ignore_errors=True)
    run.start()
    while run.is_up() and not any(place.glob(pattern)):
        time.sleep(_LOOK_EVERY_S)
    run.kill_all()
    expect("how it ended", run.end()[0], _KILLED)


def _at_change(aws: FakeAws, place: int, kill: Callable[[_Run], None], run: _Run) -> None:
    aws.line.call_after(place, partial(kill, run))
    run.start()
    code, said = run.end()
    if code not in (_KILLED, 1) or (code == 1) != ("run this again" in said):
        raise RehearsalFailed(f"killed after change {place}, it ended with {code} and {said!r}")


def _finish(run: _Run, what: str) -> None:
    """Runs it to its end; while the Chalice of an earlier run is at work it is refused, and tried again."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s:
        run.start()
        code, said = run.end()
        if code == 0:
            return
        if "Another run is at work" not in said:
            break
        time.sleep(_LOOK_EVERY_S)
    raise RehearsalFailed(f"{what}, run again: {said.strip()}")


def _state(project: Path) -> object:
    operator = Operator(project, project / ".local" / "deploy")
    return snapshot(operator.session, operator.target(_STAGE))


def _project(folder: Path) -> Path:
    """The program and what it deploys: one package, and something that takes a while to be packed."""
    shutil.rmtree(folder, ignore_errors=True)
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    project = copy_of_project(
        folder, requirements="\n".join(line for line in lines if line.startswith(_ONE_PACKAGE)) + "\n"
    )
    shutil.copytree(PROJECT / "infra", folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "chalicelib" / "padding.bin").write_bytes(random.randbytes(_PADDING_BYTES))
    return project
