"""What the station takes of a Raspberry Pi: memory over 10,000 photos, and how much it writes to the card.

The program as it is installed, in a process of its own, with a snapshot camera, the LAN intake, the page, and two
sinks: a cloud, and a folder. Its photos have 40 KB. For the memory its camera is always due, so that days pass in
minutes: a photo is taken as soon as the one before it is durable. Memory is the resident set of the process (VmRSS).

For the card it takes a photo a second while the cloud keeps up, so that each photo goes up as a pack of its own: the
most that a photo costs. A second run has no cloud to talk to, so that photos gather in packs. The sink here is the
cloud alone. Syncs are counted as the program calls them; bytes are those that it had the system write (`write_bytes`
of /proc/<pid>/io), whole pages of 4 KiB; what a file system's journal adds is not in it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import REPORT, Row
from tests.station.fake_cloud import CODE, CutBefore, FakeCloud, Fault, Reply
from tests.station.fake_network import running as network_of
from tests.station.lanes.photographs import photograph
from tests.station.program.processes import (
    LIMIT_S,
    Manager,
    call,
    command,
    environment,
    free_port,
    settings,
    snapshot_camera,
)
from tests.station.whole.machine import Machine

PHOTOS = 10_000
FIRST = 100
SETTLED = 3000
"""By then all that is remembered of photos is full: 1,024 digests of the lane, and what the allocator keeps."""
PHOTO_BYTES = 40_000
CARD_PHOTOS = 40
MOST_MB = 60.0
MOST_GROWTH_MB = 0.5
_KEPT_OBJECTS = 50
_ALWAYS_DUE = (
    "from frameferry_station.cameras.turns import Turns\n"
    "Turns.due_in_s = lambda self, interval_s, *, is_wanted: 0.0\n"
    "from frameferry_station.program.main import console\n"
    "console()\n"
)
_TOML = """
[lan]
host = "127.0.0.1"
port = {}
upload_from = ["127.0.0.1"]
[[camera]]
name = "garden"
kind = "snapshot"
address = "{}"
interval_s = 1
"""


def rows() -> list[Row]:
    return [*_memory(), *_card()]


class _Cloud(FakeCloud):
    """It forgets what it gave receipts for long ago; `is_gone`: nobody is there."""

    is_gone = False

    def take_fault(self, route: str) -> Fault | None:
        self.requests.clear()
        self.syncs.clear()
        return CutBefore() if self.is_gone else super().take_fault(route)

    def _put(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        reply = super()._put(path, body, headers)
        for key in list(self.objects)[:-_KEPT_OBJECTS]:
            del self.objects[key]
        return reply


class _Counted:
    """How many photos the camera has given."""

    photos = 0

    def hand(self, jpeg: bytes) -> bytes:
        self.photos += 1
        return jpeg


@dataclass
class _Run:
    folder: Path
    process: subprocess.Popen[bytes]
    cloud: _Cloud
    machine: Machine
    camera: _Counted

    def until(self, photos: int) -> None:
        """Raises AssertionError where the camera is not asked any more."""
        given, since_s = self.camera.photos, time.monotonic()
        while self.camera.photos < photos:
            time.sleep(0.05)
            if self.camera.photos > given:
                given, since_s = self.camera.photos, time.monotonic()
            assert time.monotonic() - since_s < LIMIT_S, (self.folder / "log").read_text()

    @property
    def resident_mb(self) -> float:
        return self._kilobytes("status", "VmRSS") / 1024

    @property
    def peak_mb(self) -> float:
        return self._kilobytes("status", "VmHWM") / 1024

    @property
    def written_bytes(self) -> int:
        return self._kilobytes("io", "write_bytes")

    def _kilobytes(self, file: str, name: str) -> int:
        lines = Path(f"/proc/{self.process.pid}/{file}").read_text().splitlines()
        [value] = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
        return int(value)


@contextmanager
def _running(sinks: str, *, is_always_due: bool) -> Iterator[_Run]:
    """Paired, and at work."""
    with TemporaryDirectory() as name:
        folder, cloud, camera = Path(name), _Cloud(), _Counted()
        machine = Machine(folder)
        with network_of(cloud), snapshot_camera(camera.hand, 0, PHOTO_BYTES) as url:
            variables = {"STORAGE_BACKEND": sinks, "FRAMEFERRY_API_URL": cloud.api_url}
            if "filesystem" in sinks:
                variables["LOCAL_STORAGE_PATH"] = "photos"
            settings(folder, variables, _TOML.format(free_port(), url))
            assert call(folder, "pair", "station", CODE)[0] == 0
            started = [sys.executable, "-c", _ALWAYS_DUE, "--folder", str(folder), "run"]
            manager = Manager(folder / "notify")
            with (folder / "log").open("w") as log:
                process = subprocess.Popen(
                    started if is_always_due else command(folder, "run"),
                    env=environment(NOTIFY_SOCKET=str(folder / "notify"), **machine.variables),
                    stderr=log,
                )
                try:
                    manager.hears("READY=1")
                    yield _Run(folder, process, cloud, machine, camera)
                finally:
                    process.kill()
                    process.wait()
                    manager.close()


def _memory() -> list[Row]:
    with _running("cloud,filesystem", is_always_due=True) as run:
        began_s = time.monotonic()
        run.until(FIRST)
        first_mb = run.resident_mb
        run.until(SETTLED)
        settled_mb = run.resident_mb
        run.until(PHOTOS)
        last_mb, peak_mb = run.resident_mb, run.peak_mb
        rate = PHOTOS / (time.monotonic() - began_s)
    growth_mb = last_mb - settled_mb
    curve = f"{first_mb:.1f} after {FIRST}, {settled_mb:.1f} after {SETTLED}, {last_mb:.1f} after {PHOTOS}"
    return [
        Row("most memory of the station, one camera", peak_mb, "MB", f"<= {MOST_MB:g}", peak_mb <= MOST_MB, peer=curve),
        Row(
            f"its growth from photo {SETTLED} to {PHOTOS}",
            growth_mb,
            "MB",
            f"<= {MOST_GROWTH_MB:g}",
            growth_mb <= MOST_GROWTH_MB,
            peer=f"{rate:.0f} photos a second",
        ),
    ]


def _card() -> Iterator[Row]:
    for name, is_gone in (("the cloud keeps up", False), ("the cloud is gone", True)):
        with _running("cloud", is_always_due=False) as run:
            run.cloud.is_gone = is_gone
            run.until(2)
            syncs, written_bytes, before = run.machine.syncs, run.written_bytes, run.camera.photos
            run.until(before + CARD_PHOTOS)
            photos = run.camera.photos - before
            a_photo = (run.machine.syncs - syncs) / photos, (run.written_bytes - written_bytes) / photos
            size_bytes = len(photograph(0, PHOTO_BYTES))
        yield Row(f"syncs a photo of the station, {name}", a_photo[0], "", REPORT, True, floor="1")
        bytes_a_byte = a_photo[1] / size_bytes
        yield Row(f"bytes written a byte of photo, {name}", bytes_a_byte, "x", REPORT, True, floor="1")
