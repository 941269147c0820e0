"""A camera and its cloud, whole, by chance and many times: the device's own program on a disk that loses power, the
app on stores whose processes die, a network that fails at any byte, events lost, late, twice and in any order.

Nothing is lost, nothing is held twice, nothing leaves the card before the cloud holds it, and where there is no photo
the timeline says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from frameferry_station.steps import Evicted, Poisoned
from hypothesis import settings

from chalicelib import wiring
from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.clock import to_text
from chalicelib.domain.gap_reasons import GapReason
from chalicelib.domain.item import ItemStatus
from tests.api.issuer import JwksServer
from tests.api.scene import OWNER, World, owner_client
from tests.property.whole_cloud import WholeCloud
from tests.station.rig import A_LOT_BYTES, Rig
from tests.station.samples import START, FakeTime
from tests.station.simulated_disk import PowerCut, SimulatedDisk
from tests.station.test_drain_runs import any_fault
from tests.tiny_jpegs import tiny_jpeg

LIVES = 2 * settings().max_examples
"""4,000 in a soak."""
STEPS = 50
A_DAY = timedelta(days=1)


def photo(number: int) -> bytes:
    """Another one for each number, with some bytes behind its end, as cameras leave them."""
    return tiny_jpeg(number) + number.to_bytes(8)


@dataclass
class Life:
    """`kept` is every photo that was acknowledged and not given up, by its seq; `numbers` are all that photos had."""

    random: Random
    cloud: WholeCloud
    time: FakeTime

    def __post_init__(self) -> None:
        self.disk = SimulatedDisk()
        self.kept: dict[int, bytes] = {}
        self.numbers: set[int] = set()
        self.photos = 0
        self.evicted = 0
        self.has_been_cut = False
        self.budget_bytes = self.random.choice((A_LOT_BYTES, A_LOT_BYTES, 30_000))
        self.pack_captures = self.random.randint(1, 5)
        self.start()

    def start(self) -> None:
        self.rig = Rig(
            self.cloud,  # type: ignore[arg-type]
            Path("state"),
            time=self.time,
            files=self.disk,
            budget_bytes=self.budget_bytes,
            pack_captures=self.pack_captures,
            entropy=self.random.randbytes,
            uniform=self.random.uniform,
            kept=self.kept,
            photo=photo,
            clock_is_synced=lambda: self.random.random() < 0.7,
        )
        self.rig.pictures.taken = self.photos

    def live(self) -> None:
        deeds: list[Callable[[], object]] = [
            *[self.capture] * 4,
            *[lambda: self.rig.device.sync_step()] * 4,
            *[lambda: self.rig.device.put_step()] * 6,
            *[lambda: self.cloud.work()] * 3,
            *[lambda: self.cloud.work(crash_at=self.random.randint(1, 25))] * 2,
            *[lambda: self.time.advance(self.random.choice((0.1, 5, 61, 301)))] * 3,
            *[lambda: self.cloud.script(self.random.choice(("sync", "put", "put")), any_fault(self.random))] * 3,
            self.somebody_elses_photo,
            self.cloud.expire_urls,
            self.restart,
            self.cut_power,
        ]
        for _ in range(STEPS):
            self.random.choice(deeds)()
            assert self.rig.lost() == {}, "neither on the card nor in the cloud"

    def capture(self) -> None:
        self.photos += 1
        self.rig.device._capture()
        self.numbers |= self.kept.keys()

    def somebody_elses_photo(self) -> None:
        """As after a card was swapped, or a counter lost."""
        seq = max(0, self.rig.queue.next_seq + self.random.randint(-2, 2))
        if self.cloud.world.items.get(self.rig_device_id, seq) is None:  # type: ignore[arg-type]
            self.cloud.hold(seq, photo(10**6 + self.photos * 1000 + seq))

    @property
    def rig_device_id(self) -> str:
        identity = self.rig.state.identity.identity
        assert identity is not None
        return identity.device_id

    def restart(self) -> None:
        self._remember()
        self.disk = self.disk.after_kill()
        self.start()
        self._look_at_the_card()

    def cut_power(self) -> None:
        self.has_been_cut = True
        self.disk.cut_at = self.disk.operations + self.random.randint(0, 12)
        try:
            for _ in range(20):
                self.random.choice((self.capture, self.rig.device.sync_step, self.rig.device.put_step))()
        except PowerCut:
            pass
        self._remember()
        self.disk = self.disk.after_power_cut(self.random)
        self.start()
        self._look_at_the_card()

    def _remember(self) -> None:
        self.evicted += len(self.rig.told(Evicted))
        assert self.rig.told(Poisoned) == []

    def _look_at_the_card(self) -> None:
        """A cut may have come between a new number and the word of it."""
        on_card = {photo: seq for seq, photo in self._on_card()}
        for seq, photo in list(self.kept.items()):
            if photo in on_card:
                self.kept[on_card[photo]] = self.kept.pop(seq)

    def _on_card(self) -> Iterator[tuple[int, bytes]]:
        for pack in self.rig.packs():
            body = b"".join(self.rig.queue.chunks(pack))
            known = {photo: seq for seq, photo in self.kept.items()}
            yield from self.rig.captures().items() if body and known else ()

    def end(self) -> None:
        """Network, disk and server are well, and stay so."""
        self.cloud.faults.clear()
        for _ in range(40):
            self.rig.work(1800)
            while self.cloud.events:
                self.cloud.work()
            if self.rig.is_done:
                break
        assert len(self.rig.queue) == 0, "the queue does not drain"
        self._remember()
        self.cloud.finish()
        self._check_photos()
        self._check_timeline()

    def _check_photos(self) -> None:
        for kept in self.kept.values():
            seqs = self.cloud.holds(kept)
            assert len(seqs) == 1, "held twice, or not at all"
            # Another photo may have taken its seq between its receipt and its event.
            assert seqs != [-1] or self.cloud.has_told_of_conflict(kept), "nobody has looked for it"
        items = self.cloud.world.items.all()
        assert {item.status for item in items} <= {ItemStatus.PROCESSED}
        assert all(item.pending_since is None for item in items)
        if self.budget_bytes == A_LOT_BYTES:
            assert self.evicted == 0

    def _check_timeline(self) -> None:
        since, until = START - A_DAY, START + 25 * A_DAY
        asked = {"from": since.isoformat(), "to": until.isoformat(), "bucket_s": 86_400}
        told = self.cloud.owner.get("/timeline", **asked).json
        shown = sum(one["photos"] for one in told["buckets"] if "photos" in one)
        assert shown == len(self.cloud.world.items.all()), "the timeline counts what there is"
        items = self.cloud.world.items.all()
        here = {int(item.seq) for item in items}
        sure = [to_text(item.captured.at) for item in items if item.captured.confidence.rank < Confidence.BOUNDED.rank]
        explained: set[int] = set()
        for gap in told["gaps"]:
            if gap["reason"] == GapReason.CLOCK_UNKNOWN:
                continue
            numbers = range(gap["first_seq"], gap["last_seq"] + 1) if "first_seq" in gap else range(0)
            if gap["reason"] == GapReason.MISSING:
                # Numbers that a conflict made the device skip, and a cut came before it could say so.
                assert self.has_been_cut, "a hole that nothing explains"
                assert self.numbers.isdisjoint(numbers), "a photo is missing"
            if gap["reason"] == GapReason.SKIPPED:
                assert self.numbers.isdisjoint(numbers), "a photo is missing, and said to be none"
            assert here.isdisjoint(numbers), "a gap of numbers that are here"
            assert numbers or not any(gap["from"] < at < gap["to"] for at in sure), f"photos in a {gap['reason']} gap"
            explained.update(numbers)
        assert self.numbers - here <= explained, "a number without a photo and without a gap"


@pytest.fixture(scope="module")
def keys() -> Iterator[JwksServer]:
    with pytest.MonkeyPatch.context() as environment, JwksServer("key-1") as server:
        environment.setenv("NO_PROXY", "127.0.0.1")
        yield server


@contextmanager
def a_life(seed: int, keys: JwksServer) -> Iterator[Life]:
    time, random = FakeTime(), Random(seed)
    world = World.with_keys_at(keys.url)
    wiring.install(world)
    try:
        yield Life(random, WholeCloud(world, owner_client(OWNER), time, random), time)
    finally:
        wiring.reset()


@pytest.mark.parametrize("start", range(0, LIVES, 20))
def test_lives_of_a_camera_and_its_cloud(start: int, keys: JwksServer) -> None:
    for seed in range(start, start + 20):
        try:
            with a_life(seed, keys) as life:
                life.live()
                life.end()
        except AssertionError as error:
            raise AssertionError(f"life {seed}: {error}") from error
