"""Whatever order things happen in, however often, and wherever a process dies: no photo lost, none twice.

One device, four seqs. For each seq the device has one photo or clip, and a second one that a fault (a wiped
counter, a copied card) gives the same number. Uploads, S3 events, ingest calls, direct posts, deletes
and the reconciler come in any order; events come late, twice or never; any store call may be the
last of its process.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chalicelib import clips
from chalicelib.domain.content_types import content_type_of
from chalicelib.domain.ids import Seq
from chalicelib.domain.item import ItemStatus
from chalicelib.domain.receipts import Receipt, ReceiptState
from chalicelib.imaging import examine
from chalicelib.services.deleting import delete_item
from chalicelib.services.gallery import page_of_items
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import reconcile
from chalicelib.services.sweeping import MAX_TRIES
from chalicelib.services.uploads import Claim, UploadRequest, accept_image, confirm, issue_upload
from chalicelib.wire import object_keys
from tests.clips import clip
from tests.pack_files import DEVICE
from tests.property.machine import OWNER, CloudMachine, Crash, crashes, digest
from tests.tiny_jpegs import cut_jpeg, tiny_jpeg

PHOTO_SEQS = st.sampled_from([Seq(1), Seq(2), Seq(3)])
SEQS = PHOTO_SEQS | st.just(Seq(4))
CLIPS = {(2, True), (4, False), (4, True)}
"""Seq and twin of those that are clips: one beside a photo, two beside each other."""
TWINS = st.booleans()
CRASHES = crashes(12)


def photo(seq: Seq, twin: bool) -> bytes:
    """Seq 3 is a photo whose end is missing: it is kept and rejected."""
    if (seq, twin) in CLIPS:
        return clip(poster=tiny_jpeg(seq + twin), duration_ms=1000 * (seq + twin))
    return cut_jpeg(3) if seq == 3 and not twin else tiny_jpeg(seq + (100 if twin else 0))


def name_of(seq: Seq, twin: bool, dated: bool) -> str:
    return ("2026-05-04T11-00-00Z" if dated else "capture") + (".mp4" if (seq, twin) in CLIPS else ".jpg")


class AnyOrder(CloudMachine):
    def __init__(self) -> None:
        super().__init__()
        self.accepted: dict[Seq, set[bytes]] = {}
        self.receipts: list[tuple[Receipt, Seq]] = []
        self.runs_that_ended = 0

    @rule(seq=SEQS, twin=TWINS, named=st.booleans(), dated=st.booleans(), crash=CRASHES)
    def upload(self, seq: Seq, twin: bool, named: bool, dated: bool, crash: Crash) -> None:
        """upload-url and PUT; `named` uploads bind the sha256 and create only, bare ones may overwrite."""
        body = photo(seq, twin)
        wanted = UploadRequest(
            filename=name_of(seq, twin, dated),
            content_type=content_type_of(name_of(seq, twin, dated)),
            seq=seq,
            sha256=digest(body) if named else None,
        )

        def step() -> None:
            issued = issue_upload(
                self.device, wanted, stores=self.mortal, signer=self.world.upload_signer, keys=self.world.receipt_keys
            )
            self.keep(issued.receipt, seq)
            self.put(issued.object_key, seq, body, named)

        self.run(crash, step)

    @rule(seq=SEQS, twin=TWINS, dated=st.booleans())
    def put_with_an_old_url(self, seq: Seq, twin: bool, dated: bool) -> None:
        """A URL that was asked for before anything else happened is still alive."""
        key = object_keys.single(DEVICE, seq, name_of(seq, twin, dated), None)
        self.put(key, seq, photo(seq, twin), named=False)

    def put(self, key: str, seq: Seq, body: bytes, named: bool) -> None:
        stored = self.world.captures.upload(key, body, digest(body) if named else None, if_none_match=named)
        if stored is not None:
            self.accepted.setdefault(seq, set()).add(body)
            self.events.append((key, stored.version_id))

    @rule(seq=SEQS, twin=TWINS, named=st.booleans(), dated=st.booleans(), synced=st.booleans(), crash=CRASHES)
    def ingest(self, seq: Seq, twin: bool, named: bool, dated: bool, synced: bool, crash: Crash) -> None:
        claim = Claim(
            object_key=object_keys.single(DEVICE, seq, name_of(seq, twin, dated), None),
            seq=seq,
            captured_at=self.world.clock() if synced else None,
            ntp_synced=synced,
            sha256=digest(photo(seq, twin)) if named else None,
        )

        def step() -> None:
            done = confirm(self.device, claim, stores=self.mortal, keys=self.world.receipt_keys, clock=self.world.clock)
            self.keep(done.receipt, seq)

        self.run(crash, step)

    @rule(seq=st.one_of(st.none(), PHOTO_SEQS), number=st.sampled_from([Seq(1), Seq(2)]), crash=CRASHES)
    def post_image(self, seq: Seq | None, number: Seq, crash: Crash) -> None:
        body = photo(number, twin=False) if seq is None else photo(seq, twin=False)

        def step() -> None:
            done = accept_image(
                self.device, body, seq, None, stores=self.mortal, keys=self.world.receipt_keys, clock=self.world.clock
            )
            self.keep(done.receipt, done.item.seq)

        before = set(self.world.captures.keys())
        self.run(crash, step)
        for key in set(self.world.captures.keys()) - before:
            # Not what another process set aside meanwhile.
            if named := object_keys.parse_single(key):
                self.accepted.setdefault(named.seq, set()).add(body)
                self.events.append((key, None))

    @precondition(lambda self: self.events)
    @rule(which=st.randoms(use_true_random=False), again=st.booleans(), crash=CRASHES)
    def deliver_event(self, which: object, again: bool, crash: Crash) -> None:
        """Any event that is due, perhaps to be told once more."""
        at = which.randrange(len(self.events))  # type: ignore[attr-defined]
        key, version_id = self.events[at] if again else self.events.pop(at)
        self.run(crash, lambda: process_object(key, version_id, stores=self.mortal, clock=self.world.clock))

    @precondition(lambda self: self.events)
    @rule()
    def lose_an_event(self) -> None:
        self.events.pop()

    @rule(seq=SEQS, crash=CRASHES)
    def delete(self, seq: Seq, crash: Crash) -> None:
        self.run(crash, lambda: delete_item(OWNER, DEVICE, seq, stores=self.mortal, clock=self.world.clock))

    @rule(crash=CRASHES, minutes=st.sampled_from([1, 20, 60 * 25]))
    def time_passes_and_the_reconciler_runs(self, crash: Crash, minutes: int) -> None:
        self.world.clock.advance(60 * minutes)
        self.runs_that_ended += not self.run(crash, lambda: reconcile(stores=self.mortal, clock=self.world.clock))

    def keep(self, receipt: Receipt | None, seq: Seq) -> None:
        if receipt is not None:
            self.receipts.append((receipt, seq))

    @invariant()
    def items_only_move_forward(self) -> None:
        for seq in {*self.seen, *self.accepted, Seq(1), Seq(2), Seq(3), Seq(4)}:
            item = self.world.items.get(DEVICE, seq)
            before = self.seen.get(seq)
            assert before is None or item is not None
            if item is None:
                continue
            if before is not None:
                assert item.status.rank >= before.status.rank
                assert (before.is_examined and item.is_examined) <= (before.status is item.status)
                assert before.sha256 in (None, item.sha256)
            self.seen[seq] = item

    @invariant()
    def nothing_that_a_receipt_promised_is_gone(self) -> None:
        held = self.held_digests()
        for receipt, seq in self.receipts:
            item = self.world.items.get(DEVICE, seq)
            assert item is not None
            if receipt.state is ReceiptState.DELETED:
                assert item.is_deleted
            else:
                assert item.is_deleted or receipt.sha256 in held

    @invariant()
    def no_accepted_photo_is_lost(self) -> None:
        held = self.held_digests() | self.deleted_digests()
        for seq, bodies in self.accepted.items():
            item = self.world.items.get(DEVICE, seq)
            if item is None or not item.is_deleted:
                assert {digest(body) for body in bodies} <= held

    def held_digests(self) -> set[str]:
        return {digest(body) for bodies in self.world.captures.bodies().values() for body in bodies}

    def deleted_digests(self) -> set[str | None]:
        """A photo that its device has sent under two seqs, and is a conflict under one, goes with the other."""
        return {item.known_sha256() for item in self.world.items.all() if item.is_deleted}

    def teardown(self) -> None:
        """Whatever happened: when all is quiet again, everything is in its place."""
        self.everything_becomes_quiet()
        self.items_only_move_forward()
        self.no_accepted_photo_is_lost()
        self.nothing_that_a_receipt_promised_is_gone()
        self.every_photo_is_in_its_place_once()
        self.gallery_shows_each_item_once()
        self.deleted_bytes_are_gone()
        self.every_thumbnail_is_of_its_photo()
        self.nothing_waits_but_for_an_object()

    def every_photo_is_in_its_place_once(self) -> None:
        for seq, bodies in self.accepted.items():
            item = self.world.items.get(DEVICE, seq)
            assert item is not None, f"seq {seq} has objects and no item"
            assert item.status is not ItemStatus.STORED, f"seq {seq} was never processed"
            if item.is_deleted:
                continue
            held = [
                digest(body)
                for key, versions in self.world.captures.bodies().items()
                if f"/{seq:016d}-" in key
                for body in versions
            ]
            if self.runs_that_ended < MAX_TRIES:
                # Then the reconciler may have given one up without reading it: it cannot know what it is a copy of.
                assert len(held) == len(set(held)), f"seq {seq} holds a photo twice"
            assert set(held) | self.deleted_digests() >= {digest(body) for body in bodies} >= set(held)
            assert item.sha256 in held

    def gallery_shows_each_item_once(self) -> None:
        shown = page_of_items(
            OWNER, device_id=None, since=None, until=None, limit=100, cursor=None, stores=self.world
        ).entries
        assert len({item.seq for item in shown}) == len(shown)
        expected = {seq for seq, item in self.seen.items() if item.is_examined}
        assert {item.seq for item in shown} == expected
        assert [item.captured.at for item in shown] == sorted((item.captured.at for item in shown), reverse=True)

    def deleted_bytes_are_gone(self) -> None:
        for seq, item in self.seen.items():
            if item.is_deleted:
                singles = [key for key in self.world.captures.bodies() if "/conflicts/" not in key]
                assert not any(f"/{seq:016d}-" in key for key in singles), f"seq {seq} was deleted"
                assert object_keys.thumbnail(DEVICE, seq) not in self.world.derived.bodies()
                assert item.pending_since is None

    def every_thumbnail_is_of_its_photo(self) -> None:
        thumbnails = {key: versions[-1] for key, versions in self.world.derived.bodies().items()}
        for seq, item in self.seen.items():
            if item.status is ItemStatus.PROCESSED:
                photo = self.world.captures.fetch(item.object_key, item.version_id, at_most_bytes=10**6)
                assert photo is not None
                assert photo.body is not None
                jpeg = photo.body
                if item.is_clip:
                    told = clips.examine(jpeg, len(jpeg))
                    assert (item.duration_ms, told.poster is None) == (told.duration_ms, False)
                    jpeg = told.poster or b""
                assert thumbnails[str(item.thumbnail_key)] == examine(jpeg).thumbnail, f"seq {seq} shows another photo"

    def nothing_waits_but_for_an_object(self) -> None:
        waiting = [item for item in self.seen.values() if item.pending_since is not None]
        assert {item.status for item in waiting} <= {ItemStatus.AWAITING_OBJECT}


TestAnyOrder = AnyOrder.TestCase
