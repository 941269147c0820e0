"""Receipts: the server's signed word that it holds an object, and the only ground for deleting it.

The signed message is US-ASCII text, lines joined by a single LF with none at the end:

    frameferry-receipt-v1
    <state: held or deleted>
    <key id>
    <device_id>
    <object key>
    <size in bytes, decimal>
    <sha256, 64 lower-case hex digits>

The signature is Ed25519 (RFC 8032 section 5.1) over those bytes, in base64 (RFC 4648 section 4).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from frameferry_station.errors import ReceiptInvalid

_CONTEXT = "frameferry-receipt-v1"
_STATES = ("held", "deleted")


@dataclass(frozen=True)
class Receipt:
    """As it came: nothing about it is true before `ReceiptVerifier.verify` has passed it."""

    state: str
    key_id: str
    object_key: str
    size_bytes: int
    sha256: str
    signature: str


class Bytes(Protocol):
    """What a receipt is for: a capture or a pack. `sha256` is 64 lower-case hex digits."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class ReceiptVerifier:
    """`public_keys` are the stack's, by id, in base64, as the server gave them."""

    device_id: str
    public_keys: Mapping[str, str] = field(repr=False)

    def verify(self, receipt: Receipt, own: Bytes, object_key: str | None) -> None:
        """The cloud holds these bytes of this device, or its owner deleted them there. Else raises ReceiptInvalid.

        `object_key` None takes any key of this device: a duplicate names the one that the first upload had.
        """
        if receipt.state not in _STATES:
            raise ReceiptInvalid(f"unknown state {receipt.state!r}")
        if (receipt.sha256, receipt.size_bytes) != (own.sha256, own.size_bytes):
            raise ReceiptInvalid("it is for other bytes")
        if object_key not in (None, receipt.object_key):
            raise ReceiptInvalid("it is for another object")
        if not receipt.object_key.startswith(f"devices/{self.device_id}/"):
            raise ReceiptInvalid("it is for another device")
        self._check_signature(receipt)

    def _check_signature(self, receipt: Receipt) -> None:
        public_key = self.public_keys.get(receipt.key_id)
        if public_key is None:
            raise ReceiptInvalid("it is signed with an unknown key")
        try:
            key = VerifyKey(base64.b64decode(public_key, validate=True))
            message = signed_message(self.device_id, receipt)
            key.verify(message, base64.b64decode(receipt.signature, validate=True))
        except (CryptoError, binascii.Error, ValueError, TypeError):
            raise ReceiptInvalid("its signature is wrong") from None


def signed_message(device_id: str, receipt: Receipt) -> bytes:
    """What the signature of a receipt for this device covers."""
    fields = (
        *(_CONTEXT, receipt.state, receipt.key_id, device_id),
        *(receipt.object_key, str(receipt.size_bytes), receipt.sha256),
    )
    return "\n".join(fields).encode("ascii")
