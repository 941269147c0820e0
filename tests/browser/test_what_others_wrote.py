"""What somebody else has written: markup in names and events, the id of another owner's camera in the address."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from infra.local.cloud import LocalCloud
from infra.local.owner import Owner
from tests.browser.conftest import NewCamera, NewConsole
from tests.browser.console import Console
from tests.e2e.a_day_of_photos import fill_a_day
from tests.e2e.people import DeviceCaller, OwnerCaller

NINE = datetime(2026, 6, 3, 9, tzinfo=UTC)
MARKUP = '<img src=x onerror="window.broken=1"><b>bold</b>'
FRAGMENTS = (
    "#/photos/2026-06-03/{id}",
    "#/photos/2026-06-03/{id}/{id}/3",
    "#/photos/2026-06-03/all/{id}/3",
    "#/photos/2026-06-03/{id}/play",
    "#/cameras/{id}",
    "#/pair/{id}",
)
_MADE_OF_IT = "document.querySelectorAll('b, img[src=x], [onerror]').length + (window.broken ? 1 : 0)"


@pytest.fixture
def somebody(cloud: LocalCloud) -> Owner:
    """Whose gallery has nothing of other tests."""
    return cloud.new_owner(f"owner-{uuid.uuid4()}")


@pytest.fixture
def caller(cloud: LocalCloud, somebody: Owner) -> Iterator[OwnerCaller]:
    with OwnerCaller(cloud.api_url, somebody.token) as made:
        yield made


@pytest.fixture
def camera(cloud: LocalCloud, new_camera: NewCamera, caller: OwnerCaller) -> DeviceCaller:
    """Whatever it may say or be called is markup. It is one of two."""
    device: DeviceCaller = new_camera(MARKUP, caller)
    fill_a_day(cloud, device, NINE, photos=20, size=(160, 120))
    at = "2026-06-03T09:30:00Z"
    device.ask("POST", "/devices/events", json={"kind": "error", "occurred_at": at, "message": MARKUP})
    evicted = {"kind": "evicted", "occurred_at": at, "first_seq": 30, "last_seq": 39}
    device.ask("POST", "/devices/events", json=evicted)
    device.ask("POST", "/devices/heartbeat", json={"firmware_version": MARKUP, "reset_reason": MARKUP})
    new_camera("Gate", caller)
    return device


@pytest.fixture
def page(new_console: NewConsole, somebody: Owner, camera: DeviceCaller) -> Page:
    console = new_console(signed_in=False)
    console.sign_in_by_link(somebody)
    return console.page


def stays_text(page: Page, *, where: str = "main") -> None:
    expect(page.locator(where).get_by_text(MARKUP).first).to_be_attached()
    page.wait_for_timeout(200)  # what a broken picture would call is called later
    assert page.evaluate(_MADE_OF_IT) == 0


def go(page: Page, fragment: str) -> None:
    page.evaluate("fragment => { location.hash = fragment; }", fragment)


@pytest.mark.parametrize("fragment", ["#/cameras", "#/cameras/{id}", "#/usage", "#/pair/{id}", "#/photos/2026-06-03"])
def test_markup_in_a_camera_s_name_and_words_stays_text_on_every_page(
    page: Page, camera: DeviceCaller, fragment: str
) -> None:
    go(page, fragment.format(id=camera.device_id))
    stays_text(page)


def test_markup_stays_text_on_a_photo_and_over_the_day(page: Page, camera: DeviceCaller) -> None:
    go(page, "#/photos/2026-06-03")
    expect(page.locator(".grid .cell img").first).to_be_visible()
    assert MARKUP in str(page.locator("[data-at='0']").get_attribute("aria-label"))
    page.get_by_role("slider", name="Time of day").hover()
    stays_text(page)

    page.locator("[data-at='0']").click()
    page.get_by_role("button", name="About this photo").click()
    expect(page.locator(".stage img:not(.before)")).to_be_visible()
    stays_text(page, where=".photo-info")
    stays_text(page, where=".photo-title")

    go(page, f"#/photos/2026-06-03/{camera.device_id}/play")
    stays_text(page, where=".photo-title")


def test_markup_stays_text_in_dialogs_codes_and_messages(page: Page, camera: DeviceCaller) -> None:
    go(page, f"#/cameras/{camera.device_id}")
    expect(page.get_by_role("region", name="Events").get_by_text(MARKUP)).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    stays_text(page, where="dialog")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(MARKUP)
    assert page.evaluate(_MADE_OF_IT) == 0

    go(page, f"#/pair/{camera.device_id}")
    page.get_by_role("button", name="Make a code").click()
    expect(page.locator("#code")).to_be_visible()
    stays_text(page)
    assert page.title() == "Pair a camera · Frameferry"


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
def test_there_is_no_such_camera_whether_it_is_somebody_else_s_or_nobody_s(
    console: Console, caller: OwnerCaller, new_camera: NewCamera, whose: str
) -> None:
    theirs = new_camera("Theirs", caller).device_id if whose == "somebody else's" else str(uuid.uuid4())
    new_camera("Mine")
    page = console.page
    for fragment in FRAGMENTS:
        console.go("#/cameras")
        expect(page.get_by_role("heading", name="Mine")).to_be_visible()
        expect(page.get_by_text("Theirs").or_(page.get_by_text("There is no such camera"))).to_have_count(0)
        console.go(fragment.format(id=theirs))

        expect(page.get_by_role("heading", name="There is no such camera").last).to_be_visible()
        expect(page.get_by_text("Theirs")).to_have_count(0)
        ways_out = page.get_by_role("button", name="Back to the photos"), page.get_by_role("link", name="Your cameras")
        ways_out[0].or_(ways_out[1]).last.click(trial=True)  # nothing lies over it
        assert (fragment, console.barriers()) == (fragment, [])


def test_a_photo_that_there_is_not_is_said_to_be_none(new_console: NewConsole, new_camera: NewCamera) -> None:
    camera = new_camera("Mine")
    console = new_console()
    console.go(f"#/photos/2026-06-03/{camera.device_id}/{camera.device_id}/99")

    expect(console.page.get_by_role("heading", name="There is no such photo")).to_be_visible()
