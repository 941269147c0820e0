"""A device in the test's hands: real disk and real HTTP, time and chance as the test wants them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from frameferry_station.captures import CaptureMeta, Seq
from frameferry_station.client import DeviceClient, activate
from frameferry_station.delivery import Delivery
from frameferry_station.device import CameraFailed, Device
from frameferry_station.files import DiskFiles
from frameferry_station.http import Answer, Connection, Content, Sender
from frameferry_station.identity import Identity
from frameferry_station.receipts import ReceiptVerifier
from frameferry_station.state import StateFolder
from frameferry_station.steps import Step, Uploaded

from tests.station.fake_cloud import CODE, FakeCloud

S = TypeVar("S", bound=Step)

START = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
META = CaptureMeta(START, ntp_synced=True)


def jpeg(number: int, size_bytes: int = 600) -> bytes:
    """Different bytes for each number; a JPEG for those who look at its ends only."""
    filling = hashlib.shake_128(str(number).encode()).digest(size_bytes - 4)
    return b"\xff\xd8" + filling + b"\xff\xd9"


class FakeTime:
    """A Clock that moves only when told."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.elapsed_s)

    def advance(self, seconds: float) -> None:
        self.elapsed_s += seconds


def longest(low: float, high: float) -> float:
    """Jitter at its worst."""
    return high


class NumberedPictures:
    """A camera whose pictures are `jpeg(0)`, `jpeg(1)`, ..., and none while its lens cap is on."""

    def __init__(self) -> None:
        self.taken = 0
        self.is_capped = False

    def take(self, at: datetime) -> bytes:
        if self.is_capped:
            raise CameraFailed("lens cap on")
        self.taken += 1
        return jpeg(self.taken - 1)


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


class WatchedFiles(DiskFiles):
    """Tells what is about to be removed. Syncs nothing: nobody cuts this disk's power, and waiting for it is slow."""

    def __init__(self, on_remove: Callable[[Path], None]) -> None:
        self._on_remove = on_remove

    def sync(self, path: Path) -> None: ...

    def sync_folder(self, folder: Path) -> None: ...

    def remove(self, path: Path) -> None:
        self._on_remove(path)
        super().remove(path)


@dataclass
class Rig:
    """One run of a device's program on a state folder; make another to restart it."""

    cloud: FakeCloud
    folder: Path
    time: FakeTime = field(default_factory=FakeTime)
    budget_bytes: int = 10**9
    life: Life = field(default_factory=Life)
    interval_s: float | None = None
    reset_reason: str = "power_on"
    on_step: Callable[[Step], object] = lambda _: None

    def __post_init__(self) -> None:
        self.steps: list[Step] = []
        self.removed: list[int] = []
        api, storage_connection = Connection(response_s=2.0), Connection(response_s=2.0)
        self.cloud.clients += [api, storage_connection]
        sender, storage = MortalSender(api, self.life), MortalSender(storage_connection, self.life)
        self.state = StateFolder(
            self.folder,
            budget_bytes=self.budget_bytes,
            utc=self.time.utc,
            observe=self._observe,
            files=WatchedFiles(self._about_to_remove),
        )
        identity = self.state.identity.identity or self._activated(sender)
        self.state.queue.raise_next_seq(identity.next_seq)
        self.client = DeviceClient(self.cloud.api_url, sender, self.state.identity)
        verifier = ReceiptVerifier(identity.device_id, identity.receipt_keys)
        self.pictures = NumberedPictures()
        self.device = Device(
            self.state,
            self.client,
            Delivery(self.client, storage, verifier, lambda seq: self._observe(Uploaded(seq))).deliver,
            self.pictures,
            clock=self.time,
            uniform=longest,
            observe=self._observe,
            space=lambda: (10**9, 10**10),
            interval_s=self.interval_s,
            reset_reason=self.reset_reason,
        )

    def put(self, *numbers: int) -> list[Seq]:
        return [self.state.queue.put(jpeg(number), META) for number in numbers]

    def work(self, seconds: float = 7200.0) -> None:
        """Upload, and let time pass whenever the device waits, until the queue is empty or `seconds` are over."""
        end_s = self.time.elapsed_s + seconds
        while self.device.end is None and self.time.elapsed_s < end_s:
            wait_s = self.device.upload_step()
            if not len(self.state.queue) and not len(self.state.outbox) and not self.cloud.commands:
                return
            self.time.advance(min(wait_s, end_s - self.time.elapsed_s))

    def told(self, kind: type[S]) -> list[S]:
        return [step for step in self.steps if isinstance(step, kind)]

    def restarted(self, life: Life | None = None) -> Rig:
        """Another run on the same state folder."""
        return Rig(self.cloud, self.folder, self.time, self.budget_bytes, life or Life(), self.interval_s)

    def _observe(self, step: Step) -> None:
        self.steps.append(step)
        self.on_step(step)

    def _activated(self, sender: Sender) -> Identity:
        code = CODE
        nonce = self.state.identity.begin(code, lambda size: bytes(size))
        activation = activate(self.cloud.api_url, sender, code=code, nonce=nonce, firmware_version="test")
        self.state.settings.change(activation.settings)
        return self.state.identity.complete(activation, code)

    def _about_to_remove(self, path: Path) -> None:
        """No capture file goes before the cloud holds its bytes, unless a test gave the queue too small a budget."""
        if path.suffix == ".capture" and path.exists():
            content = path.read_bytes().partition(b"\n")[2]
            assert self.cloud.holds(content) or self.budget_bytes < 10**9, f"{path.name} deleted without the cloud"
            self.removed.append(int(path.stem))
