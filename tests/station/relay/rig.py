"""Relays in the test's hands, and what their files hold."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frameferry_station.backoff import Uniform
from frameferry_station.clock import Clock, SystemClock
from frameferry_station.files import DiskFiles
from frameferry_station.photos import SourceName
from frameferry_station.relay.left_behind import LeftBehind
from frameferry_station.relay.relay import RelayStatus
from frameferry_station.relay.running import Relays, World, start
from frameferry_station.relay.watch import Patience
from frameferry_station.settings import RelayKind, RelaySettings

from tests.station.cameras.fake_photos import GARDEN, FakePhotos

QUICK = Patience(start_s=10.0, stalled_s=4.0)
LONG_S = 40.0
"""For what takes a second or two where nobody else works on the machine."""


def until(is_so: Callable[[], object], within_s: float = LONG_S) -> bool:
    """Whether it came to be so."""
    deadline_s = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def _soon(_: float, high: float) -> float:
    return min(high, 0.2)


@dataclass
class Rig:
    """`relays` runs one relay named garden, until the end of its block."""

    folder: Path
    photos: FakePhotos = field(default_factory=FakePhotos)
    ffmpeg: str = "ffmpeg"
    patience: Patience = QUICK
    silence_s: float = 2.0
    uniform: Uniform = _soon
    clock: Clock = field(default_factory=SystemClock)
    announced: list[tuple[SourceName, str]] = field(default_factory=list)

    @property
    def target(self) -> Path:
        return self.folder / "target"

    def world(self, **others: Any) -> World:
        return World(
            self.folder / "state",
            clock=self.clock,
            uniform=self.uniform,
            ffmpeg=self.ffmpeg,
            patience=self.patience,
            silence_s=self.silence_s,
            **others,
        )

    @contextmanager
    def relays(self, kind: RelayKind, url: str, target: str | None = None, **others: Any) -> Iterator[Relays]:
        settings = RelaySettings(GARDEN, kind, url, target or str(self.target), **others)
        relays = start([settings], self.photos, self.world(), self._announce)
        try:
            yield relays
        finally:
            relays.stop(10.0)

    def left_behind(self) -> LeftBehind:
        return LeftBehind(self.folder / "state/relays/garden.json", DiskFiles())

    def running_pid(self) -> int:
        return int(json.loads((self.folder / "state/relays/garden.json").read_text())["pid"])

    def segments(self) -> list[str]:
        return sorted(path.name for path in self.target.glob("*.mp4"))

    def program(self, text: str) -> None:
        """A Python program in ffmpeg's place. It leaves a line in `starts` each time, once it is ready for signals."""
        path = self.folder / "ffmpeg"
        head = "import os, signal, sys, time\nsys.stdin.read()\n"
        tail = f"\nopen({str(self.folder / 'starts')!r}, 'a').write('x\\n')\n"
        path.write_text(f"#!{sys.executable} -S\n{head}{text.replace('READY', tail)}")
        path.chmod(0o755)
        self.ffmpeg = str(path)

    def starts(self) -> int:
        path = self.folder / "starts"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def _announce(self, name: SourceName, path: Path) -> None:
        self.announced.append((name, path.name))


def status(relays: Relays) -> RelayStatus:
    [status] = relays.statuses()
    return status


def runs(relays: Relays) -> bool:
    return until(lambda: status(relays).state == "running")


def probed(source: Path | str) -> dict[str, Any]:
    """What ffprobe says of the first stream and the whole; every packet is read."""
    command = [*("ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json")]
    said = subprocess.run([*command, str(source)], capture_output=True, check=True, timeout=60)
    found = json.loads(said.stdout)
    stream = found["streams"][0]
    return {
        "codec": stream["codec_name"],
        "size": (stream["width"], stream["height"]),
        "packets": int(stream["nb_read_packets"]),
        "duration_s": float(found["format"]["duration"]),
        "streams": found["streams"],
    }


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
