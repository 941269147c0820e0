"""Several calls at a time."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from chalicelib.stores.threads import at_once

_running: ContextVar[str] = ContextVar("running", default="nothing")


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_answers_come_in_the_order_of_the_values(count: int) -> None:
    assert at_once(lambda value: value * 2, range(count)) == [value * 2 for value in range(count)]


def test_sixteen_run_four_at_a_time() -> None:
    all_there = threading.Barrier(4, timeout=5)

    at_once(lambda _: all_there.wait(), range(16))

    assert not all_there.broken


def test_each_call_sees_the_callers_context() -> None:
    token = _running.set("a function")
    try:
        assert at_once(lambda _: _running.get(), range(5)) == ["a function"] * 5
    finally:
        _running.reset(token)


def test_the_first_error_passes_when_all_calls_have_ended() -> None:
    done = []

    def call(value: int) -> None:
        done.append(value)
        if value % 2:
            raise ValueError(value)

    with pytest.raises(ValueError, match="1"):
        at_once(call, range(8))

    assert sorted(done) == list(range(8))
