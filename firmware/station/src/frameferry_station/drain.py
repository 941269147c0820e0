"""Draining the queue: which packs are asked for, which is put next, and what becomes of one that does not get through.

One thread syncs, another puts; the lock is never held across network I/O or while a pack is read.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from frameferry_station.backoff import LONGEST_S, Lane, Uniform
from frameferry_station.captures import Seq
from frameferry_station.clock import Clock
from frameferry_station.errors import (
    Busy,
    DigestRefused,
    PackGone,
    ReceiptInvalid,
    Refusal,
    StationError,
    Trouble,
    UrlRefused,
)
from frameferry_station.outbox import Outbox
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import PackDamaged
from frameferry_station.queue import PackQueue
from frameferry_station.receipts import Receipt, ReceiptVerifier
from frameferry_station.rotation import Rotation
from frameferry_station.steps import Confirmed, Deferred, Observer, Renumbered, Uploaded, Waiting
from frameferry_station.sync_protocol import MAX_SENT, MAX_WANTED, Held, NamedPack, ObjectAnswer, Place
from frameferry_station.ways import Way, Ways

REFUSALS_BEFORE_POISON = 3
REFUSED_WAIT_S = 1800.0
"""Between them: three tries over an hour."""
AHEAD_BYTES = 4 * 2**20
"""New places are asked for while there still is so much to put."""
READ_FOR_ONE_SYNC_BYTES = 64 * 2**20
"""Of packs whose sha256 is not known yet."""


@dataclass(frozen=True)
class Asked:
    """A pack in a sync."""

    pack: QueuedPack
    is_sent: bool

    @property
    def named(self) -> NamedPack:
        pack = self.pack
        return NamedPack(pack.first_seq, pack.last_seq, pack.size_bytes, pack.sha256, self.is_sent)


@dataclass(frozen=True)
class Upload:
    pack: QueuedPack
    url: str = field(repr=False)


class Drain:
    """Oldest first, or newest first if it is told so each time."""

    def __init__(
        self,
        queue: PackQueue,
        outbox: Outbox,
        verifier: Callable[[], ReceiptVerifier],
        *,
        clock: Clock,
        uniform: Uniform,
        observe: Observer,
    ) -> None:
        self._queue = queue
        self._outbox = outbox
        self._verifier = verifier
        self._clock = clock
        self._observe = observe
        self._lock = threading.RLock()
        self._ways = Ways(uniform)
        self._puts = Lane(clock, uniform)
        self._refused_urls = Lane(clock, uniform)
        self._urls_refused_in_a_row = 0
        self._rotation: Rotation[Way] = Rotation(clock, lambda way: way.pack.name)

    def sync_due_in_s(self, *, newest_first: bool, hurry: bool) -> float:
        """Seconds until a sync is wanted for the sake of packs; infinite where none is.

        Places are asked for before those that there are run out. Receipts come with the next sync, at once only for
        more than one pack or in a `hurry`.
        """
        with self._lock:
            now_s = self._clock.monotonic_s()
            ways = self._in_order(newest_first)
            wanting = [way for way in ways if way.wants_place(now_s)]
            placed = [way for way in ways if way.has_place(now_s)]
            sent = [way for way in ways if way.wants_receipt(now_s)]
            if wanting and _run_out(wanting, placed, newest_first=newest_first):
                return self._rests_for_s
            if len(sent) >= MAX_SENT or (sent and not wanting and not placed and (hurry or len(sent) > 1)):
                return 0.0
            return min((way.not_before_s - now_s for way in ways if way.not_before_s > now_s), default=math.inf)

    @property
    def is_failing(self) -> bool:
        """The last try to put something failed, and there is something that it will be tried with again."""
        with self._lock:
            is_failing = self._puts.is_failing or self._refused_urls.is_failing
            return is_failing and bool(self._in_order())

    @property
    def is_busy(self) -> bool:
        """Packs are on their way: the next sync will come of itself."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            return not self._rests_for_s and any(way.has_place(now_s) for way in self._ways.all())

    @property
    def is_idle(self) -> bool:
        """Nothing waits that could be sent now: what lies in the open pack may go up at once."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            ways = [way for way in self._in_order() if not self._rotation.is_stuck(way)]
            return not any(way.wants_place(now_s) or way.has_place(now_s) for way in ways)

    @property
    def stuck(self) -> int:
        """Captures in packs that do not get through while others do."""
        with self._lock:
            names = self._rotation.stuck
            return sum(way.pack.captures for way in self._in_order() if way.pack.name in names) if names else 0

    def to_ask(self, *, newest_first: bool) -> list[Asked]:
        """The packs of the next sync: first those that wait for receipts. Reads those that are to be named first."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            ways = self._in_order(newest_first)
            sent = [Asked(way.pack, True) for way in ways if way.wants_receipt(now_s)]
            wanting = [way.pack for way in ways if way.wants_place(now_s) and not self._rests_for_s]
        return [*sent[:MAX_SENT], *self._prepared(wanting[:MAX_WANTED])]

    def answered(self, asked: Sequence[Asked], answers: Sequence[ObjectAnswer]) -> None:
        """What a sync said of the packs in it."""
        with self._lock:
            self._in_order()
            now_s = self._clock.monotonic_s()
            for each, answer in zip(asked, answers, strict=True):
                way = self._ways.find(each.pack)
                if way is None:
                    continue
                if isinstance(answer, Place):
                    way.url, way.expires_at_s, way.is_sent = answer.url, now_s + answer.lifetime_s, False
                elif isinstance(answer, Held):
                    self._held(way, answer)
                else:
                    way.begin_again()
                    self._unproved(way, "the cloud does not hold it")

    def refused(self, asked: Asked, error: Refusal | Busy) -> None:
        """A sync in which this pack was all was refused."""
        with self._lock:
            self._in_order()
            way = self._ways.find(asked.pack)
            if way is not None and isinstance(error, Refusal):
                self._refused(way, error)
            elif way is not None:
                self._defer(way, f"{error}", LONGEST_S)

    def next_upload(self, *, newest_first: bool) -> Upload | float:
        """What is to be put, or the seconds until that may be asked again."""
        with self._lock:
            if self._puts.rests_for_s:
                return self._puts.rests_for_s
            now_s = self._clock.monotonic_s()
            ways = self._in_order(newest_first)
            self._rotation.keep_only({way.pack.name for way in ways})
            placed = [way for way in ways if way.has_place(now_s) and way.not_before_s <= now_s]
            way = self._rotation.next(placed)
            if way is None or way.url is None:
                return self._rotation.due_in_s(placed)
            way.is_being_put = True
            return Upload(way.pack, way.url)

    def put(self, upload: Upload) -> None:
        """S3 said that it has it, or had it before."""
        with self._lock:
            self._puts.succeeded()
            self._refused_urls.succeeded()
            self._urls_refused_in_a_row = 0
            way = self._ended(upload)
            if way is not None:
                self._rotation.taken(way)
                way.url, way.is_sent = None, True
                self._observe(Uploaded(*_named(way.pack)))

    def not_put(self, upload: Upload, error: StationError) -> None:
        """The upload ended with this error."""
        with self._lock:
            way = self._ended(upload)
            if isinstance(error, Trouble):
                self._troubled(way, error)
            elif isinstance(error, PackGone | PackDamaged):
                self._queue.distrust(upload.pack)
            elif way is not None and isinstance(error, Refusal):
                way.begin_again()
                self._refused(way, error)

    @property
    def _rests_for_s(self) -> float:
        """No place is asked for meanwhile: what there is cannot be used."""
        return max(self._puts.rests_for_s, self._refused_urls.rests_for_s)

    def _in_order(self, newest_first: bool = False) -> list[Way]:
        ways = self._ways.of(self._queue.packs())
        return ways[::-1] if newest_first else ways

    def _prepared(self, packs: Sequence[QueuedPack]) -> list[Asked]:
        asked: list[Asked] = []
        read_bytes = 0
        for pack in packs:
            if read_bytes > READ_FOR_ONE_SYNC_BYTES and not pack.sha256:
                break
            read_bytes += 0 if pack.sha256 else pack.size_bytes
            try:
                asked.append(Asked(self._queue.prepared(pack), False))
            except PackGone:
                continue
        return asked

    def _ended(self, upload: Upload) -> Way | None:
        for way in self._ways.all():
            way.is_being_put = False
        self._in_order()
        return self._ways.find(upload.pack)

    def _held(self, way: Way, held: Held) -> None:
        pack = way.pack
        try:
            self._verify(pack, held)
            renumbered = self._queue.take_out(pack, held.next_seqs) if held.next_seqs else None
            if renumbered is None:
                self._queue.remove(pack)
        except ReceiptInvalid as error:
            self._unproved(way, f"receipt refused: {error}", report=True)
        except (PackDamaged, OSError) as error:
            self._queue.distrust(pack)
            self._unproved(way, f"{error}")
        except PackGone:
            return
        else:
            self._confirmed(way, pack, held.state, renumbered or [])

    def _verify(self, pack: QueuedPack, held: Held) -> None:
        verifier = self._verifier()
        tail = f"packs/{pack.first_seq:016d}-{pack.last_seq:016d}-{pack.sha256[:12]}.zip"
        if held.object_key_tail not in (None, tail):
            raise ReceiptInvalid("it is for another object")
        key = f"devices/{verifier.device_id}/{tail}"
        receipt = Receipt(held.state, held.key_id, key, pack.size_bytes, pack.sha256, held.signature)
        verifier.verify(receipt, pack, key)

    def _confirmed(self, way: Way, pack: QueuedPack, state: str, renumbered: list[tuple[Seq, Seq]]) -> None:
        if len(renumbered) < pack.captures:
            self._observe(Confirmed(pack.first_seq, pack.last_seq, pack.captures - len(renumbered), state))
        for old, new in renumbered:
            self._observe(Renumbered(old, new))
        if renumbered:
            if way.conflicts:
                way.not_before_s = self._clock.monotonic_s() + way.unproved.failed()
            way.conflicts += 1

    def _refused(self, way: Way, refusal: Refusal) -> None:
        way.refusals += 1
        if way.refusals < REFUSALS_BEFORE_POISON:
            self._defer(way, f"refused: {refusal}", REFUSED_WAIT_S)
            return
        try:
            self._queue.set_aside(way.pack, f"refused: {refusal}")
        except OSError as error:
            self._defer(way, f"disk: {error.strerror}", REFUSED_WAIT_S)

    def _unproved(self, way: Way, reason: str, *, report: bool = False) -> None:
        if report and not way.is_receipt_reported:
            way.is_receipt_reported = True
            self._outbox.add("error", reason, way.pack.seqs[0])
        self._defer(way, reason, way.unproved.failed())

    def _defer(self, way: Way, reason: str, seconds: float) -> None:
        way.not_before_s = self._clock.monotonic_s() + seconds
        self._observe(Deferred(*_named(way.pack), reason, round(seconds, 3)))

    def _urls_refused(self, error: UrlRefused) -> None:
        """All URLs of a batch die together. The first time new ones are asked for at once."""
        for way in self._ways.all():
            way.url = None
        self._urls_refused_in_a_row += 1
        if self._urls_refused_in_a_row > 1:
            self._rest(self._refused_urls, error)

    def _troubled(self, way: Way | None, trouble: Trouble) -> None:
        rests_s = self._rotation.failed(way) if way is not None else None
        if way is not None and rests_s is not None:
            way.url = None
            self._defer(way, f"others get through: {trouble.reason}", rests_s)
        if isinstance(trouble, UrlRefused) and rests_s is None:
            self._urls_refused(trouble)
        elif rests_s is None or trouble.retry_after_s:
            self._rest(self._puts, trouble)
        if way is not None and isinstance(trouble, DigestRefused):
            way.url = None
            self._queue.distrust(way.pack)

    def _rest(self, lane: Lane, trouble: Trouble) -> None:
        self._observe(Waiting(trouble.reason, round(lane.failed(trouble), 3)))


def _run_out(wanting: Sequence[Way], placed: Sequence[Way], *, newest_first: bool) -> bool:
    if not placed:
        return True
    if newest_first and wanting[0].pack.first_seq > placed[0].pack.first_seq:
        return True
    return len(placed) <= MAX_WANTED // 2 and sum(way.pack.size_bytes for way in placed) < AHEAD_BYTES


def _named(pack: QueuedPack) -> tuple[Seq, Seq, int]:
    return pack.first_seq, pack.last_seq, pack.captures
