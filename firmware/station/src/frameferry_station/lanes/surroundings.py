"""What lanes are given from outside: disk, time, chance and network, as the program or a test wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from frameferry_station.backoff import Uniform
from frameferry_station.boot import Boot
from frameferry_station.files import Files
from frameferry_station.http import Sender
from frameferry_station.identity import Entropy
from frameferry_station.queue import PackLimits


@dataclass(frozen=True)
class Surroundings:
    """`folder` is the station's state. `connect` makes a connection of its own for each who asks. `space` gives free
    and total bytes of the disk. `api_url` is None where the cloud is no sink."""

    folder: Path
    files: Files
    boot: Boot
    entropy: Entropy
    uniform: Uniform
    connect: Callable[[], Sender]
    space: Callable[[], tuple[int, int]]
    clock_is_synced: Callable[[], bool]
    api_url: str | None = None
    limits: PackLimits = field(default_factory=PackLimits)
