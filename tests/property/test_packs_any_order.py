"""Packs and singles that overlap, in whatever order, with a crash at any store call: no photo lost, none twice, none
back after it was deleted, and a timeline that tells what the items tell.

One device, six seqs, and for each a second photo that a fault gives the same number. The packs overlap one another,
as those of a device do that lost track of what it had sealed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chalicelib.domain.clock_samples import BootTime, ClockSample
from chalicelib.domain.ids import Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.timeline import place, row_of_single
from chalicelib.imaging import BadPhoto, examine
from chalicelib.services.deleting import delete_item
from chalicelib.services.forgetting import forget
from chalicelib.services.gallery import page_of_items
from chalicelib.services.pack_rows import rows_of
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import reconcile
from chalicelib.services.uploads import Claim, confirm
from chalicelib.wire import object_keys
from chalicelib.wire.object_keys import PackKey
from chalicelib.wire.packs import read_pack
from tests.fakes.clock import START
from tests.pack_files import BOOT_ID, DEVICE, Shot, sealed
from tests.property.machine import OWNER, CloudMachine, Crash, crashes, digest
from tests.tiny_jpegs import cut_jpeg, tiny_jpeg

SEQS = st.sampled_from([Seq(number) for number in range(1, 7)])
CRASHES = crashes(30)


def photo(seq: int, *, twin: bool = False) -> bytes:
    """Seq 6 is a photo whose end is missing: it is kept and rejected."""
    return cut_jpeg(6) if seq == 6 and not twin else tiny_jpeg(seq + (100 if twin else 0))


def shot(seq: int, *, twin: bool = False) -> Shot:
    """The camera's clock is set at seq 4; before, only its uptime is known."""
    at = START - timedelta(minutes=10 - seq)
    body = photo(seq, twin=twin)
    if seq < 4:
        return Shot(seq, body, uptime_ms=seq * 60_000)
    return Shot(seq, body, at, clock_synced=True, uptime_ms=seq * 60_000)


PACKS = [
    [shot(1), shot(2), shot(3)],
    [shot(4), shot(5), shot(6)],
    [shot(3), shot(4)],
    [shot(2, twin=True), shot(3)],
    [shot(5, twin=True)],
    [shot(1), shot(5)],
    [shot(6)],
]


def pack_named(content: list[Shot]) -> tuple[PackKey, bytes]:
    body = sealed(content)
    return PackKey(DEVICE, Seq(content[0].seq), Seq(content[-1].seq), digest(body)[:12]), body


class PacksInAnyOrder(CloudMachine):
    def __init__(self) -> None:
        super().__init__()
        self.accepted: dict[Seq, set[str]] = {}
        self.unsent = list(PACKS)

    @precondition(lambda self: self.unsent)
    @rule(number=st.integers(0, len(PACKS) - 1))
    def put_pack(self, number: int) -> None:
        which = self.unsent.pop(number % len(self.unsent))
        named, body = pack_named(which)
        if self.world.captures.upload(named.object_key, body, digest(body)):
            self.events.append((named.object_key, None))
            for each in which:
                self.accepted.setdefault(Seq(each.seq), set()).add(digest(each.jpeg))

    @rule(seq=SEQS, twin=st.booleans(), by_sync=st.booleans(), dated=st.booleans())
    def put_single(self, seq: Seq, twin: bool, by_sync: bool, dated: bool) -> None:
        body = photo(seq, twin=twin)
        at = START - timedelta(minutes=10 - seq)
        key = object_keys.single(DEVICE, seq, "photo.jpg", at if dated else None)
        if by_sync:
            key = object_keys.told_single(DEVICE, seq, at if dated else BootTime(BOOT_ID, seq * 60_000))
        stored = self.world.captures.upload(key, body, digest(body))
        if stored:
            self.events.append((key, stored.version_id))
            self.accepted.setdefault(seq, set()).add(digest(body))

    @rule(seq=SEQS, twin=st.booleans(), synced=st.booleans(), crash=CRASHES)
    def ingest(self, seq: Seq, twin: bool, synced: bool, crash: Crash) -> None:
        claim = Claim(
            object_keys.single(DEVICE, seq, "photo.jpg", None),
            seq,
            captured_at=self.world.clock() if synced else None,
            ntp_synced=synced,
            sha256=digest(photo(seq, twin=twin)),
        )
        keys = self.world.receipt_keys
        self.run(crash, lambda: confirm(self.device, claim, stores=self.mortal, keys=keys, clock=self.world.clock))

    @rule(uptime_s=st.integers(0, 500))
    def sync(self, uptime_s: int) -> None:
        """The device tells its clock: from then on times are solved otherwise."""
        self.world.clock.advance(0.5)
        sample = ClockSample(BOOT_ID, uptime_s * 1000, Seq(7), self.world.clock())
        self.world.clocks.note(DEVICE, sample)

    @precondition(lambda self: self.events)
    @rule(number=st.integers(0, 9), again=st.booleans(), crash=CRASHES)
    def deliver_event(self, number: int, again: bool, crash: Crash) -> None:
        """Any event that is due, perhaps to be told once more."""
        at = number % len(self.events)
        key, version_id = self.events[at] if again else self.events.pop(at)
        self.run(crash, lambda: process_object(key, version_id, stores=self.mortal, clock=self.world.clock))

    @precondition(lambda self: self.events)
    @rule()
    def lose_an_event(self) -> None:
        self.events.pop()

    @rule(seq=SEQS, crash=CRASHES)
    def delete(self, seq: Seq, crash: Crash) -> None:
        self.run(crash, lambda: delete_item(OWNER, DEVICE, seq, stores=self.mortal, clock=self.world.clock))

    @rule(seq=SEQS, crash=CRASHES)
    def delete_while_events_are_told(self, seq: Seq, crash: Crash) -> None:
        """Some process is overtaken by the owner's hand, wherever it is."""
        if crash and self.events:
            key, version_id = self.events[0]
            self.crashes.meanwhile(crash[1], lambda: self.delete(seq, None))
            process_object(key, version_id, stores=self.mortal, clock=self.world.clock)
            self.crashes.disarm()

    @rule(minute=st.integers(3, 10), crash=CRASHES)
    def forget(self, minute: int, crash: Crash) -> None:
        since = START - timedelta(minutes=minute, seconds=30)
        self.run(
            crash,
            lambda: forget(
                OWNER,
                DEVICE,
                since,
                since + timedelta(minutes=1),
                stores=self.mortal,
                clock=self.world.clock,
                entropy=self.world.entropy,
                time_left=lambda: True,
            ),
        )

    @rule(crash=CRASHES, minutes=st.sampled_from([1, 20, 60 * 25]))
    def time_passes_and_the_reconciler_runs(self, crash: Crash, minutes: int) -> None:
        self.world.clock.advance(60 * minutes)
        self.run(crash, lambda: reconcile(stores=self.mortal, clock=self.world.clock))

    @invariant()
    def items_only_move_forward(self) -> None:
        for item in self.world.items.all():
            before = self.seen.get(item.seq)
            if before is not None:
                assert item.status.rank >= before.status.rank
                assert before.sha256 in (None, item.sha256)
            self.seen[item.seq] = item
        assert len(self.seen) == len(self.world.items.all())

    @invariant()
    def no_accepted_photo_is_lost(self) -> None:
        """Of a seq with more than one, those that are a conflict go with a time that is forgotten."""
        held = {digest(body) for _, body in self.photos_held()}
        for seq, digests in self.accepted.items():
            item = self.seen.get(seq)
            if item is not None and item.is_deleted:
                continue
            may_be_gone = digests - {item.sha256} if item and item.has_object and self.device.forgotten else set()
            assert digests - may_be_gone <= held, f"seq {seq} has lost a photo"

    def photos_held(self) -> Iterator[tuple[str, bytes]]:
        """Every photo in every version of every object, with the object's key."""
        for key, versions in self.world.captures.bodies().items():
            named = object_keys.parse_pack(key)
            for body in versions:
                if named is None:
                    yield key, body
                    continue
                for each in read_pack(body, named).captures:
                    if not each.is_erased:
                        yield key, body[each.offset : each.offset + each.size_bytes]

    def teardown(self) -> None:
        """Whatever happened: when all is quiet again, everything is in its place."""
        self.everything_becomes_quiet()
        self.what_ended_two_runs_is_told_of_again()
        self.items_only_move_forward()
        self.no_accepted_photo_is_lost()
        self.every_item_has_its_photo_and_nobody_else_has()
        self.what_is_deleted_is_gone()
        self.what_is_forgotten_is_deleted()
        self.nothing_waits_but_for_an_object()
        self.the_gallery_shows_each_item_once()
        self.the_timeline_tells_what_the_items_tell()

    def what_ended_two_runs_is_told_of_again(self) -> None:
        """By the owner, who knows of it."""
        for event in self.world.inbox.events(DEVICE, 100, None).entries:
            if event.details.get("reason") == "processing_failed":
                key = str(event.details["object_key"])
                process_object(key, None, stores=self.world, clock=self.world.clock)
        self.items_only_move_forward()

    def every_item_has_its_photo_and_nobody_else_has(self) -> None:
        for seq in self.accepted:
            item = self.seen.get(seq)
            assert item is not None, f"seq {seq} has an object and no item"
            assert item.status is not ItemStatus.STORED, f"seq {seq} was never processed"
            if item.is_deleted or item.status is ItemStatus.AWAITING_OBJECT:
                continue
            found = self.world.captures.fetch(item.object_key, item.version_id, at_most_bytes=10**7)
            assert found is not None
            start, body = item.offset or 0, found.body or b""
            assert digest(body[start : start + (item.size_bytes or 0)]) == item.sha256
            held = [key for key, body in self.photos_held() if digest(body) == item.sha256]
            assert held == [item.object_key], f"seq {seq} is held by {held}"
            if item.status is ItemStatus.PROCESSED:
                assert self.thumbnail(item) == examine(body[start : start + (item.size_bytes or 0)]).thumbnail

    def thumbnail(self, item: Item) -> bytes:
        found = self.world.derived.read(str(item.thumbnail_key))
        assert found is not None
        start = item.thumbnail_offset or 0
        return found.body[start : start + (item.thumbnail_length or len(found.body))]

    def what_is_deleted_is_gone(self) -> None:
        held = {digest(body) for _, body in self.photos_held()}
        derived = [body for versions in self.world.derived.bodies().values() for body in versions]
        for seq, item in self.seen.items():
            if not item.is_deleted:
                continue
            assert item.sha256 not in held, f"seq {seq} was deleted"
            for twin in (False, True):
                body = photo(seq, twin=twin)
                if digest(body) == item.sha256:
                    assert not any(_thumbnail(body) in each for each in derived), f"seq {seq} has left its thumbnail"

    def what_is_forgotten_is_deleted(self) -> None:
        assert all(each.asked_at is None for each in self.device.forgotten)
        for item in self.seen.values():
            assert not item.is_examined or not self.device.forgets(item.captured.at)

    def nothing_waits_but_for_an_object(self) -> None:
        waiting = [item for item in self.seen.values() if item.pending_since is not None]
        assert {item.status for item in waiting} <= {ItemStatus.AWAITING_OBJECT}

    def the_gallery_shows_each_item_once(self) -> None:
        shown = page_of_items(
            OWNER, device_id=None, since=None, until=None, limit=100, cursor=None, stores=self.world
        ).entries
        wanted = [item for item in self.seen.values() if item.is_examined]
        wanted.sort(key=lambda item: place(item.captured.at, item.device_id, item.seq), reverse=True)
        assert list(shown) == wanted

    def the_timeline_tells_what_the_items_tell(self) -> None:
        packs: dict[str, list[Item]] = {}
        rows = []
        for item in self.seen.values():
            if item.is_in_pack:
                packs.setdefault(item.object_key, []).append(item)
            elif item.is_examined or item.is_deleted:
                rows.append(row_of_single(item))
        rows += [row for items in packs.values() for row in rows_of(items)]
        # A crash while an ingest call moves a photo may leave its row in the place before.
        moved = {item.object_key for item in self.seen.values() if item.claimed_at}
        told = [row for row in self.world.timeline.all() if row in rows or row.object_key not in moved]
        assert told == sorted(rows, key=lambda row: row.position)


def _thumbnail(body: bytes) -> bytes:
    try:
        return examine(body).thumbnail
    except BadPhoto:
        return b"no thumbnail was ever made"


TestPacksInAnyOrder = PacksInAnyOrder.TestCase
