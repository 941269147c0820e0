"""Up to where a lane has handed its packs to a sink."""

from __future__ import annotations

from pathlib import Path

from frameferry_station.captures import Seq
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.sinks.aside import Aside


class HandedOver:
    """The packs that are there tell of themselves; the file is written before the last one that does so goes. The
    shelf's lock is around it."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._file = JsonFile(folder / "cursor.json", files)
        self.aside = Aside(folder / "set-aside", files)
        self.up_to: Seq | None = None
        """In the names of packs: what is in one may have got higher seqs since it was begun."""
        self._kept: Seq | None = None
        try:
            stored = (self._file.load() or {}).get("up_to")
        except StateDamaged:
            stored = None
        if stored is not None:
            self.up_to = self._kept = Seq(stored)

    def raise_to(self, seq: Seq) -> None:
        self.up_to = seq if self.up_to is None else max(self.up_to, seq)

    def keep(self) -> None:
        """Durable once this returns. Raises OSError."""
        if self.up_to is not None and self.up_to != self._kept:
            self._file.save({"up_to": self.up_to})
            self._kept = self.up_to
