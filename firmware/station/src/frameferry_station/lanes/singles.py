"""Captures that go to the cloud alone, beside the packs of a lane: what is a clip, and no photo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from frameferry_station.captures import CLIP_CONTENT_TYPE, Capture, CaptureMeta, Seq, SeqRange
from frameferry_station.client import DeviceClient
from frameferry_station.delivery import Delivery, Proved, Unproved
from frameferry_station.errors import Trouble
from frameferry_station.files import Files
from frameferry_station.http import Sender
from frameferry_station.lanes.lane import Lane
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.lanes.surroundings import Surroundings
from frameferry_station.packs import CaptureRecord
from frameferry_station.photos import NoSpace, SourceName, SourceUnpaired
from frameferry_station.receipts import ReceiptVerifier

UNDATED_AFTER_S = 1200.0
"""For so long a capture waits for a clock that nobody has set since the boot."""
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Single:
    """What names a capture for ever, and what is known of its time."""

    lane: SourceName
    device_id: str
    seq: Seq
    boot_id: str
    uptime_ms: int
    captured_at: datetime | None
    ntp_synced: bool

    @property
    def record(self) -> CaptureRecord:
        return CaptureRecord(self.seq, self.boot_id, self.uptime_ms, self.captured_at, self.ntp_synced)


@dataclass(frozen=True)
class FileBody:
    path: Path
    size_bytes: int
    sha256: str
    files: Files

    def chunks(self) -> Iterator[bytes]:
        """Raises OSError."""
        for offset in range(0, self.size_bytes, _PIECE_BYTES):
            yield self.files.read(self.path, offset, min(_PIECE_BYTES, self.size_bytes - offset))


class Singles:
    """`deliver` is called by one thread."""

    def __init__(self, lanes: Lanes, around: Surroundings) -> None:
        self._lanes = lanes
        self._around = around
        self._senders: tuple[Sender, Sender] | None = None

    def number(self, source: SourceName, ago_s: float) -> Single:
        """For a capture that began so long ago; the number is given once, whatever becomes of it. Raises SourceUnpaired
        and NoSpace."""
        lane = self._lanes.lane_of(source)
        if lane is None or lane.uplink is None:
            raise SourceUnpaired(f"neither {source} nor the station is paired: frameferry-station pair {source} CODE")
        boot, is_synced = self._around.boot, self._around.clock_is_synced()
        at = boot.clock.utc() - timedelta(seconds=ago_s) if is_synced else None
        uptime_ms = max(0, boot.uptime_ms - round(ago_s * 1000))
        try:
            return Single(lane.name, lane.device_id, lane.queue.take_seq(), boot.boot_id, uptime_ms, at, is_synced)
        except OSError as error:
            raise NoSpace(f"the disk does not take it: {error.strerror}") from None

    def renumbered(self, single: Single, next_seq: int) -> Single:
        """The cloud holds other bytes under its number. Raises Trouble and OSError."""
        lane = self._lane_of(single)
        lane.queue.raise_next_seq(next_seq)
        return replace(single, seq=lane.queue.take_seq())

    def dated(self, single: Single) -> Single | None:
        """With the time that it has for the cloud, once that is certain; None while the clock may still be set."""
        boot = self._around.boot
        if single.captured_at is not None or single.boot_id != boot.boot_id:
            return single
        ago = timedelta(milliseconds=boot.uptime_ms - single.uptime_ms)
        if self._around.clock_is_synced():
            return replace(single, captured_at=boot.clock.utc() - ago, ntp_synced=True)
        return single if ago.total_seconds() > UNDATED_AFTER_S else None

    def deliver(self, single: Single, body: FileBody) -> Proved | Unproved:
        """As `Delivery.deliver`; Trouble also where its lane is not paired, or is another device now."""
        lane = self._lane_of(single)
        identity = lane.state.identity.identity
        if identity is None or self._around.api_url is None:
            raise Trouble("its source is not paired")
        if self._senders is None:
            self._senders = self._around.connect(), self._around.connect()
        sender, storage = self._senders
        delivery = Delivery(
            DeviceClient(self._around.api_url, sender, lane.state.identity),
            storage,
            ReceiptVerifier(identity.device_id, identity.receipt_keys),
            lambda _: None,
        )
        meta = CaptureMeta(single.captured_at, single.ntp_synced, single.uptime_ms)
        capture = Capture(single.seq, meta, body.size_bytes, body.sha256, body, CLIP_CONTENT_TYPE)
        return delivery.deliver(capture)

    def evicted(self, single: Single) -> None:
        """It was given up before the cloud had it: a gap, and why."""
        lane = self._lanes.find(single.lane)
        if lane is not None and lane.device_id == single.device_id:
            lane.evicted(SeqRange(single.seq, single.seq))

    def _lane_of(self, single: Single) -> Lane:
        lane = self._lanes.find(single.lane)
        if lane is None or lane.device_id != single.device_id:
            raise Trouble("its source is another device now")
        return lane
