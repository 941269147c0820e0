"""Steps that are made again and again, each when it is due or when there is news."""

from __future__ import annotations

import threading
from collections.abc import Callable

from frameferry_station.clock import Clock

_LOOK_S = 0.2


def repeat(
    step: Callable[[], float],
    wake: threading.Event,
    clock: Clock,
    is_over: Callable[[], bool],
    *,
    look_s: float = _LOOK_S,
) -> None:
    """`step` gives the seconds until it is due again. A step over thousands of packs is not free: the next is made when
    it is due, or once `wake` is set. While it waits, it looks every `look_s` whether it is over.
    """
    while not is_over():
        due_at_s = clock.monotonic_s() + step()
        while not is_over() and not wake.is_set():
            wait_s = due_at_s - clock.monotonic_s()
            if wait_s <= 0:
                break
            wake.wait(min(wait_s, look_s))
        wake.clear()
