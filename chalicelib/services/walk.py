"""The captures of rows that overlap in time, one after the other, newest first, and where a page of them stopped.

A row sorts by its last capture. So a capture is the next one as soon as it is newer than the end of the next row, and
a page goes on exactly if it is told above which row nothing is left, and which capture was the last.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.clock import from_text, to_text
from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.ids import DeviceId, Seq, is_device_id
from chalicelib.domain.timeline import RowCapture, Shown, TimelineRow, place

_SEPARATOR = "~"
_AFTER_ALL_OF_AN_INSTANT = "$"
"""Places go on with `#` after the instant, and this sorts behind it."""


@dataclass(frozen=True)
class Stop:
    """`above`: the position of the last row that has nothing left; `last`: the place of the last capture given."""

    above: str | None = None
    last: str | None = None


def stop_of(cursor: str | None) -> Stop:
    """Raises InvalidParameter for a cursor that no page gave; a wrong `above` is left to the store to refuse."""
    if cursor is None:
        return Stop()
    above, separator, last = cursor.partition(_SEPARATOR)
    if not separator or not (above or last) or (last and not _is_place(last)):
        raise InvalidParameter("cursor is not one that this route gave.")
    return Stop(above or None, last or None)


def _is_place(text: str) -> bool:
    parts = text.split("#")
    if len(parts) != 3 or not is_device_id(parts[1]) or not (parts[2].isascii() and parts[2].isdecimal()):
        return False
    try:
        return place(from_text(parts[0]), DeviceId(parts[1]), Seq(int(parts[2]))) == text
    except ValueError:
        return False


@dataclass(frozen=True)
class Seen:
    """A capture as its row tells it."""

    place: str
    row_number: int
    row: TimelineRow
    capture: RowCapture

    @property
    def key(self) -> tuple[DeviceId, Seq]:
        return self.row.device_id, self.capture.seq

    def __lt__(self, other: Seen) -> bool:
        return self.place < other.place


class Walk:
    """`rows` come newest first, from below `stop.above` on. Of captures those with since <= at < until are given, and
    none that is deleted.
    """

    def __init__(
        self, rows: Iterator[TimelineRow], stop: Stop, *, since: datetime | None, until: datetime | None, max_rows: int
    ) -> None:
        self._rows = rows
        self._begin = stop
        self._last = stop.last
        self._since, self._until = since, until
        self._max_rows = max_rows
        self._positions: list[str] = []
        self._waiting: list[Seen] = []
        """In the order of their places, the newest at the end."""
        self._ahead = next(rows, None)

    def take(self, limit: int) -> list[list[Seen]]:
        """Each capture as all rows tell of it: where these are several, a crash has left all but one of them.

        Fewer than `limit` at the end, and where more than `max_rows` would have to be read.
        """
        taken: list[list[Seen]] = []
        while len(taken) < limit and self._find():
            self._last = self._waiting[-1].place
            taken.append([])
            while self._waiting and self._waiting[-1].place == self._last:
                taken[-1].append(self._waiting.pop())
        return taken

    def cursor(self) -> str | None:
        """None where nothing is left."""
        if not self._find() and self._ahead is None:
            return None
        return f"{self._above() or ''}{_SEPARATOR}{self._last or ''}"

    def _find(self) -> bool:
        """Whether the next capture to give now waits at the end."""
        while True:
            if self._waiting and self._is_newer_than_all_ahead(self._waiting[-1]):
                return True
            if self._ahead is None or (len(self._positions) >= self._max_rows and self._has_come_further()):
                return False
            self._read_row(self._ahead)

    def _read_row(self, row: TimelineRow) -> None:
        number = len(self._positions)
        self._positions.append(row.position)
        for capture in row.captures:
            seen = Seen(place(capture.at, row.device_id, capture.seq), number, row, capture)
            if capture.shown is not Shown.DELETED and self._is_in_range(capture.at) and self._is_left(seen.place):
                insort(self._waiting, seen)
        self._ahead = next(self._rows, None)

    def _is_newer_than_all_ahead(self, seen: Seen) -> bool:
        return self._ahead is None or seen.place > to_text(self._ahead.captured_to) + _AFTER_ALL_OF_AN_INSTANT

    def _is_left(self, place: str) -> bool:
        return self._last is None or place < self._last

    def _is_in_range(self, at: datetime) -> bool:
        return (self._since is None or at >= self._since) and (self._until is None or at < self._until)

    def _has_come_further(self) -> bool:
        return self._last != self._begin.last or self._above() != self._begin.above

    def _above(self) -> str | None:
        first = min((seen.row_number for seen in self._waiting), default=len(self._positions))
        return self._positions[first - 1] if first else self._begin.above
