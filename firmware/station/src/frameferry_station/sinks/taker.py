"""What a lane says to a sink: the seam between who keeps photos and who delivers them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from frameferry_station.captures import Seq
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord
from frameferry_station.photos import SinkCounts, SourceName

SET_ASIDE_S = -math.inf
"""What nobody will take goes first, whenever it was written: else it would hide packs that are older."""


@dataclass(frozen=True)
class Waiting:
    """A pack that a sink is still to take, or a file that it has set aside.

    `since_s` is when its file was last written, in seconds since 1970 by the clock of then. Links share it, and a copy
    keeps it: the same pack is of the same age in a lane and in every sink. Of what is set aside it is SET_ASIDE_S.
    """

    lane: SourceName
    name: str
    size_bytes: int
    since_s: float

    def is_same(self, other: Waiting | None) -> bool:
        """By name; a photo that a sink has set aside may have the name of a pack."""
        if other is None or (self.lane, self.name) != (other.lane, other.name):
            return False
        return (self.since_s == SET_ASIDE_S) == (other.since_s == SET_ASIDE_S)


class Taker(Protocol):
    """One sink other than the cloud, which takes packs at once and delivers them in its own time. Thread-safe; no
    method waits for the network or for the sink's own disk.

    A pack is known by the seq in its file's name, whatever seqs its photos have got since, and a lane hands its packs
    over in the order of those. A lane that begins anew, without its old counter, begins above `taken_up_to`.
    """

    @property
    def name(self) -> str:
        """`s3`, `filesystem`, `http`: of its folder, and in metrics."""

    def take(self, lane: SourceName, path: Path, pack: QueuedPack) -> None:
        """The file is the sink's too, durably: as a hard link, or as a copy where the file system has none. A pack that
        was handed over before is not taken again, nor is one that was written anew since. Raises OSError.
        """

    def taken_up_to(self, lane: SourceName) -> Seq | None:
        """The highest seq in the name of a pack that was handed over, delivered or not; None where none was."""

    def oldest(self) -> Waiting | None:
        """What `give_up_oldest` would take: what is set aside first. None where nothing waits."""

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        """Bytes that the disk has back: 0 where another link holds the file, or where nothing waits. The photos are
        counted as evicted, and told. None where the oldest is not, or not any more, what was `offered`: then it stays.
        Raises OSError."""

    def forget(self, lane: SourceName, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        """These photos are not delivered any more; durable once this returns. Gives how many. Raises OSError."""

    def counts(self) -> SinkCounts:
        """Since the program started, and now."""
