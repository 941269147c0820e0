"""What is let in as a picture."""

from __future__ import annotations

import pytest
from frameferry_station.cameras.camera import Frame
from frameferry_station.cameras.gate import MAX_JPEG_BYTES, Gate, NotAPicture, NothingNew, whole_jpeg

from tests.station.cameras.fake_photos import jpeg

INTERVAL_S = 30.0


def with_size(width: int, height: int) -> bytes:
    """A JPEG whose frame header says so."""
    good = bytearray(jpeg(0))
    at = good.index(b"\xff\xc0") + 5
    good[at : at + 4] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(good)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b'[{"cmd": "Snap", "code": 1, "error": {"detail": "please login first", "rspCode": -6}}]', "JSON"),
        (b"\n<html>Updating</html>", "web page"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8", "something else"),
        (jpeg(0)[:-2], "cut off"),
        (jpeg(0)[: len(jpeg(0)) // 2], "cut off"),
        (b"\xff\xd8\xff\xd9", "no size"),
        (b"\xff\xd8\xff\xe0\xff\xd9", "no size"),
        (b"\xff\xd8\xff" + b"\xe1\x00\x02\xff" * 3000 + b"\xd9", "no size"),
        (with_size(0, 48), "pixels"),
        (with_size(8, 8), "pixels"),
        (with_size(65500, 65500), "pixels"),
        (b"\xff\xd8\xff" + bytes(MAX_JPEG_BYTES), "larger"),
    ],
)
def test_what_no_camera_makes_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(NotAPicture, match=why):
        Gate().pass_on(Frame(content), INTERVAL_S)


@pytest.mark.parametrize("padding", [b"", b"\x00" * 512, b"\r\n"])
def test_padding_behind_the_picture_is_left_away(padding: bytes) -> None:
    assert whole_jpeg(jpeg(1) + padding) == jpeg(1)


def test_a_picture_with_fill_bytes_and_metadata_before_its_size_is_one() -> None:
    good = jpeg(1)
    padded = good[:2] + b"\xff\xff\xff\xe1\x00\x08Exif\x00\x00" + good[2:]

    assert whole_jpeg(padded) == padded


def test_a_picture_that_comes_again_is_not_let_in_and_the_next_one_is() -> None:
    gate = Gate()
    assert gate.pass_on(Frame(jpeg(1)), INTERVAL_S) == jpeg(1)

    for _ in range(3):
        with pytest.raises(NothingNew):
            gate.pass_on(Frame(jpeg(1)), INTERVAL_S)

    assert gate.pass_on(Frame(jpeg(2)), INTERVAL_S) == jpeg(2)


def test_a_picture_older_than_the_interval_is_stale_and_seconds_do_not_matter() -> None:
    gate = Gate()

    with pytest.raises(NothingNew, match="31 s old"):
        gate.pass_on(Frame(jpeg(1), age_s=31.0), INTERVAL_S)

    assert gate.pass_on(Frame(jpeg(2), age_s=29.0), INTERVAL_S)
    assert gate.pass_on(Frame(jpeg(3), age_s=9.0), 1.0)


def test_a_stale_picture_does_not_hide_the_same_one_as_known() -> None:
    gate = Gate()
    with pytest.raises(NothingNew):
        gate.pass_on(Frame(jpeg(1), age_s=3600.0), INTERVAL_S)

    assert gate.pass_on(Frame(jpeg(1), age_s=1.0), INTERVAL_S) == jpeg(1)


def test_a_camera_whose_pictures_change_under_one_stamp_is_believed_without_it() -> None:
    """Some name the time at which they were started."""
    gate = Gate()
    with pytest.raises(NothingNew):
        gate.pass_on(Frame(jpeg(1), age_s=3600.0, stamp="boot"), INTERVAL_S)

    for number in range(2, 9):
        assert gate.pass_on(Frame(jpeg(number), age_s=3600.0 + 30 * number, stamp="boot"), INTERVAL_S)


def test_a_file_that_nobody_writes_any_more_stays_stale() -> None:
    gate = Gate()
    for number in range(5):
        with pytest.raises(NothingNew, match="old"):
            gate.pass_on(Frame(jpeg(1), age_s=60.0 + 30 * number, stamp="then"), INTERVAL_S)
