"""The queue: captures on the card in packs, of which a sealed one is the object that goes up."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from frameferry_station.captures import CaptureMeta, Seq, SeqRange
from frameferry_station.counter import SeqCounter
from frameferry_station.errors import PackGone
from frameferry_station.files import Files
from frameferry_station.pack_file import OpenPack, as_ranges
from frameferry_station.pack_folder import PackFolder, QueuedPack, Watcher
from frameferry_station.packs import (
    MAX_CAPTURES,
    MAX_JPEG_BYTES,
    CaptureRecord,
    PackDamaged,
    PackedEntry,
    directory_size_bytes,
    entry_size_bytes,
)

_MOST_EVICTED_FOR_SPACE = 8
"""Packs given up for one new one where the disk is full although the budget is not: others fill it too."""


@dataclass(frozen=True)
class PackLimits:
    """When a pack is full. One capture always fits."""

    captures: int = 20
    size_bytes: int = 32 * 2**20


class PackQueue:
    """Thread-safe; the lock is never held across network I/O.

    `counter` is the file of the next seq. Where `budget_bytes` would be exceeded the oldest pack goes, what is set
    aside first; without a budget, who owns the queue sees to the space (`grows_by`, `give_up_oldest`). Packs of earlier
    boots are sealed from the start. Raises OSError where the folder is of no use at all.
    """

    def __init__(
        self,
        folder: Path,
        counter: Path,
        *,
        device_id: str,
        boot_id: str,
        budget_bytes: int | None,
        watcher: Watcher,
        entropy: Callable[[int], bytes],
        files: Files,
        limits: PackLimits = PackLimits(),
    ) -> None:
        self._boot_id = boot_id
        self._budget_bytes = budget_bytes
        self._watcher = watcher
        self._limits = limits
        self._lock = threading.RLock()
        self._folder = PackFolder(folder, device_id, files, entropy, watcher)
        self._counter = SeqCounter(counter, files)
        self._open: OpenPack | None = None
        self._largest_entry_bytes = 0
        self._skipped: list[SeqRange] = []
        """Not told of yet."""
        self._packs = self._folder.find()
        self._counter.raise_to(max(self._largest() + 1, self._folder.free_from))

    @property
    def next_seq(self) -> Seq:
        return Seq(self._counter.next)

    @property
    def oldest_seq(self) -> Seq | None:
        """None where no capture is to be sent."""
        return min((seqs.first for seqs in self.waiting()), default=None)

    @property
    def size_bytes(self) -> int:
        """On the card, with what is set aside."""
        with self._lock:
            sealed = sum(pack.size_bytes for pack in self._packs.values())
            return sealed + (self._open.size_bytes if self._open else 0) + self._folder.set_aside_bytes

    def __len__(self) -> int:
        """Captures that are to be sent."""
        return sum(seqs.last - seqs.first + 1 for seqs in self.waiting())

    def waiting(self) -> list[SeqRange]:
        """The captures that are to be sent, those of the open pack too."""
        with self._lock:
            sealed = [seqs for pack in self._packs.values() for seqs in pack.seqs]
            return sealed + list(as_ranges(entry.seq for entry in self._open.entries) if self._open else ())

    def put(self, jpeg: bytes, meta: CaptureMeta) -> Seq:
        """Durable once this returns.

        Raises OSError where the disk does not take it and ValueError where no pack would; then nothing is queued.
        """
        with self._lock:
            if not 1 <= len(jpeg) <= MAX_JPEG_BYTES:
                raise ValueError(f"a pack holds no photo of {len(jpeg)} bytes")
            if self._open and not self._open.has_room_for(len(jpeg)):
                self._seal_open(self._open)
            # Nothing is written yet: a disk without room costs no seq.
            pack = self._open or self._grown(self.next_seq, len(jpeg))
            seq = self._counter.take()
            record = CaptureRecord(seq, self._boot_id, meta.uptime_ms, meta.captured_at, meta.ntp_synced)
            if self._open:
                self._add(pack, record, jpeg)
            else:
                self._begin(pack, record, jpeg)
                self._open = pack
            self._watcher.kept(seq, pack.entries[-1].sha256)
            if len(pack.entries) >= self._limits.captures:
                self._seal_open(pack)
            return seq

    def seal(self) -> None:
        """Make the captures that are there a pack, however few they are."""
        with self._lock:
            if self._open:
                self._seal_open(self._open)

    def keep(self) -> None:
        """The packs that were found at the start are there after a power cut too: who wrote them may have been killed
        before that was so. Raises OSError."""
        with self._lock:
            self._folder.keep_names()

    def packs(self) -> list[QueuedPack]:
        """The sealed ones, oldest first."""
        with self._lock:
            return list(self._packs.values())

    def path(self, pack: QueuedPack) -> Path:
        return self._folder.path(pack.name)

    def entries(self, pack: QueuedPack) -> tuple[PackedEntry, ...]:
        """Raises PackGone, PackDamaged."""
        with self._lock:
            return self._folder.file(self._current(pack)).entries()

    def grows_by(self, jpeg_bytes: int) -> int:
        """What the disk must have for the next capture: 0 where the open pack has room for it."""
        with self._lock:
            return 0 if self._open and self._open.has_room_for(jpeg_bytes) else self._wanted_bytes(jpeg_bytes)

    def first_to_go(self) -> Path | None:
        """The file that `give_up_oldest` would take."""
        with self._lock:
            return self._folder.first_to_go(next(iter(self._packs), None))

    def give_up_oldest(self, only: Path) -> int | None:
        """The oldest pack goes, what is set aside first, if that still is `only`. Gives the bytes that the disk has
        back; None where it is not. Raises OSError."""
        with self._lock:
            path = self.first_to_go()
            if path != only:
                return None
            freed_bytes = self._folder.last_link_bytes(path) if path else 0
            self._evict()
            return freed_bytes

    def prepared(self, pack: QueuedPack) -> QueuedPack:
        """The pack with its sha256, ready to be sent.

        Raises PackGone, also where it was damaged: what is whole in it is then another pack.
        """
        if pack.sha256:
            return pack
        file = self._folder.file(pack)
        try:
            seqs = as_ranges(entry.seq for entry in file.entries())
            ready = replace(pack, seqs=seqs, sha256=file.sha256())
        except PackDamaged:
            self._repair(pack)
            raise PackGone(pack.name) from None
        except PackGone:
            with self._lock:
                del self._packs[self._current(pack).name]
            raise
        with self._lock:
            self._packs[self._current(pack).name] = ready
            return ready

    def distrust(self, pack: QueuedPack) -> None:
        """Its sha256 was not found true: before it is sent again the file is read again."""
        with self._lock, suppress(PackGone):
            self._packs[self._current(pack).name] = replace(pack, sha256="")

    def chunks(self, pack: QueuedPack) -> Iterator[bytes]:
        """The bytes of the object. Raises PackGone and PackDamaged on the way."""
        return self._folder.file(pack).chunks(lambda: self._packs.get(pack.name) == pack)

    def remove(self, pack: QueuedPack) -> None:
        """It is proved to be held elsewhere. Not synced: a pack that comes back is only asked for again.

        Raises OSError; then it stays.
        """
        with self._lock, suppress(PackGone):
            self._watcher.leaving(self._current(pack))
            self._discard(pack)

    def take_out(self, pack: QueuedPack, next_seqs: Mapping[Seq, int]) -> list[tuple[Seq, Seq]]:
        """All captures but these are proved to be held elsewhere. These get new seqs, not below those given here, and
        a pack of their own in the place of this one; durable once this returns. Gives old and new seqs.

        Raises PackGone, PackDamaged, OSError.
        """
        with self._lock:
            taken = [entry for entry in self._folder.file(self._current(pack)).entries() if entry.seq in next_seqs]
            self._watcher.leaving(pack)
            if not taken:
                self._discard(pack)
                return []
            self.seal()  # seqs of the open pack would lie on both sides of the new ones
            self._outlast(pack)
            wanted = [next_seqs[entry.seq] for entry in taken]
            least = max(wanted) if max(wanted) - min(wanted) > MAX_CAPTURES else 0  # or the pack would span too much
            new_seqs = {entry.seq: self._free_seq(max(least, next_seqs[entry.seq])) for entry in taken}
            self._becomes(pack, self._folder.rewrite(pack, taken, new_seqs))
            self._folder.keep_names()
            self._tell_of_skipped()
            return list(new_seqs.items())

    def forget(self, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        """Drop what the owner wants nowhere, sent or not; durable once this returns. Gives how many captures.

        Raises OSError; then some may still be there.
        """
        with self._lock:
            self.seal()
            self._folder.forget_set_aside(is_forgotten)
        return sum(self._forget_in(pack, is_forgotten) for pack in self.packs())

    def set_aside(self, pack: QueuedPack, reason: str) -> None:
        """It is kept, but not sent any more. Raises OSError."""
        with self._lock, suppress(PackGone):
            self._watcher.leaving(self._current(pack))
            self._outlast(pack)
            for seqs in pack.seqs:
                self._watcher.damaged(f"set aside, {reason}", seqs)
            self._folder.set_aside(pack.name, pack.size_bytes, reason)
            del self._packs[pack.name]

    def raise_next_seq(self, to: int) -> None:
        """No capture gets a seq below `to` any more; durable. Raises OSError."""
        with self._lock:
            if to > self.next_seq:
                self.seal()  # the open pack would span what lies between
            self._counter.raise_to(to)
            self._counter.keep()

    def take_seq(self) -> Seq:
        """For a capture that goes up alone, beside the packs; durable. Raises OSError."""
        with self._lock:
            self.seal()  # seqs of the open pack would lie on both sides of it
            seq = self._counter.take()
            self._counter.keep()
            return seq

    def _begin(self, pack: OpenPack, record: CaptureRecord, jpeg: bytes) -> None:
        try:
            pack.add(record, jpeg)
            self._folder.keep_names()
        except OSError:
            with suppress(OSError):
                self._folder.remove(pack.path.name)
            raise

    def _add(self, pack: OpenPack, record: CaptureRecord, jpeg: bytes) -> None:
        try:
            pack.add(record, jpeg)
        except OSError:
            # After an error nobody knows what of the file the system still holds back: nothing more goes into it.
            self._seal_open(pack)
            raise

    def _grown(self, seq: Seq, jpeg_bytes: int) -> OpenPack:
        """Large enough for a full pack of captures as they have been, if there is room for that."""
        least = entry_size_bytes(jpeg_bytes) + directory_size_bytes(1)
        wanted = self._wanted_bytes(jpeg_bytes)
        self._largest_entry_bytes = max(self._largest_entry_bytes, entry_size_bytes(jpeg_bytes))
        while self._budget_bytes is not None and self.size_bytes + wanted > self._budget_bytes and self._evict():
            pass
        for _ in range(_MOST_EVICTED_FOR_SPACE):
            for size_bytes in (wanted, least):
                try:
                    return self._folder.begin(seq, size_bytes)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
            if self._budget_bytes is None or not self._evict():
                break
        raise OSError(errno.ENOSPC, "the disk is full")

    def _wanted_bytes(self, jpeg_bytes: int) -> int:
        least = entry_size_bytes(jpeg_bytes) + directory_size_bytes(1)
        largest = max(self._largest_entry_bytes, entry_size_bytes(jpeg_bytes))
        full = self._limits.captures * largest * 5 // 4 + directory_size_bytes(self._limits.captures)
        share = self._budget_bytes // 4 if self._budget_bytes is not None else full
        return max(least, min(full, self._limits.size_bytes, share))

    def _seal_open(self, pack: OpenPack) -> None:
        self._open = None
        seqs = as_ranges(entry.seq for entry in pack.entries)
        try:
            sha256 = pack.seal()
            sealed = QueuedPack(pack.path.name, seqs, pack.end + directory_size_bytes(len(pack.entries)), sha256)
        except OSError:
            # What is in it is durable; it is sealed when it is read again.
            sealed = QueuedPack(pack.path.name, seqs, pack.size_bytes)
        self._packs[sealed.name] = sealed
        self._watcher.sealed(sealed)

    def _evict(self) -> bool:
        """Give up the oldest pack; False where there is none."""
        if self._folder.drop_set_aside():
            return True
        oldest = next(iter(self._packs.values()), None)
        if oldest is None:
            return False
        # First what a full disk may refuse: what is told of as gone is to go.
        self._outlast(oldest)
        for seqs in oldest.seqs:
            self._watcher.evicted(seqs)
        self._discard(oldest)
        return True

    def _forget_in(self, pack: QueuedPack, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        with self._lock:
            try:
                entries = self._folder.file(self._current(pack)).entries()
            except PackGone:
                return 0
            except PackDamaged:
                repaired = self._repair(pack)
                return self._forget_in(repaired, is_forgotten) if repaired else 0
            kept = [entry for entry in entries if not is_forgotten(entry.record)]
            if len(kept) == len(entries):
                return 0
            if kept:
                self._outlast(pack)
                self._becomes(pack, self._folder.rewrite(pack, kept, {}))
            else:
                self._discard(pack)
            self._folder.keep_names()
            return len(entries) - len(kept)

    def _repair(self, pack: QueuedPack) -> QueuedPack | None:
        with self._lock:
            self._outlast(self._current(pack))
            repaired = self._folder.repair(pack)
            self._becomes(pack, repaired)
            return repaired

    def _free_seq(self, least: int) -> Seq:
        if self._counter.next < least:
            self._skipped.append(SeqRange(self.next_seq, Seq(least - 1)))
        self._counter.raise_to(least)
        return self._counter.take()

    def _tell_of_skipped(self) -> None:
        for seqs in self._skipped:
            self._watcher.skipped(seqs)
        self._skipped = []

    def _becomes(self, pack: QueuedPack, other: QueuedPack | None) -> None:
        if other is None:
            del self._packs[pack.name]
        else:
            self._packs[pack.name] = other

    def _discard(self, pack: QueuedPack) -> None:
        self._outlast(pack)
        self._folder.remove(pack.name)
        del self._packs[pack.name]

    def _current(self, pack: QueuedPack) -> QueuedPack:
        if self._packs.get(pack.name) != pack:
            raise PackGone(pack.name)
        return pack

    def _largest(self) -> int:
        """Of the seqs that packs tell of."""
        told = [int(pack.last_seq) for pack in self._packs.values()]
        return max([*told, int(self._open.entries[-1].seq)] if self._open else told, default=-1)

    def _outlast(self, pack: QueuedPack) -> None:
        """Called before captures go: the counter tells of their seqs if no other pack will."""
        if pack.last_seq == self._largest():
            self._counter.keep()
