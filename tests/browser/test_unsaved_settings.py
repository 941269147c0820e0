"""Settings of a camera that somebody has changed and not saved."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.answers import Held
from tests.browser.conftest import NewCamera
from tests.browser.console import Console
from tests.e2e.people import DeviceCaller, OwnerCaller

NOT_SAVED = "The settings of Door are not saved yet."
TRIES_TO_LEAVE = "() => !window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"
"""Whether the browser would ask first."""


def typed(console: Console, device: DeviceCaller, seconds: str = "60") -> None:
    console.go(f"#/cameras/{device.device_id}")
    interval(console.page).fill(seconds)
    expect(console.page.get_by_text("Not saved yet")).to_be_visible()


def interval(page: Page) -> Locator:
    return page.get_by_label("Seconds between photos")


def test_what_was_typed_is_told_of_and_still_there_when_its_owner_comes_back(
    console: Console, new_camera: NewCamera, owner: OwnerCaller
) -> None:
    page, device = console.page, new_camera("Door")
    typed(console, device)
    console.go("#/usage")
    expect(page.get_by_text(NOT_SAVED)).to_be_visible()

    page.get_by_role("button", name="Back to them").click()
    expect(interval(page)).to_have_value("60")
    assert owner.ask("GET", f"/devices/{device.device_id}")["settings"]["interval_s"] == 30

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_be_hidden()
    assert owner.ask("GET", f"/devices/{device.device_id}")["settings"]["interval_s"] == 60
    console.go("#/cameras")
    expect(page.get_by_role("heading", name="Door")).to_be_visible()
    expect(page.get_by_text(NOT_SAVED)).to_have_count(0)


def test_each_camera_keeps_its_own(console: Console, new_camera: NewCamera) -> None:
    door, gate = new_camera("Door"), new_camera("Gate")
    typed(console, door)
    console.go(f"#/cameras/{gate.device_id}")
    expect(console.page.get_by_role("heading", name="Gate")).to_be_visible()

    expect(interval(console.page)).to_have_value("30")


def test_a_tab_is_not_closed_over_them_unasked_until_they_are_discarded(
    console: Console, new_camera: NewCamera
) -> None:
    page = console.page
    typed(console, new_camera("Door"))
    console.go("#/usage")
    assert page.evaluate(TRIES_TO_LEAVE)

    page.get_by_role("button", name="Back to them").click()
    page.get_by_role("button", name="Discard").click()
    expect(interval(page)).to_have_value("30")
    assert not page.evaluate(TRIES_TO_LEAVE)
    console.go("#/usage")
    expect(page.get_by_text(NOT_SAVED)).to_have_count(0)


def test_where_saving_fails_after_the_page_was_left_that_is_told(console: Console, new_camera: NewCamera) -> None:
    page, device = console.page, new_camera("Door")
    held = Held()

    def keep(route: Route) -> None:
        if route.request.method == "PATCH":
            held(route)
        else:
            route.continue_()

    page.route(f"**/api/devices/{device.device_id}", keep)
    typed(console, device)
    page.get_by_role("button", name="Save").click()
    saving = held.next(page)
    console.go("#/usage")
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    expect(page.get_by_text(NOT_SAVED)).to_have_count(0)

    saving.abort()
    expect(page.get_by_text(NOT_SAVED)).to_be_visible()


def test_nobody_else_who_signs_in_gets_to_see_them(console: Console, new_camera: NewCamera) -> None:
    page, device = console.page, new_camera("Door")
    typed(console, device)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    expect(page.get_by_text(NOT_SAVED)).to_have_count(0)
    assert not page.evaluate(TRIES_TO_LEAVE)
