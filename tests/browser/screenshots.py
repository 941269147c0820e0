"""`make screenshots`: the pictures of the console that the README and the docs show, into docs/pictures.

Two cameras have looked at a landscape for a day, each five minutes, as `make run`'s simulated ones see it; one was
paused for two hours. Then a code is made for one more.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import batched
from pathlib import Path
from typing import Any, Literal

from frameferry_station.scene import Scene
from playwright.sync_api import Browser, expect, sync_playwright
from rich.progress import track

from infra.local.cloud import LocalCloud
from tests.browser.console import Console
from tests.e2e import packing
from tests.e2e.a_day_of_photos import send
from tests.e2e.people import DeviceCaller, OwnerCaller
from tests.pack_files import BOOT_ID, Shot

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
SHOWN = {name for page in PAGES for name in re.findall(r"pictures/console-([a-z-]+)\.jpg", page.read_text("utf-8"))}
EVERY = timedelta(minutes=5)
PAUSED = range(11 * 12, 13 * 12)
"""Steps of five minutes: from 11 to 13 o'clock."""
CAMERAS = {"Boathouse": 1, "Meadow": 5}
"""With the seeds of what they look at."""
_HEALTH: dict[str, dict[str, Any]] = {
    "Boathouse": {"battery_percent": 83, "rssi_dbm": -58, "queue_depth": 0},
    "Meadow": {"battery_percent": 41, "rssi_dbm": -71, "queue_depth": 212},
}
_SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
_QUALITY = 82


def main() -> None:
    chromium = shutil.which("chromium")
    with (
        LocalCloud() as cloud,
        sync_playwright() as playwright,
        OwnerCaller(cloud.api_url, cloud.owner.token) as owner,
    ):
        day = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
        first, *_ = [_a_day(cloud, owner, name, seed, day) for name, seed in CAMERAS.items()]
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        _take(browser, cloud, owner, f"{day:%Y-%m-%d}", first)
        browser.close()


def _a_day(cloud: LocalCloud, owner: OwnerCaller, name: str, seed: int, day: datetime) -> str:
    """Gives the device's id."""
    scene = Scene(seed)
    with DeviceCaller(cloud.api_url, owner.pair(name)["pairing_code"]) as device:
        times = [day + step * EVERY for step in range(24 * 12) if seed != 1 or step not in PAUSED]
        taken = [_shot(scene, seq, at) for seq, at in enumerate(track(times, f"{name} takes photos"))]
        packs = [packing.pack(device, list(part)) for part in batched(taken, 12)]
        for part in track(list(batched(packs, 6)), f"{name} sends them"):
            send(cloud, device, part, next_seq=len(times))
        if seed == 1:
            for kind, step in (("paused", PAUSED.start), ("resumed", PAUSED.stop)):
                at = packing.text(day + step * EVERY)
                device.ask("POST", "/devices/events", json={"kind": kind, "occurred_at": at})
        device.ask(
            "POST",
            "/devices/heartbeat",
            json=_HEALTH[name]
            | {"sd_free_bytes": 27_400_000_000, "sd_total_bytes": 31_900_000_000, "firmware_version": "1.0.0"},
        )
        return device.device_id


def _shot(scene: Scene, seq: int, at: datetime) -> Shot:
    return Shot(seq, scene.take(at), at, clock_synced=True, uptime_ms=300_000 * seq, boot_id=BOOT_ID)


def _take(browser: Browser, cloud: LocalCloud, owner: OwnerCaller, day: str, device_id: str) -> None:
    for scheme, size in (("light", "desktop"), ("dark", "desktop"), ("dark", "phone")):
        with _window(browser, cloud, scheme, size) as console:  # type: ignore[arg-type]
            page = console.page
            console.go(f"#/photos/{day}/{device_id}")
            expect(page.locator(".grid img").nth(8)).to_be_visible()
            page.locator(".strip").click(position={"x": 0.4 * _SIZES[size][0], "y": 10})
            _keep(console, f"photos-{scheme}-{size}")
            page.locator(".grid .cell:has(img)").nth(4).click()
            expect(page.locator(".stage img:not(.before)").first).to_be_visible()
            _keep(console, f"photo-{scheme}-{size}")
            for name, fragment in (
                ("cameras", "#/cameras"),
                ("camera", f"#/cameras/{device_id}"),
                ("usage", "#/usage"),
            ):
                console.go(fragment)
                _keep(console, f"{name}-{scheme}-{size}")
    with _window(browser, cloud, "light", "desktop") as console:
        _pair(console)


def _pair(console: Console) -> None:
    page = console.page
    console.go("#/pair")
    page.get_by_label("Name").fill("Barn")
    page.get_by_role("button", name="Make a code").click()
    expect(page.locator("#code")).to_be_visible()
    _keep(console, "pair-light-desktop")


@contextmanager
def _window(browser: Browser, cloud: LocalCloud, scheme: Literal["light", "dark"], size: str) -> Iterator[Console]:
    width, height = _SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
    )
    console = Console(context.new_page(), cloud.api_url)
    console.sign_in_by_link(cloud.owner)
    yield console
    context.close()


def _keep(console: Console, name: str) -> None:
    """If a page shows it."""
    if name not in SHOWN:
        return
    console.page.wait_for_timeout(2_500)  # for pictures under way
    console.page.mouse.move(0, 0)
    console.page.screenshot(path=PICTURES / f"console-{name}.jpg", type="jpeg", quality=_QUALITY)


if __name__ == "__main__":
    main()
