"""The functions as they were deployed, run from the zip that was sent, and the API in front of them."""

from __future__ import annotations

import importlib
import io
import os
import platform
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chalice import Chalice

from infra.deploying.target import API_FUNCTION, FUNCTIONS, RECONCILER_FUNCTION, Target
from infra.local.api_server import ApiServer
from infra.local.stats import Stats
from infra.rehearse.fake_aws import FakeAws, variables_of
from infra.rehearse.moto_lambda import ignore_events
from infra.rehearse.runtime_api import FunctionProcess, make_runtime_folder
from infra.rehearse.snapshot import role_policies

MACHINE = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]
"""This machine's architecture, as Lambda names it."""

_FROM_THIS_PROCESS = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED", "NO_PROXY", "no_proxy",
)  # fmt: skip
"""What Lambda sets as well, and the way to moto."""


def unzip(package: bytes, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(folder)


@dataclass(frozen=True)
class Functions:
    api_url: str
    processes: Mapping[str, FunctionProcess]

    def reconcile(self) -> None:
        self.processes[RECONCILER_FUNCTION].invoke(_SCHEDULED_EVENT)


@contextmanager
def running(aws: FakeAws, session: Any, target: Target, folder: Path, s3_url: str) -> Iterator[Functions]:
    """Each function in a fresh interpreter, from `folder`/task, in its own role under its deployed policy.

    The API's routes are those that were deployed; S3 is at `s3_url`.
    """
    make_runtime_folder(folder / "runtime")
    ignore_events(target)
    with ExitStack() as open_:
        processes = {}
        for name in FUNCTIONS:
            (document,) = role_policies(session, target, name).values()
            aws.access.put_policy(name, document)
            also = variables_of(aws.roles.of(name)) | {"AWS_ENDPOINT_URL_S3": s3_url}
            processes[name] = open_.enter_context(function_process(session, target, name, folder, also=also))
        server = ApiServer(Stats())
        server.start(_app_in_front(processes[API_FUNCTION].invoke, _deployed_routes(session, target)))
        open_.callback(server.stop)
        yield Functions(server.url, processes)


def function_process(
    session: Any,
    target: Target,
    name: str,
    folder: Path,
    *,
    task: str = "task",
    also: Mapping[str, str] = MappingProxyType({}),
) -> FunctionProcess:
    """As it is deployed, but from `folder`/`task`, and with `also` in its environment."""
    configuration = session.client("lambda").get_function_configuration(FunctionName=target.function_name(name))
    return FunctionProcess(
        configuration["Handler"],
        folder / task,
        folder / "runtime",
        _lambda_environment(configuration, folder / task) | dict(also),
        arn=configuration["FunctionArn"],
        timeout_s=configuration["Timeout"],
        log=folder / f"{name}.log",
    )


def _lambda_environment(configuration: Mapping[str, Any], task_root: Path) -> dict[str, str]:
    """Lambda Developer Guide, "Defined runtime environment variables"."""
    return {
        **configuration["Environment"]["Variables"],
        **{name: os.environ[name] for name in _FROM_THIS_PROCESS if name in os.environ},
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
        "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{configuration['FunctionName']}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "rehearsal",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "_HANDLER": configuration["Handler"],
    }


def _deployed_routes(session: Any, target: Target) -> list[tuple[str, str]]:
    client = session.client("apigateway")
    api = next(one for one in client.get_rest_apis()["items"] if one["name"] == target.stack_name)
    resources = client.get_resources(restApiId=api["id"], limit=500)["items"]
    return sorted((method, one["path"]) for one in resources for method in one.get("resourceMethods", {}))


def _app_in_front(invoke: Callable[[Any], Any], routes: list[tuple[str, str]]) -> Chalice:
    """What the local API Gateway needs of an app: routes, binary types, and something to call."""

    class InFront(Chalice):
        def __call__(self, event: Any, context: object) -> Any:
            return invoke(event)

    front = InFront("rehearsal", configure_logs=False)
    front.api.binary_types = importlib.import_module("app").app.api.binary_types
    for method, path in routes:
        front.route(path, methods=[method], name=f"{method} {path}")(lambda **_: None)
    return front


_SCHEDULED_EVENT = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-05-04T12:00:00Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:events:eu-central-1:123456789012:rule/reconcile"],
    "detail": {},
}
