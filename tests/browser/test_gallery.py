"""The gallery: a day of photos, where there are none and why, one photo closely, deleting with a way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.local.cloud import LocalCloud
from tests.browser.answers import Held
from tests.browser.conftest import NewCamera, NewConsole
from tests.browser.console import Console
from tests.e2e import packing
from tests.e2e.a_day_of_photos import fill_a_day, send, shots
from tests.e2e.conftest import remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller

NINE = datetime(2026, 6, 3, 9, tzinfo=UTC)
"""Eleven o'clock where these browsers are."""
THAT_DAY = "#/photos/2026-06-03"
SMALL = (160, 120)
PACKS = re.compile(r"^(?!.*/thumbnails/).*/packs/")
LONGER_THAN_AN_UNDO_MS = 8_000
LONGER_THAN_A_LOOK_TAKES_TO_COME_MS = 30_000


@pytest.fixture(scope="module")
def camera(running_cloud: LocalCloud) -> Iterator[DeviceCaller]:
    """Of 80 numbers it has sent 60; the other 20 were given up for want of room. All tests look at the same photos, and
    leave them as they are."""
    cloud = running_cloud
    with (
        OwnerCaller(cloud.api_url, cloud.owner.token) as owner,
        DeviceCaller(cloud.api_url, owner.pair("Barn")["pairing_code"]) as made,
    ):
        take_photos(cloud, made)
        yield made
    remove_devices(cloud)


@pytest.fixture
def other_camera(cloud: LocalCloud, new_camera: NewCamera) -> DeviceCaller:
    """The like of it, for a test that changes its photos."""
    made: DeviceCaller = new_camera("Shed")
    take_photos(cloud, made)
    return made


def take_photos(cloud: LocalCloud, camera: DeviceCaller) -> None:
    fill_a_day(cloud, camera, NINE, photos=80, left_out=range(40, 60), size=SMALL)
    evicted = {"kind": "evicted", "occurred_at": "2026-06-03T09:30:00Z", "first_seq": 40, "last_seq": 59}
    camera.ask("POST", "/devices/events", json=evicted)


def photos(page: Page) -> Locator:
    return page.get_by_role("gridcell").filter(has=page.locator("img"))


def of_that_day(console: Console, camera: DeviceCaller) -> Page:
    console.go(f"{THAT_DAY}/{camera.device_id}")
    expect(photos(console.page).first).to_be_visible()
    expect(console.page.get_by_text("60 photos").first).to_be_visible()
    expect(console.page.locator(".grid .cell:not(:has(img))")).to_have_count(0)
    return console.page


def delete_the_first(page: Page) -> None:
    """The newest photo, number 79."""
    photos(page).first.focus()
    page.keyboard.press("Delete")
    expect(page.get_by_text("1 photo deleted")).to_be_visible()


def let_the_undo_pass(console: Console) -> list[str]:
    """What the page has sent to be deleted by then."""
    sent: list[str] = []
    console.hear("request", lambda request: sent.append(request.url) if request.method == "DELETE" else None)
    console.page.clock.fast_forward(LONGER_THAN_AN_UNDO_MS)
    console.said_all()
    return sent


def test_a_day_shows_its_photos_and_says_why_there_are_none(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)

    expect(page.get_by_text("60 photos").first).to_be_visible()
    expect(page.locator(".row.gap").filter(has_text="Card was full")).to_contain_text("20 photos")
    expect(photos(page).first).to_have_attribute("aria-label", re.compile(r"^11:39:30"))


def test_photos_appear_while_a_camera_drains(
    new_console: NewConsole, cloud: LocalCloud, other_camera: DeviceCaller
) -> None:
    console = new_console(has_clock=True)
    page = console.page
    of_that_day(console, other_camera)

    send(cloud, other_camera, [packing.pack(other_camera, shots(range(80, 90), NINE, SMALL))], next_seq=90)
    page.clock.fast_forward(LONGER_THAN_A_LOOK_TAKES_TO_COME_MS)

    expect(page.get_by_text("70 photos").first).to_be_visible()
    expect(photos(page).first).to_have_attribute("aria-label", re.compile(r"^11:44:30"))


def test_a_photo_is_looked_at_by_keyboard_alone(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)
    photos(page).first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Photo")
    expect(dialog.get_by_role("heading", name="11:39:30")).to_be_visible()
    expect(dialog.locator("img").last).to_be_visible()

    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading", name="11:39:00")).to_be_visible()

    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-at='1']")).to_be_focused()


def test_a_photo_that_is_zoomed_is_moved_by_the_arrows(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)
    photos(page).first.click()
    picture = page.get_by_role("dialog", name="Photo").locator(".stage img:not(.before)")
    expect(picture).to_be_visible()
    for _ in range(3):
        page.keyboard.press("+")
    expect(picture).to_have_attribute("style", re.compile(r"scale\(3\.375\)"))
    before = picture.evaluate("picture => picture.getBoundingClientRect().x")
    page.keyboard.press("ArrowRight")

    moved = "before => document.querySelector('.stage img').getBoundingClientRect().x < before"
    page.wait_for_function(moved, arg=before)
    expect(page.get_by_role("heading", name="11:39:30")).to_be_visible()


def test_what_can_be_undone_waits_while_the_undo_has_the_focus(
    new_console: NewConsole, camera: DeviceCaller, owner: OwnerCaller
) -> None:
    console = new_console(has_clock=True)
    page = of_that_day(console, camera)
    delete_the_first(page)
    page.get_by_role("button", name="Undo").focus()

    assert let_the_undo_pass(console) == []
    assert owner.item(camera.device_id, 79)["status"] == "processed"
    page.keyboard.press("Enter")
    expect(page.get_by_text("60 photos").first).to_be_visible()


def test_a_photo_says_how_its_time_is_known(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)
    photos(page).first.click()
    page.get_by_role("button", name="About this photo").click()

    expect(page.get_by_text("the camera's clock was set")).to_be_visible()


def test_a_photo_is_downloaded_as_it_was_taken(
    console: Console, camera: DeviceCaller, owner: OwnerCaller, cloud: LocalCloud
) -> None:
    page = of_that_day(console, camera)
    photos(page).first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    assert download.value.suggested_filename.endswith(".jpg")
    assert download.value.path().read_bytes() == owner.photo(owner.item(camera.device_id, 79))


def test_photos_are_saved_also_when_their_page_is_left_before(new_console: NewConsole, camera: DeviceCaller) -> None:
    console = new_console()
    page = of_that_day(console, camera)
    page.get_by_role("button", name="Select", exact=True).first.click()
    for number in range(2):
        photos(page).nth(number).click()
    saved: list[str] = []
    console.hear("download", lambda download: saved.append(download.suggested_filename[-7:]))
    held = Held()
    page.route(PACKS, held, times=1)
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_text("Fetching 1 of 2")).to_be_visible()
    console.go("#/cameras")
    expect(page.get_by_role("heading", name="Cameras")).to_be_visible()
    with page.expect_event("download", lambda _: len(saved) == 2):
        held.next(page).continue_()

    assert saved == ["#79.jpg", "#78.jpg"]
    expect(page.get_by_text("Fetching")).to_be_hidden()


def test_a_deleted_photo_comes_back_by_undo_and_the_cloud_never_hears_of_it(
    new_console: NewConsole, camera: DeviceCaller, owner: OwnerCaller
) -> None:
    console = new_console(has_clock=True)
    page = of_that_day(console, camera)
    delete_the_first(page)
    expect(photos(page).first).to_have_attribute("aria-label", re.compile(r"^11:39:00"))

    page.get_by_role("button", name="Undo").click()

    expect(photos(page).first).to_have_attribute("aria-label", re.compile(r"^11:39:30"))
    assert let_the_undo_pass(console) == []
    assert owner.item(camera.device_id, 79)["status"] == "processed"


def test_a_deletion_that_nobody_takes_back_is_carried_out(
    new_console: NewConsole, other_camera: DeviceCaller, owner: OwnerCaller
) -> None:
    console = new_console(has_clock=True)
    page = of_that_day(console, other_camera)
    delete_the_first(page)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        assert len(let_the_undo_pass(console)) == 1

    assert deleted.value.ok
    assert owner.item(other_camera.device_id, 79)["status"] == "deleted"


def test_a_page_that_is_left_before_the_undo_is_over_deletes_nothing(
    new_console: NewConsole, camera: DeviceCaller, owner: OwnerCaller
) -> None:
    console = new_console(has_clock=True)
    sent: list[str] = []
    console.hear("request", lambda request: sent.append(request.method))
    page = of_that_day(console, camera)
    delete_the_first(page)
    page.goto("about:blank")

    assert "GET" in sent
    assert "DELETE" not in sent
    assert owner.item(camera.device_id, 79)["status"] == "processed"


def test_many_are_selected_with_shift_and_deleted_together(
    new_console: NewConsole, other_camera: DeviceCaller, owner: OwnerCaller
) -> None:
    console = new_console(has_clock=True)
    page = of_that_day(console, other_camera)
    page.get_by_role("button", name="Select", exact=True).first.click()
    photos(page).nth(0).click()
    photos(page).nth(4).click(modifiers=["Shift"])
    expect(page.get_by_text("5 photos selected")).to_be_visible()

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("5 photos deleted")).to_be_visible()
    expect(page.get_by_text("55 photos").first).to_be_visible()

    # One after the other: they lie in one pack, which is written anew for each.
    with page.expect_response(lambda answer: answer.url.endswith("/75"), timeout=60_000):
        page.clock.fast_forward(LONGER_THAN_AN_UNDO_MS)
    statuses = [owner.item(other_camera.device_id, seq)["status"] for seq in range(74, 80)]
    assert statuses == ["processed", *["deleted"] * 5]


def test_a_day_is_played_and_stopped(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)
    page.get_by_role("button", name="Time-lapse").click()
    expect(page).to_have_url(re.compile(r"/play$"))

    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile(r"/play$"))


def test_a_day_without_photos_leads_to_the_last_one_that_has_some(console: Console, camera: DeviceCaller) -> None:
    console.go(f"#/photos/2026-06-07/{camera.device_id}")
    console.page.get_by_role("button", name=re.compile("3 June 2026")).click()

    expect(photos(console.page).first).to_be_visible()


def test_a_day_without_photos_shows_nothing_of_the_one_before(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)
    console.go("#/photos/2026-06-01")
    expect(page.get_by_text("No photos on this day")).to_be_visible()

    expect(page.get_by_role("slider", name="Time of day")).to_have_attribute("aria-valuenow", "1440")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_bars_the_way_in_the_gallery(console: Console, camera: DeviceCaller) -> None:
    page = of_that_day(console, camera)
    assert ("day", console.barriers_for_anybody()) == ("day", [])

    photos(page).first.click()
    page.get_by_role("button", name="About this photo").click()
    expect(page.get_by_role("dialog", name="Photo").locator("img").last).to_be_visible()
    expect(page.get_by_text("SHA-256")).to_be_visible()
    assert ("photo", console.barriers_for_anybody()) == ("photo", [])

    console.go(f"{THAT_DAY}/{camera.device_id}/play")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert ("time-lapse", console.barriers_for_anybody()) == ("time-lapse", [])

    console.go("#/photos/2026-06-01")
    expect(page.get_by_text("No photos on this day")).to_be_visible()
    assert ("empty", console.barriers_for_anybody()) == ("empty", [])
