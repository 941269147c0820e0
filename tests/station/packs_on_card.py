"""A queue on whatever disk a test has, and what is in it by the app's own reader of packs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from frameferry_station.captures import Seq, SeqRange
from frameferry_station.errors import PackGone
from frameferry_station.files import Files
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord
from frameferry_station.queue import PackLimits, PackQueue

from chalicelib.domain.ids import Seq as ItemSeq
from chalicelib.wire.object_keys import PackKey
from chalicelib.wire.packs import read_pack
from tests.station.samples import DEVICE_ID, META, jpeg

FOLDER = Path("queue")
ASIDE = FOLDER / "set-aside"
COUNTER = Path("seq.json")
BOOT_ID = "00000000000000b1"
THREE = PackLimits(captures=3)


@dataclass
class Told:
    """A Watcher that remembers, and calls `on_evict` before a range goes."""

    on_evict: Callable[[SeqRange], object] = lambda _: None
    packs: list[QueuedPack] = field(default_factory=list)
    evictions: list[SeqRange] = field(default_factory=list)
    skips: list[SeqRange] = field(default_factory=list)
    damages: list[tuple[str, SeqRange | None]] = field(default_factory=list)

    def kept(self, seq: Seq, sha256: str) -> None: ...

    def leaving(self, pack: QueuedPack) -> None: ...

    def sealed(self, pack: QueuedPack) -> None:
        self.packs.append(pack)

    def skipped(self, seqs: SeqRange) -> None:
        self.skips.append(seqs)

    def evicted(self, seqs: SeqRange) -> None:
        self.evictions.append(seqs)
        self.on_evict(seqs)

    def damaged(self, reason: str, seqs: SeqRange | None) -> None:
        self.damages.append((reason, seqs))


def opened(
    files: Files,
    told: Told | None = None,
    *,
    budget_bytes: int = 10**9,
    limits: PackLimits = THREE,
    folder: Path = FOLDER,
    device_id: str = DEVICE_ID,
    boot_id: str = BOOT_ID,
) -> PackQueue:
    return PackQueue(
        folder,
        folder.with_name(COUNTER.name),
        device_id=device_id,
        boot_id=boot_id,
        budget_bytes=budget_bytes,
        watcher=told or Told(),
        entropy=random.Random(1).randbytes,
        files=files,
        limits=limits,
    )


def in_packs(queue: PackQueue) -> dict[int, bytes]:
    """Every capture of the sealed packs that are whole, as the cloud would read them."""
    found: dict[int, bytes] = {}
    for waiting in queue.packs():
        try:
            pack = queue.prepared(waiting)
        except PackGone:
            continue
        found |= read_as_the_cloud_does(pack, b"".join(queue.chunks(pack)))
    return found


def all_captures(queue: PackQueue) -> dict[int, bytes]:
    """Those of the open pack too, by sealing it."""
    queue.seal()
    return in_packs(queue)


def read_as_the_cloud_does(pack: QueuedPack, body: bytes) -> dict[int, bytes]:
    """The captures of a pack in which not one fault is allowed."""
    assert (len(body), hashlib.sha256(body).hexdigest()) == (pack.size_bytes, pack.sha256)
    key = PackKey(DEVICE_ID, ItemSeq(pack.first_seq), ItemSeq(pack.last_seq), pack.sha256[:12])
    read = read_pack(body, key)
    assert (read.faults, [capture.fault for capture in read.captures]) == ((), [None] * pack.captures)
    return {capture.seq: body[capture.offset : capture.offset + capture.size_bytes] for capture in read.captures}


def put(queue: PackQueue, *numbers: int) -> list[Seq]:
    return [queue.put(jpeg(number), META) for number in numbers]


def records(queue: PackQueue) -> list[CaptureRecord]:
    told: list[CaptureRecord] = []

    def remember(record: CaptureRecord) -> bool:
        told.append(record)
        return False

    assert queue.forget(remember) == 0
    return told
