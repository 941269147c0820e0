"""A new pepper, without a moment in which a token does not verify."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.ids import DeviceId
from chalicelib.domain.tokens import Peppers, new_token
from chalicelib.stores.secrets import peppers
from infra.pepper import rotate_pepper
from infra.secrets import secret_names
from tests.contract.moto_rig import Client
from tests.contract.rotation_rig import STACK, create_api_function, stack_with_secrets

NAME = secret_names(STACK).pepper


@pytest.fixture
def client() -> Iterator[Client]:
    with stack_with_secrets() as client:
        yield client


@pytest.fixture
def api_function(client: Client) -> None:
    create_api_function(client)


def held(client: Client) -> Peppers:
    value = client("ssm").get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"]
    return peppers({NAME: value}, NAME)


def rotate(client: Client) -> str:
    return rotate_pepper(client, STACK, poll_interval_s=1)


@pytest.mark.usefixtures("api_function")
def test_new_hashes_are_made_with_the_new_pepper_and_old_ones_still_verify(client: Client) -> None:
    before, token = held(client), new_token(DeviceId("camera"), bytes)
    assert rotate(client) == "p2"
    after = held(client)
    assert after.verifies(token, before.hash(token))
    assert after.hash(token).startswith("p2$")
    assert after.by_id["p2"] != after.by_id["p1"]


@pytest.mark.usefixtures("api_function")
def test_processes_know_the_new_pepper_before_it_is_used(client: Client) -> None:
    seen: list[Peppers] = []
    functions = client("lambda")
    functions.meta.events.register(
        "before-call.lambda.UpdateFunctionConfiguration", lambda **_: seen.append(held(client))
    )
    rotate_pepper(lambda name: functions if name == "lambda" else client(name), STACK, poll_interval_s=1)
    assert [(one.current, sorted(one.by_id)) for one in seen] == [("p1", ["p1", "p2"])]


def test_a_rotation_that_broke_off_is_finished_and_not_begun_anew(client: Client, request: Any) -> None:
    with pytest.raises(ClientError, match="UpdateFunctionConfiguration"):
        rotate(client)
    assert (held(client).current, sorted(held(client).by_id)) == ("p1", ["p1", "p2"])
    request.getfixturevalue("api_function")
    assert rotate(client) == "p2"
    assert (held(client).current, sorted(held(client).by_id)) == ("p2", ["p1", "p2"])


@pytest.mark.usefixtures("api_function")
def test_what_is_filed_under_a_pepper_is_found_after_ten_rotations(client: Client) -> None:
    filed = held(client).lookup_key("pairing", "code")
    assert [rotate(client) for _ in range(10)][-1] == "p11"
    assert held(client).lookup_key("pairing", "code") == filed


@pytest.mark.usefixtures("api_function")
def test_the_pepper_is_still_encrypted(client: Client) -> None:
    rotate(client)
    parameter = client("ssm").get_parameter(Name=NAME)["Parameter"]
    assert parameter["Type"] == "SecureString"
    value = json.loads(client("ssm").get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"])
    assert [len(base64.b64decode(key)) for key in value["peppers"].values()] == [32, 32]
