"""The app's own AWS clients at an address of the test's choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.domain.clock import utc_now
from chalicelib.stores.aws_clients import JsonClient, Objects
from chalicelib.stores.aws_http import Endpoint
from chalicelib.stores.presign import Credentials

REGION = "eu-central-1"
KEYS = Credentials("AKIDEXAMPLE", "a-secret", "a-token")


def endpoint(service: str, url: str, **options: Any) -> Endpoint:
    return Endpoint(service, url, region=REGION, credentials=lambda: KEYS, clock=utc_now, **options)


def dynamodb(url: str, **options: Any) -> JsonClient:
    return JsonClient(endpoint("dynamodb", url, **options), target_prefix="DynamoDB_20120810", version="1.0")


def objects(url: str, make_client: Callable[[], Any] = lambda: None, **options: Any) -> Objects:
    return Objects(endpoint("s3", url, **options), by_path=True, make_client=make_client)
