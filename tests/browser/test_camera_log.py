"""The lists of a camera's page: what it reported, what was asked of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewCamera, NewConsole
from tests.browser.console import Console
from tests.e2e import packing
from tests.e2e.people import DeviceCaller, OwnerCaller

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LONGER_THAN_A_LOOK_TAKES_TO_COME_MS = 11_000
_HIDDEN = """hidden => {
  if (hidden) Object.defineProperty(document, "hidden", {configurable: true, get: () => true});
  else delete document.hidden;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def reports(camera: DeviceCaller, numbers: range) -> None:
    for number in numbers:
        at = packing.text(NOON + timedelta(minutes=number))
        camera.ask("POST", "/devices/events", json={"kind": "error", "occurred_at": at, "message": f"trouble {number}"})


def troubles(page: Page) -> list[int]:
    rows = page.get_by_role("region", name="Events").get_by_role("listitem").all_inner_texts()
    return [int(row.rpartition(" ")[2]) for row in rows]


def shown(console: Console, camera: DeviceCaller, count: int) -> Page:
    console.go(f"#/cameras/{camera.device_id}")
    expect(console.page.get_by_role("region", name="Events").get_by_role("listitem")).to_have_count(count)
    return console.page


def test_events_that_came_while_nobody_looked_are_all_in_the_list(console: Console, new_camera: NewCamera) -> None:
    camera = new_camera("Barn")
    reports(camera, range(10))
    page = shown(console, camera, 8)

    page.evaluate(_HIDDEN, True)
    reports(camera, range(10, 40))
    page.evaluate(_HIDDEN, False)

    expect(page.get_by_text("trouble 39")).to_be_visible()
    assert troubles(page) == [*range(39, 1, -1)]
    page.get_by_role("region", name="Events").get_by_role("button", name="Show more").click()
    expect(page.get_by_text("trouble 0")).to_be_visible()
    assert troubles(page) == [*range(39, -1, -1)]


def test_nothing_is_asked_for_while_nobody_looks(new_console: NewConsole, new_camera: NewCamera) -> None:
    console = new_console(has_clock=True)
    page = shown(console, new_camera("Barn"), 0)
    for rest in ("No photo yet", "Nothing was asked of it yet.", "It has reported nothing yet."):
        expect(page.get_by_text(rest)).to_be_visible()
    console.said_all()
    page.evaluate(_HIDDEN, True)
    asked: list[str] = []
    console.hear("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(LONGER_THAN_A_LOOK_TAKES_TO_COME_MS)
    console.said_all()

    assert [url for url in asked if "/devices/" in url] == []


def test_an_event_that_comes_late_takes_its_place_among_those_that_are_shown(
    console: Console, new_camera: NewCamera
) -> None:
    camera = new_camera("Barn")
    reports(camera, range(5))
    reports(camera, range(6, 12))
    page = shown(console, camera, 8)
    page.evaluate(_HIDDEN, True)
    reports(camera, range(5, 6))
    page.evaluate(_HIDDEN, False)

    expect(page.get_by_text("trouble 5")).to_be_visible()
    assert troubles(page) == [*range(11, 2, -1)]


def test_what_becomes_of_an_old_command_is_seen_too(
    console: Console, new_camera: NewCamera, owner: OwnerCaller
) -> None:
    camera = new_camera("Barn")
    path = f"/devices/{camera.device_id}/commands"
    oldest, *_ = [owner.ask("POST", path, json={"kind": "capture_now"}) for _ in range(12)]
    page = shown(console, camera, 0)
    asked = page.get_by_role("region", name="Asked of it")
    asked.get_by_role("button", name="Show more").click()
    expect(asked.get_by_role("listitem")).to_have_count(12)
    expect(asked.get_by_role("listitem").last).to_contain_text("waits for the camera")

    page.evaluate(_HIDDEN, True)
    camera.ask("POST", f"/devices/commands/{oldest['command_id']}/ack", json={"status": "done"})
    page.evaluate(_HIDDEN, False)

    expect(asked.get_by_role("listitem").last).to_contain_text("done")
