"""The page of all cameras, where there are many, and where something is wrong with one."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.answers import Held, asked_for, device, device_id, has_cameras, page_of, refusal
from tests.browser.console import Console

AT_ONCE = 4
OF_A_CAMERA = re.compile(r"/api/(items\?|devices/[^/]+/health\?)")


def card(page: Page, number: int) -> str:
    return f"article[aria-labelledby=name-{device_id(number)}]"


def test_many_cameras_are_asked_for_few_at_a_time(console: Console) -> None:
    page = console.page
    has_cameras(page, *(device(number) for number in range(12)))
    held = Held()
    page.route(OF_A_CAMERA, held)
    console.go("#/cameras")
    expect(page.locator(".card.camera")).to_have_count(12)

    held.grow_to(page, AT_ONCE)
    console.said_all()
    for _ in range(2 * 12):
        held.next(page).fulfill(json=page_of())
    expect(page.get_by_text("No photo yet")).to_have_count(12)
    assert held.most == AT_ONCE


def test_trouble_with_one_camera_stays_on_its_card_and_is_tried_again(console: Console) -> None:
    page = console.page
    has_cameras(page, *(device(number) for number in range(6)))

    def refuse_one(route: Route) -> None:
        if asked_for(route)[1].get("device_id") == device_id(2):
            route.fulfill(status=500, json=refusal("internal"))
        else:
            route.fallback()

    page.route("**/api/items?*", refuse_one)
    console.go("#/cameras")

    expect(page.get_by_text("No photo yet")).to_have_count(5)
    expect(page.locator(card(page, 2))).to_contain_text("Its news could not be fetched.")
    expect(page.get_by_text("Its news could not be fetched.")).to_have_count(1)

    assert console.barriers() == []

    page.unroute("**/api/items?*", refuse_one)
    page.locator(card(page, 2)).get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No photo yet")).to_have_count(6)
    expect(page.get_by_text("Its news could not be fetched.")).to_have_count(0)
