"""What happens to a pack that landed in the captures bucket: each of its captures becomes an item.

The order of the writes: the thumbnails of all, in one file that is only ever created; the items but the last, several
at a time; what must not stay is erased; the rows of the timeline; the last item. A run that comes later, or after a
crash, finds the file, takes the places in it, and meets the items of the first. So a pack is done once the item of its
last seq is the pack's, and until then it is mended by running the whole again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chalicelib.domain.capture_time import guessed
from chalicelib.domain.clock import Clock
from chalicelib.domain.clock_samples import ClockSample
from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.device import Device
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import EventKind
from chalicelib.domain.item import Item, ItemStatus, new_item
from chalicelib.domain.timeline import TimelineRow
from chalicelib.services import conflicts, pack_rows
from chalicelib.services.deleting import finish_in_pack
from chalicelib.services.erasing import PACK_TYPE, erase_captures, erase_thumbnails
from chalicelib.services.examining import Arrived, DecodingLeft, examined
from chalicelib.services.forward import UNREAD, Known, move_forward
from chalicelib.services.inbox import pack_event
from chalicelib.services.ports import AtOnce, Fetched, ProcessingStores
from chalicelib.services.verdicts import Outcome, Processed, checked, is_at, judged
from chalicelib.wire import object_keys, thumbnail_files
from chalicelib.wire.fields import MAX_PACK_BYTES
from chalicelib.wire.object_keys import PackKey
from chalicelib.wire.packs import BadPack, Pack, PackedCapture, read_pack

ProcessSingle = Callable[[str, str | None], object]
"""Key and version of a single that holds a seq and was not examined yet."""


def process_pack(
    named: PackKey, *, stores: ProcessingStores, clock: Clock, process_single: ProcessSingle, at_once: AtOnce = map
) -> Processed:
    """Make the items of one pack, as it is now. Safe to repeat at any time. Items are written by `at_once`.

    Raises Unavailable where a store is busy; then nothing is lost and the event is to be told again.
    """
    device = stores.devices.glance(named.device_id)
    if device is None:
        return Processed(Outcome.UNKNOWN_DEVICE)
    found = stores.captures.fetch(named.object_key, None, at_most_bytes=MAX_PACK_BYTES)
    if found is None:
        return Processed(Outcome.GONE)
    stored_at = found.object.stored_at

    def tell(kind: EventKind, reason: str) -> None:
        stores.inbox.add_event(pack_event(kind, reason, named, stored_at, clock()))

    try:
        pack = _read(found, named)
    except BadPack as bad:
        tell(EventKind.PACK_REJECTED, bad.reason)
        return Processed(Outcome.PACK_REJECTED)
    if pack.faults:
        reasons = ", ".join(sorted({fault.reason for fault in pack.faults}))
        tell(EventKind.PACK_DAMAGED, reasons)
    run = _Run(device, named, found, stores, clock, process_single, at_once)
    return run.process(pack)


def _read(found: Fetched, named: PackKey) -> Pack:
    if found.body is None:
        raise BadPack("too_large")
    return read_pack(found.body, named)


@dataclass(frozen=True)
class _Written:
    """`verdict` is on a capture that must not become an item; None: it stands, and `is_new` if it did not before."""

    verdict: Outcome | None
    item: Item
    is_new: bool


@dataclass
class _Run:
    """One look at one pack."""

    device: Device
    named: PackKey
    found: Fetched
    stores: ProcessingStores
    clock: Clock
    process_single: ProcessSingle
    at_once: AtOnce
    standing: dict[Seq, Item] = field(default_factory=dict)
    """Items that are known to be the pack's."""
    unwanted: set[Seq] = field(default_factory=set)
    """What the pack holds and must not: it was deleted, or is held elsewhere."""
    done: list[Processed] = field(default_factory=list)
    _waited_for: set[Seq] = field(default_factory=set)
    _decoding_left: DecodingLeft = field(default_factory=DecodingLeft)
    _samples: list[ClockSample] | None = None
    _rows: list[TimelineRow] | None = None
    """The pack's rows, once all its items but the last are put."""

    def process(self, pack: Pack) -> Processed:
        if self.found.object.sealed_sha256 is not None:
            # A deletion has rewritten it: mostly there is nothing to do but what it may have left undone.
            self.stores.captures.delete_old_versions(self.named.object_key)
            self.standing = {item.seq: item for item in pack_rows.items_of(self.named, self.stores.items)}
        arrived = [self._examined(packed) for packed in pack.captures if self._is_new(packed)]
        if arrived:
            self._put_all(arrived)
        is_done = all(one.outcome is Outcome.ALREADY_DONE for one in self.done)
        return Processed(Outcome.ALREADY_DONE if is_done else Outcome.PROCESSED, captures=self.done)

    def _is_new(self, packed: PackedCapture) -> bool:
        item = self.standing.get(packed.seq)
        is_done = item is not None and (
            item.is_deleted or (item.is_examined and not self.device.forgets(item.captured.at))
        )
        return not packed.is_erased and not is_done

    def _examined(self, packed: PackedCapture) -> Arrived:
        return examined(packed, self.found.object, self.found.body or b"", self._clock_samples, self._decoding_left)

    def _clock_samples(self) -> list[ClockSample]:
        if self._samples is None:
            self._samples = self.stores.clocks.samples(self.device.device_id)
        return self._samples

    def _put_all(self, arrived: list[Arrived]) -> None:
        arrived, is_first_run = self._with_thumbnails(arrived)
        *others, last = arrived
        # Without a read: what stands there comes back where anything does.
        for one, written in list(zip(others, self.at_once(self._written_unread, others), strict=True)):
            self._note(one, self._finished(one, written))
        self._erase_unwanted()
        self._put_last(last, None if is_first_run else self.stores.items.get(self.device.device_id, last.packed.seq))
        if pack_rows.rows_of(self.standing.values()) != self._rows or not is_first_run:
            self._settle_rows(arrived)
        self._erase_unwanted()
        if any(item.is_deleted and item.pending_since for item in self.standing.values()):
            finish_in_pack(self.named, stores=self.stores)

    def _with_thumbnails(self, arrived: list[Arrived]) -> tuple[list[Arrived], bool]:
        """Each with the place of its thumbnail; and whether this run is the pack's first."""
        key = object_keys.pack_thumbnails(self.named)
        thumbnails = {one.packed.seq: one.thumbnail for one in arrived if one.thumbnail}
        file = thumbnail_files.built(thumbnails)
        is_first_run = self.stores.derived.create(key, file, PACK_TYPE)
        if not is_first_run:
            content = self.stores.derived.read(key)
            file = content.body if content else b""
        places = thumbnail_files.places(file)
        late = thumbnails.keys() - places.keys()
        return [self._with_thumbnail(one, places, late) for one in arrived], is_first_run

    def _with_thumbnail(self, one: Arrived, places: dict[Seq, thumbnail_files.Place], late: set[Seq]) -> Arrived:
        if one.thumbnail is None:
            return one
        if one.packed.seq in late:
            key = object_keys.late_thumbnail(self.named, one.packed.seq)
            self.stores.derived.put(key, one.thumbnail, "image/jpeg")
            return replace(one, result=replace(one.result, thumbnail_key=key))
        place = places.get(one.packed.seq)
        if place is None:
            return one
        key = object_keys.pack_thumbnails(self.named)
        result = replace(one.result, thumbnail_key=key, thumbnail_offset=place.offset, thumbnail_length=place.length)
        return replace(one, result=result)

    def _fresh(self, one: Arrived) -> Item:
        """The item where nothing is known of the seq."""
        packed, key = one.packed, self.named.object_key
        item = new_item(self.device.device_id, packed.seq, self.device.owner_id, key, one.captured, self.clock())
        return self._become(replace(item, claimed_sha256=packed.sha256 if packed.fault else None), one)

    def _become(self, item: Item, one: Arrived) -> Item:
        if one.error:
            after = item.stored(one.place)
        else:
            after = item.examined(checked(one.result, item), one.captured, self.clock())
        return after.deleted(self.clock()) if self.device.forgets(after.captured.at) else after

    def _put_last(self, last: Arrived, known: Item | None) -> None:
        """The rows are there before the item is, so they must be those of what it will be. Where `known` was wrong,
        they are written again.
        """
        coming = None if self._judged(known, last) else self._next(known, last)
        self._rows = pack_rows.write(self.named, self.standing.values(), coming, stores=self.stores)
        self._note(last, self._put(last, known))

    def _next(self, item: Item | None, one: Arrived) -> Item:
        after = self._become(item, one) if item else self._fresh(one)
        if self._rows is not None and pack_rows.rows_of([*self.standing.values(), after]) != self._rows:
            self._rows = pack_rows.write(self.named, self.standing.values(), after, stores=self.stores)
        return after

    def _note(self, one: Arrived, done: Processed) -> None:
        self.done.append(done)
        seq, item = one.packed.seq, done.item
        is_here = item is not None and is_at(item, one.place)
        self.standing.pop(seq, None)
        if item is not None and is_here:
            self.standing[seq] = item
        # A tombstone of this pack that is not settled is finished with all others of the pack.
        is_deleted = item is not None and item.is_deleted and not (is_here and item.pending_since)
        is_forgotten = done.outcome is Outcome.PURGED and not is_here
        is_deleted = is_deleted and done.outcome is not Outcome.CONFLICT
        if done.outcome is Outcome.COPY_REMOVED or is_forgotten or is_deleted:
            self.unwanted.add(seq)

    def _judged(self, item: Item | None, one: Arrived) -> Outcome | None:
        """Only what was deleted is purged. Other bytes under its seq are a photo that nobody has deleted."""
        verdict = judged(item, one.place)
        if verdict is Outcome.CONFLICT and self.device.forgets(one.captured.at):
            return Outcome.PURGED
        if item is None or verdict is not Outcome.PURGED or self.device.forgets(one.captured.at):
            return verdict
        return verdict if item.known_sha256() in (None, one.packed.sha256) else Outcome.CONFLICT

    def _put(self, one: Arrived, known: Known) -> Processed:
        """`known` is what is thought to stand there."""
        return self._finished(one, self._written(one, known))

    def _written_unread(self, one: Arrived) -> _Written:
        return self._written(one, None)

    def _written(self, one: Arrived, known: Known) -> _Written:
        """Of captures with different seqs several at once."""
        verdict: Outcome | None = None

        def decide(item: Item | None) -> Item:
            nonlocal verdict
            verdict = self._judged(item, one)
            return item if item is not None and verdict else self._next(item, one)

        before, after = move_forward(self.stores, self.device.device_id, one.packed.seq, decide, known=known)
        return _Written(verdict, after, is_new=after is not before)

    def _finished(self, one: Arrived, written: _Written) -> Processed:
        """With what the verdict asks for, which may touch items and rows of other objects: one at a time."""
        after = written.item
        match written.verdict:
            case Outcome.CONFLICT:
                return self._conflict(one, after)
            case Outcome.COPY_REMOVED:
                return self._copy(one, after)
            case Outcome.PURGED:
                return Processed(Outcome.PURGED, after)
        return Processed(_outcome(after) if written.is_new else Outcome.ALREADY_DONE, after, error=one.error)

    def _conflict(self, one: Arrived, item: Item) -> Processed:
        if item.status is ItemStatus.STORED and item.sha256 is None and one.packed.seq not in self._waited_for:
            # The single that holds the seq comes first, so that its sha256 is known when this one is judged.
            self._waited_for.add(one.packed.seq)
            self.process_single(item.object_key, item.version_id)
            return self._put(one, UNREAD)
        place, packed = one.place, one.packed
        conflict = Conflict(
            device_id=self.device.device_id,
            seq=packed.seq,
            object_key=place.key,
            sha256=place.sha256 or "",
            captured_at=one.captured.at,
            size_bytes=packed.size_bytes,
            offset=packed.offset,
        )
        conflicts.tell(conflict, place.stored_at, self.clock(), stores=self.stores)
        return Processed(Outcome.CONFLICT, item)

    def _copy(self, one: Arrived, item: Item) -> Processed:
        """Only once the other copy is seen to be there: this may be the last one, and is then what is held."""
        if self.stores.captures.head(item.object_key, item.version_id):
            return Processed(Outcome.COPY_REMOVED, item)

        def decide(now: Item | None) -> Item:
            now = now or item
            is_same = (now.object_key, now.version_id) == (item.object_key, item.version_id)
            return now.held_by(one.place) if is_same else now

        _, after = move_forward(self.stores, item.device_id, item.seq, decide, known=item)
        if is_at(after, one.place) and after.is_examined:
            pack_rows.leave(item, stores=self.stores)
            return Processed(Outcome.RESTORED, after)
        return self._put(one, after)

    def _erase_unwanted(self) -> None:
        """What is held here after all stays: others may have decided so meanwhile."""
        if not self.unwanted:
            return
        keys = [(self.device.device_id, seq) for seq in sorted(self.unwanted)]
        now = {item.seq: item for item in self.stores.items.get_many(keys)}
        held_here = {seq for seq, item in now.items() if not item.is_deleted and self._is_here(item)}
        seqs = self.unwanted - held_here
        # The captures last: it is by them that a later run finds what is to be erased.
        erase_thumbnails(object_keys.pack_thumbnails(self.named), seqs, derived=self.stores.derived)
        erase_captures(self.named.object_key, seqs, captures=self.stores.captures)
        self.unwanted = set()

    def _is_here(self, item: Item) -> bool:
        return item.is_in_pack and item.object_key == self.named.object_key

    def _settle_rows(self, arrived: list[Arrived]) -> None:
        """The last item is not what was thought, or there was a run before this one."""
        rows = pack_rows.write(self.named, self.standing.values(), None, stores=self.stores)
        times = {item.captured.at for item in self.standing.values()}
        for one in arrived:
            guess = guessed((one.result.exif_captured_at, one.packed.captured_at), one.place.stored_at)
            times |= {one.captured.at, guess.at}
        some_item = next(iter(self.standing.values()), None) or self._fresh(arrived[0])
        key = self.named.object_key
        pack_rows.drop_others(rows, key, some_item, times, timeline=self.stores.timeline)


def _outcome(item: Item) -> Outcome:
    if item.is_deleted:
        return Outcome.PURGED
    if not item.is_examined:
        return Outcome.POSTPONED
    return Outcome.REJECTED if item.reject_reason else Outcome.PROCESSED
