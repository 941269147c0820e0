"""Bytes that came for a seq that is held with others. They are kept and the owner is told; and they are forgotten with
the time in which they were taken, as photos are, and deleted with the photo that their device has sent of them under
another seq.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chalicelib.domain.clock import to_text
from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.ids import DeviceId, OwnerId, Seq, padded
from chalicelib.domain.item import Item
from chalicelib.services.devices import owned
from chalicelib.services.erasing import erase_captures, erase_thumbnails
from chalicelib.services.inbox import conflict_event
from chalicelib.services.ports import (
    CaptureObjects,
    ConflictStore,
    DerivedObjects,
    DeviceStore,
    InboxStore,
    ItemStore,
    Page,
)
from chalicelib.wire import object_keys
from chalicelib.wire.object_keys import PackKey

_CURSOR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z#\d{16}#devices/", re.ASCII)


class TellingStores(Protocol):
    @property
    def conflicts(self) -> ConflictStore: ...
    @property
    def inbox(self) -> InboxStore: ...


class ListingStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def conflicts(self) -> ConflictStore: ...
    @property
    def items(self) -> ItemStore: ...


class RemovingStores(Protocol):
    @property
    def conflicts(self) -> ConflictStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def captures(self) -> CaptureObjects: ...
    @property
    def derived(self) -> DerivedObjects: ...


def tell(
    conflict: Conflict,
    stored_at: datetime,
    now: datetime,
    *,
    stores: TellingStores,
) -> None:
    """Before the bytes come to lie where the conflict says: what is there must be known. Telling it again is telling it
    once.
    """
    stores.conflicts.keep(conflict)
    event = conflict_event(conflict.device_id, conflict.seq, conflict.object_key, conflict.sha256, stored_at, now)
    where = {} if conflict.offset is None else {"offset": conflict.offset, "size_bytes": conflict.size_bytes}
    stores.inbox.add_event(replace(event, details={**event.details, **where}))


def page_of_conflicts(
    owner_id: OwnerId, device_id: DeviceId, limit: int, cursor: str | None, *, stores: ListingStores
) -> Page[Conflict]:
    """Those that are kept, newest first by when they were taken. A page may be short before the end.

    Raises NotFound for a device that is not the owner's, InvalidParameter for a cursor that no page gave.
    """
    owned(owner_id, device_id, devices=stores.devices)
    if cursor is not None and not _CURSOR.match(cursor):
        raise InvalidParameter("cursor is not one that this route gave.")
    kept = (each for each in stores.conflicts.of_device(device_id) if not each.is_gone)
    newest = sorted(((_place(each), each) for each in kept), key=lambda one: one[0], reverse=True)
    left = [one for one in newest if cursor is None or one[0] < cursor]
    found = [conflict for _, conflict in left[:limit]]
    have_become_photos = _held_in_packs(found, stores.items)
    entries = [each for each in found if (each.object_key, each.seq) not in have_become_photos]
    return Page(entries, left[limit - 1][0] if len(left) > limit else None)


def _place(conflict: Conflict) -> str:
    return f"{to_text(conflict.captured_at)}#{padded(conflict.seq)}#{conflict.object_key}"


def _held_in_packs(conflicts: Iterable[Conflict], items: ItemStore) -> set[tuple[str, Seq]]:
    """Of a seq whose photo is gone: what was a conflict took its place."""
    keys = {(each.device_id, each.seq) for each in conflicts if each.offset is not None}
    found = items.get_many(sorted(keys)) if keys else []
    return {(item.object_key, item.seq) for item in found if item.is_in_pack and not item.is_deleted}


def by_object(conflicts: Iterable[Conflict]) -> list[list[Conflict]]:
    """Those of one object together, so that a pack is rewritten once."""
    groups: dict[str, list[Conflict]] = defaultdict(list)
    for conflict in conflicts:
        groups[conflict.object_key].append(conflict)
    return list(groups.values())


def within(device_id: DeviceId, since: datetime, until: datetime, *, conflicts: ConflictStore) -> list[list[Conflict]]:
    """Those with since <= captured_at < until, by object."""
    return by_object(each for each in conflicts.of_device(device_id) if since <= each.captured_at < until)


def remove_copies(deleted: Sequence[Item], *, stores: RemovingStores) -> None:
    """The same bytes as those of photos of one device that are deleted."""
    sha256s = {item.known_sha256() for item in deleted}
    copies = (each for each in stores.conflicts.of_device(deleted[0].device_id) if each.sha256 in sha256s)
    for same in by_object(copies):
        remove(same, stores=stores, is_last_look=False)


def remove(conflicts: Iterable[Conflict], *, stores: RemovingStores, is_last_look: bool) -> int:
    """The bytes of conflicts of one object, in all its versions. Gives of how many there were any. It can be repeated.

    Only the last look, when whoever has told of a conflict has come to its end, takes what is known of them too: until
    then the bytes may be on their way to where the conflict says, and it is only noted that they are gone.
    """
    conflicts = list(conflicts)
    key = conflicts[0].object_key
    named = object_keys.parse_pack(key)
    removed = _erased(named, conflicts, stores) if named else _deleted(key, stores.captures)
    for conflict in conflicts:
        if is_last_look:
            stores.conflicts.drop(conflict)
        else:
            stores.conflicts.keep(replace(conflict, is_gone=True))
    return removed


def _deleted(key: str, captures: CaptureObjects) -> int:
    if captures.head(key) is None:
        return 0
    captures.delete_all_versions(key)
    return 1


def _erased(named: PackKey, conflicts: Iterable[Conflict], stores: RemovingStores) -> int:
    """What was a conflict and has become a photo since stays: it was all that was left of its seq."""
    key = named.object_key
    found = stores.items.get_many([(conflict.device_id, conflict.seq) for conflict in conflicts])
    held = {item.seq for item in found if item.is_in_pack and item.object_key == key and not item.is_deleted}
    seqs = {conflict.seq for conflict in conflicts} - held
    erase_thumbnails(object_keys.pack_thumbnails(named), seqs, derived=stores.derived)
    for seq in seqs:
        stores.derived.delete_all_versions(object_keys.late_thumbnail(named, seq))
    return len(seqs) if erase_captures(key, seqs, captures=stores.captures) else 0
