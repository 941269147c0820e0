"""What there is before the console's modules are."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewWindow


def test_the_address_without_a_slash_leads_to_the_page(new_window: NewWindow, cloud: LocalCloud) -> None:
    page = new_window().page
    page.goto(cloud.api_url)

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("Loading")).to_have_count(0)
    assert page.url.startswith(f"{cloud.api_url}/")


def test_while_its_modules_come_the_page_says_so_and_says_when_they_do_not(new_window: NewWindow) -> None:
    console = new_window(has_clock=True)
    page = console.page
    page.route("**/assets/app.*.js", lambda route: route.abort())
    console.open()
    expect(page.get_by_text("Loading")).to_be_visible()

    console.pass_time_until(expect(page.get_by_role("alert")).to_contain_text, "could not be loaded")


def test_without_javascript_the_page_says_what_it_needs(browser: Browser, cloud: LocalCloud) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{cloud.api_url}/")

        expect(page.get_by_text("This page is made by JavaScript")).to_be_visible()
        expect(page.get_by_text("Loading")).to_be_hidden()
