"""A day of all cameras with more photos than the API tells at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.answers import asked_for, device, device_id, has_cameras, refusal
from tests.browser.console import Console
from tests.e2e.packing import text

MIDNIGHT = datetime(2026, 6, 2, 22, tzinfo=UTC)
"""In Berlin."""
MOST = timedelta(hours=6)
QUARTER = timedelta(minutes=15)
PAUSED = (MIDNIGHT + timedelta(hours=5), MIDNIGHT + timedelta(hours=13))
EVICTED = (MIDNIGHT + timedelta(hours=17, minutes=50), MIDNIGHT + timedelta(hours=18, minutes=10))


def gaps(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Cut to the range, as the API does it."""
    whole: list[dict[str, Any]] = [
        {"device_id": device_id(1), "reason": "paused", "span": PAUSED},
        {"device_id": device_id(1), "reason": "evicted", "span": EVICTED, "first_seq": 5, "last_seq": 44, "count": 40},
    ]
    cut = [(gap, max(since, gap["span"][0]), min(until, gap["span"][1])) for gap in whole]
    told = [({**gap, "from": text(start), "to": text(end)}) for gap, start, end in cut if start < end]
    for gap in told:
        del gap["span"]
    return told


def timeline(route: Route) -> None:
    query = asked_for(route)[1]
    since, until = (datetime.fromisoformat(query[name]) for name in ("from", "to"))
    if until - since > MOST:
        route.fulfill(status=400, json=refusal("too_many_photos"))
        return
    times = [since + number * QUARTER for number in range((until - since) // QUARTER)]
    buckets = [{"from": text(at), "photos": 300} for at in times if not PAUSED[0] <= at < PAUSED[1]]
    route.fulfill(json={"bucket_s": 900, "buckets": buckets, "gaps": gaps(since, until)})


def test_a_day_with_more_photos_than_the_api_tells_at_once_is_shown_whole(console: Console) -> None:
    page = console.page
    has_cameras(page, device(1), device(2))
    asked: list[str] = []

    def answered(route: Route) -> None:
        asked.append(route.request.url)
        timeline(route)

    console.go("#/cameras")
    expect(page.locator(".card.camera")).to_have_count(2)
    page.route("**/api/timeline?*", answered)
    console.go("#/photos/2026-06-03")

    expect(page.get_by_text(f"{(24 - 8) * 4 * 300:,} photos").first).to_be_visible()
    assert len(set(asked)) == 3 + 4
    expect(page.locator(".stretch")).to_have_count(2)
    strip = page.get_by_role("slider", name="Time of day")
    strip.hover(position={"x": 0.75 * (strip.bounding_box() or {"width": 0})["width"], "y": 10})
    expect(page.locator(".bubble")).to_contain_text(re.compile("Card was full 17:50 . 18:10 · Camera 1 · 40 photos"))


def test_where_not_even_an_hour_is_told_one_camera_is_to_be_chosen(console: Console) -> None:
    page = console.page
    has_cameras(page, device(1), device(2))
    page.route("**/api/timeline?*", lambda route: route.fulfill(status=400, json=refusal("too_many_photos")))
    console.go("#/photos/2026-06-03")

    expect(page.get_by_role("alert")).to_contain_text("Choose one camera.")
    expect(page.get_by_label("Camera", exact=True)).to_be_visible()
