"""moto as the AWS account that is deployed to, and this process's environment pointing there and nowhere else."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from moto.core.config import default_user_config
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

import infra.local.moto_listing
import infra.local.moto_resources
import infra.local.moto_rest_api  # noqa: F401 - each of these teaches moto
from infra.local.app_environment import app_environment, role_variables

REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"


@contextmanager
def fake_aws() -> Iterator[str]:
    """An empty account. Gives moto's URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    default_user_config["iam"]["load_aws_managed_policies"] = True
    default_user_config["lambda"]["use_docker"] = False
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        httpx.post(f"{url}/moto-api/reset", trust_env=False).raise_for_status()
        role = role_variables(
            access_key="ASIAREHEARSAL0000000",
            secret_key=secrets.token_urlsafe(),
            session_token=secrets.token_urlsafe(),
            region=REGION,
        )
        with app_environment(role | {"AWS_ENDPOINT_URL": url, "AWS_MAX_ATTEMPTS": "2"}, ["127.0.0.1"]):
            yield url
    finally:
        server.stop()
