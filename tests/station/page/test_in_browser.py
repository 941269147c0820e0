"""The page in Debian's Chromium: what is on it, that nothing in a name runs, and that nobody is kept out."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from frameferry_station.clock import SystemClock
from frameferry_station.page.admission import Doorkeeper
from frameferry_station.page.app import PHOTOS_ON_A_PAGE, Shown, create_app
from frameferry_station.page.health import HealthCheck
from frameferry_station.page.local_photos import FolderPhotos
from frameferry_station.page.machine_health import Machine
from frameferry_station.photos import SourceName, SourcePaused
from frameferry_station.program.web_page import PageServer
from frameferry_station.scene import Scene
from frameferry_station.settings import PageSettings
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.station.page.fake_report import GARDEN, GATE, FakeReport, FakeStream, FakeStreams, NoGuesses, counts, news

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
HOSTILE = '<img src=x onerror="window.ran=1">'
DESKTOP, PHONE = (1280, 800), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "the tests of the page need Debian's chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    small = io.BytesIO()
    with Image.open(io.BytesIO(Scene(21).take(SystemClock().utc().replace(hour=12)))) as picture:
        picture.resize((640, 480)).save(small, "JPEG")
    return small.getvalue()


@pytest.fixture
def report(jpeg: bytes) -> FakeReport:
    now = SystemClock().utc()
    return FakeReport(
        [
            news(GARDEN, now - timedelta(seconds=7), accepted=1234, latest_jpeg=jpeg),
            news(GATE, now - timedelta(hours=3), accepted=3, paused=SourcePaused(None), latest_jpeg=jpeg),
            news(SourceName("lan-a0b1c2d3e4f5"), error=f"{HOSTILE} refuses the password"),
        ],
        [
            counts("cloud", delivered=1200, waiting=34, waiting_bytes=9_000_000, oldest_at=now, last_error=HOSTILE),
            counts("filesystem", delivered=1234),
            counts("http", delivered=9, waiting=2, oldest_at=now, stuck=2, stuck_because=f"{HOSTILE} answers 403"),
        ],
    )


@pytest.fixture
def url(report: FakeReport, tmp_path: Path, jpeg: bytes) -> Iterator[str]:
    for number in range(PHOTOS_ON_A_PAGE + 2):
        path = tmp_path / f"photos/garden/2026/05/04/2026-05-04T12-{number:02}-00Z_{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg)
    (tmp_path / "photos/garden/undated").mkdir()
    (tmp_path / "photos/garden/undated/000100.jpg").write_bytes(jpeg)
    streams = FakeStreams([FakeStream(), FakeStream("barn", "segments", "resting", error=HOSTILE)])
    clock = SystemClock()
    machine = Machine(clock, clock.monotonic_s(), lambda: False, tmp_path)
    app = create_app(
        Shown(
            report,
            HealthCheck(report, machine, dict, streams),
            machine,
            FolderPhotos(tmp_path / "photos"),
            Doorkeeper(None, NoGuesses()),
            stream_folders={"gate": tmp_path},
            streams=streams,
            heartbeats=lambda: {GARDEN: {"rssi_dbm": -61, "free_heap_bytes": 180_000, "uptime_s": None}},
        )
    )
    server = PageServer(PageSettings(host="127.0.0.1", port=0), app, clock)
    server.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.stop()


def opened(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, scheme: str = "light"
) -> tuple[Page, list[str]]:
    """And what goes wrong in it."""
    troubles: list[str] = []
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(f"{error}"))
    page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: None if asked.url.startswith(url) else troubles.append(asked.url))
    page.goto(url)
    expect(page.get_by_role("heading", name="garden")).to_be_visible()
    expect(page.locator("#photos img").first).to_be_visible()
    return page, troubles


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_nobody_is_kept_out(browser: Browser, url: str, size: tuple[int, int], scheme: str) -> None:
    page, troubles = opened(browser, url, size, scheme)

    violations = Axe().run(page, options=RULES).response["violations"]

    assert [f"{found['id']}: {[node['target'] for node in found['nodes']]}" for found in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert troubles == []
    page.context.close()


def test_what_comes_from_outside_stays_text(browser: Browser, url: str) -> None:
    page, troubles = opened(browser, url)

    expect(page.get_by_text(f"{HOSTILE} refuses the password").first).to_be_visible()
    expect(page.get_by_text(f"2 not taken while others are: {HOSTILE} answers 403", exact=True)).to_be_visible()
    assert page.evaluate("window.ran") is None
    assert troubles == []
    page.context.close()


def test_cameras_sinks_and_what_is_wrong_are_shown(browser: Browser, url: str) -> None:
    page, _ = opened(browser, url)

    expect(page.get_by_role("status")).to_have_text("Something is wrong")
    expect(page.get_by_text("the clock is not set: photos get their time later")).to_be_visible()
    expect(page.get_by_role("img", name="Last photo of garden")).to_be_visible()
    expect(page.get_by_text("paused until it is resumed")).to_be_visible()
    expect(page.get_by_text("signal -61 dBm, 180 kB of memory free", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="cloud 34 9.0 MB")).to_be_visible()
    expect(page.get_by_role("link", name="gate", exact=True)).to_have_attribute("href", "/streams/gate/stream.m3u8")
    expect(page.get_by_text("gate (hls, runs)")).to_be_visible()
    expect(page.get_by_text(f"barn (segments, is tried again: {HOSTILE})")).to_be_visible()
    page.context.close()


def test_photos_of_this_machine_are_paged_and_chosen_by_day(browser: Browser, url: str) -> None:
    page, troubles = opened(browser, url)
    photos = page.locator("#photos li")
    expect(photos).to_have_count(PHOTOS_ON_A_PAGE)

    page.get_by_role("button", name="Show older ones").click()
    expect(photos).to_have_count(PHOTOS_ON_A_PAGE + 2)
    expect(page.get_by_role("button", name="Show older ones")).to_be_hidden()
    expect(photos.nth(PHOTOS_ON_A_PAGE).get_by_role("link")).to_be_focused()

    page.get_by_label("Day (UTC)").select_option("undated")
    expect(photos).to_have_count(1)
    photos.first.get_by_role("link").click()
    page.wait_for_url("**/photos/garden/undated/000100.jpg")
    assert troubles == []
    page.context.close()


def test_it_follows_what_happens_and_says_when_the_station_is_away(
    browser: Browser, url: str, report: FakeReport
) -> None:
    page, _ = opened(browser, url)
    report.news = [news(SourceName("shed"), SystemClock().utc(), accepted=1)]
    report.counts = []
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.get_by_role("heading", name="shed")).to_be_visible()
    expect(page.get_by_role("heading", name="garden")).to_have_count(0)
    page.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("status")).to_have_text("The station does not answer")
    page.context.set_offline(False)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("status")).to_have_text("Something is wrong")
    page.context.close()
