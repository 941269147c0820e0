"""A stack with secrets, and perhaps an API that reads them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from infra.secrets import ensure_secrets
from tests.contract.moto_rig import Client, empty_aws

STACK = "frameferry-dev"


@contextmanager
def stack_with_secrets() -> Iterator[Client]:
    with empty_aws() as client:
        ensure_secrets(client("ssm"), STACK)
        yield client


def create_api_function(client: Client) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    role = client("iam").create_role(RoleName="api", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName=STACK, Runtime="python3.13", Role=role, Handler="app.app", Code={"ZipFile": code.getvalue()}
    )
