from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def aside() -> Iterator[Callable[[Callable[[], object]], Callable[[], float]]]:
    """Runs something in a thread; what it gives back waits for the end of it and says how long that took."""
    threads: list[threading.Thread] = []

    def begin(work: Callable[[], object]) -> Callable[[], float]:
        errors: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        threads.append(thread)
        thread.start()

        def ended_after_s() -> float:
            began_s = time.monotonic()
            thread.join(20.0)
            if errors:
                raise errors[0]
            return time.monotonic() - began_s

        return ended_after_s

    yield begin
    for thread in threads:
        thread.join(20.0)
