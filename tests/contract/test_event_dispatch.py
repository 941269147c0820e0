"""S3 events reach the processing function at least once, whatever befalls them, or are seen not to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import pytest

from infra.local.events import EventDispatcher, Outcome
from infra.local.faults import Delay, EventFaults, FaultPlan, Faults
from infra.local.lambda_runner import LambdaFunction, running_function
from infra.local.s3_events import S3Change
from infra.local.schedule import Schedule, scheduled_event
from infra.local.stats import Stats

RETRY_DELAYS_S = (0.01, 0.02)


class Processing:
    """Stands for the processing function: keeps the keys it saw, fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.keys: list[str] = []
        self.contexts: list[Any] = []
        self._failures = failures
        self._lock = threading.Lock()

    def __call__(self, event: Any, context: Any) -> None:
        with self._lock:
            self.keys.append(unquote_plus(event["Records"][0]["s3"]["object"]["key"]))
            self.contexts.append(context)
            if self._failures:
                self._failures -= 1
                raise RuntimeError("as told")


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def stats() -> Stats:
    return Stats()


Dispatch = Callable[..., EventDispatcher]


@pytest.fixture
def dispatch(faults: Faults, stats: Stats) -> Iterator[Dispatch]:
    """Starts a dispatcher for a handler; all are stopped at the end."""
    started: list[EventDispatcher] = []

    def start(handler: Callable[[Any, Any], Any], **options: Any) -> EventDispatcher:
        function = LambdaFunction(handler, "process_object", timeout_s=options.pop("timeout_s", 5.0))
        dispatcher = EventDispatcher(
            function,
            bucket="captures",
            region="eu-central-1",
            faults=faults,
            stats=stats,
            retry_delays_s=RETRY_DELAYS_S,
            **options,
        )
        dispatcher.start()
        started.append(dispatcher)
        return dispatcher

    yield start
    for dispatcher in started:
        dispatcher.stop()


def created(key: str, bucket: str = "captures", event_name: str = "ObjectCreated:Put") -> S3Change:
    return S3Change(
        bucket=bucket,
        key=key,
        version_id="v1",
        size_bytes=3,
        etag="e",
        event_name=event_name,
        sequencer="01",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_created_object_is_processed_once(dispatch: Dispatch, stats: Stats) -> None:
    processing = Processing()
    dispatcher = dispatch(processing)
    dispatcher.submit(created("devices/a b.jpg"))
    assert dispatcher.settle(5)
    assert processing.keys == ["devices/a b.jpg"]
    assert dispatcher.events_dispatched == 1
    assert stats.snapshot()["requests"]["event:process_object"]["statuses"] == {"200": 1}


@pytest.mark.parametrize(
    "change",
    [
        created("thumb", bucket="derived"),
        created("gone", event_name="ObjectRemoved:Delete"),
        created("gone", event_name="ObjectRemoved:DeleteMarkerCreated"),
    ],
)
def test_other_buckets_and_removals_start_nothing(dispatch: Dispatch, change: S3Change) -> None:
    processing = Processing()
    dispatcher = dispatch(processing)
    dispatcher.submit(change)
    dispatcher.submit(created("last"))
    assert dispatcher.settle(5)
    assert processing.keys == ["last"]


def test_uploader_does_not_wait_for_processing(dispatch: Dispatch) -> None:
    release = threading.Event()
    dispatcher = dispatch(lambda event, context: release.wait(5))
    dispatcher.submit(created("a"))
    assert not dispatcher.settle(0.05)
    release.set()
    assert dispatcher.settle(5)


def test_two_events_are_processed_at_the_same_time(dispatch: Dispatch) -> None:
    meeting = threading.Barrier(2)
    outcomes: list[Outcome] = []
    dispatcher = dispatch(lambda event, context: meeting.wait(5), on_outcome=outcomes.append)
    dispatcher.submit(created("a"))
    dispatcher.submit(created("b"))
    assert dispatcher.settle(10)
    assert [outcome.succeeded for outcome in outcomes] == [True, True]


@pytest.mark.parametrize("failures", [1, 2])
def test_failed_event_is_tried_again_until_it_succeeds(dispatch: Dispatch, failures: int) -> None:
    processing = Processing(failures)
    outcomes: list[Outcome] = []
    dispatcher = dispatch(processing, on_outcome=outcomes.append)
    dispatcher.submit(created("a"))
    assert dispatcher.settle(5)
    assert processing.keys == ["a"] * (failures + 1)
    assert [(o.succeeded, o.is_last) for o in outcomes] == [(False, False)] * failures + [(True, True)]
    assert dispatcher.dead_letters == []


def test_event_that_fails_three_times_is_a_dead_letter_and_counted(dispatch: Dispatch, stats: Stats) -> None:
    processing = Processing(failures=3)
    given_up: list[tuple[Any, str, int]] = []
    dispatcher = dispatch(
        processing, on_dead_letter=lambda event, error, tries: given_up.append((event, str(error), tries))
    )
    dispatcher.submit(created("a"))
    assert dispatcher.settle(5)
    assert given_up == [(dispatcher.dead_letters[0], "as told", 3)]
    requests = stats.snapshot()["requests"]
    assert processing.keys == ["a", "a", "a"]
    assert [event["Records"][0]["s3"]["object"]["key"] for event in dispatcher.dead_letters] == ["a"]
    assert requests["event:process_object"]["statuses"] == {"500": 3}
    assert requests["event:dead_letter"]["count"] == 1


def test_each_try_is_an_invocation_of_its_own(dispatch: Dispatch) -> None:
    processing = Processing(failures=1)
    dispatcher = dispatch(processing)
    dispatcher.submit(created("a"))
    assert dispatcher.settle(5)
    first, second = processing.contexts
    assert first.aws_request_id != second.aws_request_id
    assert first.function_name == "process_object"
    assert 0 < first.get_remaining_time_in_millis() <= 5000


def test_what_runs_in_an_invocation_knows_its_function_and_what_does_not_knows_none() -> None:
    invoked: list[str] = []
    inner = LambdaFunction(lambda event, context: running_function(), "inner", on_invoked=invoked.append)
    outer = LambdaFunction(
        lambda event, context: [running_function(), inner.invoke(event), running_function()],
        "outer",
        on_invoked=invoked.append,
    )
    assert outer.invoke({}) == ["outer", "inner", "outer"]
    assert running_function() is None
    assert invoked == ["outer", "inner"]


def test_function_that_overruns_is_tried_again(dispatch: Dispatch) -> None:
    release = threading.Event()
    dispatcher = dispatch(lambda event, context: release.wait(5), timeout_s=0.02)
    dispatcher.submit(created("a"))
    assert dispatcher.settle(5)
    release.set()
    assert dispatcher.events_dispatched == 3
    assert len(dispatcher.dead_letters) == 1


def test_dropped_event_never_arrives(dispatch: Dispatch, faults: Faults) -> None:
    faults.add(FaultPlan(events=EventFaults(drop=1)))
    processing = Processing()
    dispatcher = dispatch(processing)
    dispatcher.submit(created("lost"))
    dispatcher.submit(created("next"))
    assert dispatcher.settle(5)
    assert processing.keys == ["next"]


def test_duplicated_event_arrives_twice(dispatch: Dispatch, faults: Faults) -> None:
    faults.add(FaultPlan(events=EventFaults(duplicate=1)))
    processing = Processing()
    dispatcher = dispatch(processing)
    dispatcher.submit(created("twice"))
    dispatcher.submit(created("once"))
    assert dispatcher.settle(5)
    assert sorted(processing.keys) == ["once", "twice", "twice"]


def test_delayed_event_arrives_late_and_settle_waits_for_it(dispatch: Dispatch, faults: Faults) -> None:
    faults.add(FaultPlan(events=EventFaults(delay=Delay(count=1, seconds=0.1))))
    processing = Processing()
    dispatcher = dispatch(processing, workers=1)
    began_s = time.monotonic()
    dispatcher.submit(created("late"))
    dispatcher.submit(created("prompt"))
    assert dispatcher.settle(5)
    assert processing.keys == ["prompt", "late"]
    assert time.monotonic() - began_s >= 0.1


def test_reordered_event_arrives_after_the_next_one(dispatch: Dispatch, faults: Faults) -> None:
    faults.add(FaultPlan(events=EventFaults(reorder=1)))
    processing = Processing()
    dispatcher = dispatch(processing, workers=1)
    for key in ("first", "second", "third"):
        dispatcher.submit(created(key))
    assert dispatcher.settle(5)
    assert processing.keys.index("first") == processing.keys.index("second") + 1


def test_reordered_event_without_a_next_one_still_arrives(dispatch: Dispatch, faults: Faults) -> None:
    faults.add(FaultPlan(events=EventFaults(reorder=1)))
    processing = Processing()
    dispatcher = dispatch(processing)
    dispatcher.submit(created("alone"))
    assert dispatcher.settle(5)
    assert processing.keys == ["alone"]


def test_schedule_invokes_the_reconciler_again_and_again_in_spite_of_a_failure() -> None:
    times = threading.Semaphore(0)
    events: list[Any] = []

    def reconcile(event: Any, context: Any) -> None:
        events.append(event)
        times.release()
        if len(events) == 1:
            raise RuntimeError("first time")

    schedule = Schedule(LambdaFunction(reconcile, "reconcile"), interval_s=0.01)
    schedule.start()
    assert times.acquire(timeout=5)
    assert times.acquire(timeout=5)
    schedule.stop()
    assert events[0]["detail-type"] == "Scheduled Event"


def test_schedule_runs_at_once_on_demand_and_shows_its_failure() -> None:
    def reconcile(event: Any, context: Any) -> None:
        raise RuntimeError("seen by the caller")

    given_up: list[tuple[Any, Exception]] = []
    schedule = Schedule(
        LambdaFunction(reconcile, "reconcile"),
        interval_s=3600,
        on_failure=lambda event, error: given_up.append((event["source"], error)),
    )
    with pytest.raises(RuntimeError, match="seen by the caller") as seen:
        schedule.run_now()
    assert given_up == [("aws.events", seen.value)]


def test_scheduled_event_names_its_time_in_utc() -> None:
    assert scheduled_event(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))["time"] == "2026-01-02T03:04:05Z"
