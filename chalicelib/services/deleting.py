"""How a capture is deleted: the tombstone first, then the bytes. A crash in between is finished later."""

from __future__ import annotations

from typing import Protocol

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item
from chalicelib.services.devices import owned
from chalicelib.services.forward import move_forward
from chalicelib.services.ports import CaptureObjects, DerivedObjects, DeviceStore, ItemStore, TimelineStore
from chalicelib.wire import object_keys


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


def delete_item(owner_id: OwnerId, device_id: DeviceId, seq: Seq, *, stores: DeletingStores, clock: Clock) -> Item:
    """The seq stays taken for ever, so that no upload that is still under way can bring the photo back.

    Deleting twice is deleting once. Raises NotFound.
    """
    owned(owner_id, device_id, devices=stores.devices)

    def decide(item: Item | None) -> Item:
        if item is None:
            raise NotFound
        return item.deleted(clock())

    _, tombstone = move_forward(stores, device_id, seq, decide)
    return finish_deletion(tombstone, stores=stores)


def finish_deletion(tombstone: Item, *, stores: DeletingStores) -> Item:
    """Remove what bytes a tombstone still has, then note that they are gone."""
    if tombstone.pending_since is None:
        return tombstone
    stores.captures.delete_all_versions(tombstone.object_key)
    stores.derived.delete_all_versions(object_keys.thumbnail(tombstone.device_id, tombstone.seq))
    return move_forward(stores, tombstone.device_id, tombstone.seq, lambda item: (item or tombstone).settled())[1]
