"""The seq counter: which capture number comes next.

Its file only has to be ahead of the seqs that no pack tells of: it is written before the last pack that tells of the
largest seq goes, not at each capture.
"""

from __future__ import annotations

import errno
from pathlib import Path

from frameferry_station.captures import MAX_SEQ, Seq
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files


class SeqCounter:
    """Not thread-safe: the queue's lock is around it."""

    def __init__(self, path: Path, files: Files) -> None:
        self._file = JsonFile(path, files)
        self._kept = self._stored()
        self.next = self._kept

    def take(self) -> Seq:
        """Given once, whatever becomes of the capture: a write that fails half-way may have become durable.

        Raises OSError where no seq is left.
        """
        if self.next > MAX_SEQ:
            raise OSError(errno.EOVERFLOW, "no seq is left")
        self.next += 1
        return Seq(self.next - 1)

    def raise_to(self, seq: int) -> None:
        """Nothing below `seq` is given any more; until `keep`, that is not durable."""
        self.next = max(self.next, seq)

    def keep(self) -> None:
        """Durable once this returns. Raises OSError."""
        if self._kept < self.next:
            self._file.save({"next_seq": self.next})
            self._kept = self.next

    def _stored(self) -> int:
        try:
            return int((self._file.load() or {}).get("next_seq", 0))
        except StateDamaged:
            # Where the packs in the queue do not tell either, the server's answers put it right.
            return 0
