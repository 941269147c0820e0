"""A new receipt key, without a receipt that nobody can verify."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from nacl.signing import VerifyKey

from chalicelib.domain.ids import DeviceId
from chalicelib.domain.receipts import ReceiptKeys, ReceiptState, signed_message
from chalicelib.stores.secrets import receipt_keys
from infra.key_rotation import StillCurrent
from infra.receipt_key import main, remove_receipt_key, rotate_receipt_key
from infra.secrets import secret_names
from tests.contract.moto_rig import Client
from tests.contract.rotation_rig import STACK, create_api_function, stack_with_secrets

NAME = secret_names(STACK).receipt_key
DEVICE = DeviceId("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70")


@pytest.fixture
def client() -> Iterator[Client]:
    with stack_with_secrets() as client:
        yield client


@pytest.fixture
def api_function(client: Client) -> None:
    create_api_function(client)


def held(client: Client) -> ReceiptKeys:
    value = client("ssm").get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"]
    return receipt_keys({NAME: value}, NAME)


def rotate(client: Client) -> str:
    return rotate_receipt_key(client, STACK, poll_interval_s=1)


@pytest.mark.usefixtures("api_function")
def test_new_receipts_are_signed_with_the_new_key_and_old_ones_still_verify(client: Client) -> None:
    old = held(client).sign(ReceiptState.HELD, DEVICE, "devices/x/1.jpg", 5, "ab" * 32)

    assert rotate(client) == "r2"

    after = held(client)
    new = after.sign(ReceiptState.HELD, DEVICE, "devices/x/1.jpg", 5, "ab" * 32)
    assert (old.key_id, new.key_id) == ("r1", "r2")
    for receipt in (old, new):
        message = signed_message("held", receipt.key_id, DEVICE, receipt.object_key, 5, "ab" * 32)
        public = base64.b64decode(after.public_keys()[receipt.key_id])
        VerifyKey(public).verify(message, base64.b64decode(receipt.signature))


@pytest.mark.usefixtures("api_function")
def test_processes_hand_out_the_new_key_before_it_signs(client: Client) -> None:
    seen: list[ReceiptKeys] = []
    functions = client("lambda")
    functions.meta.events.register(
        "before-call.lambda.UpdateFunctionConfiguration", lambda **_: seen.append(held(client))
    )
    rotate_receipt_key(lambda name: functions if name == "lambda" else client(name), STACK, poll_interval_s=1)

    assert [(one.current, sorted(one.seeds)) for one in seen] == [("r1", ["r1", "r2"])]


def test_a_rotation_that_broke_off_is_finished_and_not_begun_anew(
    client: Client, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(ClientError, match="UpdateFunctionConfiguration"):
        rotate(client)
    assert (held(client).current, sorted(held(client).seeds)) == ("r1", ["r1", "r2"])

    request.getfixturevalue("api_function")

    assert rotate(client) == "r2"
    assert (held(client).current, sorted(held(client).seeds)) == ("r2", ["r1", "r2"])


@pytest.mark.usefixtures("api_function")
def test_an_old_key_can_be_taken_out_of_use_and_the_current_one_cannot(client: Client) -> None:
    rotate(client)

    with pytest.raises(StillCurrent):
        remove_receipt_key(client, STACK, "r2", poll_interval_s=1)
    for _ in range(2):
        remove_receipt_key(client, STACK, "r1", poll_interval_s=1)

    assert (held(client).current, sorted(held(client).seeds)) == ("r2", ["r2"])
    assert held(client).news_for(["r1", "r2"]) == held(client).public_keys()


@pytest.mark.usefixtures("api_function")
def test_a_removed_number_is_not_given_again(client: Client) -> None:
    rotate(client)
    remove_receipt_key(client, STACK, "r1", poll_interval_s=1)

    assert rotate(client) == "r3"


@pytest.mark.usefixtures("api_function")
def test_the_keys_are_still_encrypted(client: Client) -> None:
    rotate(client)

    assert client("ssm").get_parameter(Name=NAME)["Parameter"]["Type"] == "SecureString"
    value = json.loads(client("ssm").get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"])
    assert [len(base64.b64decode(key)) for key in value["keys"].values()] == [32, 32]


def test_the_command_tells_in_a_line_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])

    assert "--stage" in capsys.readouterr().err
