"""How a capture is deleted: the tombstone first, then the bytes. A crash in between is finished later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.timeline import row_of_single
from chalicelib.services import conflicts, pack_rows
from chalicelib.services.devices import owned
from chalicelib.services.erasing import erase_captures, erase_thumbnails
from chalicelib.services.forward import change_item
from chalicelib.services.ports import (
    CaptureObjects,
    ConflictStore,
    DerivedObjects,
    DeviceStore,
    ItemStore,
    TimelineStore,
)
from chalicelib.wire import object_keys
from chalicelib.wire.object_keys import PackKey


class DeletingStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...
    @property
    def captures(self) -> CaptureObjects: ...
    @property
    def derived(self) -> DerivedObjects: ...
    @property
    def conflicts(self) -> ConflictStore: ...


class ByteStores(Protocol):
    """Of what finishes a deletion."""

    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...
    @property
    def captures(self) -> CaptureObjects: ...
    @property
    def derived(self) -> DerivedObjects: ...
    @property
    def conflicts(self) -> ConflictStore: ...


def delete_item(owner_id: OwnerId, device_id: DeviceId, seq: Seq, *, stores: DeletingStores, clock: Clock) -> Item:
    """The seq stays taken for ever, so that no upload that is still under way can bring the photo back.

    Deleting twice is deleting once. Raises NotFound.
    """
    owned(owner_id, device_id, devices=stores.devices)

    def decide(item: Item | None) -> Item:
        if item is None:
            raise NotFound
        return item.deleted(clock())

    _, tombstone = change_item(stores.items, device_id, seq, decide)
    return finish_deletion(tombstone, stores=stores)


def finish_deletion(tombstone: Item, *, stores: ByteStores) -> Item:
    """Remove what bytes a tombstone still has, then note that they are gone."""
    if tombstone.pending_since is None:
        return tombstone
    named = object_keys.parse_pack(tombstone.object_key) if tombstone.is_in_pack else None
    if named is not None:
        settled = finish_in_pack(named, stores=stores)
        return next((item for item in settled if item.seq == tombstone.seq), tombstone)
    stores.captures.delete_all_versions(tombstone.object_key)
    _delete_thumbnails([tombstone], {}, stores.derived)
    stores.derived.delete_all_versions(object_keys.thumbnail(tombstone.device_id, tombstone.seq))
    row = row_of_single(tombstone)
    stores.timeline.put(row)
    times = [at for at in (tombstone.stored_at, tombstone.created_at) if at]
    pack_rows.drop_others([row], tombstone.object_key, tombstone, times, timeline=stores.timeline)
    conflicts.remove_copies([tombstone], stores=stores)
    return _settled(tombstone, stores.items)


def finish_in_pack(named: PackKey, *, stores: ByteStores) -> list[Item]:
    """All deletions of one pack that are not finished, in one rewriting of its files. Gives their items."""
    due = [
        item for item in pack_rows.items_of(named, stores.items) if item.is_deleted and item.pending_since is not None
    ]
    if due:
        seqs = {item.seq for item in due}
        erase_captures(named.object_key, seqs, captures=stores.captures)
        _delete_thumbnails(due, {object_keys.pack_thumbnails(named): seqs}, stores.derived)
        pack_rows.rewrite(named, stores=stores)
        conflicts.remove_copies(due, stores=stores)
    return [_settled(item, stores.items) for item in due]


def _delete_thumbnails(tombstones: Iterable[Item], in_packs: dict[str, set[Seq]], derived: DerivedObjects) -> None:
    """Wherever items say that they are, which may be where the bytes were held before; and those named `in_packs`."""
    for item in tombstones:
        if item.thumbnail_key and item.thumbnail_offset is None:
            derived.delete_all_versions(item.thumbnail_key)
        elif item.thumbnail_key:
            in_packs.setdefault(item.thumbnail_key, set()).add(item.seq)
    for key, seqs in in_packs.items():
        erase_thumbnails(key, seqs, derived=derived)


def _settled(tombstone: Item, items: ItemStore) -> Item:
    return change_item(
        items, tombstone.device_id, tombstone.seq, lambda item: (item or tombstone).settled(), known=tombstone
    )[1]
