"""The golden receipts: the app signs them so, the station and PyNaCl believe them, and nobody believes the others."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from frameferry_station.errors import ReceiptInvalid
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.receipts import Receipt, ReceiptVerifier
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from chalicelib.domain.ids import DeviceId
from chalicelib.domain.receipts import ReceiptKeys, ReceiptState, signed_message
from tests import make_receipt_vectors

KNOWN: dict[str, Any] = json.loads(make_receipt_vectors.FILE.read_text("utf-8"))
PUBLIC_KEYS = {key_id: key["public"] for key_id, key in KNOWN["keys"].items()}
SEEDS = {key_id: bytes.fromhex(key["seed"]) for key_id, key in KNOWN["keys"].items()}
NAMED = ("state", "key_id", "device_id", "object_key", "size_bytes", "sha256")
DEVICE = KNOWN["valid"][0]["device_id"]
valid = pytest.mark.parametrize("vector", KNOWN["valid"], ids=lambda vector: vector["what"])
invalid = pytest.mark.parametrize("vector", KNOWN["invalid"], ids=lambda vector: vector["what"])


def test_the_file_is_what_its_maker_makes() -> None:
    assert make_receipt_vectors.document() == KNOWN


def test_packs_and_singles_held_and_deleted_under_both_keys_are_there() -> None:
    kinds = {("packs/" in each["object_key"], each["state"], each["key_id"]) for each in KNOWN["valid"]}

    assert len(kinds) == 8


def test_the_public_keys_are_those_that_the_app_hands_out() -> None:
    assert ReceiptKeys("r1", SEEDS).public_keys() == PUBLIC_KEYS


@valid
def test_the_app_signs_these_very_bytes(vector: dict[str, Any]) -> None:
    given = ReceiptKeys(vector["key_id"], SEEDS).sign(
        ReceiptState(vector["state"]),
        DeviceId(vector["device_id"]),
        vector["object_key"],
        vector["size_bytes"],
        vector["sha256"],
    )

    assert signed_message(*(vector[name] for name in NAMED)) == vector["message"].encode("ascii")
    assert given.signature == vector["signature"]


@valid
def test_pynacl_verifies_them(vector: dict[str, Any]) -> None:
    key = VerifyKey(b64decode(PUBLIC_KEYS[vector["key_id"]]))

    key.verify(vector["message"].encode("ascii"), b64decode(vector["signature"]))


@valid
def test_the_station_believes_them(vector: dict[str, Any]) -> None:
    believe(vector)


@invalid
def test_pynacl_verifies_none_of_the_others(vector: dict[str, Any]) -> None:
    for public in PUBLIC_KEYS.values():
        with pytest.raises((CryptoError, ValueError)):
            VerifyKey(b64decode(public)).verify(vector["message"].encode("ascii"), b64decode(vector["signature"]))


@invalid
def test_the_station_believes_none_of_the_others(vector: dict[str, Any]) -> None:
    with pytest.raises(ReceiptInvalid):
        believe(vector)


def believe(vector: dict[str, Any]) -> None:
    own = QueuedPack("x.zip", (), vector["size_bytes"], vector["sha256"])
    named = {name: vector[name] for name in ("state", "key_id", "object_key", "size_bytes", "sha256", "signature")}
    ReceiptVerifier(vector["device_id"], PUBLIC_KEYS).verify(Receipt(**named), own, vector["object_key"])
