"""Signing in and out, and what becomes of a session."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewConsole, NewWindow
from tests.browser.console import Console


def test_a_wrong_password_is_said_and_the_right_one_lets_the_owner_in(
    new_window: NewWindow, cloud: LocalCloud
) -> None:
    console = new_window()
    console.open()

    console.sign_in(cloud.owner.username, "wrong")
    expect(console.page.get_by_role("alert")).to_have_text("Wrong name or password.")

    console.sign_in(cloud.owner.username, cloud.owner.password)
    expect(console.page.get_by_role("navigation", name="Main")).to_be_visible()


def test_the_link_that_is_printed_signs_in_and_leaves_no_password_behind(
    new_console: NewConsole, cloud: LocalCloud
) -> None:
    page = new_console().page
    assert cloud.owner.password not in page.url
    page.go_back()
    assert cloud.owner.password not in page.url


def test_an_address_that_was_mangled_on_its_way_leads_to_signing_in(new_window: NewWindow) -> None:
    console = new_window()
    console.open("#/photos/2026-06-03/%zz")

    expect(console.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(console.page).to_have_title("Sign in · Frameferry")


def test_signing_out_ends_the_session_and_a_reload_does_too(console: Console) -> None:
    console.page.get_by_role("button", name="Sign out").click()
    expect(console.page.get_by_role("heading", name="Sign in")).to_be_visible()

    console.page.reload()
    expect(console.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_token_that_the_api_does_not_take_any_more_is_refreshed_unseen(console: Console) -> None:
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        error = {"error": {"code": "invalid_credential", "message": "expired", "request_id": "r"}}
        route.fulfill(status=401, json=error)

    console.page.route("**/api/devices*", refuse_once)
    with console.page.expect_response(lambda answer: "/api/devices" in answer.url and answer.ok):
        console.go("#/cameras")

    expect(console.page.get_by_text("No camera yet")).to_be_visible()
    expect(console.page.get_by_role("heading", name="Sign in")).to_be_hidden()
    assert refused


def test_an_expired_session_asks_to_sign_in_again_and_goes_on_where_it_was(console: Console, cloud: LocalCloud) -> None:
    error = {"error": {"code": "invalid_credential", "message": "expired", "request_id": "r"}}
    console.page.route("**/api/devices*", lambda route: route.fulfill(status=401, json=error))
    ended = {"__type": "NotAuthorizedException", "message": "Refresh Token has been revoked"}
    console.page.route("**/_local/sign-in", lambda route: route.fulfill(status=400, json=ended))
    console.go("#/cameras")
    expect(console.page.get_by_text("Your session has ended.")).to_be_visible()

    console.page.unroute_all()
    console.sign_in(cloud.owner.username, cloud.owner.password)

    expect(console.page.get_by_role("heading", name="Cameras")).to_be_visible()


def test_nothing_bars_the_way_of_those_who_sign_in(new_window: NewWindow) -> None:
    console = new_window()
    console.open()
    console.sign_in("nobody", "wrong")
    expect(console.page.get_by_role("alert")).to_be_visible()

    assert console.barriers_for_anybody() == []
