"""What the console makes of a camera's figures: its pure modules, run where they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser

from infra.local.cloud import LocalCloud
from tests.browser.console import Console

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""13:00 where the owner is."""
_CALL = """async ([module, name, args]) => {
  const app = document.querySelector("script[type=module]").src;
  return (await import(app.replace("/boot.", `/${module}.`)))[name](...args);
}"""

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(browser: Browser, running_cloud: LocalCloud) -> Iterator[Ask]:
    """`ask(module, function, *arguments)` as the page would; it keeps nothing of what it was asked."""
    with browser.new_context(locale="en-GB", timezone_id="Europe/Berlin") as context:
        console = Console(context.new_page(), running_cloud.api_url)
        console.open()
        yield lambda module, name, *arguments: console.page.evaluate(_CALL, [module, name, list(arguments)])


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def camera(**changes: object) -> dict[str, object]:
    """One that was heard of a minute ago."""
    settings = {"paused": False, "paused_until": None}
    seen = {"activated_at": text(NOW - timedelta(days=30)), "last_seen_at": text(NOW - timedelta(minutes=1))}
    return {"settings": settings} | seen | changes


def silent_for(silence: timedelta) -> dict[str, object]:
    return camera(last_seen_at=text(NOW - silence))


def visits(every: timedelta, count: int) -> list[int]:
    """When a camera was heard of that finds a network so often, before its latest silence."""
    return [ms(NOW - timedelta(days=2) - each * every) for each in range(count)]


def words(ask: Ask, device: dict[str, object], contacts: list[int]) -> tuple[str, str]:
    state = ask("camera-state", "cameraState", device, contacts, ms(NOW))
    said = ask("camera-words", "stateWords", state, ms(NOW))
    return said["chip"], said["more"]


def test_a_camera_is_online_asleep_or_overdue_against_its_own_rhythm(ask: Ask) -> None:
    often, seldom = visits(timedelta(hours=2), 20), visits(timedelta(days=1), 20)

    assert words(ask, camera(), often) == ("Online", "heard of 1 min ago")
    assert words(ask, silent_for(timedelta(hours=3)), often) == (
        "Asleep",
        "no network for 3 h; usually it is at most 2 h",
    )
    assert words(ask, silent_for(timedelta(hours=9)), often) == (
        "Overdue",
        "not heard of for 9 h; usually it is every 2 h",
    )
    assert words(ask, silent_for(timedelta(hours=9)), seldom)[0] == "Asleep"


def test_of_a_camera_without_a_rhythm_nothing_is_said_that_nobody_knows(ask: Ask) -> None:
    assert words(ask, silent_for(timedelta(days=1)), []) == ("Asleep", "no network for 1 d")
    assert words(ask, silent_for(timedelta(days=4)), []) == ("Overdue", "not heard of for 4 d")


def test_a_pause_is_told_with_its_end_and_one_that_has_ended_is_none(ask: Ask) -> None:
    def paused(**settings: object) -> str:
        return words(ask, camera(settings={"paused": False, "paused_until": None} | settings), [])[0]

    assert paused(paused=True) == "Paused until you resume it"
    assert paused(paused_until=text(NOW + timedelta(minutes=30))) == "Paused until 13:30"
    assert paused(paused_until=text(NOW + timedelta(days=1))) == "Paused until 5 Mar, 13:00"
    assert paused(paused_until=text(NOW - timedelta(minutes=1))) == "Online"


def test_a_revoked_and_an_unpaired_camera_are_neither_asleep_nor_overdue(ask: Ask) -> None:
    revoked = camera(revoked_at=text(NOW - timedelta(days=9)), last_seen_at=text(NOW - timedelta(days=10)))

    assert words(ask, revoked, [])[0] == "Revoked"
    assert words(ask, {"settings": {"paused": False, "paused_until": None}}, [])[0] == "Waiting to be paired"


def sample(minutes_ago: int, queue_depth: int) -> dict[str, object]:
    return {"reported_at": text(NOW - timedelta(minutes=minutes_ago)), "queue_depth": queue_depth}


@pytest.mark.parametrize(
    ("samples", "minutes"),
    [
        ([sample(0, 600), sample(10, 1200)], 10),
        ([sample(0, 1200), sample(10, 600)], None),
        ([sample(0, 0), sample(10, 600)], None),
        ([sample(0, 600), sample(600, 1200)], None),
        ([], None),
    ],
    ids=["it drains", "it fills", "it is empty", "nothing lately", "nothing known"],
)
def test_the_time_to_drain_follows_the_latest_hour(
    ask: Ask, samples: list[dict[str, object]], minutes: int | None
) -> None:
    assert ask("camera-state", "timeToDrainMs", samples) == (None if minutes is None else minutes * 60_000)


def test_what_a_camera_says_of_itself_is_told_and_the_rest_left_out(ask: Ask) -> None:
    health = {"battery_percent": 9, "rssi_dbm": -61, "queue_depth": 1204, "sd_free_bytes": 28e9, "sd_total_bytes": 31e9}

    facts = ask("camera-words", "healthFacts", health, 12 * 60_000)

    assert [fact["text"] for fact in facts] == [
        "1,204 photos to upload, about 12 min",
        "9 %",
        "good, -61 dBm",
        "28 GB of 31 GB free",
    ]
    assert [fact["name"] for fact in facts if fact["isPoor"]] == ["battery"]
    assert ask("camera-words", "healthFacts", None, None) == []


def test_every_unit_of_the_bill_counts_to_one_driver_and_the_shares_are_whole(ask: Ask) -> None:
    parts = ask(
        "usage-model", "drivers", {"s3_puts": 2, "s3_gets": 1, "write_units": 3, "logged_bytes": 0, "new_unit": 4}
    )

    assert {part["name"]: part["usd"] for part in parts} == {"objects": 3, "database": 3, "logs": 4}
    assert sum(part["share"] for part in parts) == pytest.approx(1)


def test_the_months_to_choose_from_are_thirteen_also_over_the_turn_of_the_year(ask: Ask) -> None:
    months = ask("usage-model", "months", ms(NOW))

    assert len(months) == 13
    assert [months[0], months[2], months[3], months[-1]] == ["2026-03", "2026-01", "2025-12", "2025-03"]


def test_a_chart_s_line_ends_where_nothing_was_heard_for_long_and_keeps_every_peak(ask: Ask) -> None:
    day_ms = 86_400_000
    points = [[at * 60_000, 5] for at in (*range(400), *range(1_000, 1_400))]
    points[200][1] = 99

    drawn = ask("charts", "plotted", points, {"fromMs": 0, "toMs": day_ms, "least": 0})

    assert len(drawn["lines"]) == 2
    assert (drawn["least"], drawn["most"]) == (0, 99)
    assert min(y for line in drawn["lines"] for _, y in line) == 0


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": "evicted", "details": {"first_seq": 81, "last_seq": 100}}, "20 photos: numbers 81 to 100"),
        ({"kind": "conflict", "details": {"seq": 7, "sha256": "ab", "object_key": "x"}}, "number 7"),
        ({"kind": "motion", "details": {"score": 0.82}}, "strength 0.82"),
        ({"kind": "error", "details": {"message": "<b>card</b>"}}, "<b>card</b>"),
        ({"kind": "resumed"}, ""),
    ],
)
def test_an_event_says_what_there_is_to_know(ask: Ask, event: dict[str, object], said: str) -> None:
    assert ask("log-words", "eventDetail", event) == said


def test_lines_of_a_log_that_follow_each_other_are_one_row_as_they_were_written(ask: Ask) -> None:
    def event(number: int, kind: str, **details: str) -> dict[str, object]:
        return {"event_id": str(number), "kind": kind, "occurred_at": str(number), "details": details}

    boot, error = event(9, "boot"), event(6, "error", message="no camera")
    lines = [event(number, "log", message=f"line {number}") for number in (8, 7, 5)]
    rows = ask("log-words", "rowsOf", [boot, *lines[:2], error, lines[2]])
    assert rows == [
        boot,
        {"event_id": "8", "kind": "log", "occurred_at": "8", "lines": ["line 7", "line 8"]},
        error,
        {"event_id": "5", "kind": "log", "occurred_at": "5", "lines": ["line 5"]},
    ]


def test_a_command_that_nobody_fetched_in_time_does_not_wait_any_more(ask: Ask) -> None:
    def told(status: str, expires_at: datetime) -> str:
        answer = ask("log-words", "stateOfCommand", {"status": status, "expires_at": text(expires_at)}, ms(NOW))
        return str(answer["text"])

    assert told("pending", NOW + timedelta(days=1)) == "waits for the camera"
    assert told("pending", NOW - timedelta(days=1)) == "never fetched"
    assert told("done", NOW - timedelta(days=1)) == "done"
