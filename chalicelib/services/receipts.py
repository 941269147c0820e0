"""When the server may give its word on a capture."""

from __future__ import annotations

from chalicelib.domain.item import Item
from chalicelib.domain.receipts import Receipt, ReceiptKeys, ReceiptState


def receipt_for(item: Item, named_sha256: str | None, keys: ReceiptKeys) -> Receipt | None:
    """A receipt for the bytes that the device named, if S3 holds them or the owner deleted them.

    None while the object is not there, while nobody knows its sha256 yet (an upload without a checksum
    that processing has not read), and where it is not the sha256 that the device named.
    """
    if not (item.has_object or item.is_deleted) or item.sha256 is None or item.size_bytes is None:
        return None
    if named_sha256 not in (None, item.sha256):
        return None
    state = ReceiptState.DELETED if item.is_deleted else ReceiptState.HELD
    return keys.sign(state, item.device_id, item.object_key, item.size_bytes, item.sha256)
