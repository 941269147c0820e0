"""A day of 2,880 photos in the gallery."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewCamera, NewConsole
from tests.e2e.a_day_of_photos import PHOTOS, fill_a_day
from tests.e2e.people import DeviceCaller

MIDNIGHT = datetime(2026, 6, 2, 22, tzinfo=UTC)
"""In Berlin, where these browsers are."""
MOST_NODES = 500
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


@pytest.fixture
def full_day(cloud: LocalCloud, new_camera: NewCamera) -> tuple[DeviceCaller, int]:
    """The camera, and how many packs it sent."""
    camera: DeviceCaller = new_camera("Barn")
    return camera, fill_a_day(cloud, camera, MIDNIGHT, size=(160, 120))


def test_a_whole_day_is_scrolled_through_with_few_nodes_and_one_request_a_thumbnail_file(
    new_console: NewConsole, full_day: tuple[DeviceCaller, int]
) -> None:
    camera, packs = full_day
    console = new_console()
    page = console.page
    console.go("#/usage")  # the page after signing in shows thumbnails, too
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    asked: Counter[str] = Counter()
    page.on("request", lambda request: asked.update(_FILE.findall(request.url)))
    console.go(f"#/photos/2026-06-03/{camera.device_id}")
    expect(page.get_by_text(f"{PHOTOS:,} photos").first).to_be_visible()
    expect(page.locator(".grid img").first).to_be_visible()

    most_nodes = 0
    bottom = page.evaluate("document.documentElement.scrollHeight")
    for top in [*range(0, bottom - 800, _STEP_PX), bottom - 800]:
        page.evaluate(_SCROLL, top)
        most_nodes = max(most_nodes, page.evaluate(_NODES))

    assert most_nodes <= MOST_NODES
    assert len(asked) == asked.total() == packs
