"""Photos that came under a number which another one has."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewCamera
from tests.browser.console import Console
from tests.tiny_jpegs import tiny_jpeg


def test_their_owner_finds_them_on_the_cameras_page_and_can_save_them(
    console: Console, new_camera: NewCamera, cloud: LocalCloud, tmp_path: Path
) -> None:
    device, page = new_camera("Barn"), console.page
    device.send(4, tiny_jpeg(4))
    cloud.settle()
    late = device.target(4, filename="other.jpg")
    assert device.put(late, tiny_jpeg(5)).status_code == 200
    cloud.settle()

    console.go(f"#/cameras/{device.device_id}")
    aside = page.get_by_role("region", name="Kept aside")
    expect(aside.get_by_role("listitem")).to_have_count(1)
    assert console.barriers() == []
    with page.expect_download() as saved:
        aside.get_by_role("button", name="Save photo 4").click()
    saved.value.save_as(tmp_path / "saved.jpg")

    assert (tmp_path / "saved.jpg").read_bytes() == tiny_jpeg(5)
    assert saved.value.suggested_filename.startswith("Barn ")


def test_of_a_camera_without_any_nothing_is_said(console: Console, new_camera: NewCamera) -> None:
    device, page = new_camera("Barn"), console.page
    with page.expect_response("**/conflicts?*"):
        console.go(f"#/cameras/{device.device_id}")
    expect(page.get_by_text("It has reported nothing yet.")).to_be_visible()

    expect(page.get_by_role("region", name="Kept aside")).to_have_count(0)
