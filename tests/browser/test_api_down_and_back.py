"""The API is away, or the session has ended: what each page says, and that it comes back without a reload."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.local.cloud import LocalCloud
from tests.browser.answers import refusal
from tests.browser.conftest import NewConsole
from tests.browser.console import Console
from tests.browser.windows import Windows
from tests.e2e.a_day_of_photos import fill_a_day
from tests.e2e.conftest import remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller

NINE = datetime(2026, 6, 3, 9, tzinfo=UTC)
API = re.compile(r"/api/(?!assets/)")
LONGER_THAN_A_MESSAGE_STAYS_MS = 7_000
BANNER = "The API cannot be reached. Trying again"

PAGES: dict[str, tuple[str, Callable[[Page], Locator]]] = {
    "gallery": ("#/photos/2026-06-03/{id}", lambda page: page.locator(".grid .cell img").first),
    "empty day": ("#/photos/2026-06-07/{id}", lambda page: page.get_by_role("button", name=re.compile("3 June 2026"))),
    "photo": ("#/photos/2026-06-03/{id}/{id}/19", lambda page: page.locator(".stage img:not(.before)")),
    "time-lapse": ("#/photos/2026-06-03/{id}/play", lambda page: page.get_by_text("1 of 20")),
    "cameras": ("#/cameras", lambda page: page.get_by_role("heading", name="Barn")),
    "camera": ("#/cameras/{id}", lambda page: page.get_by_role("heading", name="Barn")),
    "usage": ("#/usage", lambda page: page.get_by_role("heading", name="By camera")),
    "pairing": ("#/pair/{id}", lambda page: page.get_by_role("heading", name="Pair Barn again")),
}


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


@pytest.fixture(scope="module")
def window(windows: Windows, camera: DeviceCaller) -> Iterator[Console]:
    """Whose clock is the test's, and which has all modules: they are not what is asked for while the API is away."""
    opened = windows.open(has_clock=True)
    console = opened.console
    console.sign_in_by_link(windows.cloud.owner)
    for each in ("#/cameras", "#/usage", f"#/cameras/{camera.device_id}", "#/pair"):
        console.go(each)
        expect(console.page.get_by_role("heading", level=1).first).to_be_visible()
    yield console
    troubles = list(opened.troubles)
    windows.close(opened)
    assert troubles == []


@pytest.fixture
def console(window: Console) -> Iterator[Console]:
    """At a page that asks for nothing; nothing is said that is of the test before."""
    yield window
    window.page.unroute_all()
    window.go("#/pair")
    window.page.clock.fast_forward(LONGER_THAN_A_MESSAGE_STAYS_MS)
    expect(window.page.locator(".toast, .banner")).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opened_while_the_api_is_away_says_so_and_comes_by_itself(
    console: Console, camera: DeviceCaller, name: str
) -> None:
    fragment, content = PAGES[name]
    page = console.page
    page.route(API, lambda route: route.abort())
    console.go(fragment.format(id=camera.device_id))
    expect(page.get_by_text(BANNER)).to_be_visible()
    assert content(page).is_hidden()

    page.unroute_all()
    console.pass_time_until(expect(content(page)).to_be_visible)
    console.pass_time_until(expect(page.get_by_text(BANNER)).to_be_hidden)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_goes_on_where_it_was_when_the_session_has_ended(
    console: Console, cloud: LocalCloud, camera: DeviceCaller, name: str
) -> None:
    fragment, content = PAGES[name]
    page = console.page
    page.route(API, lambda route: route.fulfill(status=401, json=refusal("invalid_credential")))
    ended = {"__type": "NotAuthorizedException", "message": "Refresh Token has been revoked"}
    page.route("**/_local/sign-in", lambda route: route.fulfill(status=400, json=ended))
    console.go(fragment.format(id=camera.device_id))
    expect(page.get_by_text("Your session has ended. Sign in again.")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    page.unroute_all()
    console.sign_in(cloud.owner.username, cloud.owner.password)

    expect(content(page)).to_be_visible()


def test_a_page_keeps_what_it_shows_while_the_api_is_away(console: Console, camera: DeviceCaller) -> None:
    page = console.page
    for name in ("gallery", "photo", "camera"):
        fragment, content = PAGES[name]
        console.go(fragment.format(id=camera.device_id))
        expect(content(page)).to_be_visible()
        page.route(API, lambda route: route.abort())
        console.pass_time_until(expect(page.get_by_text(BANNER)).to_be_visible)
        expect(content(page)).to_be_visible()

        page.unroute_all()
        console.pass_time_until(expect(page.get_by_text(BANNER)).to_be_hidden)
        expect(content(page)).to_be_visible()


def test_a_page_whose_modules_do_not_come_says_so_and_comes_by_itself(
    new_console: NewConsole, camera: DeviceCaller
) -> None:
    console = new_console(has_clock=True)
    page = console.page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.route("**/api/**", lambda route: route.abort())
    console.go("#/usage")
    expect(page.get_by_text("One moment")).to_be_visible()
    console.pass_time_until(expect(page.get_by_role("heading", name="This page cannot be fetched")).to_be_visible)
    expect(page.get_by_text(BANNER)).to_be_visible()

    page.unroute_all()
    console.pass_time_until(expect(page.get_by_role("heading", name="By camera")).to_be_visible)
    expect(page.get_by_text(BANNER)).to_be_hidden()


def test_a_name_that_could_not_be_sent_is_still_there_to_be_sent(console: Console) -> None:
    page = console.page
    page.get_by_label("Name").fill("Gate")
    page.route(API, lambda route: route.abort())
    page.get_by_role("button", name="Make a code").click()
    expect(page.get_by_role("alert")).to_contain_text("The API cannot be reached.")
    expect(page.get_by_text(BANNER)).to_be_visible()

    page.unroute_all()
    console.pass_time_until(expect(page.get_by_text(BANNER)).to_be_hidden)
    page.get_by_role("button", name="Make a code").click()
    expect(page.get_by_role("heading", name="Pair Gate")).to_be_visible()
