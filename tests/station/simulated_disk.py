"""A disk in memory that forgets what was not synced, in any combination, when the power is cut."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random


class PowerCut(BaseException):
    """Nothing runs any more. No `except Exception` of the code under test may catch it."""


@dataclass
class Node:
    """A file's bytes, and what of them would survive."""

    content: bytes = b""
    durable: bytes = b""


@dataclass
class Change:
    """One change of names that the disk makes wholly or not at all."""

    names: dict[Path, Node | None]

    def touches(self, folder: Path) -> bool:
        return any(path.parent == folder for path in self.names)


@dataclass
class SimulatedDisk:
    """`files.Files` with a cut before, or in the middle of, the operation number `cut_at`, counted from 0.

    `ignores` names operations that do nothing, to see whether a test would notice. Beyond `capacity_bytes` writes
    raise ENOSPC.
    """

    names: dict[Path, Node] = field(default_factory=dict)
    cut_at: int | None = None
    ignores: frozenset[str] = frozenset()
    capacity_bytes: int | None = None
    operations: int = 0
    _durable_names: dict[Path, Node] = field(default_factory=dict)
    _pending: list[Change] = field(default_factory=list)

    def make_folder(self, folder: Path) -> None:
        """Folders are just there."""

    def sizes(self, folder: Path) -> dict[str, int]:
        return {path.name: len(node.content) for path, node in self.names.items() if path.parent == folder}

    def read(self, path: Path, offset: int, length: int) -> bytes:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return self.names[path].content[offset : offset + length]

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        content = b"".join(parts)
        node = self.names.get(path) or Node()
        if path not in self.names:
            self._change({path: node})
        if self._is_cut_now():
            node.content = content[: len(content) // 2]
            raise PowerCut
        used = sum(len(other.content) for other in self.names.values() if other is not node)
        if self.capacity_bytes is not None and used + len(content) > self.capacity_bytes:
            node.content = content[: max(0, self.capacity_bytes - used)]
            raise OSError(errno.ENOSPC, "no space left on device")
        node.content = content

    def sync(self, path: Path) -> None:
        self._count()
        if "sync" not in self.ignores:
            self.names[path].durable = self.names[path].content

    def sync_folder(self, folder: Path) -> None:
        self._count()
        if "sync_folder" in self.ignores:
            return
        for change in [change for change in self._pending if change.touches(folder)]:
            _apply(change, self._durable_names)
            self._pending.remove(change)

    def replace(self, source: Path, target: Path) -> None:
        self._count()
        self._change({source: None, target: self.names[source]})

    def remove(self, path: Path) -> None:
        if path in self.names:
            self._count()
            self._change({path: None})

    def after_kill(self) -> SimulatedDisk:
        """The process died; the machine did not."""
        return replace(self, names=dict(self.names), cut_at=None, operations=0)

    def after_power_cut(self, random: Random) -> SimulatedDisk:
        """Any of the changes since the last sync of their folder is there; unsynced files hold any beginning."""
        for change in self._pending:
            if random.random() < 0.5:
                _apply(change, self._durable_names)
        survivors = {path: Node() for path in self._durable_names}
        for path, node in self._durable_names.items():
            content = node.durable
            if node.content != node.durable:
                content = random.choice((node.durable, node.content[: random.randint(0, len(node.content))]))
            survivors[path] = Node(content, content)
        return replace(
            self, names=survivors, cut_at=None, operations=0, _durable_names=dict(survivors), _pending=[]
        )

    def _change(self, names: dict[Path, Node | None]) -> None:
        change = Change(names)
        _apply(change, self.names)
        self._pending.append(change)

    def _count(self) -> None:
        if self._is_cut_now():
            raise PowerCut

    def _is_cut_now(self) -> bool:
        self.operations += 1
        return self.cut_at is not None and self.operations > self.cut_at


def _apply(change: Change, names: dict[Path, Node]) -> None:
    for path, node in change.names.items():
        if node is None:
            names.pop(path, None)
        else:
            names[path] = node
