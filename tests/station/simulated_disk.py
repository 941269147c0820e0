"""A disk in memory that forgets what was not synced, in any combination, when the power is cut."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from types import FrameType
from typing import Self

from frameferry_station.files import FileFacts

SECTOR_BYTES = 512


class PowerCut(BaseException):
    """Nothing runs any more. No `except Exception` of the code under test may catch it."""


@dataclass
class Node:
    """A file's bytes, and what of them would survive."""

    content: bytes = b""
    durable: bytes = b""
    unreadable_at: int | None = None
    """A byte that the card does not give back, nor what is read with it."""
    written_at_s: float = 0.0


@dataclass
class Change:
    """One change of names that the disk makes wholly or not at all."""

    names: dict[Path, Node | None]

    def touches(self, folder: Path) -> bool:
        return any(path.parent == folder for path in self.names)


@dataclass
class SimulatedDisk:
    """`files.Files` with a cut before, or in the middle of, the operation number `cut_at`, counted from 0.

    A new file holds what a removed one left behind. `ignores` names syncs that do nothing, to see whether a test would
    notice; `syncs` collects all names (see `_site`), each with the number of the operation that was the first of it.
    Beyond `capacity_bytes` writes raise ENOSPC. `failing` counts writes into a file and syncs down: once it is below 0
    they raise EIO. Without `has_links` no file gets a second name. `now_s` is the time that written files get.
    """

    names: dict[Path, Node] = field(default_factory=dict)
    cut_at: int | None = None
    ignores: frozenset[str] = frozenset()
    capacity_bytes: int | None = None
    operations: int = 0
    bytes_read: int = 0
    syncs: dict[str, int] = field(default_factory=dict)
    failing: int | None = None
    leftovers: bytes = b""
    has_links: bool = True
    now_s: float = 0.0
    sync_count: int = 0
    """Of all syncs, files and folders."""
    _durable_names: dict[Path, Node] = field(default_factory=dict)
    _pending: list[Change] = field(default_factory=list)

    def make_folder(self, folder: Path) -> None:
        """Folders are just there."""

    def sizes(self, folder: Path) -> dict[str, int]:
        return {path.name: len(node.content) for path, node in self.names.items() if _parents(path)[0] == folder}

    def folders(self, folder: Path) -> list[str]:
        depth = len(folder.parts)
        return sorted({path.parts[depth] for path in self.names if folder in _parents(path)[1:]})

    def facts(self, path: Path) -> FileFacts:
        node = self._node(path)
        return FileFacts(len(node.content), node.written_at_s, sum(other is node for other in self.names.values()))

    def used_bytes(self, folder: Path) -> int:
        nodes = {id(node): len(node.content) for path, node in self.names.items() if folder in _parents(path)}
        return sum(nodes.values())

    def read(self, path: Path, offset: int, length: int) -> bytes:
        node = self._node(path)
        if node.unreadable_at is not None and offset <= node.unreadable_at < offset + length:
            raise OSError(errno.EIO, "the card does not answer")
        found = node.content[offset : offset + length]
        self.bytes_read += len(found)
        return found

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        content = b"".join(parts)
        node = self.names.get(path) or Node()
        if path not in self.names:
            self._change({path: node})
        if self._is_cut_now():
            node.content = content[: len(content) // 2]
            raise PowerCut
        self._take_space(node, len(content))
        node.content, node.written_at_s = content, self.now_s

    def create(self, path: Path, size_bytes: int) -> None:
        self._count()
        node = Node(written_at_s=self.now_s)
        self._take_space(node, size_bytes)
        node.content = self.leftovers[:size_bytes].ljust(size_bytes, b"\0")
        self._change({path: node})

    def write_at(self, path: Path, offset: int, parts: Iterable[bytes]) -> None:
        node, data = self._node(path), b"".join(parts)
        is_cut = self._is_cut_now()
        if not is_cut:
            self._may_fail()
        landed = data[: len(data) // 2] if is_cut else data
        node.written_at_s = self.now_s
        node.content = node.content[:offset] + landed + node.content[offset + len(landed) :]
        if is_cut:
            raise PowerCut

    def trim(self, path: Path, size_bytes: int) -> None:
        self._count()
        node = self._node(path)
        assert size_bytes <= len(node.content), "a trim makes no file longer"
        node.content = node.content[:size_bytes]

    def sync(self, path: Path) -> None:
        self.sync_count += 1
        self._count()
        self._may_fail()
        if not self._is_ignored("sync"):
            self._node(path).durable = self._node(path).content

    def sync_folder(self, folder: Path) -> None:
        self.sync_count += 1
        self._count()
        self._may_fail()
        if self._is_ignored("sync_folder"):
            return
        for change in [change for change in self._pending if change.touches(folder)]:
            _apply(change, self._durable_names)
            self._pending.remove(change)

    def replace(self, source: Path, target: Path) -> None:
        self._count()
        self._change({source: None, target: self._node(source)})

    def link(self, source: Path, target: Path) -> None:
        self._count()
        if target in self.names:
            raise FileExistsError(errno.EEXIST, "there already", str(target))
        if not self.has_links:
            raise OSError(errno.EPERM, "no links here")
        self._change({target: self._node(source)})

    def remove(self, path: Path) -> None:
        if path in self.names:
            self._count()
            if self.facts(path).names == 1:
                self.leftovers = self.names[path].content
            self._change({path: None})

    def after_kill(self) -> Self:
        """The process died; the machine did not."""
        return replace(self, names=dict(self.names), cut_at=None, operations=0, failing=None)

    def copy(self) -> SimulatedDisk:
        """Another disk with the same on it, all of it durable."""
        nodes = {id(node): Node(node.content, node.content) for node in self.names.values()}
        names = {path: nodes[id(node)] for path, node in self.names.items()}
        return SimulatedDisk(names=names, _durable_names=dict(names))

    def after_power_cut(self, random: Random) -> Self:
        """Any of the changes of names since the last sync of their folder is there; of a file that was not synced any
        sectors are, perhaps in part, and its new size or not.
        """
        names = dict(self._durable_names)
        newest = random.randint(0, len(self._pending))
        landed = random.choice((0, 0.5, 1))
        for number, change in enumerate(self._pending):
            # A disk in no hurry writes what it heard last as gladly as what it heard first.
            if number >= newest or random.random() < landed:
                _apply(change, names)
        nodes: dict[int, Node] = {}
        for node in names.values():
            if id(node) not in nodes:
                content = _survived(node, random, self.leftovers)
                nodes[id(node)] = Node(content, content, written_at_s=node.written_at_s)
        survivors = {path: nodes[id(node)] for path, node in names.items()}
        restarted = replace(self.after_kill(), names=survivors, _durable_names=dict(survivors))
        restarted._pending = []
        return restarted

    def _node(self, path: Path) -> Node:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return self.names[path]

    def _change(self, names: dict[Path, Node | None]) -> None:
        change = Change(names)
        _apply(change, self.names)
        self._pending.append(change)

    def _take_space(self, node: Node, size_bytes: int) -> None:
        if self.capacity_bytes is None:
            return
        others = {id(other): len(other.content) for other in self.names.values() if other is not node}
        used = sum(others.values())
        if used + size_bytes > self.capacity_bytes:
            raise OSError(errno.ENOSPC, "no space left on device")

    def _is_ignored(self, kind: str) -> bool:
        site = _site(kind)
        self.syncs.setdefault(site, self.operations)
        return site in self.ignores

    def _may_fail(self) -> None:
        if self.failing is not None:
            self.failing -= 1
            if self.failing < 0:
                raise OSError(errno.EIO, "the card does not answer")

    def _count(self) -> None:
        if self._is_cut_now():
            raise PowerCut

    def _is_cut_now(self) -> bool:
        self.operations += 1
        return self.cut_at is not None and self.operations > self.cut_at


@cache
def _parents(path: Path) -> tuple[Path, ...]:
    """The nearest first. pathlib makes them anew each time, which was half of what the tests of lanes took."""
    return tuple(path.parents)


def _site(kind: str) -> str:
    """Which sync of the program this is: the functions of it that led here."""
    frame: FrameType | None = sys._getframe(3)
    functions: list[str] = []
    while frame and frame.f_globals["__name__"].startswith("frameferry_station") and len(functions) < 3:
        functions.append(frame.f_code.co_name)
        frame = frame.f_back
    return " < ".join([kind, *functions])


def _survived(node: Node, random: Random, leftovers: bytes) -> bytes:
    if node.content == node.durable:
        return node.durable
    shorter, longer = sorted((len(node.durable), len(node.content)))
    size_bytes = random.choice((shorter, longer, random.randint(shorter, longer)))
    behind = random.choice((b"", leftovers))
    survived = bytearray()
    for start in range(0, size_bytes, SECTOR_BYTES):
        end = min(start + SECTOR_BYTES, size_bytes)
        kept = node.durable[start:end]
        old = (kept + behind[start + len(kept) : end]).ljust(end - start, b"\0")
        new = node.content[start:end]
        new += old[len(new) :]
        landed = random.choice((0, end - start, end - start, random.randint(0, end - start)))
        survived += new[:landed] + old[landed:]
    return bytes(survived)


def _apply(change: Change, names: dict[Path, Node | None] | dict[Path, Node]) -> None:
    for path, node in change.names.items():
        if node is None:
            names.pop(path, None)
        else:
            names[path] = node
