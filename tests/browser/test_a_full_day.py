"""A day of 2,880 photos in the gallery. The answers are the test's; bench/console.py has such a day in the cloud."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from playwright.sync_api import Page, Route, expect

from infra.local.cloud import LocalCloud
from tests.browser.answers import asked_for, device, device_id, has_cameras, page_of
from tests.browser.conftest import NewConsole
from tests.e2e.a_day_of_photos import INTERVAL, PACK, PHOTOS, landscape
from tests.e2e.packing import text

MIDNIGHT = datetime(2026, 6, 2, 22, tzinfo=UTC)
"""In Berlin, where these browsers are."""
MOST_NODES = 500
BUCKET = timedelta(minutes=15)
_STEP_PX = 700
"""Less than a window is high: no photo is passed over."""
_FILE = re.compile(r"/thumbnails/packs/[^?]+")
_NODES = "() => document.querySelectorAll('.grid, .grid *').length"
_SCROLL = """top => new Promise(done => {
    scrollTo(0, top);
    const isShown = y => {
        const row = document.elementsFromPoint(200, y).map(each => each.closest(".grid .row")).find(Boolean);
        return row && [...row.querySelectorAll(".cell")].every(cell => cell.querySelector("img"));
    };
    const look = () => ([0.3, 0.6, 0.9].every(share => isShown(share * innerHeight)) ? done() : setTimeout(look, 30));
    requestAnimationFrame(() => requestAnimationFrame(look));
})"""
"""Done when photos, or what stands between them, are to be seen at the top, in the middle and below."""


class FullDay:
    """Of a camera that took a photo each half minute and sent them in packs of 20."""

    def __init__(self, s3_url: str) -> None:
        self._thumbnail = landscape(24, (160, 120))
        self.files = [f"thumbnails/packs/{first:016d}.bin" for first in range(0, PHOTOS, PACK)]
        self._urls = {name: f"{s3_url}/derived/{name}?X-Amz-Signature=0" for name in self.files}
        self._items = [self._item(seq) for seq in reversed(range(PHOTOS))]

    def answer(self, page: Page) -> None:
        has_cameras(page, device(1, name="Barn"))
        page.route("**/api/items?*", self._tell_items)
        page.route("**/api/timeline?*", self._tell_timeline)
        allowed = {"Access-Control-Allow-Origin": "*"}
        page.route(_FILE, lambda route: route.fulfill(body=self._thumbnail * PACK, headers=allowed))

    def _item(self, seq: int) -> dict[str, Any]:
        place = {"object_key": self.files[seq // PACK], "length": len(self._thumbnail)}
        return {
            "item_id": f"item-{seq}",
            "device_id": device_id(1),
            "seq": seq,
            "status": "processed",
            "captured_at": text(MIDNIGHT + seq * INTERVAL),
            "captured_at_confidence": "ntp",
            "created_at": text(MIDNIGHT + seq * INTERVAL),
            "thumbnail": place | {"offset": seq % PACK * len(self._thumbnail)},
        }

    def _tell_items(self, route: Route) -> None:
        query = asked_for(route)[1]
        within = [each for each in self._items if query["from"] <= each["captured_at"] < query["to"]]
        told = within[: int(query["limit"])]
        urls = {name: self._urls[name] for name in {each["thumbnail"]["object_key"] for each in told}}
        cursor = "more" if len(told) < len(within) else None
        in_an_hour = text(datetime.now(UTC) + timedelta(hours=1))
        route.fulfill(json=page_of(*told) | {"urls": urls, "urls_expire_at": in_an_hour, "cursor": cursor})

    def _tell_timeline(self, route: Route) -> None:
        query = asked_for(route)[1]
        times = [each["captured_at"] for each in reversed(self._items)]
        taken = [at for at in times if query["from"] <= at < query["to"]]
        buckets = [{"from": part[0], "photos": len(part)} for part in batched(taken, BUCKET // INTERVAL)]
        route.fulfill(json={"bucket_s": int(BUCKET.total_seconds()), "buckets": buckets, "gaps": []})


def test_a_whole_day_is_scrolled_through_with_few_nodes_and_one_request_a_thumbnail_file(
    new_console: NewConsole, cloud: LocalCloud
) -> None:
    day = FullDay(cloud.s3_url)
    console = new_console()
    page = console.page
    console.go("#/usage")  # the page after signing in shows thumbnails, too
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    day.answer(page)
    asked: Counter[str] = Counter()
    console.hear("request", lambda request: asked.update(_FILE.findall(request.url)))
    console.go(f"#/photos/2026-06-03/{device_id(1)}")
    expect(page.get_by_text(f"{PHOTOS:,} photos").first).to_be_visible()
    expect(page.locator(".grid img").first).to_be_visible()

    most_nodes = 0
    bottom = page.evaluate("document.documentElement.scrollHeight")
    for top in [*range(0, bottom - 800, _STEP_PX), bottom - 800]:
        page.evaluate(_SCROLL, top)
        most_nodes = max(most_nodes, page.evaluate(_NODES))

    assert most_nodes <= MOST_NODES
    assert len(asked) == asked.total() == len(day.files)
