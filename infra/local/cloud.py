"""The local cloud: moto, the stack from its template, the strict S3 front, the API, events and schedule.

One process, for tests and for `make run`. The app is the real one; it finds everything through its
environment, as in Lambda, with temporary credentials as a Lambda role has them.
"""

from __future__ import annotations

import errno
import importlib
import logging
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import boto3
import httpx
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

import infra.local.moto_listing
import infra.local.moto_resources  # noqa: F401 - teaches moto the template's resources
from chalicelib.domain.clock import utc_now
from infra.local.api_server import ApiServer
from infra.local.app_environment import app_environment, role_variables
from infra.local.events import EventDispatcher, Outcome
from infra.local.faults import Faults
from infra.local.lambda_runner import LambdaFunction
from infra.local.network import public_host
from infra.local.owner import Owner, UserPool
from infra.local.s3_events import S3Change
from infra.local.s3_front import S3Front
from infra.local.s3_signature import Credential
from infra.local.schedule import Schedule
from infra.local.stats import Stats
from infra.secrets import ensure_secrets
from infra.stack import apply_stack, environment

REGION = "eu-central-1"
STACK_NAME = "frameferry"
# A Lambda role's session token is about this long; presigned URLs carry it, and it costs bytes.
_SESSION_TOKEN_BYTES = 600


class CannotListen(Exception):
    """A server of ours could not take its port; `option` names the setting that moves it."""

    def __init__(self, host: str, port: int, option: str, error: OSError) -> None:
        super().__init__(f"{host}:{port}: {error.strerror or error}")
        self.host = host
        self.port = port
        self.option = option
        self.is_port_taken = error.errno == errno.EADDRINUSE


def load_app() -> Any:
    """The real app, with the clients of an earlier local cloud in this process forgotten."""
    importlib.import_module("chalicelib.wiring").reset()
    return importlib.import_module("app")


class LocalCloud:
    """A context manager; everything is up inside it and gone after it. One at a time in a process.

    `host` is what API and S3 listen on; with 0.0.0.0 URLs name this machine's address on its LAN. A
    port of 0 is chosen by the system. `on_change` hears of every change in S3, `on_outcome` of every
    try to process one. `load_app` gives an object with `app.py`'s names: `app` (the Chalice object),
    `process_object` and `reconcile`; it is called when the environment is set. Raises
    CannotListen.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        api_port: int = 0,
        s3_port: int = 0,
        schedule_interval_s: float = 60.0,
        on_change: Callable[[S3Change], None] = lambda _: None,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
        load_app: Callable[[], Any] = load_app,
    ) -> None:
        self._host = host
        self._api_port = api_port
        self._s3_port = s3_port
        self._schedule_interval_s = schedule_interval_s
        self._on_change = on_change
        self._on_outcome = on_outcome
        self._load_app = load_app
        self._open = ExitStack()
        self._access_key, self._secret_key = "ASIALOCALCLOUD000000", secrets.token_urlsafe(30)
        self._session_token = secrets.token_urlsafe(_SESSION_TOKEN_BYTES)
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
        """Events that were given up on after three tries."""
        return list(self._dispatcher.dead_letters)

    def client(self, service: str) -> Any:
        """A boto3 client on moto itself, past the strict S3 front."""
        return boto3.client(service, endpoint_url=self.moto_url)  # type: ignore[call-overload]

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
        self._open.enter_context(app_environment(self._role(), self._own_hosts()))
        boto3.setup_default_session()  # the one before it may hold other credentials
        self.moto_url = self._start_moto()
        origins = ",".join(f"http://{host}:{self._api.port}" for host in (*self._own_hosts(), "localhost"))
        self.outputs = apply_stack(self.client("cloudformation"), STACK_NAME, parameters={"ConsoleOrigins": origins})
        self._user_pool = UserPool(self.client("cognito-idp"), self.outputs)
        self.owner = self.new_owner("owner")
        self._start_s3_front()
        self._open.enter_context(app_environment(self._variables()))
        self._start_app(self._load_app())

    def _start_moto(self) -> str:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        self._open.callback(server.stop)
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        httpx.post(f"{url}/moto-api/reset", trust_env=False).raise_for_status()
        return url

    def _start_s3_front(self) -> None:
        credentials = {self._access_key: Credential(self._secret_key, self._session_token)}
        front = self._hold_port(
            lambda: S3Front(
                moto_url=self.moto_url,
                credentials=credentials.get,
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
            LambdaFunction(module.process_object, "process_object"),
            bucket=self.outputs.captures_bucket,
            region=REGION,
            faults=self.faults,
            stats=self.stats,
            on_outcome=self._on_outcome,
        )
        self._schedule = Schedule(
            LambdaFunction(module.reconcile, "reconcile", timeout_s=300), interval_s=self._schedule_interval_s
        )
        self._dispatcher.start()
        self._open.callback(self._dispatcher.stop)
        self._schedule.start()
        self._open.callback(self._schedule.stop)
        self._api.start(module.app)

    def _changed(self, change: S3Change) -> None:
        self._on_change(change)
        self._dispatcher.submit(change)

    def _role(self) -> dict[str, str]:
        return role_variables(
            access_key=self._access_key,
            secret_key=self._secret_key,
            session_token=self._session_token,
            region=REGION,
        )

    def _variables(self) -> dict[str, str]:
        names = ensure_secrets(self.client("ssm"), STACK_NAME)
        jwks_url = f"{self.moto_url}/{self.outputs.user_pool_id}/.well-known/jwks.json"
        endpoints = {"AWS_ENDPOINT_URL": self.moto_url, "AWS_ENDPOINT_URL_S3": self._front_url}
        return endpoints | environment(self.outputs, names, jwks_url=jwks_url, s3_url=self.s3_url)

    def _own_hosts(self) -> set[str]:
        return {"127.0.0.1", public_host(self._host)}

    def _hold_port[Server](self, bind: Callable[[], Server], port: int, option: str) -> Server:
        try:
            return bind()
        except OSError as error:
            raise CannotListen(self._host, port, option, error) from error
