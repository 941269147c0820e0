"""An empty AWS of moto's on a socket, taught the template's resources."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

import infra.local.moto_resources  # noqa: F401 - teaches moto the template's resources

Client = Callable[[str], Any]
REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"


@contextmanager
def empty_aws() -> Iterator[Client]:
    """Gives the boto3 client of a service."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.post(f"{url}/moto-api/reset", trust_env=False).raise_for_status()
    session = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name=REGION)
    try:
        yield lambda service: session.client(service, endpoint_url=url)  # type: ignore[call-overload]
    finally:
        server.stop()
