"""What the machine says of itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from frameferry_station.clock import Clock

THERMAL = Path("/sys/class/thermal")


@dataclass(frozen=True)
class Machine:
    """`began_at_s` is when the program started, by the clock's own count."""

    clock: Clock
    began_at_s: float
    clock_is_synced: Callable[[], bool]
    thermal: Path = THERMAL

    @property
    def uptime_s(self) -> float:
        return max(0.0, self.clock.monotonic_s() - self.began_at_s)

    def temperature_c(self) -> float | None:
        """Of the hottest zone; None where the kernel has no sensor."""
        found = []
        for zone in self.thermal.glob("thermal_zone*"):
            with suppress(OSError, ValueError):
                found.append(int((zone / "temp").read_text(encoding="ascii")) / 1000)
        return max(found, default=None)
