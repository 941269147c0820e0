"""The steps of the rehearsal, in order. Each raises RehearsalFailed, or gives a line for the table."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError

from infra.deploying import preflight
from infra.deploying.check_package import NEWEST_GLIBC, ZIPPED_LIMIT_BYTES, libraries, problems
from infra.deploying.deploy import Deploy
from infra.deploying.deployed_state import DeployedState, read_deployed_state
from infra.deploying.destroy import Destroy
from infra.deploying.failure import DeployFailed
from infra.deploying.plan import routes_of_app
from infra.deploying.smoke import SmokeTest
from infra.deploying.target import API_FUNCTION, FUNCTIONS, PROJECT, Target
from infra.rehearse.expectations import RehearsalFailed, expect, expect_deployed, expect_destroyed
from infra.rehearse.fake_aws import FakeAws
from infra.rehearse.from_zip import MACHINE, Functions, Storage, ignore_events, running, sent_zip, unzip
from infra.rehearse.snapshot import captures_bucket, differences, snapshot

FOLDER = PROJECT / ".local" / "rehearse"
_CUTS = 4
_NEW_ROUTE = """

@app.route("/rehearsal")
def rehearsal() -> dict[str, str]:
    return {}
"""


@dataclass
class Rehearsal:
    """Within `fake_aws`. The stage prod is deployed as it would be; dev for this machine, so that it can be run."""

    aws: FakeAws
    detail: Callable[[str], None]
    every_cut: bool = False
    session: Any = field(default_factory=boto3.session.Session)
    project: Path = field(default_factory=lambda: _copy_of_project(FOLDER / "project"))
    """A copy: whoever edits the project meanwhile changes nothing that is compared here."""
    _before: Any = None
    _deploys: dict[str, Deploy] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], str]], ...]:
        return (
            ("deploy prod for arm64", self.deploy_prod),
            ("its package, without running it", self.check_arm64_package),
            ("deploy again", self.deploy_again),
            ("deploy with another route, and back", self.deploy_another_route),
            (f"deploy dev for this machine ({MACHINE})", self.deploy_dev),
            ("a camera against the functions from the zip", self.run_from_zip),
            ("destroy prod, keep the photos", self.destroy_prod),
            ("deploy prod over what was kept", self.deploy_over_what_was_kept),
            ("destroy both with all data", self.destroy_all),
            ("deploys cut off, and run again", self.cut_deploys),
            ("destroys cut off, and run again", self.cut_destroys),
        )

    def deploy_prod(self) -> str:
        deploy = self._deploy(self._target("prod"))
        self._expect(deploy.target, "arm64", routes_of_app(self.project))
        self._expect_state_found(deploy.target)
        self._before = snapshot(self.session, deploy.target)
        return f"{len(FUNCTIONS)} functions, {len(self._before['api']['routes'])} routes"

    def check_arm64_package(self) -> str:
        task = FOLDER / "prod" / "task"
        package = sent_zip(self._target("prod"), API_FUNCTION)
        unzip(package, task)
        expect("problems of the package", problems(task, "arm64"), [])
        if len(package) > ZIPPED_LIMIT_BYTES:
            raise RehearsalFailed(f"the zip has {len(package)} bytes")
        found = libraries(task)
        newest = max(library.glibc for library in found)
        size_mb = sum(path.stat().st_size for path in task.rglob("*") if path.is_file()) / 1e6
        return (
            f"{len(package) / 1e6:.1f} MB, unzipped {size_mb:.1f} MB, {len(found)} libraries, "
            f"glibc {newest[0]}.{newest[1]} of {NEWEST_GLIBC[0]}.{NEWEST_GLIBC[1]}"
        )

    def deploy_again(self) -> str:
        target = self._deploy(self._target("prod")).target
        self._expect_same(target)
        self._expect_state_found(target)
        return "nothing has changed"

    def deploy_another_route(self) -> str:
        target = self._target("prod")
        self._deploy(replace(target, project=_changed_project(FOLDER / "changed", self.project)))
        self._expect(target, "arm64", routes_of_app(self.project) | {"GET /rehearsal"})
        self._deploy(target)
        self._expect_same(target)
        return "GET /rehearsal came and went; all else stayed"

    def deploy_dev(self) -> str:
        target = self._deploy(self._target("dev"), MACHINE).target
        self._expect(target, MACHINE, routes_of_app(self.project))
        self._expect_same(self._target("prod"))
        return "prod has not noticed"

    def run_from_zip(self) -> str:
        target = self._target("dev")
        unzip(sent_zip(target, API_FUNCTION), FOLDER / "dev" / "task")
        expect("problems of the package", problems(FOLDER / "dev" / "task", MACHINE), [])
        with self._running(target) as functions:
            storage = Storage(self.session, target, functions)
            environment = self._deploys["dev"].environment
            SmokeTest(self.session, environment, functions.api_url, self.detail, storage, patience_s=20.0).run()
            functions.reconcile()
        _expect_no_source_compiled(FOLDER / "dev" / "task")
        return ", ".join(
            f"{name} up in {process.init_s * 1000:.0f} ms, {process.peak_memory_mb:.0f} MB"
            for name, process in functions.processes.items()
        )

    def destroy_prod(self) -> str:
        target = self._target("prod")
        bucket = captures_bucket(target)
        ignore_events(target)
        self.session.client("s3").put_object(Bucket=bucket, Key="kept", Body=b"a photo")
        self._destroy(target, delete_data=False)
        expect_destroyed(self.session, target, data_is_kept=True)
        expect("a photo after destroy", _read(self.session, bucket, "kept"), b"a photo")
        return "only data and secrets are left"

    def deploy_over_what_was_kept(self) -> str:
        target = self._deploy(self._target("prod")).target
        self._expect_same(target)
        expect("a photo after the next deploy", _read(self.session, captures_bucket(target), "kept"), b"a photo")
        return "as before, with the photo"

    def destroy_all(self) -> str:
        for stage in ("prod", "dev"):
            self._destroy(self._target(stage), delete_data=True)
            expect_destroyed(self.session, self._target(stage), data_is_kept=False)
        return "nothing is left"

    def cut_deploys(self) -> str:
        return self._cut(lambda: self._deploy(self._target("prod")), prepare=lambda: None)

    def cut_destroys(self) -> str:
        return self._cut(
            lambda: self._destroy(self._target("prod"), delete_data=True),
            prepare=lambda: self._deploy(self._target("prod")),
        )

    def _cut(self, run: Callable[[], object], prepare: Callable[[], object]) -> str:
        """The run broken off after some of its changes, or each, ends with a second run as if nothing had been."""
        line = self.aws.line
        self.aws.forget_all()
        prepare()
        line.mend()
        run()
        changes, whole = line.changes, snapshot(self.session, self._target("prod"))
        places = list(range(1, changes)) if self.every_cut else _spread(changes, _CUTS)
        for place in places:
            self.aws.forget_all()
            prepare()
            line.cut_after(place)
            _expect_to_fail(run, f"cut off after {place} of {changes} changes")
            line.mend()
            run()
            there = snapshot(self.session, self._target("prod"))
            expect(f"what is different after a cut at change {place}", differences(there, whole), [])
            line.mend()
        self.aws.forget_all()
        return f"after {len(places)} of {changes} changes: the same state"

    def _target(self, stage: str) -> Target:
        return replace(preflight.check(self.session, stage), folder=FOLDER, project=self.project)

    def _deploy(self, target: Target, architecture: str | None = None) -> Deploy:
        deploy = Deploy(self.session, target, self.detail, architecture=architecture, poll_interval_s=1)
        deploy.run()
        self._deploys[target.stage] = deploy
        return deploy

    def _destroy(self, target: Target, *, delete_data: bool) -> None:
        Destroy(self.session, target, self.detail, delete_data=delete_data, poll_interval_s=1).run()

    def _running(self, target: Target) -> AbstractContextManager[Functions]:
        return running(self.session, target, FOLDER / "dev")

    def _expect(self, target: Target, architecture: str, routes: set[str]) -> None:
        expect_deployed(self.session, self._deploys[target.stage], architecture=architecture, routes=routes)

    def _expect_same(self, target: Target) -> None:
        expect("what has changed", differences(snapshot(self.session, target), self._before), [])

    def _expect_state_found(self, target: Target) -> None:
        """What is read from AWS is what Chalice wrote down."""
        found = DeployedState(self.session, target).resources(captures_bucket(target))
        written = read_deployed_state(target.build_folder, target.stage)
        expect("Chalice's state, read from AWS", found, written)


def _spread(changes: int, how_many: int) -> list[int]:
    """Places from the first change to the last but one, evenly."""
    last = changes - 1
    return sorted({1 + round(step * (last - 1) / (how_many - 1)) for step in range(how_many)})


def _expect_to_fail(run: Callable[[], object], what: str) -> None:
    try:
        run()
    except (DeployFailed, BotoCoreError) as error:
        expect("lines of what is said", len(str(error).splitlines()), 1)
        return
    raise RehearsalFailed(f"{what}, it has not noticed")


def _copy_of_project(folder: Path, project: Path = PROJECT) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("chalicelib", ".chalice"):
        shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("app.py", "requirements.txt"):
        shutil.copyfile(project / part, folder / part)
    return folder


def _changed_project(folder: Path, project: Path) -> Path:
    _copy_of_project(folder, project)
    with (folder / "app.py").open("a", encoding="utf-8") as app:
        app.write(_NEW_ROUTE)
    return folder


def _expect_no_source_compiled(task: Path) -> None:
    """All byte code came in the zip: Lambda could not write any."""
    cached = {path.with_name(path.name.split(".")[0]) for path in task.rglob("__pycache__/*.pyc")}
    sources = {path.parent / "__pycache__" / path.stem for path in task.rglob("*.py")}
    expect("sources without byte code in the zip", sorted(map(str, sources - cached))[:5], [])


def _read(session: Any, bucket: str, key: str) -> bytes:
    body: bytes = session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
