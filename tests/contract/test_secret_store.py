"""The stack's secrets as the deploy writes them and the app reads them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from chalicelib.domain.receipts import ReceiptKeys
from chalicelib.domain.tokens import Peppers
from chalicelib.stores import secrets
from chalicelib.stores.secrets import SecretUnusable, read_parameters
from infra.secrets import ensure_secrets
from tests.contract.conftest import Cloud
from tests.fakes.clock import FakeEntropy

NAME = "/frameferry/secret"
KEY = base64.b64encode(bytes(range(32))).decode()
OLD = base64.b64encode(bytes(range(32, 64))).decode()


def load_peppers(cloud: Cloud, name: str) -> Peppers:
    return secrets.peppers(read_parameters(cloud.ssm, [name]), name)


def load_receipt_keys(cloud: Cloud, name: str) -> ReceiptKeys:
    return secrets.receipt_keys(read_parameters(cloud.ssm, [name]), name)


LOADERS: dict[str, Callable[..., object]] = {"peppers": load_peppers, "keys": load_receipt_keys}


def written(cloud: Cloud, value: str) -> None:
    cloud.ssm.put_parameter(Name=NAME, Value=value, Type="SecureString", Overwrite=True)


def test_what_the_deploy_makes_the_app_can_use(cloud: Cloud) -> None:
    names = ensure_secrets(cloud.ssm, "frameferry", random_bytes=FakeEntropy(7))

    peppers = load_peppers(cloud, names.pepper)
    receipt_keys = load_receipt_keys(cloud, names.receipt_key)

    made = FakeEntropy(7)
    assert (peppers.current, dict(peppers.by_id)) == ("p1", {"p1": made(32)})
    assert (receipt_keys.current, dict(receipt_keys.seeds)) == ("r1", {"r1": made(32)})


def test_after_a_rotation_of_the_pepper_the_old_one_is_there_too(cloud: Cloud) -> None:
    written(cloud, json.dumps({"current": "p2", "peppers": {"p1": OLD, "p2": KEY}}))

    peppers = load_peppers(cloud, NAME)

    assert (peppers.current, dict(peppers.by_id)) == ("p2", {"p1": bytes(range(32, 64)), "p2": bytes(range(32))})


def test_after_a_rotation_of_the_receipt_key_the_old_one_is_there_too(cloud: Cloud) -> None:
    written(cloud, json.dumps({"current": "r2", "keys": {"r1": OLD, "r2": KEY}}))

    keys = load_receipt_keys(cloud, NAME)

    assert (keys.current, dict(keys.seeds)) == ("r2", {"r1": bytes(range(32, 64)), "r2": bytes(range(32))})


@pytest.mark.parametrize("field", LOADERS)
@pytest.mark.parametrize(
    "value",
    [
        lambda field: f'{{"current": "k1", "{field}": {{"k1": "{KEY}"}}',
        lambda field: json.dumps([KEY]),
        lambda field: json.dumps({field: {"k1": KEY}}),
        lambda field: json.dumps({"current": "k1", "other": {"k1": KEY}}),
        lambda field: json.dumps({"current": "k2", field: {"k1": KEY}}),
        lambda field: json.dumps({"current": "k1", field: {"k1": KEY[:-4]}}),
        lambda field: json.dumps({"current": "k1", field: {"k1": KEY, "k0": base64.b64encode(b"short").decode()}}),
        lambda field: json.dumps({"current": "k1", field: {"k1": f"!{KEY}"}}),
        lambda field: json.dumps({"current": "k1", field: {"k1": 5}}),
    ],
)
def test_a_secret_in_another_form_is_refused_without_a_word_of_it(
    cloud: Cloud, field: str, value: Callable[[str], str]
) -> None:
    written(cloud, value(field))

    with pytest.raises(SecretUnusable, match=NAME) as refused:
        LOADERS[field](cloud, NAME)

    assert KEY[:8] not in repr(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_both_secrets_are_read_in_one_call(cloud: Cloud) -> None:
    names = ensure_secrets(cloud.ssm, "frameferry")
    asked: list[str] = []
    listen = lambda model, **_: asked.append(model.name)  # noqa: E731 - unregistered by its name
    cloud.ssm.meta.events.register("before-call.ssm", listen)

    found = read_parameters(cloud.ssm, [names.pepper, names.receipt_key])

    cloud.ssm.meta.events.unregister("before-call.ssm", listen)
    assert asked == ["GetParameters"]
    assert secrets.peppers(found, names.pepper).current == "p1"
    assert secrets.receipt_keys(found, names.receipt_key).current == "r1"


def test_a_parameter_that_does_not_exist_is_named(cloud: Cloud) -> None:
    with pytest.raises(SecretUnusable, match="/frameferry/nothing"):
        load_peppers(cloud, "/frameferry/nothing")


def test_loaded_secrets_do_not_show_in_their_repr(cloud: Cloud) -> None:
    names = ensure_secrets(cloud.ssm, "frameferry")

    shown = repr(load_peppers(cloud, names.pepper)) + repr(load_receipt_keys(cloud, names.receipt_key))

    assert shown == "Peppers(current='p1')ReceiptKeys(current='r1')"
