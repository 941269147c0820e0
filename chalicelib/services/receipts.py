"""When the server may give its word on a capture."""

from __future__ import annotations

from chalicelib.domain.item import Item
from chalicelib.domain.receipts import Receipt, ReceiptKeys, ReceiptState
from chalicelib.services.ports import CaptureObjects


def receipt_for(
    item: Item,
    named_sha256: str | None,
    keys: ReceiptKeys,
    captures: CaptureObjects,
    *,
    just_seen: bool = False,
    named_size_bytes: int | None = None,
) -> Receipt | None:
    """A receipt for the bytes that the device named, if S3 holds them or the owner deleted them.

    None while the object is not there, while nobody knows its sha256 yet (an upload without a checksum
    that processing has not read), and where it is not the sha256 that the device named. S3 is asked whether
    it still holds the object unless it was `just_seen`. A capture that was deleted before its object came is
    known by what the device promised.
    """
    if not (item.has_object or item.is_deleted):
        return None
    sha256, size_bytes = item.sha256, item.size_bytes
    if item.is_deleted and sha256 is None and named_sha256 is not None:
        sha256, size_bytes = item.claimed_sha256, named_size_bytes
    if sha256 is None or size_bytes is None or named_sha256 not in (None, sha256):
        return None
    if item.has_object and not just_seen and captures.head(item.object_key, item.version_id) is None:
        return None
    state = ReceiptState.DELETED if item.is_deleted else ReceiptState.HELD
    return keys.sign(state, item.device_id, item.object_key, size_bytes, sha256)
