"""The simulated camera's pictures: what an ESP32's camera gives at UXGA, and the same again for the same time."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from frameferry_station.daylight import daylight
from frameferry_station.pictures import FirstPictures, FolderPictures
from frameferry_station.scene import MAX_BYTES, MIN_BYTES, Scene
from PIL import Image, ImageChops, ImageStat

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(1)


@pytest.fixture(scope="module")
def noon(scene: Scene) -> bytes:
    return scene.take(NOON)


def decoded(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    picture.load()
    return picture


def brightness(picture: Image.Image) -> float:
    return ImageStat.Stat(picture.convert("L")).mean[0]


@pytest.mark.parametrize("hour", [0, 4, 5, 9, 12, 18, 19, 22])
def test_every_picture_is_a_jpeg_as_the_camera_makes_it(scene: Scene, hour: int) -> None:
    jpeg = scene.take(MIDNIGHT + timedelta(hours=hour, days=37 * hour))

    picture = decoded(jpeg)
    assert jpeg.startswith(b"\xff\xd8\xff")
    assert jpeg.endswith(b"\xff\xd9")
    assert (picture.format, picture.size, picture.mode) == ("JPEG", (1600, 1200), "RGB")
    assert MIN_BYTES <= len(jpeg) <= MAX_BYTES
    assert not picture.getexif()


def test_the_same_seed_and_time_give_the_same_bytes(noon: bytes) -> None:
    assert Scene(1).take(NOON) == noon


def test_another_time_and_another_seed_give_other_bytes(scene: Scene, noon: bytes) -> None:
    assert scene.take(NOON + timedelta(milliseconds=1)) != noon
    assert Scene(2).take(NOON) != noon


def test_days_are_bright_and_nights_dark(scene: Scene, noon: bytes) -> None:
    assert brightness(decoded(noon)) > 2 * brightness(decoded(scene.take(MIDNIGHT)))


def test_something_moves_within_half_a_minute(scene: Scene) -> None:
    before, after = (decoded(scene.take(NOON + timedelta(seconds=seconds))) for seconds in (0, 30))

    changed = ImageChops.difference(before.convert("L"), after.convert("L")).point(lambda value: 255 * (value > 60))

    assert changed.getbbox() is not None


def test_the_sun_is_up_at_noon_and_down_at_midnight_in_every_month() -> None:
    for month in range(1, 13):
        assert daylight(NOON.replace(month=month)).sun.altitude_deg > 20
        assert daylight(MIDNIGHT.replace(month=month)).sun.altitude_deg < -10


def test_the_moon_is_full_when_it_was(scene: Scene) -> None:
    assert daylight(datetime(2026, 5, 1, 17, 23, tzinfo=UTC)).moon_phase == pytest.approx(0.5, abs=0.03)


def test_a_folder_s_jpegs_come_in_the_order_of_their_names_over_and_over(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.JPEG", "c.txt"):
        (tmp_path / name).write_bytes(name.encode())
    source = FolderPictures(tmp_path)

    assert [source.take(NOON) for _ in range(3)] == [b"a.JPEG", b"b.jpg", b"a.JPEG"]


def test_a_folder_without_jpegs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no JPEG"):
        FolderPictures(tmp_path)


def test_only_so_many_pictures_are_taken_as_were_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    source = FirstPictures(FolderPictures(tmp_path), 2)

    assert [source.take(NOON) for _ in range(3)] == [b"a", b"a", None]
