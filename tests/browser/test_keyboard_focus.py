"""Where the keyboard is in the gallery, while photos come, go and are laid out anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewCamera
from tests.browser.console import Console
from tests.e2e import packing
from tests.e2e.a_day_of_photos import fill_a_day, send, shots
from tests.e2e.conftest import remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller

NINE = datetime(2026, 6, 3, 9, tzinfo=UTC)
"""Eleven o'clock where these browsers are."""
SMALL = (160, 120)
_LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
"""What a tab hears that is looked at again: it asks for news at once."""
_IS_DRAWN_FAR_DOWN = """() => {
  const cell = document.elementsFromPoint(innerWidth / 2, 0.8 * innerHeight).find(each => each.matches(".grid .cell"));
  return scrollY > 1000 && Boolean(cell?.querySelector("img"));
}"""
_FOCUSED = "document.activeElement.getAttribute('aria-label')"


@pytest.fixture(scope="module")
def camera(running_cloud: LocalCloud) -> Iterator[DeviceCaller]:
    """60 photos, the latest at 11:29:30. All tests look at them, and leave them as they are."""
    cloud = running_cloud
    with (
        OwnerCaller(cloud.api_url, cloud.owner.token) as owner,
        DeviceCaller(cloud.api_url, owner.pair("Barn")["pairing_code"]) as made,
    ):
        fill_a_day(cloud, made, NINE, photos=60, size=SMALL)
        yield made
    remove_devices(cloud)


@pytest.fixture
def other_camera(cloud: LocalCloud, new_camera: NewCamera) -> DeviceCaller:
    """The like of it, for a test that changes its photos."""
    made: DeviceCaller = new_camera("Shed")
    fill_a_day(cloud, made, NINE, photos=60, size=SMALL)
    return made


def of_that_day(console: Console, camera: DeviceCaller) -> Page:
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


def resized(page: Page, width: int, height: int) -> None:
    """The grid is laid out anew, in another number of columns."""
    columns = "getComputedStyle(document.querySelector('.grid')).getPropertyValue('--columns')"
    before = page.evaluate(columns)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(f"before => {columns} !== before", arg=before)


def test_the_focus_stays_with_its_photo_while_others_come(
    console: Console, cloud: LocalCloud, other_camera: DeviceCaller
) -> None:
    page = of_that_day(console, other_camera)
    photo = to_the_ninth(page)
    more_come(page, cloud, other_camera)

    expect(page.locator("[data-at='21']")).to_be_focused()
    assert page.evaluate(_FOCUSED) == photo


@pytest.mark.parametrize("width", [500, 820, 1700])
def test_the_focus_stays_with_its_photo_when_the_window_changes(
    console: Console, camera: DeviceCaller, width: int
) -> None:
    page = of_that_day(console, camera)
    photo = to_the_ninth(page)
    resized(page, width, 800)

    expect(page.locator("[data-at='8']")).to_be_focused()
    assert page.evaluate(_FOCUSED) == photo


def test_the_focus_goes_on_to_the_next_photo_when_its_own_is_deleted_elsewhere(
    console: Console, owner: OwnerCaller, other_camera: DeviceCaller
) -> None:
    page = of_that_day(console, other_camera)
    to_the_ninth(page)
    owner.ask("DELETE", f"/items/{other_camera.device_id}/51")
    page.evaluate(_LOOK)

    expect(page.get_by_text("59 photos").first).to_be_visible()
    expect(page.locator("[data-at='8']")).to_be_focused()
    expect(page.locator("[data-at='8']")).to_have_attribute("aria-label", re.compile("^11:25:00"))


def test_the_button_of_an_hour_keeps_the_focus_while_photos_come(
    console: Console, cloud: LocalCloud, other_camera: DeviceCaller
) -> None:
    page = of_that_day(console, other_camera)
    button = page.get_by_role("button", name="Select all photos of 11:00")
    button.focus()
    more_come(page, cloud, other_camera)

    expect(button).to_be_focused()


def test_the_button_of_an_hour_keeps_the_focus_when_it_is_scrolled_past(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)
    button = page.get_by_role("button", name="Select all photos of 11:00")
    button.focus()
    resized(page, 500, 300)
    page.mouse.move(250, 200)
    page.mouse.wheel(0, 1_500)
    page.wait_for_function(_IS_DRAWN_FAR_DOWN)

    expect(button).to_be_focused()
