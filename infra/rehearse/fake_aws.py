"""moto as the AWS account that is deployed to, and this process's environment pointing there and nowhere else."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from moto.core.config import default_user_config
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

import infra.local.moto_listing
import infra.local.moto_resources
import infra.local.moto_rest_api  # noqa: F401 - each of these teaches moto
from infra.deploying.gateway import LOG_POLICY
from infra.local.app_environment import app_environment, role_variables
from infra.rehearse.cut_line import CutLine
from infra.rehearse.invocations import Invocations

REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"
_RESET_TIMEOUT_S = 60.0


@cache
def _log_policy() -> dict[str, Any]:
    """The one managed policy of AWS's that is used. moto would read all 1,400 of them for each empty account."""
    found: dict[str, Any] = json.loads(aws_managed_policies_data)[LOG_POLICY]
    return found


class _MotoServer(ThreadedMotoServer):
    """moto with functions that run, at the end of a line that can be cut."""

    def __init__(self, line: CutLine, invocations: Invocations) -> None:
        super().__init__("127.0.0.1", 0, verbose=False)
        self._line = line
        self._invocations = invocations

    def _server_entry(self) -> None:
        application = self._line.wrap(self._invocations.wrap(DomainDispatcherApplication(create_backend_app)))
        self._server = make_server(
            self._ip_address, self._port, application, threaded=True, request_handler=MotoRequestHandler
        )
        self._server_ready_event.set()
        self._server.serve_forever()


@dataclass(frozen=True, slots=True)
class FakeAws:
    url: str
    line: CutLine
    invocations: Invocations

    def forget_all(self) -> None:
        """An empty account again."""
        httpx.post(f"{self.url}/moto-api/reset", trust_env=False, timeout=_RESET_TIMEOUT_S).raise_for_status()
        policy = AWSManagedPolicy.from_data(LOG_POLICY, ACCOUNT_ID, REGION, _log_policy())
        iam_backends[ACCOUNT_ID]["aws"].managed_policies[policy.arn] = policy


@contextmanager
def fake_aws() -> Iterator[FakeAws]:
    """An empty account."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    default_user_config["lambda"]["use_docker"] = False
    line, invocations = CutLine(), Invocations()
    server = _MotoServer(line, invocations)
    server.start()
    try:
        host, port = server.get_host_and_port()
        aws = FakeAws(f"http://{host}:{port}", line, invocations)
        aws.forget_all()
        role = role_variables(
            access_key="ASIAREHEARSAL0000000",
            secret_key=secrets.token_urlsafe(),
            session_token=secrets.token_urlsafe(),
            region=REGION,
        )
        with app_environment(role | {"AWS_ENDPOINT_URL": aws.url, "AWS_MAX_ATTEMPTS": "2"}, ["127.0.0.1"]):
            yield aws
    finally:
        server.stop()
