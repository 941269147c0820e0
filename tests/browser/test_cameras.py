"""Cameras: paired, watched, paused, shut out."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, expect

from infra.local.cloud import LocalCloud
from infra.local.station import StationProcess
from tests.browser.answers import Held
from tests.browser.cameras import simulated
from tests.browser.conftest import NewCamera, NewConsole
from tests.browser.console import Console
from tests.e2e.people import DeviceCaller, OwnerCaller
from tests.tiny_jpegs import tiny_jpeg

LONGER_THAN_A_LOOK_TAKES_TO_COME_MS = 11_000
_LOOKS = 60
A_PROCESS_STARTS_MS = 60_000
"""On a machine that has much else to do."""
OF_ITS_PAGE = re.compile(r"/api/(items\?|devices/[^/]+/(health|events|commands)\?)")
"""What is asked for once the camera itself is known."""


def with_a_photo(device: DeviceCaller, cloud: LocalCloud, seq: int = 0) -> DeviceCaller:
    device.send(seq, tiny_jpeg(seq))
    cloud.settle()
    return device


def look_until(page: Page, is_seen: Callable[..., None]) -> None:
    """The page's next look is brought forward again and again: `is_seen` is one of Playwright's expectations."""
    for _ in range(_LOOKS):
        page.clock.fast_forward(LONGER_THAN_A_LOOK_TAKES_TO_COME_MS)
        with suppress(AssertionError):
            is_seen(timeout=1_000)
            return
    is_seen()


def test_a_camera_is_paired_with_the_code_shown_and_its_photos_appear_without_a_reload(
    new_console: NewConsole, cloud: LocalCloud, tmp_path: Path
) -> None:
    page = new_console(has_clock=True).page
    page.get_by_role("banner").get_by_role("link", name="Pair a camera").click()
    page.get_by_label("Name").fill("Barn")
    page.get_by_role("button", name="Make a code").click()
    code = page.locator("#code").inner_text()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^Good for (10:00|9:\d\d) min$"))

    with simulated(cloud, code, tmp_path):
        expect(page.get_by_role("heading", name="Barn is paired")).to_be_visible(timeout=A_PROCESS_STARTS_MS)
        page.get_by_role("link", name="All cameras").click()
        look_until(page, expect(page.get_by_alt_text("The latest photo of Barn")).to_be_visible)
        first = page.locator(".picture time").get_attribute("datetime") or ""
        look_until(page, partial(expect(page.locator(".picture time")).not_to_have_attribute, "datetime", first))


def test_a_station_is_paired_with_what_the_page_shows(console: Console, cloud: LocalCloud, tmp_path: Path) -> None:
    page = console.page
    console.go("#/pair")
    page.get_by_label("Name").fill("Garden")
    page.get_by_role("button", name="Make a code").click()
    code = page.locator("#code").inner_text()
    page.get_by_label("Station", exact=True).check()
    expect(page.get_by_text(f"FRAMEFERRY_API_URL={cloud.api_url}", exact=True)).to_be_visible()
    expect(page.get_by_text(f"sudo frameferry-station pair garden {code}", exact=True)).to_be_visible()
    assert console.barriers() == []

    station = StationProcess(
        folder=tmp_path / "station",
        api_url=cloud.api_url,
        camera_url="http://127.0.0.1:9/",
        interval_s=60,
        page_port=0,
        on_end=lambda _: None,
    )
    station.pair(code)
    expect(page.get_by_role("heading", name="Garden is paired")).to_be_visible()


def test_a_name_of_spaces_alone_is_none(new_console: NewConsole, new_camera: NewCamera) -> None:
    console = new_console()
    page = console.page
    sent: list[str] = []
    console.hear("request", lambda request: sent.append(request.method))
    for fragment in ("#/pair", f"#/cameras/{new_camera('Barn').device_id}"):
        console.go(fragment)
        if fragment != "#/pair":
            page.get_by_role("button", name="Rename").click()
        name = page.get_by_label("Name", exact=True)
        sent.clear()
        name.fill("   ")
        name.press("Enter")
        assert name.evaluate("input => input.validity.patternMismatch")
        console.said_all()
        assert not {"POST", "PATCH"} & set(sent)
        expect(name).to_be_visible()

        name.fill(" Shed ")
        name.press("Enter")
        expect(page.get_by_role("heading", name="Shed")).to_be_visible()


def test_a_pause_stops_the_camera_and_shows_until_it_is_ended(
    new_console: NewConsole, cloud: LocalCloud, owner: OwnerCaller, tmp_path: Path
) -> None:
    made = owner.pair("Gate")
    console = new_console(has_clock=True)
    page = console.page
    with simulated(cloud, made["pairing_code"], tmp_path) as camera:
        console.go(f"#/cameras/{made['device_id']}")
        look_until(page, expect(page.get_by_alt_text("The latest photo of Gate")).to_be_visible)

        page.get_by_role("button", name="Until I resume").click()
        expect(page.locator(".heading .chip")).to_have_text("Paused until you resume it")
        assert camera.stands_still("captured", 3.0, patience_s=90)
        uploaded = camera.said["uploaded"]
        assert camera.stands_still("uploaded", 2.0)

        page.get_by_role("button", name="Resume").click()
        expect(page.locator(".heading .chip")).not_to_have_text(re.compile("Paused"))
    assert uploaded > 0


def test_while_the_api_is_down_the_page_says_so_and_goes_on_by_itself(
    new_console: NewConsole, new_camera: NewCamera
) -> None:
    new_camera("Shed")
    console = new_console(has_clock=True)
    page = console.page
    console.go("#/cameras")
    expect(page.get_by_role("heading", name="Shed")).to_be_visible()

    page.route("**/api/**", lambda route: route.abort())
    look_until(page, expect(page.get_by_text("The API cannot be reached.")).to_be_visible)
    expect(page.get_by_role("heading", name="Shed")).to_be_visible()

    page.unroute_all()
    look_until(page, expect(page.get_by_text("The API cannot be reached.")).to_be_hidden)


def test_a_revoked_camera_says_so_and_can_be_paired_again(console: Console, new_camera: NewCamera) -> None:
    device = new_camera("Roof")
    page = console.page
    console.go(f"#/cameras/{device.device_id}")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    expect(page.locator(".heading .chip")).to_have_text("Revoked")
    assert device.call("POST", "/devices/heartbeat", json={}).status_code == 403


def test_what_is_pressed_does_not_move_away_while_the_rest_of_the_page_comes(
    console: Console, new_camera: NewCamera
) -> None:
    page = console.page
    held = Held()
    is_pressed = False
    page.route(OF_ITS_PAGE, lambda route: route.continue_() if is_pressed else held(route))
    console.go(f"#/cameras/{new_camera('Roof').device_id}")
    page.get_by_role("button", name="Revoke").hover()
    page.mouse.down()
    is_pressed = True
    while held:
        held.next(page).continue_()
    expect(page.get_by_text("It has reported nothing in this time.")).to_be_visible()
    expect(page.get_by_text("It has reported nothing yet.")).to_be_visible()
    page.mouse.up()

    expect(page.get_by_role("dialog")).to_be_visible()


def test_charts_stay_until_those_of_another_time_are_here(console: Console, new_camera: NewCamera) -> None:
    device = new_camera("Roof")
    device.ask("POST", "/devices/heartbeat", json={"battery_percent": 12, "rssi_dbm": -80})
    page = console.page
    console.go(f"#/cameras/{device.device_id}")
    charts = page.locator(".charts")
    expect(charts.get_by_role("figure")).to_have_count(2)
    for rest in ("No photo yet", "Nothing was asked of it yet.", "It has reported nothing yet."):
        expect(page.get_by_text(rest)).to_be_visible()
    height = page.evaluate("document.documentElement.scrollHeight")

    held = Held()
    page.route("**/health?*", held)
    page.get_by_label("Week").check()
    expect(charts).to_have_attribute("aria-busy", "true")
    assert page.evaluate("document.documentElement.scrollHeight") == height
    held.next(page).continue_()

    expect(charts).to_have_attribute("aria-busy", "false")
    expect(charts.get_by_role("figure")).to_have_count(2)


def test_settings_are_kept_and_reach_the_camera(console: Console, new_camera: NewCamera) -> None:
    device = new_camera("Door")
    console.go(f"#/cameras/{device.device_id}")
    interval = console.page.get_by_label("Seconds between photos")
    interval.fill("60")
    console.page.get_by_role("button", name="Save").click()
    expect(console.page.get_by_role("button", name="Save")).to_be_hidden()

    assert device.ask("POST", "/devices/heartbeat", json={})["settings"]["interval_s"] == 60


def test_nothing_bars_the_way_on_any_page(console: Console, new_camera: NewCamera, cloud: LocalCloud) -> None:
    device = with_a_photo(new_camera("Barn"), cloud)
    device.ask("POST", "/devices/heartbeat", json={"battery_percent": 12, "rssi_dbm": -80, "queue_depth": 30})
    page = console.page
    latest = page.get_by_alt_text("The latest photo of Barn")
    rest = page.get_by_role("figure"), page.get_by_text("It has reported nothing yet.")

    for fragment, seen in (
        ("#/cameras", (latest,)),
        (f"#/cameras/{device.device_id}", (latest, *rest)),
        ("#/usage", (page.get_by_role("heading", name="By camera"),)),
        ("#/pair", (page.get_by_role("button", name="Make a code"),)),
        (f"#/pair/{device.device_id}", (page.get_by_role("button", name="Make a code"),)),
    ):
        console.go(fragment)
        for each in seen:
            expect(each.first).to_be_visible()
        assert (fragment, console.barriers_for_anybody()) == (fragment, [])

    page.get_by_role("button", name="Make a code").click()
    expect(page.get_by_role("img", name=re.compile("QR"))).to_be_visible()
    assert ("the code", console.barriers_for_anybody()) == ("the code", [])
    console.go(f"#/cameras/{device.device_id}")
    for name in ("Forget", "Revoke"):
        page.get_by_role("button", name=re.compile(rf"^{name}")).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert (name, console.barriers_for_anybody()) == (name, [])
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
