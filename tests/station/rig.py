"""A device in the test's hands: time, chance, disk and network as the test wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from frameferry_station import boot
from frameferry_station.captures import CaptureMeta, Seq
from frameferry_station.client import DeviceClient, activate
from frameferry_station.device import CameraFailed, Device
from frameferry_station.files import DiskFiles, Files
from frameferry_station.http import Answer, Content, Sender
from frameferry_station.identity import Identity
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.queue import PackLimits
from frameferry_station.state import StateFolder
from frameferry_station.steps import Captured, Evicted, Poisoned, Renumbered, Step, Uploaded
from frameferry_station.uplink import Uplink

from tests.station.fake_cloud import CODE, FakeCloud, digest_of
from tests.station.fake_network import DirectSender
from tests.station.packs_on_card import read_as_the_cloud_does
from tests.station.samples import START, FakeTime, jpeg, longest

S = TypeVar("S", bound=Step)

A_LOT_BYTES = 10**9


class NumberedPictures:
    """A camera whose pictures are `photo(0)`, `photo(1)`, ..., and none while its lens cap is on."""

    def __init__(self, photo: Callable[[int], bytes] = jpeg) -> None:
        self.photo = photo
        self.taken = 0
        self.is_capped = False

    def take(self, at: datetime) -> bytes:
        if self.is_capped:
            raise CameraFailed("lens cap on")
        self.taken += 1
        return self.photo(self.taken - 1)


class Died(BaseException):
    """The process was killed. Nothing of the code under test may catch it."""


class MortalSender:
    """A Sender whose process dies before or after its request number `dies_at`, counted from 0 over all senders."""

    def __init__(self, sender: Sender, life: Life) -> None:
        self._sender = sender
        self._life = life

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        self._life.step()
        answer = self._sender.send(method, url, headers, content)
        self._life.step()
        return answer


@dataclass
class Life:
    """Counts steps and ends at one of them."""

    dies_at: int | None = None
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.dies_at is not None and self.steps > self.dies_at:
            raise Died


class UnsyncedFiles(DiskFiles):
    """Syncs nothing: nobody cuts this disk's power, and waiting for it is slow."""

    def sync(self, path: Path) -> None: ...

    def sync_folder(self, folder: Path) -> None: ...


@dataclass
class Rig:
    """One run of a device's program on a state folder; make another to restart it.

    `senders` makes the connections to the API and to S3. `kept` are the photos by seq that were
    taken and not told to be lost.
    """

    cloud: FakeCloud
    folder: Path
    senders: Callable[[], Sender] | None = None
    time: FakeTime = field(default_factory=FakeTime)
    files: Files = field(default_factory=UnsyncedFiles)
    budget_bytes: int = A_LOT_BYTES
    pack_captures: int = 3
    life: Life = field(default_factory=Life)
    interval_s: float | None = None
    reset_reason: str = "power_on"
    on_step: Callable[[Step], object] = lambda _: None
    clock_is_synced: Callable[[], bool] = lambda: True
    entropy: Callable[[int], bytes] = lambda size: b"\xb1" * size
    uniform: Callable[[float, float], float] = longest
    kept: dict[int, bytes] = field(default_factory=dict)
    photo: Callable[[int], bytes] = jpeg
    newest_first: bool = False

    def __post_init__(self) -> None:
        self.steps: list[Step] = []
        sender, storage = (MortalSender(self._sender(), self.life) for _ in range(2))
        self.state = StateFolder(self.folder, utc=self.time.utc, observe=self._observe, files=self.files)
        identity = self.state.identity.identity or self._activated(sender)
        self.boot = boot.begin(self.time, self.entropy)
        self.queue = self.state.queue(
            identity.device_id,
            self.boot.boot_id,
            budget_bytes=self.budget_bytes,
            limits=PackLimits(captures=self.pack_captures),
            entropy=self.entropy,
        )
        self.queue.raise_next_seq(identity.next_seq)
        self.client = DeviceClient(self.cloud.api_url, sender, self.state.identity)
        self.pictures = NumberedPictures(self.photo)
        uplink = Uplink(
            self.state,
            self.queue,
            self.client,
            storage,
            boot=self.boot,
            uniform=self.uniform,
            observe=self._observe,
            space=lambda: (10**9, 10**10),
            newest_first=self.newest_first,
            clock_is_synced=self.clock_is_synced,
            reset_reason=self.reset_reason,
        )
        self.device = Device(uplink, self.pictures, interval_s=self.interval_s)

    def put(self, *numbers: int) -> list[Seq]:
        return [self._put(number) for number in numbers]

    def work(self, seconds: float = 7200.0) -> None:
        """Sync and put, and let time pass whenever the device waits, until all is said or `seconds` are over."""
        end_s = self.time.elapsed_s + seconds
        while self.device.end is None and self.time.elapsed_s < end_s:
            wait_s = min(self.device.sync_step(), self.device.put_step())
            assert self.lost() == {}, "neither on the card nor in the cloud"
            if self.is_done:
                return
            self.time.advance(min(wait_s, end_s - self.time.elapsed_s))

    def lost(self) -> dict[int, bytes]:
        """Photos that are neither on the card nor, as far as a receipt could be given, in the cloud."""
        waiting = {seq for seqs in self.queue.waiting() for seq in range(seqs.first, seqs.last + 1)}
        gone = {seq: photo for seq, photo in self.kept.items() if seq not in waiting}
        if not isinstance(self.cloud, FakeCloud):  # another one that a test puts in its place
            return {seq: photo for seq, photo in gone.items() if not self.cloud.holds(photo)}
        held = self.cloud.digests()
        return {seq: photo for seq, photo in gone.items() if digest_of(photo) not in held}

    @property
    def is_done(self) -> bool:
        return not len(self.queue) and not len(self.state.outbox) and not self.cloud.commands

    def told(self, kind: type[S]) -> list[S]:
        return [step for step in self.steps if isinstance(step, kind)]

    def packs(self) -> list[QueuedPack]:
        return [self.queue.prepared(pack) for pack in self.queue.packs()]

    def captures(self) -> dict[int, bytes]:
        """What lies in sealed packs."""
        found: dict[int, bytes] = {}
        for pack in self.packs():
            found |= read_as_the_cloud_does(pack, b"".join(self.queue.chunks(pack)))
        return found

    def restarted(self, life: Life | None = None) -> Rig:
        """Another run on the same state folder."""
        return Rig(
            self.cloud,
            self.folder,
            self.senders,
            self.time,
            self.files,
            self.budget_bytes,
            self.pack_captures,
            life or Life(),
            self.interval_s,
            kept=self.kept,
            photo=self.photo,
        )

    def _put(self, number: int) -> Seq:
        seq = self.queue.put(jpeg(number), CaptureMeta(START, ntp_synced=True, uptime_ms=self.boot.uptime_ms))
        self.kept[seq] = jpeg(number)
        return seq

    def _sender(self) -> Sender:
        return self.senders() if self.senders else DirectSender(self.cloud)

    def _observe(self, step: Step) -> None:
        self.steps.append(step)
        if isinstance(step, Captured):
            self.kept[step.seq] = self.photo(self.pictures.taken - 1)
        elif isinstance(step, Renumbered) and step.old_seq in self.kept:
            self.kept[step.new_seq] = self.kept.pop(step.old_seq)
        elif isinstance(step, Evicted | Poisoned) and step.first_seq is not None and step.last_seq is not None:
            for seq in range(step.first_seq, step.last_seq + 1):
                self.kept.pop(seq, None)
        self.on_step(step)

    def _activated(self, sender: Sender) -> Identity:
        nonce = self.state.identity.begin(CODE, lambda size: bytes(size))
        activation = activate(self.cloud.api_url, sender, code=CODE, nonce=nonce, firmware_version="test")
        self.state.settings.change(activation.settings, activation.settings_version)
        return self.state.identity.complete(activation, CODE)


def held(rig: Rig, *numbers: int) -> dict[int, list[int]]:
    """Under which seqs each of these photos is held."""
    return {number: rig.cloud.holds(jpeg(number)) for number in numbers}


def as_they_were(*numbers: int) -> dict[int, list[int]]:
    return {number: [number] for number in numbers}


def firsts(steps: list[Uploaded]) -> list[int]:
    return [step.first_seq for step in steps]


def capture_for(rig: Rig, seconds: float) -> int:
    """How many pictures are taken in that time."""
    before, end_s = len(rig.told(Captured)), rig.time.elapsed_s + seconds
    while rig.time.elapsed_s < end_s:
        rig.time.advance(min(max(rig.device.capture_step(), 0.001), end_s - rig.time.elapsed_s))
    return len(rig.told(Captured)) - before
