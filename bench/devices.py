"""A local cloud for measuring: its devices, and what the app asks of AWS for them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, cast

import httpx

from bench.function_processes import function_processes
from chalicelib import settings, wiring
from chalicelib.domain.prices import Units
from chalicelib.stores.aws_http import Answer, Endpoint, IsBusy
from infra.deploying.target import FUNCTIONS, PROCESSING_FUNCTION
from infra.local.cloud import TARGET, LocalCloud
from infra.local.metering import Meter
from infra.local.stats import Stats

LOG = Path(__file__).parents[1] / ".local" / "bench.log"


@contextmanager
def counted_cloud() -> Iterator[LocalCloud]:
    """A local cloud whose app runs in a CountedStack and whose stats are CountedConnections. What the app logs
    meanwhile goes to `LOG`, as does all else that is printed.
    """
    LOG.parent.mkdir(exist_ok=True)
    cloud = LocalCloud(load_app=_load_app)
    cloud.stats = CountedConnections()
    with LOG.open("a", encoding="utf-8") as log, redirect_stdout(log), cloud:
        yield cloud


@contextmanager
def metered_cloud() -> Iterator[tuple[LocalCloud, MeterOfProcesses]]:
    """A local cloud of which AWS's units are counted, each function in a process of its own. What is printed meanwhile
    goes to `LOG`.
    """
    LOG.parent.mkdir(exist_ok=True)
    meter = MeterOfProcesses(TARGET.account_id, TARGET.region)
    with ExitStack() as processes:

        def load_app() -> Any:
            environments = {name: cloud.environment_of(name) for name in FUNCTIONS}
            return processes.enter_context(function_processes(environments, LOG, meter.ran_apart))

        cloud = LocalCloud(meter=meter, schedule_interval_s=3600, load_app=load_app)
        with LOG.open("a", encoding="utf-8", buffering=1) as log, redirect_stdout(log), cloud:
            yield cloud, meter


class MeterOfProcesses(Meter):
    """Weighs invocations as the functions' processes have measured them. Those of the processing function do alike
    work, so that all are billed as the median one is: what else keeps this machine busy is no part of a bill.
    """

    def __init__(self, account_id: str, region: str) -> None:
        super().__init__(account_id, region)
        self._invocations: dict[str, list[Units]] = {name: [] for name in FUNCTIONS}

    def ran(self, function: str, wall_s: float, cpu_s: float) -> None:
        """Nothing: this is the local cloud's own thread, in which the process was waited for."""

    def ran_apart(self, function: str, wall_s: float, cpu_s: float) -> None:
        self._invocations[function].append(self.invocation(function, wall_s, cpu_s))

    def units(self) -> dict[str, Units]:
        asked = super().units()
        return {name: asked.get(name, Units()) + _billed(name, all_) for name, all_ in self._invocations.items()}

    def reset(self) -> None:
        super().reset()
        for invocations in self._invocations.values():
            invocations.clear()


def _billed(function: str, invocations: list[Units]) -> Units:
    if function != PROCESSING_FUNCTION or not invocations:
        return sum(invocations, Units())
    return Units(lambda_requests=1, lambda_gb_s=median(each.lambda_gb_s for each in invocations)) * len(invocations)


class CountedConnections(Stats):
    """Counts connections by the kind of their first request too: device and app both talk to S3."""

    def __init__(self) -> None:
        super().__init__()
        self.connections_by_kind: Counter[str] = Counter()
        self._of_this_thread = threading.local()  # each connection has a thread of its own

    def connection_opened(self, kind: str) -> None:
        super().connection_opened(kind)
        self._of_this_thread.is_new = True

    def record(self, kind: str, *, bytes_in: int, bytes_out: int, status: int) -> None:
        super().record(kind, bytes_in=bytes_in, bytes_out=bytes_out, status=status)
        if getattr(self._of_this_thread, "is_new", False):
            self._of_this_thread.is_new = False
            self.connections_by_kind[kind] += 1

    def reset(self) -> None:
        super().reset()
        self.connections_by_kind.clear()


@dataclass(frozen=True)
class Paired:
    device_id: str
    pairing_code: str


def pair(cloud: LocalCloud) -> Paired:
    answer = httpx.post(
        f"{cloud.api_url}/devices/pair",
        headers={"Authorization": f"Bearer {cloud.owner.token}"},
        json={"name": "bench"},
        trust_env=False,
    )
    told = answer.raise_for_status().json()
    return Paired(told["device_id"], told["pairing_code"])


def activate(cloud: LocalCloud, paired: Paired) -> str:
    """The device's token."""
    asked = {"pairing_code": paired.pairing_code}
    answer = httpx.post(f"{cloud.api_url}/devices/activate", json=asked, trust_env=False)
    token: str = answer.raise_for_status().json()["device_token"]
    return token


class CountedStack(wiring.AwsStack):
    """Counts what goes to DynamoDB, SSM and S3 without botocore, by service and operation."""

    def __init__(self) -> None:
        super().__init__(settings.from_environment())
        self.calls: Counter[str] = Counter()
        self.lock = threading.Lock()

    def endpoint(self, service: str, url: str | None = None) -> Endpoint:
        return cast("Endpoint", _CountedEndpoint(service, super().endpoint(service, url), self))


class _CountedEndpoint:
    def __init__(self, service: str, endpoint: Endpoint, stack: CountedStack) -> None:
        self._service = service
        self._endpoint = endpoint
        self._stack = stack

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        is_busy: IsBusy,
        most_bytes: int | None = None,
    ) -> Answer:
        operation = (headers or {}).get("X-Amz-Target", method).rpartition(".")[2]
        with self._stack.lock:
            self._stack.calls[f"{self._service} {operation}"] += 1
        return self._endpoint.send(method, path, query, headers, body, is_busy=is_busy, most_bytes=most_bytes)


def _load_app() -> Any:
    wiring.install(CountedStack())
    return import_module("app")


def counted_stack() -> CountedStack:
    """Of the counted cloud that is up."""
    return cast("CountedStack", wiring.current())


def counted_connections(cloud: LocalCloud) -> Counter[str]:
    """Of a counted cloud, by the kind of their first request."""
    return cast("CountedConnections", cloud.stats).connections_by_kind
