"""The folder of packs on the card: which file is which pack, and how one is written anew, found again or set aside.

A pack's file is named by its first seq and its device, so that old bytes on the card and another device's packs are
told from its own. It never gets another name: what is in it tells whether it is sealed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from frameferry_station.captures import Seq, SeqRange
from frameferry_station.errors import PackGone
from frameferry_station.files import TEMPORARY, Files
from frameferry_station.pack_file import Found, OpenPack, PackFile, as_ranges
from frameferry_station.packs import (
    MAX_CAPTURES,
    CaptureRecord,
    PackDamaged,
    PackedEntry,
    PackIdentity,
    directory_size_bytes,
    entry_size_bytes,
)
from frameferry_station.set_aside import SetAside

_NAME = re.compile(r"(\d{16})-([0-9a-f]{8})\.zip", re.ASCII)
_DAMAGED = "damaged on the card"


@dataclass(frozen=True)
class QueuedPack:
    """A pack as it lies on the card. `sha256` is empty until somebody has read the file."""

    name: str
    seqs: tuple[SeqRange, ...]
    size_bytes: int
    sha256: str = ""

    @property
    def first_seq(self) -> Seq:
        return self.seqs[0].first

    @property
    def last_seq(self) -> Seq:
        return self.seqs[-1].last

    @property
    def captures(self) -> int:
        return sum(seqs.last - seqs.first + 1 for seqs in self.seqs)


class Watcher(Protocol):
    """Is told, with the queue's lock held."""

    def kept(self, seq: Seq, sha256: str) -> None:
        """A capture is durable in the open pack."""

    def sealed(self, pack: QueuedPack) -> None: ...

    def leaving(self, pack: QueuedPack) -> None:
        """It is proved to be held elsewhere, or set aside, and goes unless this raises OSError."""

    def evicted(self, seqs: SeqRange) -> None:
        """Told before they go."""

    def skipped(self, seqs: SeqRange) -> None:
        """No capture got these numbers, nor ever will: the cloud named higher ones. Told once that is durable."""

    def damaged(self, reason: str, seqs: SeqRange | None) -> None:
        """These captures cannot be sent; None where nobody knows which they are. Told before anything is done."""


class PackFolder:
    """No lock is in here: the queue's is around it."""

    def __init__(
        self, folder: Path, device_id: str, files: Files, entropy: Callable[[int], bytes], watcher: Watcher
    ) -> None:
        files.make_folder(folder)
        self._folder = folder
        self._device_id = device_id
        self._files = files
        self._entropy = entropy
        self._watcher = watcher
        self._aside = SetAside(folder / "set-aside", files)
        self.free_from = 0
        """No seq below may be given, as far as files tell of which nothing but the name can be read."""

    @property
    def set_aside_bytes(self) -> int:
        return self._aside.size_bytes

    def path(self, name: str) -> Path:
        return self._folder / name

    def first_to_go(self, name: str | None) -> Path | None:
        """What is given up first: a file that is set aside, else this pack."""
        for path, _ in self._aside.all():
            return path
        return self._folder / name if name else None

    def last_link_bytes(self, path: Path) -> int:
        """What the disk has back if this name goes: nothing while the file has another."""
        with suppress(FileNotFoundError):
            facts = self._files.facts(path)
            return facts.size_bytes if facts.names == 1 else 0
        return 0

    def file(self, pack: QueuedPack) -> PackFile:
        return self._file(pack.name, pack.size_bytes)

    def begin(self, first_seq: Seq, size_bytes: int) -> OpenPack:
        """Its name is durable once `keep_names` has returned. Raises OSError."""
        path = self._folder / f"{first_seq:016d}-{self._device_id[:8]}.zip"
        return OpenPack(path, self._identity(), size_bytes, self._files)

    def keep_names(self) -> None:
        """Raises OSError."""
        self._files.sync_folder(self._folder)

    def remove(self, name: str) -> None:
        """Raises OSError."""
        self._files.remove(self._folder / name)

    def set_aside(self, name: str, size_bytes: int, reason: str) -> None:
        """Raises OSError."""
        self._aside.take(self._folder / name, size_bytes, reason)

    def drop_set_aside(self) -> bool:
        """Give up one file of those set aside; False where there is none. Raises OSError."""
        for path, size_bytes in self._aside.all():
            with suppress(PackDamaged, PackGone):
                for seqs in PackFile(path, size_bytes, self._device_id, self._files).seqs(0):
                    self._watcher.evicted(seqs)
            self._aside.drop(path)
            return True
        return False

    def forget_set_aside(self, is_forgotten: Callable[[CaptureRecord], bool]) -> None:
        """Drop the files among those set aside that have such a capture, durably. Raises OSError."""
        for path, size_bytes in self._aside.all():
            with suppress(PackGone):
                found = PackFile(path, size_bytes, self._device_id, self._files).scanned(0)
                if found and any(is_forgotten(entry.record) for entry in found.entries):
                    self._aside.drop(path)
                    self._aside.keep_names()

    def rewrite(
        self, pack: QueuedPack, entries: Iterable[PackedEntry], new_seqs: Mapping[Seq, Seq]
    ) -> QueuedPack | None:
        """A pack of these captures of it, under new seqs where there are any, takes its place, at once or not at all.
        None where it is gone, for none of these captures is whole. Durable once `keep_names` has returned.

        Raises OSError; then it is as it was.
        """
        temporary = self._folder / (pack.name + TEMPORARY)
        try:
            written = self._copied(pack, list(entries), new_seqs, temporary)
            sealed = _sealed(written, pack.name) if written.entries else None
            if sealed is not None:
                self._files.replace(temporary, self._folder / pack.name)
        except OSError:
            with suppress(OSError):
                self._files.remove(temporary)
            raise
        if sealed is None:
            self._files.remove(temporary)
            self.remove(pack.name)
        return sealed

    def find(self) -> dict[str, QueuedPack]:
        """All packs by name, oldest first. What is no pack is set aside; what a power cut left open is sealed."""
        sizes = {}
        for name, size_bytes in sorted(self._files.sizes(self._folder).items()):
            match = _NAME.fullmatch(name)
            if match and match[2] == self._device_id[:8]:
                sizes[name] = size_bytes
            elif name.endswith(TEMPORARY):
                with suppress(OSError):
                    self.remove(name)
            else:
                self._give_up(name, size_bytes, "not a pack of this device")
        newest = max(sizes, default=None)
        found = {name: self._found(name, size, is_newest=name == newest) for name, size in sizes.items()}
        return {name: pack for name, pack in found.items() if pack is not None}

    def repair(self, pack: QueuedPack) -> QueuedPack | None:
        """What is whole in a damaged pack; None where nothing is, and the file is set aside."""
        return self._salvaged(pack.name, pack.size_bytes, known=pack.seqs)

    def _file(self, name: str, size_bytes: int) -> PackFile:
        return PackFile(self._folder / name, size_bytes, self._device_id, self._files)

    def _identity(self) -> PackIdentity:
        return PackIdentity(self._device_id, int.from_bytes(self._entropy(4), "big"))

    def _found(self, name: str, size_bytes: int, *, is_newest: bool) -> QueuedPack | None:
        file = self._file(name, size_bytes)
        try:
            seqs = file.seqs(_first_seq(name))
            if is_newest:
                # A power cut while it was sealed may have left a directory that only looks like one.
                seqs = as_ranges(entry.seq for entry in file.entries())
            return QueuedPack(name, seqs, size_bytes)
        except PackDamaged:
            return self._salvaged(name, size_bytes, may_be_unborn=is_newest)

    def _salvaged(
        self, name: str, size_bytes: int, *, known: tuple[SeqRange, ...] = (), may_be_unborn: bool = False
    ) -> QueuedPack | None:
        file = self._file(name, size_bytes)
        found = file.scanned(_first_seq(name), known)
        if found is None:
            if may_be_unborn and not _has_directory(file, _first_seq(name)):
                # What a power cut leaves of a pack's first append: no capture of it was ever acknowledged.
                with suppress(OSError):
                    self.remove(name)
            else:
                self._give_up(name, size_bytes, "nothing whole is in it", known)
            return None
        for seqs in found.lost:
            self._watcher.damaged(_DAMAGED, seqs)
        pack = QueuedPack(name, as_ranges(entry.seq for entry in found.entries), size_bytes)
        try:
            return self._resealed(pack, file, found)
        except OSError:
            # The card does not take it now. The captures are there; this is tried again before they are sent.
            return pack

    def _resealed(self, pack: QueuedPack, file: PackFile, found: Found) -> QueuedPack | None:
        if found.has_holes:
            return self.rewrite(pack, found.entries, {})
        return replace(pack, size_bytes=file.seal(found.entries).size_bytes)

    def _copied(self, pack: QueuedPack, entries: list[PackedEntry], new_seqs: Mapping[Seq, Seq], to: Path) -> OpenPack:
        source = self.file(pack)
        size_bytes = sum(entry_size_bytes(entry.size_bytes) for entry in entries) + directory_size_bytes(len(entries))
        written = OpenPack(to, self._identity(), size_bytes, self._files)
        for entry in entries:
            try:
                jpeg = source.jpeg(entry)
            except PackDamaged:
                self._watcher.damaged(_DAMAGED, SeqRange(entry.seq, entry.seq))
            else:
                record = replace(entry.record, seq=new_seqs.get(entry.seq, entry.seq))
                written.add(record, jpeg, durably=False)  # sealing makes it so
        return written

    def _give_up(self, name: str, size_bytes: int, reason: str, known: tuple[SeqRange, ...] = ()) -> None:
        for seqs in known or (None,):
            self._watcher.damaged(f"{name} set aside, {reason}", seqs)
        if _NAME.fullmatch(name):
            self.free_from = max(self.free_from, _first_seq(name) + MAX_CAPTURES)
        with suppress(OSError):
            self.set_aside(name, size_bytes, reason)


def _sealed(written: OpenPack, name: str) -> QueuedPack:
    sha256 = written.seal()
    seqs = as_ranges(entry.seq for entry in written.entries)
    return QueuedPack(name, seqs, written.end + directory_size_bytes(len(written.entries)), sha256)


def _has_directory(file: PackFile, first_seq: int) -> bool:
    try:
        return bool(file.seqs(first_seq))
    except PackDamaged:
        return False


def _first_seq(name: str) -> int:
    """That its file is named by: no capture in it has a smaller one."""
    return int(name[:16])
