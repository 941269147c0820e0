"""Only a receipt that names this device and these bytes, signed by a known key, lets a photo go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from frameferry_station.captures import Seq, SeqRange
from frameferry_station.errors import ReceiptInvalid
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.receipts import Receipt, ReceiptVerifier

from chalicelib.domain.receipts import ReceiptState
from tests.station.fake_cloud import FORGER, KEYS
from tests.station.samples import DEVICE_ID

SHA256 = "ab" * 32
KEY = f"devices/{DEVICE_ID}/packs/0000000000000003-0000000000000005-{SHA256[:12]}.zip"
PACK = QueuedPack("x.zip", (SeqRange(Seq(3), Seq(5)),), 1234, SHA256)
VERIFIER = ReceiptVerifier(DEVICE_ID, KEYS.public_keys())


def receipt(
    state: str = "held", object_key: str = KEY, size_bytes: int = 1234, sha256: str = SHA256, forged: bool = False
) -> Receipt:
    signed = (FORGER if forged else KEYS).sign(ReceiptState(state), DEVICE_ID, object_key, size_bytes, sha256)
    return Receipt(state, signed.key_id, object_key, size_bytes, sha256, signed.signature)


@pytest.mark.parametrize("state", ["held", "deleted"])
def test_a_receipt_for_this_pack_holds(state: str) -> None:
    VERIFIER.verify(receipt(state), PACK, KEY)


def test_a_duplicate_s_receipt_may_name_the_key_of_the_first_upload() -> None:
    VERIFIER.verify(receipt(object_key=f"devices/{DEVICE_ID}/undated/0000000000000003-y.jpg"), PACK, None)


@pytest.mark.parametrize(
    "wrong",
    [
        receipt(forged=True),
        receipt(sha256="cd" * 32),
        receipt(size_bytes=1235),
        receipt(object_key=KEY.replace("/packs/", "/undated/")),
        receipt(object_key="devices/6f0c7a52-6f1e-4a0f-9d51-2f6f3a1c9b11/x.jpg"),
        replace(receipt(), state="deleted"),
        replace(receipt(), state="promised"),
        replace(receipt(), key_id="k2"),
        replace(receipt(), signature=""),
        replace(receipt(), signature="!" * 88),
        replace(receipt(), signature="A" * 88),
        replace(receipt(), signature="\u00e4" * 88),
    ],
)
def test_any_other_receipt_does_not(wrong: Receipt) -> None:
    with pytest.raises(ReceiptInvalid):
        VERIFIER.verify(wrong, PACK, KEY)


def test_a_receipt_of_another_device_s_same_photo_does_not_hold() -> None:
    other = "6f0c7a52-6f1e-4a0f-9d51-2f6f3a1c9b11"
    signed = KEYS.sign(ReceiptState.HELD, DEVICE_ID, KEY, 1234, SHA256)
    foreign = Receipt("held", signed.key_id, KEY, 1234, SHA256, signed.signature)

    with pytest.raises(ReceiptInvalid):
        ReceiptVerifier(other, KEYS.public_keys()).verify(foreign, PACK, None)


@pytest.mark.parametrize("public_key", ["", "AAAA", "not base64"])
def test_a_broken_public_key_verifies_nothing(public_key: str) -> None:
    with pytest.raises(ReceiptInvalid):
        ReceiptVerifier(DEVICE_ID, {"k1": public_key}).verify(receipt(), PACK, KEY)
