"""How things are measured, and the row that every figure becomes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]
"""Seconds since some moment."""
REPORT = "report"
"""The target of a figure that has none: it is always ok."""


@dataclass(frozen=True)
class Row:
    """One figure. `peer` says what it is compared with, `floor` what nothing of its kind can beat; both for reading."""

    name: str
    value: float
    unit: str
    target: str
    ok: bool
    peer: str = ""
    floor: str = ""


def seconds(call: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    start = clock()
    call()
    return clock() - start


def median_s(call: Callable[[], object], rounds: int = 31, clock: Clock = time.perf_counter) -> float:
    return statistics.median(seconds(call, clock) for _ in range(rounds))


def interleaved_ratio(
    ours: Callable[[], object], peer: Callable[[], object], rounds: int = 31, clock: Clock = time.perf_counter
) -> float:
    """Peer's time over ours: above 1, ours is faster. The median over pairs that run one right after the other,
    so that whatever else the machine does weighs on both alike; the first pair only warms up.

    Where one of them is long enough to lose its core to others and the other is not, only CPU time tells:
    `time.process_time`.
    """
    ratios = []
    for round_ in range(rounds + 1):
        if round_ % 2:
            ours_s, peer_s = seconds(ours, clock), seconds(peer, clock)
        else:
            peer_s, ours_s = seconds(peer, clock), seconds(ours, clock)
        ratios.append(peer_s / ours_s)
    return statistics.median(ratios[1:])
