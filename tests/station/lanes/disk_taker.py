"""A sink on the test's disk: it links what it takes, and delivers into a dict when the test says so."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from frameferry_station.captures import Seq
from frameferry_station.documents import JsonFile
from frameferry_station.files import Files
from frameferry_station.pack_file import PackFile
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord, PackedEntry
from frameferry_station.photos import SinkCounts, SourceName
from frameferry_station.sinks.taker import Waiting


class DiskTaker:
    """`received` is what lies beyond the network: by lane and seq, it outlives this program. `devices` tells whose
    packs a lane's are."""

    def __init__(
        self,
        files: Files,
        name: str = "shelf",
        received: dict[tuple[str, int], bytes] | None = None,
        devices: Callable[[SourceName], str] | None = None,
        given_up: set[tuple[str, int]] | None = None,
    ) -> None:
        self.name = name
        self.received = {} if received is None else received
        self.devices = devices
        self.is_failing = False
        self.to_take = 0
        """Where it is n, the n-th pack from now is not taken the first time."""
        self.evicted: list[str] = []
        self.given_up = set() if given_up is None else given_up
        """Lane and seq of what it was told to give up; it outlives this program too."""
        self._files = files
        self._folder = Path("station/sinks") / name
        self._cursors: dict[str, JsonFile] = {}

    def take(self, lane: SourceName, path: Path, pack: QueuedPack) -> None:
        assert pack.sha256, "only whole packs are handed over"
        self.to_take -= 1
        if self.is_failing or self.to_take == 0:
            raise OSError(errno.EMLINK, "too many links")
        taken_up_to = self.taken_up_to(lane)
        if taken_up_to is not None and int(pack.name[:16]) <= taken_up_to:
            return
        self._files.link(path, self._folder / lane / pack.name)
        self._files.sync_folder(self._folder / lane)

    def taken_up_to(self, lane: SourceName) -> Seq | None:
        seqs = [int(name[:16]) for name in self.names(lane)]
        delivered = (self._cursor(lane).load() or {}).get("seq")
        return max((Seq(seq) for seq in [*seqs, delivered] if seq is not None), default=None)

    def oldest(self) -> Waiting | None:
        paths = [self._folder / lane / name for lane in self.lanes() for name in self.names(SourceName(lane))]
        facts = {path: self._files.facts(path) for path in paths}
        path = min(paths, key=lambda path: (facts[path].written_at_s, path.name), default=None)
        if path is None:
            return None
        return Waiting(SourceName(path.parent.name), path.name, facts[path].size_bytes, facts[path].written_at_s)

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        waiting = self.oldest()
        if offered and not offered.is_same(waiting):
            return None
        if waiting is None:
            return 0
        path = self._folder / waiting.lane / waiting.name
        freed_bytes = waiting.size_bytes if self._files.facts(path).names == 1 else 0
        self.evicted.append(f"{waiting.lane}/{waiting.name}")
        self.given_up |= {(waiting.lane, entry.seq) for entry in self._file(waiting.lane, waiting.name).entries()}
        with suppress(OSError):  # a full disk
            self._note(waiting.lane, waiting.name)
        self._files.remove(path)
        return freed_bytes

    def forget(self, lane: SourceName, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        return 0

    def counts(self) -> SinkCounts:
        waiting = sum(len(self.names(SourceName(lane))) for lane in self.lanes())
        return SinkCounts(self.name, len(self.received), 0, waiting, 0, None)

    def deliver(self) -> None:
        """All that waits, pack by pack."""
        for lane in self.lanes():
            for name in self.names(SourceName(lane)):
                self.deliver_one(SourceName(lane), name)

    def deliver_one(self, lane: SourceName, name: str) -> None:
        file = self._file(lane, name)
        for entry in file.entries():
            self._receive(lane, entry, file.jpeg(entry))
        self._note(lane, name)
        self._files.remove(self._folder / lane / name)

    def lanes(self) -> list[str]:
        return self._files.folders(self._folder)

    def names(self, lane: SourceName) -> list[str]:
        return sorted(name for name in self._files.sizes(self._folder / lane) if name.endswith(".zip"))

    def _file(self, lane: SourceName, name: str) -> PackFile:
        path = self._folder / lane / name
        assert self.devices is not None
        return PackFile(path, self._files.facts(path).size_bytes, self.devices(lane), self._files)

    def _receive(self, lane: SourceName, entry: PackedEntry, jpeg: bytes) -> None:
        held = self.received.setdefault((lane, entry.seq), jpeg)
        assert held == jpeg, "one name for two photos"

    def _note(self, lane: SourceName, name: str) -> None:
        cursor = self._cursor(lane)
        cursor.save({"seq": max(int(name[:16]), (cursor.load() or {}).get("seq", -1))})

    def _cursor(self, lane: SourceName) -> JsonFile:
        if lane not in self._cursors:
            self._cursors[lane] = JsonFile(self._folder / lane / "cursor.json", self._files)
        return self._cursors[lane]
