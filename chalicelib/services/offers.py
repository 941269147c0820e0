"""What a device has to give, and the answer to each object: it is wanted, its receipt is due, its seq is another's, or
nothing is known of it yet.

Nothing is written here. The reads are few: the items once for all objects that lie close together, the singles' in one
batch, S3 only for objects that are likely to be there and were not read to their end just now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Protocol

from chalicelib.domain.clock import Clock
from chalicelib.domain.clock_samples import BootTime
from chalicelib.domain.content_types import JPEG
from chalicelib.domain.device import Device
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.item import Item, ItemStatus, StoredObject
from chalicelib.domain.receipts import Receipt, ReceiptKeys, ReceiptState
from chalicelib.services.devices import next_seq
from chalicelib.services.ports import CaptureObjects, ItemStore
from chalicelib.services.receipts import Exempt, conflicts_in_pack, is_held_as, receipt_for
from chalicelib.services.uploads import usable
from chalicelib.wire import object_keys
from chalicelib.wire.fields import MAX_PACK_BYTES

PACK_CONTENT_TYPE = "application/zip"
_CLOSE_SEQS = 100
"""Packs so near to each other are looked up together."""
_DENSE_SEQS = 5
"""And so are singles: a read unit is four items or one."""
MOST_BYTES_READ = MAX_PACK_BYTES
"""Of packs that are looked into during one request. Those beyond get their receipt all the same: a conflict in them
is found when they are processed, and nothing of it is lost.
"""


class OfferStores(Protocol):
    @property
    def items(self) -> ItemStore: ...
    @property
    def captures(self) -> CaptureObjects: ...


@dataclass(frozen=True)
class PackOffer:
    first_seq: Seq
    last_seq: Seq
    size_bytes: int
    sha256: str
    is_sent: bool = False
    """The device has put it, as far as it knows."""

    content_type = PACK_CONTENT_TYPE

    def key(self, device_id: DeviceId) -> str:
        return object_keys.pack(device_id, self.first_seq, self.last_seq, self.sha256)


@dataclass(frozen=True)
class SingleOffer:
    seq: Seq
    size_bytes: int
    sha256: str
    is_sent: bool = False
    taken: datetime | BootTime | None = None
    """When, by a synced clock or by the device's uptime."""

    content_type = JPEG

    @property
    def last_seq(self) -> Seq:
        return self.seq

    def key(self, device_id: DeviceId) -> str:
        return object_keys.told_single(device_id, self.seq, self.taken)


type Offer = PackOffer | SingleOffer


@dataclass(frozen=True)
class Wanted:
    """To be put under this key."""

    offer: Offer
    object_key: str


@dataclass(frozen=True)
class Received:
    receipt: Receipt
    exempt: Sequence[Exempt] = ()
    """Captures of a pack for which the receipt does not count."""


@dataclass(frozen=True)
class SeqTaken:
    """The seq is held with other bytes; `next_seq` is free."""

    next_seq: Seq


@dataclass(frozen=True)
class NotSeen:
    """Sent, but S3 does not hold it."""


type Answer = Wanted | Received | SeqTaken | NotSeen


_JUST_READ = timedelta(minutes=15)
"""For so long nobody asks S3 whether it still holds a single of which processing has read and hashed every byte. A HEAD
would tell no more than that it has not been removed since, by a hand that is not the app's: a million of them cost
40 cents.
"""


@dataclass(frozen=True)
class _Question:
    """To be decided by what S3 tells of an object: None where it holds none."""

    place: tuple[str, str | None]
    decide: Callable[[StoredObject | None], Answer]


def answers(
    device: Device,
    offers: Sequence[Offer],
    *,
    stores: OfferStores,
    keys: ReceiptKeys,
    clock: Clock,
    most_bytes_read: int = MOST_BYTES_READ,
) -> list[Answer]:
    """One for each offer, in their order. Asking again gives the same, until something has come in between.

    Raises InvalidParameter when a device has used up its seqs.
    """
    if not offers:
        return []
    seen = _Seen(device, offers, stores, keys, clock(), most_bytes_read)
    drafts = [seen.pack(offer) if isinstance(offer, PackOffer) else seen.single(offer) for offer in offers]
    questions = [draft for draft in drafts if isinstance(draft, _Question)]
    found = iter(stores.captures.head_many([question.place for question in questions]))
    return [draft.decide(next(found)) if isinstance(draft, _Question) else draft for draft in drafts]


class _Seen:
    """What the offers of one request are judged by."""

    def __init__(
        self,
        device: Device,
        offers: Sequence[Offer],
        stores: OfferStores,
        keys: ReceiptKeys,
        now: datetime,
        most_bytes_read: int,
    ) -> None:
        self._device_id = device.device_id
        self._captures = stores.captures
        self._keys = keys
        self._now = now
        self._items = _known_items(device.device_id, offers, stores.items)
        self._free_seqs = _free_seqs(device, offers, stores.items)
        self._bytes_to_read = most_bytes_read

    def single(self, offer: SingleOffer) -> Answer | _Question:
        item = self._items.get(offer.seq)
        if item is not None and item.known_sha256() not in (None, offer.sha256):
            return SeqTaken(next(self._free_seqs))
        if item is not None and item.is_deleted:
            return self._of_item(item, offer)
        if item is not None and item.has_object and item.sha256 == offer.sha256:
            if self._was_just_read(item):
                return self._of_item(item, offer)
            return _Question((item.object_key, item.version_id), partial(self._held_single, offer, item))
        key = offer.key(self._device_id)
        if not offer.is_sent:
            return Wanted(offer, key)
        return _Question((key, None), partial(self._sent_single, offer, key))

    def pack(self, offer: PackOffer) -> Answer | _Question:
        key = offer.key(self._device_id)
        seqs = map(Seq, range(offer.first_seq, offer.last_seq + 1))
        items = [self._items[seq] for seq in seqs if seq in self._items]
        own = [item for item in items if item.object_key == key]
        if not offer.is_sent and not own:
            return Wanted(offer, key)
        others = {item.seq: item for item in items if item.object_key != key}
        # The last one is put when all others have been: without it there may be more that nobody has deleted.
        is_deleted = any(item.seq == offer.last_seq for item in own) and all(item.is_deleted for item in own)
        return _Question((key, None), partial(self._sent_pack, offer, key, others, is_deleted))

    def _was_just_read(self, item: Item) -> bool:
        """A rejected one was perhaps not read to its end."""
        at = item.processed_at if item.status is ItemStatus.PROCESSED else None
        return at is not None and self._now - at < _JUST_READ

    def _of_item(self, item: Item, offer: SingleOffer) -> Answer:
        """Of a tombstone, or of an item whose object needs no further look."""
        receipt = receipt_for(
            item, offer.sha256, self._keys, self._captures, just_seen=True, named_size_bytes=offer.size_bytes
        )
        return NotSeen() if receipt is None else Received(receipt)

    def _held_single(self, offer: SingleOffer, item: Item, found: StoredObject | None) -> Answer:
        receipt = receipt_for(item, offer.sha256, self._keys, self._captures, just_seen=True)
        if found is None or receipt is None:
            # Somebody has removed the object: it is to be sent again.
            return self._not_there(offer, offer.key(self._device_id))
        return Received(receipt)

    def _sent_single(self, offer: SingleOffer, key: str, found: StoredObject | None) -> Answer:
        if found is None:
            return NotSeen()
        if not is_held_as(found, offer.sha256, offer.size_bytes):
            # Another capture lies there whole, and no event has told of it yet: the seq is its.
            return SeqTaken(next(self._free_seqs))
        return self._signed(ReceiptState.HELD, offer, key)

    def _sent_pack(
        self, offer: PackOffer, key: str, others: Mapping[Seq, Item], is_deleted: bool, found: StoredObject | None
    ) -> Answer:
        if found is None:
            return self._signed(ReceiptState.DELETED, offer, key) if is_deleted else self._not_there(offer, key)
        if not is_held_as(found, offer.sha256, offer.size_bytes):
            return self._not_there(offer, key)
        is_erased = is_deleted and found.sealed_sha256 is not None
        state = ReceiptState.DELETED if is_erased else ReceiptState.HELD
        return self._signed(state, offer, key, self._exempt(key, found, others))

    def _exempt(self, key: str, found: StoredObject, others: Mapping[Seq, Item]) -> list[Exempt]:
        if not others or found.size_bytes > self._bytes_to_read:
            return []
        self._bytes_to_read -= found.size_bytes
        return conflicts_in_pack(key, others, self._captures, self._free_seqs, at_most_bytes=MAX_PACK_BYTES)

    def _signed(self, state: ReceiptState, offer: Offer, key: str, exempt: Sequence[Exempt] = ()) -> Received:
        return Received(self._keys.sign(state, self._device_id, key, offer.size_bytes, offer.sha256), tuple(exempt))

    def _not_there(self, offer: Offer, key: str) -> Answer:
        return NotSeen() if offer.is_sent else Wanted(offer, key)


def _known_items(device_id: DeviceId, offers: Iterable[Offer], items: ItemStore) -> dict[Seq, Item]:
    """Every item whose seq an offer names or spans. A range is cheaper than its items one by one, where it is dense."""
    packs = [(offer.first_seq, offer.last_seq) for offer in offers if isinstance(offer, PackOffer)]
    singles = list(_runs(((offer.seq, offer.seq) for offer in offers if isinstance(offer, SingleOffer)), _DENSE_SEQS))
    ranges = list(_runs([*packs, *((first, last) for first, last in singles if first < last)], _CLOSE_SEQS))
    found = [item for first, last in ranges for item in items.range(device_id, first, last)]
    alone = [seq for seq, last in singles if seq == last and not any(first <= seq <= end for first, end in ranges)]
    found += items.get_many([(device_id, seq) for seq in alone]) if alone else []
    return {item.seq: item for item in found}


def _runs(spans: Iterable[tuple[Seq, Seq]], near: int) -> Iterator[tuple[Seq, Seq]]:
    """Ranges that hold all spans, none so near another."""
    run: tuple[Seq, Seq] | None = None
    for first, last in sorted(spans):
        if run is not None and first <= run[1] + near:
            run = run[0], max(run[1], last)
            continue
        if run is not None:
            yield run
        run = first, last
    if run is not None:
        yield run


def _free_seqs(device: Device, offers: Iterable[Offer], items: ItemStore) -> Iterator[Seq]:
    """Each is above all that are taken and all that are offered. Raises InvalidParameter when they run out."""
    offered = max((offer.last_seq for offer in offers), default=Seq(0))
    for seq in count(max(next_seq(device, items=items), Seq(offered + 1))):
        yield usable(Seq(seq))
