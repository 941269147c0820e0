"""The steps of the rehearsal, in order. Each raises RehearsalFailed, or gives a line about what it has shown."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from rich.console import RenderableType

from infra import deploy as program
from infra.deploying.check_package import ZIPPED_LIMIT_BYTES, libraries, problems
from infra.deploying.deploy import Deploy
from infra.deploying.deployed_state import DeployedState, read_deployed_state
from infra.deploying.plan import routes_of_app
from infra.deploying.smoke import SmokeTest
from infra.deploying.target import API_FUNCTION, FUNCTIONS, PROCESSING_FUNCTION, PROJECT, Target
from infra.local.roles import Role
from infra.rehearse.asynchronous import AsynchronousFunction
from infra.rehearse.cold_start import TARGETS, ColdStarts, Compared
from infra.rehearse.cuts import break_off_everywhere
from infra.rehearse.expectations import RehearsalFailed, expect, expect_deployed, expect_destroyed
from infra.rehearse.fake_aws import FakeAws
from infra.rehearse.from_zip import MACHINE, Functions, running, unzip
from infra.rehearse.kills import kill_and_run_again
from infra.rehearse.moto_lambda import ignore_events, sent_zip
from infra.rehearse.operator import Operator
from infra.rehearse.project import changed_copy, copy_of_project
from infra.rehearse.report import Package, Ran, tables
from infra.rehearse.snapshot import captures_bucket, differences, snapshot
from infra.rehearse.storage import CameraStorage, Storage, open_storage

FOLDER = PROJECT / ".local" / "rehearse"
_PATIENCE_S = 120.0
"""A machine that does other things as well is no fault of the deploy's."""


@dataclass
class Rehearsal:
    """Within `fake_aws`. The stage prod is deployed as it would be; dev for this machine, so that it can be run."""

    aws: FakeAws
    say: Callable[[str], None] = lambda _: None
    """Hears how far a long step is."""
    operator: Operator = field(default_factory=lambda: Operator(copy_of_project(FOLDER / "project"), FOLDER))
    deployed: Any = None
    """The stage prod as it was after its first deploy: a snapshot."""
    package: Package = field(init=False)
    ran: dict[str, Ran] = field(default_factory=dict)
    """By function, once it has run from the zip."""
    cold: dict[str, Compared] = field(default_factory=dict)
    _dev: Deploy = field(init=False)

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], str]], ...]:
        return (
            ("deploy prod for arm64", self.deploy_prod),
            ("its package, without running it", self.check_arm64_package),
            ("deploy again", self.deploy_again),
            ("deploy with another route, and back", self.deploy_another_route),
            (f"deploy dev for this machine ({MACHINE})", self.deploy_dev),
            ("a camera against the functions from the zip", self.run_from_zip),
            ("a dead letter, redriven", self.redrive_a_dead_letter),
            ("cold start of the API from the zip", lambda: self.compare_cold_starts(API_FUNCTION)),
            ("cold start of processing from the zip", lambda: self.compare_cold_starts(PROCESSING_FUNCTION)),
            ("destroy prod, keep the photos", self.destroy_prod),
            ("deploy prod over what was kept", self.deploy_over_what_was_kept),
            ("destroy both with all data", self.destroy_all),
            ("runs killed, and run again", self.kill_runs),
            ("runs cut off after each change, and run again", self.cut_runs),
        )

    def deploy_prod(self) -> str:
        deploy = self.operator.deploy("prod")
        routes = routes_of_app(self.operator.project)
        expect_deployed(self._session, deploy, architecture="arm64", routes=routes)
        self._expect_state_found(deploy.target)
        self.deployed = snapshot(self._session, deploy.target)
        return f"{len(FUNCTIONS)} functions, {len(routes)} routes"

    def check_arm64_package(self) -> str:
        task = FOLDER / "prod" / "task"
        package = sent_zip(self.operator.target("prod"), API_FUNCTION)
        unzip(package, task)
        expect("problems of the package", problems(task, "arm64"), [])
        if len(package) > ZIPPED_LIMIT_BYTES:
            raise RehearsalFailed(f"the zip has {len(package)} bytes")
        found = libraries(task)
        unzipped_bytes = sum(path.stat().st_size for path in task.rglob("*") if path.is_file())
        self.package = Package(len(package), unzipped_bytes, len(found), max(library.glibc for library in found))
        return f"{len(found)} libraries for arm64, all that they need is there"

    def deploy_again(self) -> str:
        target = self.operator.deploy("prod").target
        self._expect_as_before(target)
        self._expect_state_found(target)
        return "nothing has changed"

    def deploy_another_route(self) -> str:
        changed = changed_copy(FOLDER / "changed", self.operator.project)
        deploy = self.operator.deploy("prod", project=changed)
        expect_deployed(self._session, deploy, architecture="arm64", routes=routes_of_app(changed))
        self._expect_as_before(self.operator.deploy("prod").target)
        return "GET /rehearsal came and went; all else stayed"

    def deploy_dev(self) -> str:
        self._dev = self.operator.deploy("dev", architecture=MACHINE)
        routes = routes_of_app(self.operator.project)
        expect_deployed(self._session, self._dev, architecture=MACHINE, routes=routes)
        self._expect_as_before(self.operator.target("prod"))
        return "prod has not noticed"

    def run_from_zip(self) -> str:
        task, target = FOLDER / "dev" / "task", self._dev.target
        unzip(sent_zip(target, API_FUNCTION), task)
        expect("problems of the package", problems(task, MACHINE), [])
        with self._up() as (storage, functions):
            camera_storage = self._smoke(storage, functions, functions.processes[PROCESSING_FUNCTION].invoke)
            functions.reconcile()
        self.ran = {name: Ran(process.init_s, process.peak_memory_mb) for name, process in functions.processes.items()}
        _expect_no_source_compiled(task)
        expect("what the functions were denied", self.aws.access.denied, Counter())
        return f"{camera_storage.accepted} photo by a URL that the API's role had signed; no call denied by a policy"

    def redrive_a_dead_letter(self) -> str:
        """S3's event comes while the function may only leave a letter, Lambda gives up, the owner mends that."""
        target, name, access = self._dev.target, PROCESSING_FUNCTION, self.aws.access
        with self._up() as (storage, functions):
            role = self.aws.roles.of(name)
            function = AsynchronousFunction.of(self._session, functions.processes[name], _client("sqs", role))

            def fail_and_redrive(event: Any) -> None:
                with access.with_policy(name, _only("sqs:SendMessage", access.policy(name))):
                    expect("success without a permission", function.tell(event), False)
                with self.aws.invocations.of(target.function_name(name), function.process.invoke):
                    expect("what `make redrive` says", _said("redrive", "--stage", "dev"), "Redriven: 1 dead letter")

            self._smoke(storage, functions, fail_and_redrive)
        return f"given up on after {function.tries} tries, redriven, processed"

    def compare_cold_starts(self, function: str) -> str:
        """Tells the ratio and judges none: time depends on what else the machine does."""
        starts = ColdStarts(self._session, self._dev.target, self._dev.environment, FOLDER / "dev")
        self.cold[function] = starts.compare(function)
        return self.cold[function].told(TARGETS[function])

    def destroy_prod(self) -> str:
        target = self.operator.target("prod")
        bucket = captures_bucket(target)
        ignore_events(target)
        self._session.client("s3").put_object(Bucket=bucket, Key="kept", Body=b"a photo")
        self.operator.destroy("prod")
        expect_destroyed(self._session, target, data_is_kept=True)
        expect("a photo after destroy", _read(self._session, bucket, "kept"), b"a photo")
        return "only data and secrets are left"

    def deploy_over_what_was_kept(self) -> str:
        target = self.operator.deploy("prod").target
        self._expect_as_before(target)
        expect("a photo after the next deploy", _read(self._session, captures_bucket(target), "kept"), b"a photo")
        return "as before, with the photo"

    def destroy_all(self) -> str:
        for stage in ("prod", "dev"):
            self.operator.destroy(stage, delete_data=True)
            expect_destroyed(self._session, self.operator.target(stage), data_is_kept=False)
        return "nothing is left"

    def kill_runs(self) -> str:
        kinds = kill_and_run_again(self.aws, FOLDER / "killed", self.say)
        return f"{len(kinds)} ways to be killed ({', '.join(kinds)}): the same state"

    def cut_runs(self) -> str:
        changes = break_off_everywhere(FOLDER / "cuts", lambda done, count: self.say(f"{done} of {count} cuts"))
        places = ", ".join(f"{count} of a {kind}" for kind, count in changes.items())
        return f"after each of {sum(changes.values())} changes ({places}) the next run ended in the same state"

    def tables(self) -> RenderableType:
        """What was deployed and run, once all steps are done."""
        return tables(self.deployed, self.package, self.ran, {name: one.cpu for name, one in self.cold.items()})

    def _smoke(self, storage: Storage, functions: Functions, tell: Callable[[Any], object]) -> CameraStorage:
        api_access_key = self.aws.roles.of(API_FUNCTION).access_key
        camera_storage = CameraStorage(storage, self._dev.outputs.captures_bucket, api_access_key, tell)
        environment = self._dev.environment
        SmokeTest(
            self._session, environment, functions.api_url, lambda _: None, camera_storage, patience_s=_PATIENCE_S
        ).run()
        return camera_storage

    @contextlib.contextmanager
    def _up(self) -> Iterator[tuple[Storage, Functions]]:
        """The functions of dev, from the zip, and their S3."""
        target, folder = self._dev.target, FOLDER / "dev"
        self.aws.access.forget()
        with (
            open_storage(self.aws) as storage,
            running(self.aws, self._session, target, folder, storage.front.url) as functions,
        ):
            yield storage, functions

    @property
    def _session(self) -> Any:
        return self.operator.session

    def _expect_as_before(self, target: Target) -> None:
        expect("what has changed", differences(snapshot(self._session, target), self.deployed), [])

    def _expect_state_found(self, target: Target) -> None:
        """What is read from AWS is what Chalice wrote down."""
        found = DeployedState(self._session, target).resources(captures_bucket(target))
        written = read_deployed_state(target.build_folder, target.stage)
        expect("Chalice's state, read from AWS", found, written)


def _expect_no_source_compiled(task: Path) -> None:
    """All byte code came in the zip: Lambda could not write any."""
    cached = {path.with_name(path.name.split(".")[0]) for path in task.rglob("__pycache__/*.pyc")}
    sources = {path.parent / "__pycache__" / path.stem for path in task.rglob("*.py")}
    expect("sources without byte code in the zip", sorted(map(str, sources - cached))[:5], [])


def _only(action: str, document: Any) -> dict[str, Any]:
    """The policy without all statements but that of the action."""
    statements = [one for one in document["Statement"] if action in one["Action"]]
    return {**document, "Statement": statements}


def _client(service: str, role: Role) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        aws_access_key_id=role.access_key,
        aws_secret_access_key=role.secret_key,
        aws_session_token=role.session_token,
    )


def _said(*arguments: str) -> str:
    """By the program, on stdout."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        expect("how it ended", program.main(arguments), 0)
    return out.getvalue().strip()


def _read(session: Any, bucket: str, key: str) -> bytes:
    body: bytes = session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
