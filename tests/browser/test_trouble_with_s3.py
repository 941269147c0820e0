"""S3 has trouble, or takes a URL no more: pictures are asked for again, and only what is gone counts as gone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Response, Route, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewConsole
from tests.browser.windows import Windows
from tests.e2e.a_day_of_photos import fill_a_day
from tests.e2e.conftest import remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller

NINE = datetime(2026, 6, 3, 9, tzinfo=UTC)
THUMBNAILS = re.compile(r"/thumbnails/")
PACKS = re.compile(r"^(?!.*/thumbnails/).*/packs/")
# An answer that is there at once: no other task of the browser's is awaited for its bytes.
_ANSWERED = """async ([statuses, step]) => {
  const script = document.querySelector("script[type=module]").src;
  const {Thumbnails} = await import(script.replace("/boot.", "/thumbnails."));
  window.asked = [];
  window.url = 1;
  const place = {object_key: "a pack's"};
  const fetch = async (url, {signal}) => {
    window.asked.push(url);
    const status = statuses.length ? statuses.shift() : 200;
    if (status === null) throw new TypeError("no network");
    const broken = new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(signal.reason)));
    if (status === "never") await broken;
    return {ok: status === 200, status, blob: async () => new Blob(["a picture"])};
  };
  window.thumbnails = new Thumbnails(() => {}, {fetch});
  const renewed = async () => { window.url += step; window.want(); return `url ${window.url}`; };
  window.want = () => thumbnails.want([{place, url: `url ${window.url}`, renewed}]);
  window.state = () => thumbnails.isMissing(place) ? "missing" : thumbnails.blobOf(place) ? "here" : "awaited";
  window.want();
}"""

Thumbnails = Callable[..., Page]


@pytest.fixture(scope="module")
def paused(windows: Windows) -> Iterator[Page]:
    """A page that has loaded the console's modules, and whose time goes on when a test says so."""
    window = windows.open()
    window.console.open()
    expect(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
    window.page.clock.install(time=NINE)
    window.page.clock.pause_at(NINE + timedelta(hours=1))
    yield window.page
    windows.discard(window)
    assert window.troubles == []


@pytest.fixture
def thumbnails(paused: Page) -> Iterator[Thumbnails]:
    """A page on which one file is wanted, of which S3 says these one after the other, then gives it."""

    def made(*statuses: Any, is_url_new: bool = True) -> Page:
        paused.evaluate(_ANSWERED, [list(statuses), int(is_url_new)])
        return paused

    yield made
    paused.evaluate("thumbnails.stop()")


def comes_to(page: Page, state: str, after_s: float) -> bool:
    """Whether it is in that state after so long, and not before."""
    for _ in range(round(after_s)):
        if page.evaluate("state()") == state:
            return False
        page.clock.run_for(1_000)
    return bool(page.evaluate("state()") == state)


def test_only_what_s3_says_is_not_there_is_missing(thumbnails: Thumbnails) -> None:
    assert comes_to(thumbnails(404), "missing", after_s=0)


@pytest.mark.parametrize("status", [500, 503, 429, 400, None])
def test_what_s3_cannot_give_now_is_asked_for_again(thumbnails: Thumbnails, status: int | None) -> None:
    page = thumbnails(status)

    assert comes_to(page, "here", after_s=1)
    assert page.evaluate("asked") == ["url 1", "url 1"]


def test_each_further_failure_waits_twice_as_long(thumbnails: Thumbnails) -> None:
    assert comes_to(thumbnails(503, None, 500, 503), "here", after_s=1 + 2 + 4 + 8)


def test_a_file_that_never_comes_is_asked_for_anew(thumbnails: Thumbnails) -> None:
    assert comes_to(thumbnails("never"), "here", after_s=61)


def test_a_refused_url_is_replaced_and_what_is_refused_twice_is_missing(thumbnails: Thumbnails) -> None:
    renewed = thumbnails(403)
    assert renewed.evaluate("state()") == "here"
    assert renewed.evaluate("asked") == ["url 1", "url 2"]

    gone = thumbnails(403, 403)
    assert gone.evaluate("state()") == "missing"


def test_a_url_that_is_replaced_within_its_second_is_the_same_and_is_asked_for_once_more(
    thumbnails: Thumbnails,
) -> None:
    page = thumbnails(403, 403, is_url_new=False)
    assert page.evaluate("state()") == "missing"
    assert page.evaluate("asked") == ["url 1", "url 1"]


def test_nothing_is_asked_for_once_the_view_is_left(thumbnails: Thumbnails) -> None:
    page = thumbnails(503, 503)
    page.evaluate("thumbnails.stop()")
    page.clock.run_for(120_000)

    assert page.evaluate("asked") == ["url 1"]


@pytest.fixture(scope="module")
def camera(running_cloud: LocalCloud) -> Iterator[DeviceCaller]:
    """All tests look at its photos, and leave them as they are."""
    cloud = running_cloud
    with (
        OwnerCaller(cloud.api_url, cloud.owner.token) as owner,
        DeviceCaller(cloud.api_url, owner.pair("Barn")["pairing_code"]) as made,
    ):
        fill_a_day(cloud, made, NINE, photos=20, size=(160, 120))
        yield made
    remove_devices(cloud)


def test_photos_appear_in_the_gallery_when_s3_is_well_again(new_console: NewConsole, camera: DeviceCaller) -> None:
    console = new_console(has_clock=True)
    page = console.page
    page.route(THUMBNAILS, lambda route: route.fulfill(status=503))
    with page.expect_response(THUMBNAILS):
        console.go(f"#/photos/2026-06-03/{camera.device_id}")
    expect(page.locator(".grid .cell").first).to_be_visible()
    expect(page.locator(".grid .cell .none")).to_have_count(0)

    page.unroute_all()

    console.pass_time_until(expect(page.locator(".grid .cell img").first).to_be_visible)


def another_second_begins(page: Page) -> None:
    """URLs signed in the same one are the same."""
    second = int(time.time())
    while int(time.time()) == second:
        page.wait_for_timeout(20)


def test_full_photos_are_played_on_after_their_urls_have_expired(new_console: NewConsole, camera: DeviceCaller) -> None:
    console = new_console()
    page = console.page
    expired: set[str] = set()
    whole: list[str] = []

    def refuse_those_of_before(route: Route) -> None:
        if not whole and not expired:
            expired.add(route.request.url)
        if route.request.url in expired:
            route.fulfill(status=403)
        else:
            route.continue_()

    def count(answer: Response) -> None:
        if PACKS.search(answer.url) and answer.ok:
            whole.append(answer.url)

    console.hear("response", count)
    console.go(f"#/photos/2026-06-03/{camera.device_id}")
    expect(page.locator(".grid .cell img").first).to_be_visible()
    another_second_begins(page)
    page.route(PACKS, refuse_those_of_before)
    page.get_by_role("button", name="Time-lapse").click()
    page.get_by_label("Full photos").check()
    page.get_by_role("button", name="Play", exact=True).click()

    expect(page.get_by_text("20 of 20")).to_be_visible(timeout=60_000)
    assert len(whole) == 20
    assert len(expired) == 1
