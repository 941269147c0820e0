"""The schedule: an EventBridge rule that invokes the reconciler, here every so many seconds."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from infra.local.lambda_runner import Event, LambdaFunction

_log = logging.getLogger(__name__)


class Schedule:
    """Invokes `function` every `interval_s` between `start` and `stop`, first after one interval.

    It is not tried again before its next time. `on_failure` gets the event and what the function raised.
    """

    def __init__(
        self,
        function: LambdaFunction,
        *,
        interval_s: float,
        on_failure: Callable[[Event, Exception], None] = lambda event, error: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._function = function
        self._interval_s = interval_s
        self._on_failure = on_failure
        self._now = now
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="schedule", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=2)

    def run_now(self) -> None:
        """Invoke at once, in this thread. Raises what the function raises."""
        event = scheduled_event(self._now())
        try:
            self._function.invoke(event)
        except Exception as error:
            self._on_failure(event, error)
            raise

    def _work(self) -> None:
        while not self._stopped.wait(self._interval_s):
            try:
                self.run_now()
            except Exception:
                _log.exception("%s failed", self._function.name)


def scheduled_event(at: datetime) -> Event:
    """The event of a rule with a rate (EventBridge User Guide, "Scheduled events")."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "local",
        "resources": ["arn:aws:events:local:000000000000:rule/reconcile"],
        "detail": {},
    }
