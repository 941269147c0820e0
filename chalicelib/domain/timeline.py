"""Timeline rows: one per object, in the order in which a gallery shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.clock import to_text
from chalicelib.domain.ids import DeviceId, OwnerId, Seq, padded
from chalicelib.domain.item import Item

MAX_SPAN = timedelta(days=1)
"""From a row's first capture to its last: who looks for rows that reach into a range looks no further than this."""

_STEP = re.compile(r"(\d+)([prd])(-?\d+)")


class Shown(StrEnum):
    """What a gallery has of a capture."""

    PHOTO = "p"
    REJECTED = "r"
    DELETED = "d"


_SHOWN = {each.value: each for each in Shown}


@dataclass(frozen=True)
class RowCapture:
    seq: Seq
    at: datetime
    shown: Shown


@dataclass(frozen=True)
class TimelineRow:
    """The captures of one object: a single, a whole pack, or those of a pack that lie within MAX_SPAN."""

    owner_id: OwnerId
    device_id: DeviceId
    first_seq: Seq
    last_seq: Seq
    captured_from: datetime
    captured_to: datetime
    object_key: str
    photos: int
    size_bytes: int
    """Of what is not deleted."""
    rejected: int = 0
    deleted: int = 0
    thumbnail_key: str | None = None
    steps: str = ""
    """Each capture, in the order of seq, as `<seq less the one before><p, r or d><milliseconds since the one before>`,
    with commas between; the first is measured from `first_seq` and `captured_from`. Empty: there is only one.
    """
    confidence: Confidence = Confidence.NTP
    """The worst of its captures."""
    boot_id: str | None = None
    """The run of the device in which a pack's first capture was taken, where it is known."""

    @property
    def position(self) -> str:
        """The sort key: `captured_to`, device and first seq; and which object it is, since two may come for one seq.

        A row that comes later in time begins no later than the next: newest first, rows are read until the next
        one ends before what is to be shown.
        """
        digest = blake2b(self.object_key.encode(), digest_size=4).hexdigest()
        return f"{place(self.captured_to, self.device_id, self.first_seq)}#{digest}"

    @property
    def count(self) -> int:
        """Of its captures, shown or not."""
        return self.photos + self.rejected + self.deleted

    def count_of(self, shown: Shown) -> int:
        return {Shown.PHOTO: self.photos, Shown.REJECTED: self.rejected, Shown.DELETED: self.deleted}[shown]

    @property
    def captures(self) -> tuple[RowCapture, ...]:
        if not self.steps:
            shown = Shown.DELETED if self.deleted else Shown.REJECTED if self.rejected else Shown.PHOTO
            return (RowCapture(self.first_seq, self.captured_from, shown),)
        return tuple(self._walked())

    def _walked(self) -> Iterator[RowCapture]:
        seq, at = int(self.first_seq), self.captured_from
        for seq_step, shown, ms in _STEP.findall(self.steps):
            seq, at = seq + int(seq_step), at + timedelta(milliseconds=int(ms))
            yield RowCapture(Seq(seq), at, _SHOWN[shown])


@dataclass(frozen=True)
class RowTotals:
    """What a row adds to a bill."""

    device_id: DeviceId
    photos: int
    rejected: int
    deleted: int
    size_bytes: int

    @property
    def count(self) -> int:
        return self.photos + self.rejected + self.deleted


def place(at: datetime, device_id: DeviceId, seq: Seq) -> str:
    """Captures sort by it: time, device, seq."""
    return f"{to_text(at)}#{device_id}#{padded(seq)}"


def row_of_single(item: Item) -> TimelineRow:
    """The row of an item whose object holds nothing else. A tombstone has one too: it tells why a seq is missing."""
    return TimelineRow(
        owner_id=item.owner_id,
        device_id=item.device_id,
        first_seq=item.seq,
        last_seq=item.seq,
        captured_from=item.captured.at,
        captured_to=item.captured.at,
        object_key=item.object_key,
        photos=int(_shown(item) is Shown.PHOTO),
        rejected=int(_shown(item) is Shown.REJECTED),
        deleted=int(item.is_deleted),
        size_bytes=0 if item.is_deleted else item.size_bytes or 0,
        thumbnail_key=None if item.is_deleted else item.thumbnail_key,
        confidence=item.captured.confidence,
    )


def rows_of_pack(items: Iterable[Item], *, boot_id: str | None = None) -> list[TimelineRow]:
    """The rows of the captures of one pack: one row, or as many as MAX_SPAN makes necessary.

    Items of the same pack always give the same rows, whatever became of some of them meanwhile.
    """
    return [_row_of_part(part, boot_id) for part in _within_span(sorted(items, key=lambda item: item.seq))]


def _within_span(items: Sequence[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    for item in items:
        times = [each.captured.at for each in (*part, item)]
        if part and max(times) - min(times) > MAX_SPAN:
            yield part
            part = []
        part.append(item)
    if part:
        yield part


def _row_of_part(items: Sequence[Item], boot_id: str | None) -> TimelineRow:
    first, shown = items[0], [_shown(item) for item in items]
    times = [item.captured.at for item in items]
    kept = [item for item in items if not item.is_deleted]
    return TimelineRow(
        owner_id=first.owner_id,
        device_id=first.device_id,
        first_seq=first.seq,
        last_seq=items[-1].seq,
        captured_from=min(times),
        captured_to=max(times),
        object_key=first.object_key,
        photos=shown.count(Shown.PHOTO),
        rejected=shown.count(Shown.REJECTED),
        deleted=shown.count(Shown.DELETED),
        size_bytes=sum(item.size_bytes or 0 for item in kept),
        thumbnail_key=next((item.thumbnail_key for item in kept if item.thumbnail_key), None),
        steps=",".join(_steps(items, min(times))),
        confidence=max((item.captured.confidence for item in items), key=lambda confidence: confidence.rank),
        boot_id=boot_id,
    )


def _steps(items: Sequence[Item], since: datetime) -> Iterator[str]:
    seq, at = items[0].seq, since
    for item in items:
        ms = round((item.captured.at - at) / timedelta(milliseconds=1))
        yield f"{item.seq - seq}{_shown(item)}{ms}"
        seq, at = item.seq, at + timedelta(milliseconds=ms)


def _shown(item: Item) -> Shown:
    if item.is_deleted:
        return Shown.DELETED
    return Shown.REJECTED if item.reject_reason else Shown.PHOTO
