"""Why there is no photo: each reason as the gallery names it, from what a camera does and tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewConsole
from tests.browser.console import Console
from tests.e2e import packing
from tests.e2e.conftest import remove_devices
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller
from tests.pack_files import Shot
from tests.tiny_jpegs import tiny_jpeg

MIDNIGHT = datetime(2026, 6, 2, 22, tzinfo=UTC)
"""In Berlin, where these browsers are."""
BERLIN = ZoneInfo("Europe/Berlin")
# Read where it is drawn: rows that have left the page in between would have no spaces.
_LINES_AT = """top => new Promise(done => {
  const lines = () => [...document.querySelectorAll(".row.gap > div")].map(each => each.innerText);
  scrollTo(0, top);
  requestAnimationFrame(() => setTimeout(() => done(lines())));
})"""
DASH = "\N{EN DASH}"
ONE_RUN, ITS_NEXT, WITHOUT_A_CLOCK, ITS_LAST = ("a" * 16, "b" * 16, "c" * 16, "d" * 16)


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return MIDNIGHT + timedelta(hours=int(hours), minutes=int(minutes))


def photos(device: DeviceCaller, cloud: LocalCloud, seqs: Iterable[int], clock: str, run: str) -> None:
    """Ten minutes of them, a photo each half minute; in a run without a clock they have no time."""
    shots = [
        Shot(
            seq,
            tiny_jpeg(seq),
            None if run == WITHOUT_A_CLOCK else at(clock) + number * packing.INTERVAL,
            clock_synced=run != WITHOUT_A_CLOCK,
            uptime_ms=30_000 * (1 + seq),
            boot_id=run,
        )
        for number, seq in enumerate(seqs)
    ]
    packing.send(device, packing.pack(device, shots))
    cloud.settle()


def tell(device: DeviceCaller, kind: str, clock: str, **told: object) -> JsonObject:
    return device.ask("POST", "/devices/events", json={"kind": kind, "occurred_at": packing.text(at(clock)), **told})


@pytest.fixture(scope="module")
def camera(running_cloud: LocalCloud) -> Iterator[DeviceCaller]:
    """All tests look at its day, and leave it as it is."""
    cloud = running_cloud
    with (
        OwnerCaller(cloud.api_url, cloud.owner.token) as owner,
        DeviceCaller(cloud.api_url, owner.pair("Barn")["pairing_code"]) as made,
    ):
        live_a_day(made, cloud)
        yield made
    remove_devices(cloud)


def live_a_day(device: DeviceCaller, cloud: LocalCloud) -> None:
    """Everything happens to it."""
    photos(device, cloud, range(20), "8:00", ONE_RUN)
    tell(device, "paused", "8:10")
    tell(device, "resumed", "9:00")
    photos(device, cloud, range(20, 40), "9:00", ONE_RUN)
    tell(device, "evicted", "9:20", first_seq=40, last_seq=59)
    photos(device, cloud, range(60, 80), "9:20", ONE_RUN)
    photos(device, cloud, range(100, 120), "9:50", ONE_RUN)
    photos(device, cloud, range(120, 140), "11:00", ITS_NEXT)
    photos(device, cloud, range(140, 160), "", WITHOUT_A_CLOCK)
    photos(device, cloud, range(160, 180), "12:30", ITS_LAST)
    photos(device, cloud, range(200, 220), "12:50", ITS_LAST)
    clock = {"boot_id": ITS_LAST, "uptime_ms": 30_000 * 300, "next_seq": 220, "oldest_seq": 180}
    skipped = {"kind": "skipped", "occurred_at": packing.text(at("9:50")), "first_seq": 80, "last_seq": 99}
    packing.sync(device, clock=clock, events=[skipped])


def lines(page: Page) -> set[str]:
    """All of the day, from its top to its bottom."""
    found: set[str] = set()
    top = 0
    while top < page.evaluate("document.documentElement.scrollHeight"):
        found |= {" ".join(line.split()) for line in page.evaluate(_LINES_AT, top)}
        top += 300
    return found


def test_each_reason_has_its_line_with_its_time_and_how_much_it_is(console: Console, camera: DeviceCaller) -> None:
    page = console.page
    console.go(f"#/photos/2026-06-03/{camera.device_id}")
    expect(page.locator(".row.gap").first).to_be_visible()

    assert lines(page) == {
        f"Not uploaded yet 12:39 {DASH} 12:50 20 photos",
        f"Powered off 09:59 {DASH} 11:00 1 h",
        f"Numbers skipped 09:29 {DASH} 09:50 20 photos",
        f"Took none 09:29 {DASH} 09:50 20 min 30 s",
        f"Card was full 09:09 {DASH} 09:20 20 photos",
        f"Paused 08:10 {DASH} 09:00 50 min",
    }


def test_photos_without_a_time_are_shown_where_they_came_and_said_to_be(
    console: Console, camera: DeviceCaller, owner: OwnerCaller
) -> None:
    came_at = datetime.fromisoformat(owner.item(camera.device_id, 140)["captured_at"])
    console.go(f"#/photos/{came_at.astimezone(BERLIN):%Y-%m-%d}/{camera.device_id}")

    line = console.page.locator(".row.gap > .clock_unknown")
    expect(line).to_contain_text("Time unknown")
    expect(line).to_contain_text("20 photos")
    photo = console.page.locator(".grid .cell").first
    expect(photo).to_have_attribute("aria-label", re.compile("this is when it arrived"))


def test_a_camera_that_never_used_its_code_has_nothing_to_upload(new_console: NewConsole, cloud: LocalCloud) -> None:
    somebody = cloud.new_owner("somebody with a camera in its box")
    with OwnerCaller(cloud.api_url, somebody.token) as caller:
        caller.pair("Never used")
    console = new_console(somebody)

    expect(console.page.get_by_text("No photos yet")).to_be_visible()
    expect(console.page.get_by_text("Not uploaded yet")).to_have_count(0)
