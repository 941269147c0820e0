"""Timeline rows: one per object, in the order in which a gallery shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.clock import to_text
from chalicelib.domain.ids import DeviceId, OwnerId, Seq, padded
from chalicelib.domain.item import Item


@dataclass(frozen=True)
class TimelineRow:
    """The captures of one object: a single, or a whole pack."""

    owner_id: OwnerId
    device_id: DeviceId
    first_seq: Seq
    last_seq: Seq
    captured_from: datetime
    captured_to: datetime
    object_key: str
    photos: int
    size_bytes: int
    rejected: int = 0
    thumbnail_key: str | None = None

    @property
    def position(self) -> str:
        """The sort key: `captured_from`, device and first seq, so that no two objects share a place."""
        return position(self.captured_from, self.device_id, self.first_seq)


def position(captured_from: datetime, device_id: DeviceId, first_seq: Seq) -> str:
    return f"{to_text(captured_from)}#{device_id}#{padded(first_seq)}"


def row_of_single(item: Item) -> TimelineRow:
    """The row of an item whose object holds nothing else."""
    return TimelineRow(
        owner_id=item.owner_id,
        device_id=item.device_id,
        first_seq=item.seq,
        last_seq=item.seq,
        captured_from=item.captured.at,
        captured_to=item.captured.at,
        object_key=item.object_key,
        photos=0 if item.reject_reason else 1,
        rejected=1 if item.reject_reason else 0,
        size_bytes=item.size_bytes or 0,
        thumbnail_key=item.thumbnail_key,
    )
