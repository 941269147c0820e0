"""S3 events on their way to the processing function, as S3 and Lambda's asynchronous invocation bring them.

At least once, in no promised order. An event whose handling fails is tried twice more and then becomes
a dead letter (Lambda Developer Guide, "Asynchronous invocation"); AWS waits a minute and then two
between the tries, the local cloud a moment.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.local.api_server import TrafficCounter
from infra.local.faults import Faults
from infra.local.lambda_runner import Event, LambdaFunction
from infra.local.s3_events import S3Change, event_for

_log = logging.getLogger(__name__)
_HOLD_LIMIT_S = 0.5
_KIND = "event:process_object"


@dataclass(order=True, slots=True)
class _Delivery:
    due_s: float
    order: int
    event: Event = field(compare=False)
    attempt: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try; `is_last` says that no further one follows."""

    event: Event
    succeeded: bool
    is_last: bool


class EventDispatcher:
    """Takes the S3 front's changes and invokes `function` for those that AWS would.

    Only objects created in `bucket` count. `on_outcome` is called from a worker's thread after each
    try, `on_dead_letter` before it with an event that is given up on, its last error and the number of
    tries. Every delivery is counted as `event:process_object`, status 200 or 500, and an event given up
    on also as `event:dead_letter`.
    """

    def __init__(
        self,
        function: LambdaFunction,
        *,
        bucket: str,
        region: str,
        faults: Faults,
        stats: TrafficCounter,
        workers: int = 2,
        retry_delays_s: Sequence[float] = (0.2, 0.5),
        on_outcome: Callable[[Outcome], None] = lambda _: None,
        on_dead_letter: Callable[[Event, Exception, int], None] = lambda event, error, tries: None,
    ) -> None:
        self._function = function
        self._bucket = bucket
        self._region = region
        self._faults = faults
        self._stats = stats
        self._retry_delays_s = tuple(retry_delays_s)
        self._on_outcome = on_outcome
        self._on_dead_letter = on_dead_letter
        self._changed = threading.Condition()
        self._waiting: list[_Delivery] = []
        self._running = 0
        self._held: list[_Delivery] = []
        self._order = itertools.count()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"events-{number}", daemon=True) for number in range(workers)
        ]
        self.dead_letters: list[Event] = []
        self.events_dispatched = 0

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends after what runs now; what still waits is lost, as it would be nowhere but here."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=2)

    def submit(self, change: S3Change) -> None:
        """Never waits: the upload that caused the change is still to be answered."""
        event = event_for(change, self._region)
        if change.bucket != self._bucket or not _is_creation(event):
            return
        fault = self._faults.take_event_fault()
        due_s = time.monotonic() + fault.delay_s
        with self._changed:
            released, self._held = self._held, []
            for _ in range(fault.copies):
                delivery = _Delivery(due_s, next(self._order), event)
                if fault.reorder:
                    # Held until the next event has gone first; the limit is for a last event that has no next.
                    delivery.due_s += _HOLD_LIMIT_S
                    self._held.append(delivery)
                heapq.heappush(self._waiting, delivery)
            self._release(released, after_s=due_s)

    def settle(self, timeout_s: float) -> bool:
        """Wait until nothing waits (for a retry either) and nothing runs; False when time is up first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._running, timeout_s)

    def _release(self, held: list[_Delivery], after_s: float) -> None:
        for delivery in held:
            delivery.due_s, delivery.order = after_s, next(self._order)
        heapq.heapify(self._waiting)
        self._changed.notify_all()

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            try:
                self._deliver(delivery)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _next(self) -> _Delivery | None:
        """The next delivery when it is due; None when the dispatcher stops."""
        with self._changed:
            while not self._stopping:
                wait_s = self._waiting[0].due_s - time.monotonic() if self._waiting else None
                if wait_s is not None and wait_s <= 0:
                    self._running += 1
                    return heapq.heappop(self._waiting)
                self._changed.wait(wait_s)
        return None

    def _deliver(self, delivery: _Delivery) -> None:
        error = self._invoke(delivery.event)
        is_last = error is None or delivery.attempt == len(self._retry_delays_s)
        with self._changed:
            self.events_dispatched += 1
            if not is_last:
                due_s = time.monotonic() + self._retry_delays_s[delivery.attempt]
                retry = _Delivery(due_s, next(self._order), delivery.event, delivery.attempt + 1)
                heapq.heappush(self._waiting, retry)
            elif error is not None:
                self.dead_letters.append(delivery.event)
        if is_last and error is not None:
            self._count("event:dead_letter", delivery.event, 500)
            self._on_dead_letter(delivery.event, error, delivery.attempt + 1)
        self._on_outcome(Outcome(delivery.event, error is None, is_last))

    def _invoke(self, event: Event) -> Exception | None:
        try:
            self._function.invoke(event)
        except Exception as error:
            _log.exception("%s failed", self._function.name)
            self._count(_KIND, event, 500)
            return error
        self._count(_KIND, event, 200)
        return None

    def _count(self, kind: str, event: Event, status: int) -> None:
        self._stats.record(kind, bytes_in=len(json.dumps(event)), bytes_out=0, status=status)


def _is_creation(event: dict[str, Any]) -> bool:
    return any(str(record["eventName"]).startswith("ObjectCreated:") for record in event["Records"])
