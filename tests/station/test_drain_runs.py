"""A camera's life by chance, many times: captures, syncs and uploads in any order, a network that fails in every
way, a server that is slow or at odds with the device, kills and power cuts. Nothing is lost, nothing is held twice, no
seq is given twice, and nothing leaves the card before the cloud holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from frameferry_station.errors import PackGone
from frameferry_station.steps import Evicted, Poisoned
from hypothesis import settings

from tests.station.fake_cloud import (
    FORGER,
    KEYS,
    PORTAL,
    CutBefore,
    CutBody,
    FakeCloud,
    Fault,
    LoseReply,
    Reply,
    api_error,
    s3_error,
)
from tests.station.packs_on_card import read_as_the_cloud_does
from tests.station.rig import A_LOT_BYTES, Rig
from tests.station.samples import FakeTime
from tests.station.simulated_disk import PowerCut, SimulatedDisk

LIVES = 6 * settings().max_examples
"""12,000 in a soak."""
STEPS = 60


def any_fault(random: Random) -> Fault:
    return random.choice(
        (
            CutBefore(),
            LoseReply(),
            CutBody(random.randint(0, 3000)),
            PORTAL,
            Reply(200),
            Reply(502, b"<html>bad gateway</html>"),
            api_error(500, "internal"),
            api_error(429, "rate_limited", Retry_After="7"),
            s3_error(403, "AccessDenied"),
            s3_error(503, "SlowDown"),
            s3_error(500, "InternalError"),
            s3_error(400, "RequestTimeout"),
            s3_error(409, "ConditionalRequestConflict"),
        )
    )


@dataclass
class Life:
    """One device and its cloud. `taken` is every photo that was acknowledged, by the seq that it got."""

    random: Random
    cloud: FakeCloud = field(default_factory=FakeCloud)
    time: FakeTime = field(default_factory=FakeTime)
    disk: SimulatedDisk = field(default_factory=SimulatedDisk)
    taken: dict[int, bytes] = field(default_factory=dict)
    kept: dict[int, bytes] = field(default_factory=dict)
    photos: int = 0

    def __post_init__(self) -> None:
        self.budget_bytes = self.random.choice((A_LOT_BYTES, A_LOT_BYTES, 30_000))
        self.pack_captures = self.random.randint(1, 5)
        self.start()

    def start(self) -> None:
        self.rig = Rig(
            self.cloud,
            Path("state"),
            time=self.time,
            files=self.disk,
            budget_bytes=self.budget_bytes,
            pack_captures=self.pack_captures,
            entropy=self.random.randbytes,
            uniform=self.random.uniform,
            kept=self.kept,
        )
        self.rig.pictures.taken = self.photos

    def live(self) -> None:
        deeds: list[Callable[[], object]] = [
            *[self.capture] * 4,
            *[self.sync] * 4,
            *[self.put] * 6,
            *[self.wait] * 3,
            *[self.network_fails] * 3,
            self.somebody_else_s_photo,
            self.urls_die,
            self.server_changes,
            self.kill,
            self.cut_power,
        ]
        for _ in range(STEPS):
            self.random.choice(deeds)()
            assert self.rig.lost() == {}, "neither on the card nor in the cloud"

    def capture(self) -> None:
        before = set(self.kept)
        self.photos += 1
        self.rig.device._capture()
        for seq in set(self.kept) - before:
            assert seq not in self.taken, "a seq was given twice"
            self.taken[seq] = self.kept[seq]

    def sync(self) -> None:
        self.rig.device.sync_step()

    def put(self) -> None:
        self.rig.device.put_step()

    def wait(self) -> None:
        self.time.advance(self.random.choice((0.1, 5, 61, 301)))

    def network_fails(self) -> None:
        self.cloud.script(self.random.choice(("sync", "put", "put")), any_fault(self.random))

    def somebody_else_s_photo(self) -> None:
        """As after a card was swapped, or a counter lost."""
        seq = self.rig.queue.next_seq + self.random.randint(-2, 2)
        if seq not in self.cloud.items:
            self.cloud.hold(seq, self.random.randbytes(40))

    def urls_die(self) -> None:
        self.cloud.expire_urls()

    def server_changes(self) -> None:
        self.cloud.is_slow = self.random.random() < 0.3
        self.cloud.signer = FORGER if self.random.random() < 0.2 else KEYS

    def kill(self) -> None:
        self.disk = self.disk.after_kill()
        self.start()
        self.look_at_the_card()

    def cut_power(self) -> None:
        self.disk.cut_at = self.disk.operations + self.random.randint(0, 12)
        try:
            for _ in range(20):
                self.random.choice((self.capture, self.sync, self.put))()
        except PowerCut:
            pass
        self.disk = self.disk.after_power_cut(self.random)
        self.start()
        self.look_at_the_card()

    def look_at_the_card(self) -> None:
        """A cut may have come between a new number and the word of it."""
        on_card = {photo: seq for seq, photo in self.on_card().items()}
        for seq, photo in list(self.kept.items()):
            if photo in on_card:
                self.kept[on_card[photo]] = self.kept.pop(seq)
        assert self.rig.lost() == {}, "lost in a restart"

    def on_card(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for waiting in self.rig.queue.packs():
            try:
                pack = self.rig.queue.prepared(waiting)
            except PackGone:
                continue
            found |= read_as_the_cloud_does(pack, b"".join(self.rig.queue.chunks(pack)))
        return found

    def end(self) -> None:
        """The network and the server are well, and stay so."""
        self.cloud.faults.clear()
        self.cloud.signer, self.cloud.is_slow = KEYS, False
        self.rig.work(8 * 3600)
        assert len(self.rig.queue) == 0
        assert self.cloud.damaged == set()
        assert self.rig.told(Poisoned) == []
        for photo in self.kept.values():
            assert len(self.cloud.holds(photo)) == 1, "held twice, or not at all"
        if self.budget_bytes == A_LOT_BYTES:
            assert len(self.kept) == len(self.taken)
            assert self.rig.told(Evicted) == []


@pytest.mark.parametrize("start", range(0, LIVES, 50))
def test_lives_by_chance(start: int) -> None:
    for seed in range(start, start + 50):
        try:
            life = Life(Random(seed))
            life.live()
            life.end()
        except AssertionError as error:
            raise AssertionError(f"life {seed}: {error}") from error
