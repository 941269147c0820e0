"""What one sink is still to take, on the disk: links to packs, how far it is in each, and what it refused.

    <lane>/<pack>.zip, <pack>.zip.taken     removed once all of it is taken
    <lane>/cursor.json                      up to where packs were handed over, when none is there that tells
    <lane>/set-aside/
"""

from __future__ import annotations

import logging
import re
import threading
from bisect import insort
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from frameferry_station.captures import Seq, SeqRange
from frameferry_station.errors import PackGone
from frameferry_station.files import TEMPORARY, Files
from frameferry_station.pack_file import PackFile
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord, PackDamaged, PackedEntry
from frameferry_station.photos import SourceName, source_name
from frameferry_station.sinks.handed_over import HandedOver
from frameferry_station.sinks.progress import SUFFIX, Progress
from frameferry_station.sinks.taker import SET_ASIDE_S, Waiting

_NAME = re.compile(r"(\d{16})-([0-9a-f]{8})\.zip", re.ASCII)
_log = logging.getLogger(__name__)


@dataclass(order=True)
class HeldPack:
    """In the order of delivery. `due` are the seqs that it is known to hold, rising."""

    since_s: float
    lane: SourceName
    path: Path
    size_bytes: int = field(compare=False)
    due: tuple[Seq, ...] = field(compare=False)
    progress: Progress = field(compare=False)

    @property
    def waiting(self) -> list[Seq]:
        return [seq for seq in self.due if seq not in self.progress.taken]


class Shelf:
    """Thread-safe; the lock is never held across the network. Raises OSError where the folder is of no use at all."""

    def __init__(self, folder: Path, files: Files, on_damage: Callable[[SourceName, str], None]) -> None:
        files.make_folder(folder)
        self._folder = folder
        self._files = files
        self._on_damage = on_damage
        self._lock = threading.RLock()
        self._lanes: dict[SourceName, HandedOver] = {}
        self._packs: list[HeldPack] = []
        self.evicted = 0
        for name in files.folders(folder):
            with suppress(ValueError):
                self._find(source_name(name))

    def take(self, lane: SourceName, path: Path, pack: QueuedPack) -> None:
        """As `Taker.take`."""
        with self._lock:
            handed = self._lane(lane)
            target = self._folder / lane / pack.name
            number = Seq(_number(pack.name))
            if handed.up_to is not None and number <= handed.up_to:
                return
            self._files.remove(target)  # from a try whose sync failed; the pack may have been written anew since
            self._files.link(path, target)
            self._files.sync_folder(target.parent)
            handed.raise_to(number)
            self._hold(lane, target, pack.size_bytes, _seqs(pack.seqs))

    def taken_up_to(self, lane: SourceName) -> Seq | None:
        with self._lock:
            handed = self._lanes.get(lane)
            return handed.up_to if handed else None

    def waiting(self) -> Iterator[tuple[HeldPack, list[Seq]]]:
        """Oldest first, as they are now. Packs that are done with are removed on the way."""
        with self._lock:
            packs = list(self._packs)
        for pack in packs:
            if left := pack.waiting:
                yield pack, left
            else:
                self._remove_done(pack)

    def entries(self, pack: HeldPack) -> dict[Seq, PackedEntry]:
        """What is whole in it. Raises PackGone."""
        file = self.file(pack)
        if file is None:
            return {}
        try:
            return {entry.seq: entry for entry in file.entries()}
        except PackDamaged:
            found = file.scanned(_number(pack.path.name))
            return {entry.seq: entry for entry in found.entries} if found else {}

    def file(self, pack: HeldPack) -> PackFile | None:
        """None where nothing tells whose it is. Raises PackGone."""
        return PackFile.of_whom(pack.path, pack.size_bytes, self._files, pack.path.name[17:25])

    def took(self, pack: HeldPack, seq: Seq) -> None:
        """What the card does not take of this is taken again, under the same name."""
        with self._lock:
            if pack not in self._packs:
                return
            with suppress(OSError):
                pack.progress.add(seq)
        if not pack.waiting:
            self._remove_done(pack)

    def set_aside(self, pack: HeldPack, record: CaptureRecord, jpeg: bytes, reason: str) -> None:
        """It is not delivered any more, but kept. Raises OSError."""
        with self._lock:
            file = self.file(pack)
            if file is not None:
                self._lane(pack.lane).aside.keep(file.device_id, record, jpeg, reason)
        self.took(pack, record.seq)

    def is_gone(self, pack: HeldPack) -> None:
        """Its file is not there: it was given up meanwhile, or somebody has deleted it by hand."""
        with self._lock:
            if pack not in self._packs:
                return
            self._packs.remove(pack)
            left = len(pack.waiting)
            self.evicted += left
        self._on_damage(pack.lane, f"the pack {pack.path.name} is gone with {left} photos")

    def oldest(self) -> Waiting | None:
        with self._lock:
            for lane, path, size_bytes in self._all_aside():
                return Waiting(lane, path.name, size_bytes, SET_ASIDE_S)
            for pack in self._packs:
                return Waiting(pack.lane, pack.path.name, pack.size_bytes, pack.since_s)
            return None

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        """As `Taker.give_up_oldest`."""
        with self._lock:
            if offered is not None and not offered.is_same(self.oldest()):
                return None
            for lane, path, size_bytes in self._all_aside():
                self._lanes[lane].aside.drop(path)
                self.evicted += 1
                return size_bytes
            for pack in self._packs:
                freed = pack.size_bytes if self._is_last_name(pack.path) else 0
                left = pack.waiting
                with suppress(OSError):  # or a full disk would keep what fills it
                    self._keep_up_to(pack)
                self._discard(pack)
                self.evicted += len(left)
                if left:
                    _log.warning("%s: %d photos of %s given up for space", self._folder.name, len(left), pack.lane)
                return freed
            return 0

    def forget(self, lane: SourceName, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        """Raises OSError; then some may still be delivered."""
        with self._lock:
            forgotten = self._lanes[lane].aside.forget(is_forgotten) if lane in self._lanes else 0
            for pack in [pack for pack in self._packs if pack.lane == lane]:
                left = set(pack.waiting)
                with suppress(PackGone):
                    found = self.entries(pack).values()
                    seqs = [entry.seq for entry in found if entry.seq in left and is_forgotten(entry.record)]
                    if seqs:
                        pack.progress.add_durably(seqs)
                    forgotten += len(seqs)
                if not pack.waiting:
                    self._remove_done(pack)
            return forgotten

    def size(self) -> tuple[int, int]:
        """Photos that wait, and bytes of their packs and of what is set aside."""
        with self._lock:
            aside_bytes = sum(handed.aside.size_bytes for handed in self._lanes.values())
            photos = sum(len(pack.waiting) for pack in self._packs)
            return photos, sum(pack.size_bytes for pack in self._packs) + aside_bytes

    def _lane(self, lane: SourceName) -> HandedOver:
        if lane not in self._lanes:
            folder = self._folder / lane
            self._files.make_folder(folder)
            self._files.sync_folder(self._folder)
            self._files.sync_folder(self._folder.parent)
            self._lanes[lane] = HandedOver(folder, self._files)
        return self._lanes[lane]

    def _hold(self, lane: SourceName, path: Path, size_bytes: int, due: tuple[Seq, ...]) -> None:
        progress = Progress(path, self._files)
        progress.load()
        insort(self._packs, HeldPack(self._written_at_s(path), lane, path, size_bytes, due, progress))

    def _find(self, lane: SourceName) -> None:
        handed = self._lane(lane)
        folder = self._folder / lane
        # Who linked them may have been killed before that was durable, and their lane lets go of what is here.
        self._files.sync_folder(folder)
        sizes = self._files.sizes(folder)
        for name, size_bytes in sorted(sizes.items()):
            match = _NAME.fullmatch(name)
            if match is None:
                is_left_over = name.endswith(TEMPORARY) or name.removesuffix(SUFFIX) not in sizes
                if name.endswith((TEMPORARY, SUFFIX)) and is_left_over:
                    with suppress(OSError):
                        self._files.remove(folder / name)
                continue
            handed.raise_to(Seq(int(match[1])))
            due = _due(folder / name, size_bytes, self._files)
            if due:
                self._hold(lane, folder / name, size_bytes, due)
            else:
                self._on_damage(lane, f"nothing whole is in the pack {name}")
                with suppress(OSError):
                    handed.aside.take(folder / name, size_bytes, "nothing whole is in it")

    def _remove_done(self, pack: HeldPack) -> None:
        with self._lock, suppress(OSError):  # it is tried again
            if pack in self._packs:
                self._keep_up_to(pack)
                self._discard(pack)

    def _keep_up_to(self, pack: HeldPack) -> None:
        if not any(other.lane == pack.lane and other.path.name > pack.path.name for other in self._packs):
            self._lanes[pack.lane].keep()

    def _discard(self, pack: HeldPack) -> None:
        self._files.remove(pack.path)
        self._packs.remove(pack)
        with suppress(OSError):
            pack.progress.remove()

    def _all_aside(self) -> Iterator[tuple[SourceName, Path, int]]:
        for lane, handed in sorted(self._lanes.items()):
            yield from ((lane, path, size_bytes) for path, size_bytes in handed.aside.all())

    def _written_at_s(self, path: Path) -> float:
        try:
            return self._files.facts(path).written_at_s
        except OSError:
            return 0.0

    def _is_last_name(self, path: Path) -> bool:
        try:
            return self._files.facts(path).names == 1
        except OSError:
            return False


def left_behind(folder: Path, files: Files, in_use: Collection[str]) -> list[Shelf]:
    """Of sinks that the settings name no more, by the folder of all sinks: what waits for them stays until the space is
    wanted, or they are named again. One that cannot be read is left out."""
    found = []
    with suppress(OSError):
        for name in sorted(set(files.folders(folder)) - set(in_use)):
            with suppress(OSError):
                shelf = Shelf(folder / name, files, lambda lane, message: _log.warning("%s: %s", lane, message))
                found.append(shelf)
                if photos := shelf.size()[0]:
                    _log.warning("%d photos wait for %s, which STORAGE_BACKEND does not name", photos, name)
    return found


def _due(path: Path, size_bytes: int, files: Files) -> tuple[Seq, ...]:
    """The seqs that a pack holds, or held; none where nothing whole is in it."""
    number = _number(path.name)
    with suppress(PackGone):
        file = PackFile.of_whom(path, size_bytes, files, path.name[17:25])
        if file is None:
            return ()
        try:
            return _seqs(file.seqs(number))
        except PackDamaged:
            found = file.scanned(number)
            lost = set(_seqs(found.lost)) if found else set()
            return tuple(sorted(lost | {entry.seq for entry in found.entries})) if found else ()
    return ()


def _number(name: str) -> int:
    """That a pack's file is named by: no photo in it, as it was begun, has a smaller seq."""
    return int(name[:16])


def _seqs(ranges: Iterable[SeqRange]) -> tuple[Seq, ...]:
    return tuple(Seq(seq) for seqs in ranges for seq in range(seqs.first, seqs.last + 1))
