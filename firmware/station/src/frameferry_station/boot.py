"""A boot: one run of the device, by which the server tells when a photo was taken that was taken without a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from frameferry_station.clock import Clock


@dataclass(frozen=True)
class Boot:
    """`boot_id` is 16 lower-case hex digits, random for each run."""

    boot_id: str
    clock: Clock = field(repr=False)
    began_at_s: float

    @property
    def uptime_ms(self) -> int:
        return int((self.clock.monotonic_s() - self.began_at_s) * 1000)


def begin(clock: Clock, entropy: Callable[[int], bytes]) -> Boot:
    return Boot(entropy(8).hex(), clock, clock.monotonic_s())
