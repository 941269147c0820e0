"""When the server may give its word on a capture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.domain.ids import Seq
from chalicelib.domain.item import Item, StoredObject
from chalicelib.domain.receipts import Receipt, ReceiptKeys, ReceiptState
from chalicelib.services.ports import CaptureObjects
from chalicelib.wire import object_keys


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
    known by what the device promised, or else names now: whatever comes for it is purged.
    """
    if not (item.has_object or item.is_deleted):
        return None
    sha256, size_bytes = item.sha256, item.size_bytes
    if item.is_deleted and sha256 is None and named_sha256 is not None:
        sha256, size_bytes = item.claimed_sha256 or named_sha256, named_size_bytes
    if sha256 is None or size_bytes is None or named_sha256 not in (None, sha256):
        return None
    if item.has_object and not just_seen and captures.head(item.object_key, item.version_id) is None:
        return None
    state = ReceiptState.DELETED if item.is_deleted else ReceiptState.HELD
    return keys.sign(state, item.device_id, item.object_key, size_bytes, sha256)


@dataclass(frozen=True)
class Exempt:
    """A capture of a pack whose seq is held with other bytes: it is to be sent alone under `next_seq`."""

    seq: Seq
    next_seq: Seq


def is_held_as(found: StoredObject, sha256: str, size_bytes: int) -> bool:
    """Whether an object is what its device named. A pack is, too, if since then a deletion has rewritten it."""
    return found.size_bytes == size_bytes and sha256 in (found.sha256, found.sealed_sha256)


def conflicts_in_pack(
    object_key: str,
    others: Mapping[Seq, Item],
    captures: CaptureObjects,
    free_seqs: Iterator[Seq],
    *,
    at_most_bytes: int,
) -> list[Exempt]:
    """Those captures of a pack whose seqs `others` hold with other bytes, each with a free seq of its own."""
    named = object_keys.parse_pack(object_key)
    fetched = captures.fetch(object_key, None, at_most_bytes=at_most_bytes)
    if named is None or fetched is None or fetched.body is None:
        return []
    from chalicelib.wire.packs import BadPack, read_pack  # few packs have to be looked into

    try:
        packed = read_pack(fetched.body, named).captures
    except BadPack:
        return []
    conflicting = [
        capture.seq
        for capture in packed
        if capture.seq in others
        and not capture.is_erased
        and others[capture.seq].known_sha256() not in (None, capture.sha256)
    ]
    return [Exempt(seq, next(free_seqs)) for seq in conflicting]
