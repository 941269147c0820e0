"""Several calls at a time, each in a thread of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import copy_context

_MOST_AT_ONCE = 8
_CALLS_A_CONNECTION = 4
"""Another connection costs a TLS handshake: fewer calls than this are made faster on one."""


def threads_for(calls: int) -> int:
    """How many are worth their connections."""
    return min(_MOST_AT_ONCE, math.ceil(calls / _CALLS_A_CONNECTION))


def at_once[T, R](call: Callable[[T], R], values: Sequence[T], /) -> list[R]:
    """AtOnce. Each call sees the caller's context variables. Of several that raise, the first one's error passes, when
    all have ended.
    """
    threads = threads_for(len(values))
    if threads <= 1:
        return [call(value) for value in values]
    from concurrent.futures import ThreadPoolExecutor  # 5 ms that only a request with many objects needs

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(copy_context().run, call, value) for value in values]
    return [future.result() for future in futures]
