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
    """Invokes `function` every `interval_s` between `start` and `stop`, first after one interval."""

    def __init__(
        self,
        function: LambdaFunction,
        *,
        interval_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._function = function
        self._interval_s = interval_s
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
        self._function.invoke(scheduled_event(self._now()))

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
