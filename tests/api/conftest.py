from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from chalicelib import wiring
from chalicelib.api.log import logger
from tests.api import issuer
from tests.api.client import Client
from tests.api.scene import OWNER, STRANGER, Camera, World, new_camera, owner_client


@pytest.fixture(scope="session")
def jwks() -> Iterator[issuer.JwksServer]:
    with pytest.MonkeyPatch.context() as environment, issuer.JwksServer("key-1") as server:
        # A proxy of this machine's would not find its loopback.
        environment.setenv("NO_PROXY", "127.0.0.1")
        yield server


@pytest.fixture
def world(jwks: issuer.JwksServer) -> Iterator[World]:
    """The stack that the app works with during the test."""
    made = World.with_keys_at(jwks.url)
    wiring.install(made)
    yield made
    wiring.reset()


@pytest.fixture
def nobody() -> Client:
    return Client()


@pytest.fixture
def owner(world: World) -> Client:
    return owner_client(OWNER)


@pytest.fixture
def stranger(world: World) -> Client:
    """Another owner."""
    return owner_client(STRANGER)


@pytest.fixture
def camera(owner: Client) -> Camera:
    return new_camera(owner)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the app logs during the test, as it writes it: a line of JSON each."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger().registered_formatter)
    logging.getLogger("frameferry").addHandler(handler)
    yield lines
    logging.getLogger("frameferry").removeHandler(handler)
