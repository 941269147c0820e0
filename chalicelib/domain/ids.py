"""Names that stay the same for ever: who took a capture, which one it was, whose it is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import NewType

DeviceId = NewType("DeviceId", str)
"""A UUID in its lower-case canonical form."""
OwnerId = NewType("OwnerId", str)
"""The `sub` of the owner's OIDC token."""
ItemId = NewType("ItemId", str)
Seq = NewType("Seq", int)
"""A device's capture number, 0 to MAX_SEQ."""

Entropy = Callable[[int], bytes]
"""`entropy(n)` gives n unpredictable bytes (`secrets.token_bytes` outside tests)."""

MAX_SEQ = 2**53 - 1
"""The largest integer that every JSON reader holds exactly (RFC 8259 section 6)."""

SEQ_DIGITS = 16
"""Digits of MAX_SEQ: zero-padded to this, seqs sort as text."""

_ITEM_NAMESPACE = uuid.UUID("6f1d8a0e-52c8-5b0f-9c1b-0d6f7f8c7a11")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def item_id(device_id: DeviceId, seq: Seq) -> ItemId:
    """The item's UUIDv5 (RFC 9562 section 5.5): a retry gets the same one without a read."""
    return ItemId(str(uuid.uuid5(_ITEM_NAMESPACE, f"{device_id}/{seq}")))


def task_id(item: ItemId) -> str:
    """The name of the one processing that an item gets, stable over retries."""
    return str(uuid.uuid5(_ITEM_NAMESPACE, f"{item}/process"))


def new_device_id(entropy: Entropy) -> DeviceId:
    """A random UUIDv4."""
    return DeviceId(str(uuid.UUID(bytes=entropy(16), version=4)))


def is_device_id(text: str) -> bool:
    """Whether `text` is a UUID in the one form that keys and paths use."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def padded(seq: int) -> str:
    """Seq as fixed-width text, so that object keys and positions sort as numbers do."""
    return f"{seq:0{SEQ_DIGITS}d}"


def sortable_id(at_ms: int, entropy: Entropy) -> str:
    """26 Crockford base32 characters that sort by time: 48 bits of `at_ms`, 80 random bits (ULID)."""
    return base32(at_ms << 80 | int.from_bytes(entropy(10)), 26)


def base32(number: int, length: int) -> str:
    """`number` in `length` Crockford base32 digits, most significant first (no I, L, O, U)."""
    return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))
