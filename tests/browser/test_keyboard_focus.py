"""Where the keyboard is in the gallery, while photos come, go and are laid out anew."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewCamera
from tests.browser.console import Console
from tests.e2e import packing
from tests.e2e.a_day_of_photos import fill_a_day, send, shots
from tests.e2e.people import DeviceCaller, OwnerCaller

NINE = datetime(2026, 6, 3, 9, tzinfo=UTC)
"""Eleven o'clock where these browsers are."""
SMALL = (160, 120)
_LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
"""What a tab hears that is looked at again: it asks for news at once."""
_FOCUSED = "document.activeElement.getAttribute('aria-label')"


@pytest.fixture
def camera(cloud: LocalCloud, new_camera: NewCamera) -> DeviceCaller:
    """60 photos, the latest at 11:29:30."""
    made: DeviceCaller = new_camera("Barn")
    fill_a_day(cloud, made, NINE, photos=60, size=SMALL)
    return made


@pytest.fixture
def page(console: Console, camera: DeviceCaller) -> Page:
    console.go(f"#/photos/2026-06-03/{camera.device_id}")
    expect(console.page.get_by_text("60 photos").first).to_be_visible()
    expect(console.page.locator(".grid .cell img").nth(30)).to_be_visible()
    return console.page


def more_come(page: Page, cloud: LocalCloud, camera: DeviceCaller) -> None:
    send(cloud, camera, [packing.pack(camera, shots(range(60, 73), NINE, SMALL))], next_seq=73)
    page.evaluate(_LOOK)
    expect(page.get_by_text("73 photos").first).to_be_visible()
    expect(page.locator("[data-at='0']")).to_have_attribute("aria-label", re.compile("^11:36:00"))


def to_the_ninth(page: Page) -> str:
    page.locator("[data-at='0']").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-at='8']")).to_be_focused()
    return str(page.evaluate(_FOCUSED))


def test_the_focus_stays_with_its_photo_while_others_come(page: Page, cloud: LocalCloud, camera: DeviceCaller) -> None:
    photo = to_the_ninth(page)
    more_come(page, cloud, camera)

    expect(page.locator("[data-at='21']")).to_be_focused()
    assert page.evaluate(_FOCUSED) == photo


@pytest.mark.parametrize("width", [500, 820, 1700])
def test_the_focus_stays_with_its_photo_when_the_window_changes(page: Page, width: int) -> None:
    photo = to_the_ninth(page)
    before = page.evaluate("getComputedStyle(document.querySelector('.grid')).getPropertyValue('--columns')")
    page.set_viewport_size({"width": width, "height": 800})

    changed = "before => getComputedStyle(document.querySelector('.grid')).getPropertyValue('--columns') !== before"
    page.wait_for_function(changed, arg=before)
    expect(page.locator("[data-at='8']")).to_be_focused()
    assert page.evaluate(_FOCUSED) == photo


def test_the_focus_goes_on_to_the_next_photo_when_its_own_is_deleted_elsewhere(
    page: Page, owner: OwnerCaller, camera: DeviceCaller
) -> None:
    to_the_ninth(page)
    owner.ask("DELETE", f"/items/{camera.device_id}/51")
    page.evaluate(_LOOK)

    expect(page.get_by_text("59 photos").first).to_be_visible()
    expect(page.locator("[data-at='8']")).to_be_focused()
    expect(page.locator("[data-at='8']")).to_have_attribute("aria-label", re.compile("^11:25:00"))


def test_the_button_of_an_hour_keeps_the_focus_while_photos_come(
    page: Page, cloud: LocalCloud, camera: DeviceCaller
) -> None:
    button = page.get_by_role("button", name="Select all photos of 11:00")
    button.focus()
    more_come(page, cloud, camera)

    expect(button).to_be_focused()


def test_the_button_of_an_hour_keeps_the_focus_when_it_is_scrolled_past(page: Page) -> None:
    page.get_by_role("button", name="Select all photos of 11:00").focus()
    page.set_viewport_size({"width": 500, "height": 300})
    page.mouse.wheel(0, 1_500)
    page.wait_for_function("scrollY > 1000")
    page.wait_for_timeout(200)

    expect(page.get_by_role("button", name="Select all photos of 11:00")).to_be_focused()
