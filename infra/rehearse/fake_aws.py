"""moto as the AWS account that is deployed to, and this process's environment pointing there and nowhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from moto.core.config import default_user_config
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

import infra.local.moto_listing
import infra.local.moto_resources
import infra.local.moto_rest_api
import infra.local.moto_thrift  # noqa: F401 - each of these teaches moto
from infra.deploying.gateway import LOG_POLICY
from infra.deploying.target import Target, project_config
from infra.local.access import Access
from infra.local.app_environment import app_environment, role_variables
from infra.local.boundary import Boundary
from infra.local.moto_server import MotoServer
from infra.local.roles import ENVIRONMENT, Role, Roles
from infra.rehearse.cut_line import CutLine
from infra.rehearse.invocations import Invocations

REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"
RUN_STAGE = "dev"
"""The one whose functions are run."""
_RESET_TIMEOUT_S = 60.0


@cache
def _log_policy() -> dict[str, Any]:
    """The one managed policy of AWS's that is used. moto would read all 1,400 of them for each empty account."""
    found: dict[str, Any] = json.loads(aws_managed_policies_data)[LOG_POLICY]
    return found


@dataclass(frozen=True, slots=True)
class FakeAws:
    """The environment's credentials are the owner's, who may do everything; a function of the stage `RUN_STAGE` may do
    what `access` has been told.
    """

    url: str
    line: CutLine
    invocations: Invocations
    roles: Roles
    access: Access

    def forget_all(self) -> None:
        """An empty account again."""
        httpx.post(f"{self.url}/moto-api/reset", trust_env=False, timeout=_RESET_TIMEOUT_S).raise_for_status()
        policy = AWSManagedPolicy.from_data(LOG_POLICY, ACCOUNT_ID, REGION, _log_policy())
        iam_backends[ACCOUNT_ID]["aws"].managed_policies[policy.arn] = policy


@contextmanager
def fake_aws() -> Iterator[FakeAws]:
    """An empty account."""
    for noisy in ("werkzeug", "infra.local.access"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    default_user_config["lambda"]["use_docker"] = False
    target = Target(RUN_STAGE, ACCOUNT_ID, REGION, "aws", project_config()["app_name"])
    line, invocations, roles, access = CutLine(), Invocations(), Roles(target), Access(unjudged=ENVIRONMENT)
    boundary = Boundary(roles, access, target.arn)
    server = MotoServer(lambda moto: line.wrap(boundary.wrap(invocations.wrap(moto))))
    server.start()
    try:
        aws = FakeAws(server.url, line, invocations, roles, access)
        aws.forget_all()
        owner = variables_of(roles.operator) | {"AWS_ENDPOINT_URL": aws.url, "AWS_MAX_ATTEMPTS": "2"}
        with app_environment(owner, ["127.0.0.1"]):
            yield aws
    finally:
        server.stop()


def variables_of(role: Role) -> dict[str, str]:
    """What Lambda puts into a function's environment for its role."""
    return role_variables(
        access_key=role.access_key, secret_key=role.secret_key, session_token=role.session_token, region=REGION
    )
