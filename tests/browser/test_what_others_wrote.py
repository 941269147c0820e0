"""What somebody else has written: markup in names and events, the id of another owner's camera in the address."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from infra.local.cloud import LocalCloud
from infra.local.owner import Owner
from tests.browser.conftest import NewCamera
from tests.browser.console import Console
from tests.browser.windows import Window, Windows
from tests.e2e.a_day_of_photos import fill_a_day
from tests.e2e.conftest import remove_devices
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
# What a broken picture calls is called after its picture was asked for: when one of the test's own has been.
_MADE_OF_IT = """async () => {
  const made = document.querySelectorAll("b, img[src=x], [onerror]").length;
  await new Promise(done => Object.assign(new Image(), {onerror: done, src: "x"}));
  return made + (window.broken ? 1 : 0);
}"""


@pytest.fixture(scope="module")
def somebody(running_cloud: LocalCloud) -> Owner:
    """Whose gallery has nothing of other tests."""
    return running_cloud.new_owner(f"owner-{uuid.uuid4()}")


@pytest.fixture(scope="module")
def caller(running_cloud: LocalCloud, somebody: Owner) -> Iterator[OwnerCaller]:
    with OwnerCaller(running_cloud.api_url, somebody.token) as made:
        yield made


@pytest.fixture(scope="module")
def camera(running_cloud: LocalCloud, caller: OwnerCaller) -> Iterator[DeviceCaller]:
    """Whatever it may say or be called is markup. It is one of two."""
    cloud = running_cloud
    with (
        DeviceCaller(cloud.api_url, caller.pair(MARKUP)["pairing_code"]) as made,
        DeviceCaller(cloud.api_url, caller.pair("Gate")["pairing_code"]),
    ):
        fill_a_day(cloud, made, NINE, photos=20, size=(160, 120))
        at = "2026-06-03T09:30:00Z"
        made.ask("POST", "/devices/events", json={"kind": "error", "occurred_at": at, "message": MARKUP})
        evicted = {"kind": "evicted", "occurred_at": at, "first_seq": 30, "last_seq": 39}
        made.ask("POST", "/devices/events", json=evicted)
        made.ask("POST", "/devices/heartbeat", json={"firmware_version": MARKUP, "reset_reason": MARKUP})
        yield made
    remove_devices(cloud)


@pytest.fixture(scope="module")
def window(windows: Windows, somebody: Owner) -> Iterator[Window]:
    opened = windows.open()
    opened.console.sign_in_by_link(somebody)
    yield opened
    windows.close(opened)


@pytest.fixture
def theirs(window: Window) -> Iterator[Console]:
    """The window of somebody: at a page that has nothing of others."""
    window.console.go("#/pair")
    yield window.console
    assert window.troubles == []


def stays_text(page: Page, *, where: str = "main") -> None:
    expect(page.locator(where).get_by_text(MARKUP).first).to_be_attached()
    assert page.evaluate(_MADE_OF_IT) == 0


@pytest.mark.parametrize("fragment", ["#/cameras", "#/cameras/{id}", "#/usage", "#/pair/{id}", "#/photos/2026-06-03"])
def test_markup_in_a_camera_s_name_and_words_stays_text_on_every_page(
    theirs: Console, camera: DeviceCaller, fragment: str
) -> None:
    theirs.go(fragment.format(id=camera.device_id))
    stays_text(theirs.page)


def test_markup_stays_text_on_a_photo_and_over_the_day(theirs: Console, camera: DeviceCaller) -> None:
    page = theirs.page
    theirs.go("#/photos/2026-06-03")
    expect(page.locator(".grid .cell img").first).to_be_visible()
    expect(page.locator("[data-at='0']")).to_have_attribute("aria-label", re.compile(re.escape(MARKUP)))
    page.get_by_role("slider", name="Time of day").hover()
    stays_text(page)

    page.locator("[data-at='0']").click()
    page.get_by_role("button", name="About this photo").click()
    expect(page.locator(".stage img:not(.before)")).to_be_visible()
    stays_text(page, where=".photo-info")
    stays_text(page, where=".photo-title")

    theirs.go(f"#/photos/2026-06-03/{camera.device_id}/play")
    stays_text(page, where=".photo-title")


def test_markup_stays_text_in_dialogs_codes_and_messages(theirs: Console, camera: DeviceCaller) -> None:
    page = theirs.page
    theirs.go(f"#/cameras/{camera.device_id}")
    expect(page.get_by_role("region", name="Events").get_by_text(MARKUP)).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    stays_text(page, where="dialog")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(MARKUP)
    assert page.evaluate(_MADE_OF_IT) == 0

    theirs.go(f"#/pair/{camera.device_id}")
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


def test_a_photo_that_there_is_not_is_said_to_be_none(console: Console, new_camera: NewCamera) -> None:
    camera = new_camera("Mine")
    console.go(f"#/photos/2026-06-03/{camera.device_id}/{camera.device_id}/99")

    expect(console.page.get_by_role("heading", name="There is no such photo")).to_be_visible()
