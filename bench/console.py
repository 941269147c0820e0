"""The console with a day of 2,880 photos in Debian's Chromium, against the local cloud."""

from __future__ import annotations

import gzip
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from playwright.sync_api import Browser, Page, Request, sync_playwright

from bench.measure import REPORT, Row
from infra.local.cloud import LocalCloud
from tests.browser.console import Console
from tests.e2e.a_day_of_photos import PHOTOS, fill_a_day
from tests.e2e.people import DeviceCaller, OwnerCaller

DAY = datetime(2026, 6, 3, tzinfo=UTC)
TRACES = 3
LEAST_COMPRESSED_BYTES = 1024
"""`minimum_compression_size` of .chalice/config.json."""
_STEP_PX, _STEP_MS = 600, 300
_WATCH = """
window.longest = 0; window.most = 0;
new PerformanceObserver(list => {
    for (const task of list.getEntries()) longest = Math.max(longest, task.duration);
}).observe({type: "longtask", buffered: true});
setInterval(() => { most = Math.max(most, document.querySelectorAll(".grid, .grid *").length); }, 30);
"""
_FIRST_THUMBNAIL = """fragment => new Promise(done => {
    const since = performance.now();
    location.hash = fragment;
    const look = () => {
        const image = document.querySelector(".grid .cell img");
        if (image?.complete && image.naturalWidth) done(performance.now() - since);
        else requestAnimationFrame(look);
    };
    look();
})"""


def rows() -> list[Row]:
    chromium = shutil.which("chromium")
    with LocalCloud() as cloud, OwnerCaller(cloud.api_url, cloud.owner.token) as owner, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page_bytes, requests = _first_page(browser, cloud)
        with DeviceCaller(cloud.api_url, owner.pair("Barn")["pairing_code"]) as device:
            files = fill_a_day(cloud, device, DAY)
            fragment = f"#/photos/{DAY:%Y-%m-%d}/{device.device_id}"
        cloud.stats.reset()
        traces = [_scrolled(browser, cloud, fragment) for _ in range(TRACES)]
        fetched = cloud.stats.snapshot()["requests"]["s3:GET presigned"]["count"] / TRACES
        browser.close()
    first_ms, longest_ms, most_nodes = (statistics.median(each) for each in zip(*traces, strict=True))
    return [
        Row("first page, compressed, without photos", page_bytes / 1000, "kB", "<= 100", page_bytes <= 100_000),
        Row("the same", requests, "requests", REPORT, True),
        Row(f"first thumbnail of a day of {PHOTOS} photos", first_ms / 1000, "s", f"{REPORT}: <= 1", True),
        Row("longest task while it is scrolled through", longest_ms, "ms", f"{REPORT}: <= 100", True),
        Row("most nodes in its grid", most_nodes, "nodes", "<= 500", most_nodes <= 500),
        Row("thumbnail requests a thumbnail file", fetched / files, "requests", "1", fetched == files),
    ]


def _first_page(browser: Browser, cloud: LocalCloud) -> tuple[int, int]:
    """Bytes of all bodies, and how many there were, from the address to the gallery of somebody without a camera."""
    bodies: dict[str, bytes] = {}

    def keep(request: Request) -> None:
        answer = request.response()
        if "/api/" in request.url and answer is not None and answer.ok:
            bodies[request.url] = answer.body()

    with _window(browser) as page:
        page.on("requestfinished", keep)
        Console(page, cloud.api_url).sign_in_by_link(cloud.owner)
        page.get_by_text("No camera yet").wait_for()
    sizes = [len(gzip.compress(body)) if len(body) >= LEAST_COMPRESSED_BYTES else len(body) for body in bodies.values()]
    return sum(sizes), len(sizes)


def _scrolled(browser: Browser, cloud: LocalCloud, fragment: str) -> tuple[float, float, float]:
    """First thumbnail and longest task in ms, most nodes."""
    with _window(browser) as page:
        page.add_init_script(_WATCH)
        Console(page, cloud.api_url).sign_in_by_link(cloud.owner)
        page.wait_for_timeout(1_000)
        Console(page, cloud.api_url).go("#/usage")
        page.get_by_role("heading", name="Usage").wait_for()
        first_ms = page.evaluate(_FIRST_THUMBNAIL, fragment)
        page.evaluate("longest = 0")
        page.mouse.move(600, 500)
        for _ in range(0, page.evaluate("document.documentElement.scrollHeight"), _STEP_PX):
            page.mouse.wheel(0, _STEP_PX)
            page.wait_for_timeout(_STEP_MS)
        page.wait_for_timeout(2_000)
        return first_ms, page.evaluate("longest"), page.evaluate("most")


@contextmanager
def _window(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="UTC")
    yield context.new_page()
    context.close()
