"""Receipts: the stack's signed word of what became of a capture. The only ground for deleting it.

`held` says that S3 holds the bytes; `deleted` says that the owner deleted them in the cloud, so that a
device need not keep them for ever either.

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
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.ids import DeviceId

if TYPE_CHECKING:
    from nacl.signing import SigningKey

_CONTEXT = "frameferry-receipt-v1"


class ReceiptState(StrEnum):
    HELD = "held"
    DELETED = "deleted"


@dataclass(frozen=True)
class Receipt:
    state: ReceiptState
    key_id: str
    device_id: DeviceId
    object_key: str
    size_bytes: int
    sha256: str
    signature: str


@dataclass(frozen=True)
class ReceiptKeys:
    """Ed25519 seeds of 32 bytes by id; `current` signs, the others stay for what they signed."""

    current: str
    seeds: Mapping[str, bytes] = field(repr=False)

    def public_keys(self) -> dict[str, str]:
        """The public halves by id, in base64: what a device gets at activation."""
        return {
            key_id: base64.b64encode(bytes(_signing_key(seed).verify_key)).decode()
            for key_id, seed in self.seeds.items()
        }

    def news_for(self, known_ids: Collection[str] | None) -> dict[str, str] | None:
        """All public halves, where a device that says which ids it has (None: it does not say) has others."""
        return None if known_ids is None or set(known_ids) == self.seeds.keys() else self.public_keys()

    def sign(self, state: ReceiptState, device_id: DeviceId, object_key: str, size_bytes: int, sha256: str) -> Receipt:
        message = signed_message(state, self.current, device_id, object_key, size_bytes, sha256)
        signature = base64.b64encode(_signing_key(self.seeds[self.current]).sign(message).signature).decode()
        return Receipt(state, self.current, device_id, object_key, size_bytes, sha256, signature)


def _signing_key(seed: bytes) -> SigningKey:
    from nacl.signing import SigningKey  # 7 ms that only a request that ends in a receipt needs

    return SigningKey(seed)


def signed_message(state: str, key_id: str, device_id: str, object_key: str, size_bytes: int, sha256: str) -> bytes:
    """The bytes that a receipt's signature covers."""
    return "\n".join((_CONTEXT, state, key_id, device_id, object_key, str(size_bytes), sha256)).encode("ascii")
