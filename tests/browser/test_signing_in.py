"""Signing in and out, and what becomes of a session."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import DESKTOP, PHONE, NewConsole, Scheme
from tests.browser.console import Console


def test_a_wrong_password_is_said_and_the_right_one_lets_the_owner_in(
    new_console: NewConsole, cloud: LocalCloud
) -> None:
    console = new_console(signed_in=False)

    console.sign_in(cloud.owner.username, "wrong")
    expect(console.page.get_by_role("alert")).to_have_text("Wrong name or password.")

    console.sign_in(cloud.owner.username, cloud.owner.password)
    expect(console.page.get_by_role("navigation", name="Main")).to_be_visible()


def test_the_link_that_is_printed_signs_in_and_leaves_no_password_behind(console: Console, cloud: LocalCloud) -> None:
    assert cloud.owner.password not in console.page.url
    console.page.go_back()
    assert cloud.owner.password not in console.page.url


def test_an_address_that_was_mangled_on_its_way_leads_to_signing_in(new_console: NewConsole) -> None:
    console = new_console(signed_in=False)
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
    console.go("#/cameras")

    expect(console.page.get_by_role("heading", name="Cameras")).to_be_visible()
    console.page.wait_for_timeout(500)
    assert len(refused) == 1
    expect(console.page.get_by_role("heading", name="Sign in")).to_be_hidden()


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


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_the_way_of_those_who_sign_in(
    new_console: NewConsole, size: tuple[int, int], scheme: Scheme
) -> None:
    console = new_console(signed_in=False, size=size, scheme=scheme)
    console.sign_in("nobody", "wrong")
    expect(console.page.get_by_role("alert")).to_be_visible()

    assert console.barriers() == []
