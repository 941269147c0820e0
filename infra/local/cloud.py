"""The local cloud: moto, the stack from its template, the strict S3 front, the API, events and schedule.

One process, for tests and for `make run`. The app is the real one; it finds everything through its
environment, as in Lambda. Each function has a role of its own, with temporary credentials, and may do what its policy
in `infra/policies` says.
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import boto3
import httpx

import infra.local.moto_listing
import infra.local.moto_resources
import infra.local.moto_thrift  # noqa: F401 - each of these teaches moto
from chalicelib import settings, wiring
from chalicelib.domain.clock import Clock, utc_now
from infra.deploying.policies import policy
from infra.deploying.target import FUNCTIONS, PROCESSING_FUNCTION, RECONCILER_FUNCTION, Target
from infra.local import sign_in
from infra.local.access import Access, Call
from infra.local.api_server import ApiServer
from infra.local.app_environment import app_environment, role_variables
from infra.local.boundary import Boundary
from infra.local.dead_letters import FailureDestination
from infra.local.events import EventDispatcher, Outcome
from infra.local.faults import Faults
from infra.local.function_stacks import function_stacks
from infra.local.lambda_runner import Event, Handler, LambdaFunction
from infra.local.metering import Meter
from infra.local.moto_server import MotoServer
from infra.local.network import public_host
from infra.local.owner import Owner, UserPool
from infra.local.roles import ENVIRONMENT, Role, Roles
from infra.local.s3_events import S3Change
from infra.local.s3_front import S3Front
from infra.local.schedule import Schedule
from infra.local.stats import Stats
from infra.secrets import ensure_secrets
from infra.stack import apply_stack, environment

REGION = "eu-central-1"
TARGET = Target("local", "123456789012", REGION, "aws", "frameferry")
"""The account is moto's."""
_LOG_STREAM = "log-stream:local"


class CannotListen(Exception):
    """A server of ours could not take its port; `option` names the setting that moves it."""

    def __init__(self, host: str, port: int, option: str, error: OSError) -> None:
        super().__init__(f"{host}:{port}: {error.strerror or error}")
        self.host = host
        self.port = port
        self.option = option
        self.is_port_taken = error.errno == errno.EADDRINUSE


def load_app() -> Any:
    """The real app."""
    return importlib.import_module("app")


class LocalCloud:
    """A context manager; everything is up inside it and gone after it. One at a time in a process.

    `host` is what API and S3 listen on; with 0.0.0.0 URLs name this machine's address on its LAN. A
    port of 0 is chosen by the system. `devices_s3_url` is for a link before S3: the address that presigned URLs name,
    because their signature covers it. `on_change` hears of every change in S3, `on_outcome` of every try to process
    one; `meter` weighs what the functions do. `load_app` gives an object with `app.py`'s names: `app` (the Chalice
    object), `process_object` and `reconcile`; it is called when the environment is set and the functions' stacks are
    installed in `chalicelib.wiring`. Raises CannotListen.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        api_port: int = 0,
        s3_port: int = 0,
        devices_s3_url: str | None = None,
        schedule_interval_s: float = 60.0,
        on_change: Callable[[S3Change], None] = lambda _: None,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
        meter: Meter | None = None,
        load_app: Callable[[], Any] = load_app,
    ) -> None:
        self._host = host
        self._api_port = api_port
        self._s3_port = s3_port
        self._devices_s3_url = devices_s3_url
        self._schedule_interval_s = schedule_interval_s
        self._on_change = on_change
        self._on_outcome = on_outcome
        self._meter = meter
        self._load_app = load_app
        self._open = ExitStack()
        self._roles = Roles(TARGET)
        self._clients: dict[str, Any] = {}
        self.access = Access(unjudged=ENVIRONMENT)
        self.stats = Stats()
        self.faults = Faults()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def api_url(self) -> str:
        """Ends in `/api`."""
        return f"http://{public_host(self._host)}:{self._api.port}/api"

    @property
    def s3_url(self) -> str:
        return f"http://{public_host(self._host)}:{self._front_url.rpartition(':')[2]}"

    @property
    def events_dispatched(self) -> int:
        """How many times the processing function was invoked, repeats included."""
        return self._dispatcher.events_dispatched

    @property
    def dead_letters(self) -> list[dict[str, Any]]:
        """S3 events that were given up on after three tries. The stack's queue has a record of each."""
        return list(self._dispatcher.dead_letters)

    @property
    def calls(self) -> Counter[Call]:
        """What the functions asked of AWS, and Lambda in their roles."""
        return self.access.calls

    def client(self, service: str) -> Any:
        """A boto3 client on moto itself, past the strict S3 front and every policy; one for each service."""
        if service not in self._clients:
            self._clients[service] = self._client(service, self._roles.operator)
        return self._clients[service]

    def environment_of(self, function: str) -> dict[str, str]:
        """What a process of its own for that function finds: all that this one has, in the function's role."""
        return dict(os.environ) | _variables_of(self._roles.of(function))

    def new_stacks(self, clock: Clock = utc_now) -> wiring.Stack:
        """The app's stack for `wiring.install`, one for each function inside, as after a cold start of all of them."""
        return function_stacks(settings.from_environment(), self._roles, clock)

    def new_owner(self, username: str) -> Owner:
        return self._user_pool.new_owner(username)

    def sign_in(self, owner: Owner) -> Owner:
        """The owner with a fresh token."""
        return self._user_pool.sign_in(owner)

    def run_schedule(self) -> None:
        """Run the reconciler at once. Raises what it raises."""
        self._schedule.run_now()

    def settle(self, timeout_s: float = 10.0) -> None:
        """Wait until no event waits or runs. Raises TimeoutError."""
        if not self._dispatcher.settle(timeout_s):
            raise TimeoutError(f"events are still on their way after {timeout_s} s")

    def _start(self) -> None:
        self._api = self._hold_port(
            lambda: ApiServer(self.stats, host=self._host, port=self._api_port), self._api_port, "API_PORT"
        )
        self._open.callback(self._api.stop)
        # It is all functions', and so has no function's credentials.
        self._open.enter_context(app_environment(_variables_of(self._roles.of(ENVIRONMENT)), self._own_hosts()))
        boto3.setup_default_session()  # the one before it may hold other credentials
        self.moto_url = self._start_moto()
        origins = ",".join(f"http://{host}:{self._api.port}" for host in (*self._own_hosts(), "localhost"))
        self.outputs = apply_stack(
            self.client("cloudformation"), TARGET.stack_name, parameters={"ConsoleOrigins": origins}
        )
        self._user_pool = UserPool(self.client("cognito-idp"), self.outputs)
        self.owner = self.new_owner("owner")
        self._start_s3_front()
        self._open.enter_context(app_environment(self._variables()))
        wiring.install(self.new_stacks())
        self._open.callback(wiring.reset)
        self._start_app(self._load_app())

    def _start_moto(self) -> str:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        metered = {} if self._meter is None else {"around": self._meter.around}
        server = MotoServer(Boundary(self._roles, self.access, TARGET.arn, **metered).wrap)
        server.start()
        self._open.callback(server.stop)
        httpx.post(f"{server.url}/moto-api/reset", trust_env=False).raise_for_status()
        return server.url

    def _start_s3_front(self) -> None:
        front = self._hold_port(
            lambda: S3Front(
                moto_url=self.moto_url,
                credentials=self._roles.credential,
                s3_client=self.client("s3"),
                clock=utc_now,
                on_change=self._changed,
                stats=self.stats,
                faults=self.faults,
                host=self._host,
                port=self._s3_port,
            ),
            self._s3_port,
            "S3_PORT",
        )
        self._open.callback(front.stop)
        self._front_url = front.url
        front.start()

    def _start_app(self, module: Any) -> None:
        self._dispatcher = EventDispatcher(
            self._function(module.process_object, PROCESSING_FUNCTION, timeout_s=60),
            bucket=self.outputs.captures_bucket,
            region=REGION,
            faults=self.faults,
            stats=self.stats,
            on_outcome=self._on_outcome,
            on_dead_letter=partial(self._send_dead_letter, PROCESSING_FUNCTION),
        )
        self._schedule = Schedule(
            self._function(module.reconcile, RECONCILER_FUNCTION, timeout_s=300),
            interval_s=self._schedule_interval_s,
            on_failure=partial(self._send_dead_letter, RECONCILER_FUNCTION, invocations=1),
        )
        self._dispatcher.start()
        self._open.callback(self._dispatcher.stop)
        self._schedule.start()
        self._open.callback(self._schedule.stop)
        relay = sign_in.SignInRelay(self.client("cognito-idp"))
        self._api.start(module.app, self._lambda_invoked, self._ran, others={sign_in.PATH: relay})

    def _function(self, handler: Handler, name: str, timeout_s: float) -> LambdaFunction:
        return LambdaFunction(handler, name, timeout_s, on_invoked=self._lambda_invoked, on_ran=self._ran)

    def _ran(self, function: str, wall_s: float, cpu_s: float) -> None:
        if self._meter is not None:
            self._meter.ran(function, wall_s, cpu_s)

    def _lambda_invoked(self, function: str) -> None:
        """What Lambda does with the role at each traced invocation; what it may not, it leaves out and says nothing.

        Sources: Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs" and "Visualize Lambda
        function invocations using AWS X-Ray".
        """
        stream = TARGET.arn("logs", f"log-group:{TARGET.log_group(function)}:{_LOG_STREAM}")
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            self.access.allows(function, action, stream)
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            self.access.allows(function, action, "*")

    def _send_dead_letter(self, function: str, event: Event, error: Exception, invocations: int) -> None:
        sqs = self._client("sqs", self._roles.of(function))
        queue = FailureDestination(sqs, self.outputs.dead_letter_queue_url, TARGET.function_arn(function))
        queue.send(event, error, invocations)

    def _changed(self, change: S3Change) -> None:
        self._on_change(change)
        self._dispatcher.submit(change)

    def _client(self, service: str, role: Role) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.moto_url,
            aws_access_key_id=role.access_key,
            aws_secret_access_key=role.secret_key,
            aws_session_token=role.session_token,
        )

    def _variables(self) -> dict[str, str]:
        names = ensure_secrets(self.client("ssm"), TARGET.stack_name)
        for function in FUNCTIONS:
            self.access.put_policy(function, policy(TARGET, function, self.outputs, names))
        jwks_url = f"{self.moto_url}/{self.outputs.user_pool_id}/.well-known/jwks.json"
        endpoints = {"AWS_ENDPOINT_URL": self.moto_url, "AWS_ENDPOINT_URL_S3": self._front_url}
        s3_url = self._devices_s3_url or self.s3_url
        return endpoints | environment(
            self.outputs, names, jwks_url=jwks_url, s3_url=s3_url, sign_in_url=sign_in.PATH
        )

    def _own_hosts(self) -> set[str]:
        return {"127.0.0.1", public_host(self._host)}

    def _hold_port[Server](self, bind: Callable[[], Server], port: int, option: str) -> Server:
        try:
            return bind()
        except OSError as error:
            raise CannotListen(self._host, port, option, error) from error


def _variables_of(role: Role) -> dict[str, str]:
    return role_variables(
        access_key=role.access_key, secret_key=role.secret_key, session_token=role.session_token, region=REGION
    )
