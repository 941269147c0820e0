"""A clip among photos: known in the grid, played from S3, kept as a file, no part of the film of a day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from infra.local.cloud import LocalCloud
from tests.browser.console import Console
from tests.clips import of_ffmpeg
from tests.e2e.conftest import remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller, sha256_hex
from tests.pictures import photo

PLAYABLE = ("-pix_fmt:v:0", "yuv420p", "-movflags", "+faststart")
PHOTO, CLIP, BARE, LAST = 1, 2, 3, 4
"""Their seqs, oldest first: a photo, a clip, one without a poster, a photo."""


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("clip")
    return of_ffmpeg(folder, photo(640, 480), *PLAYABLE, seconds=2, codec="libx264")


@pytest.fixture(scope="module")
def camera(running_cloud: LocalCloud, mp4: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeviceCaller]:
    """All tests look at what it has sent, and leave it as it is."""
    cloud, folder = running_cloud, tmp_path_factory.mktemp("bare")
    with (
        OwnerCaller(cloud.api_url, cloud.owner.token) as owner,
        DeviceCaller(cloud.api_url, owner.pair("Barn")["pairing_code"]) as made,
    ):
        for seq in (PHOTO, LAST):
            made.send(seq, photo(160, 120), captured_at=taken_at(seq))
        send_clip(made, CLIP, mp4)
        send_clip(made, BARE, of_ffmpeg(folder, None, *PLAYABLE, seconds=1, codec="libx264"))
        cloud.settle()
        yield made
    remove_devices(cloud)


@pytest.fixture
def page(console: Console, camera: DeviceCaller) -> Page:
    """At the day of a camera that it knows from its beginning."""
    console.go(f"#/photos/2026-06-03/{camera.device_id}")
    expect(cell(console.page, PHOTO).locator("img")).to_be_visible()
    return console.page


def taken_at(seq: int) -> str:
    return f"2026-06-03T09:0{seq}:00Z"


def send_clip(camera: DeviceCaller, seq: int, mp4: bytes) -> None:
    target = camera.target(seq, mp4, filename=f"{seq}.mp4", content_type="video/mp4", captured_at=taken_at(seq))
    assert camera.put(target, mp4).status_code == 200
    camera.ingest(target, seq, sha256=sha256_hex(mp4), captured_at=taken_at(seq))


def cell(page: Page, seq: int) -> Locator:
    return page.get_by_role("gridcell", name=f"11:0{seq}:00")


def plays(page: Page) -> None:
    """The browser comes to know what it is to play."""
    page.wait_for_function("() => document.querySelector('video')?.readyState >= HTMLMediaElement.HAVE_METADATA")


def test_a_clip_is_known_by_its_length_and_has_a_tile_without_its_poster(console: Console, page: Page) -> None:
    expect(cell(page, CLIP).locator("img")).to_be_visible()
    expect(cell(page, CLIP)).to_have_text("0:02")
    expect(page.get_by_role("gridcell", name="clip of 2 s")).to_have_count(1)
    expect(cell(page, BARE).locator(".none .icon")).to_be_visible()
    expect(cell(page, BARE)).to_have_text("0:01")
    expect(cell(page, PHOTO)).to_have_text("")
    assert console.barriers() == []


def test_a_clip_is_played_by_keyboard_alone_and_kept_as_a_file(console: Console, page: Page, mp4: bytes) -> None:
    cell(page, CLIP).focus()
    page.keyboard.press("Enter")
    plays(page)
    assert page.locator("video").evaluate("video => video.duration") == 2
    assert console.barriers() == []

    page.keyboard.press("Space")
    expect(page.locator("video")).to_have_js_property("ended", True)

    with page.expect_download() as kept:
        page.keyboard.press("d")
    assert kept.value.suggested_filename == "Barn 2026-06-03 11-02-00 #2.mp4"
    assert kept.value.path().read_bytes() == mp4

    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog").get_by_role("heading", name="11:01:00")).to_be_visible()
    expect(page.get_by_role("dialog").locator("img:not(.before)")).to_be_visible()


def test_a_clip_whose_url_is_too_old_is_played_by_another(page: Page) -> None:
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=403)

    page.route("**/*-2.mp4?*", refuse, times=1)
    cell(page, CLIP).click()

    plays(page)
    assert refused


def test_a_clip_that_is_gone_says_so_and_can_be_asked_for_again(page: Page) -> None:
    page.route("**/*-2.mp4?*", lambda route: route.fulfill(status=404, headers={"Access-Control-Allow-Origin": "*"}))
    cell(page, CLIP).click()
    expect(page.get_by_text("Its bytes are not in the bucket any more.")).to_be_visible()

    page.unroute("**/*-2.mp4?*")
    page.get_by_role("button", name="Try again").click()
    plays(page)


def test_clips_are_no_part_of_the_film_of_a_day(page: Page) -> None:
    page.get_by_role("button", name="Time-lapse").click()
    film = page.get_by_role("dialog", name="Time-lapse")
    expect(film.get_by_role("heading", name="11:01:00")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(film.get_by_role("heading", name="11:04:00")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(film.get_by_role("heading", name="11:01:00")).to_be_visible()
