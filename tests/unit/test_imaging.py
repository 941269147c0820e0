"""chalicelib.imaging: what is a photo, which way is up, and that no bytes can hurt."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chalicelib.imaging import MAX_PIXELS, BadPhoto, Photo, examine
from tests import pictures
from tests.pictures import BLUE, GREEN, RED, YELLOW, Bad


def thumbnail_of(photo: Photo) -> Image.Image:
    image = Image.open(BytesIO(photo.thumbnail))
    image.load()
    return image


def photo_or_reason(jpeg: bytes) -> Photo | str:
    try:
        return examine(jpeg)
    except BadPhoto as bad:
        return bad.reason


def assert_near(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int], tolerance: int = 30) -> None:
    seen = image.getpixel(at)
    assert isinstance(seen, tuple)
    assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) <= tolerance, (seen, colour)


def assert_corners_of_scene(image: Image.Image) -> None:
    right, bottom = image.width - 4, image.height - 4
    assert_near(image, (3, 3), RED)
    assert_near(image, (right, 3), GREEN)
    assert_near(image, (3, bottom), BLUE)
    assert_near(image, (right, bottom), YELLOW)


def test_good_photo_tells_its_size_and_has_a_thumbnail() -> None:
    photo = examine(pictures.photo(1600, 1200))
    assert (photo.width, photo.height, photo.exif_captured_at) == (1600, 1200, None)
    assert thumbnail_of(photo).size == (320, 240)
    assert_corners_of_scene(thumbnail_of(photo))


@pytest.mark.parametrize(
    "jpeg",
    [
        pytest.param(pictures.progressive_photo(), id="progressive"),
        pytest.param(pictures.rgb_photo(), id="stored as RGB"),
        pytest.param(pictures.photo(subsampling="4:2:2", quality=95), id="4:2:2"),
        pytest.param(pictures.photo(restart_marker_blocks=3), id="restart markers"),
        pytest.param(pictures.cmyk_photo(), id="cmyk"),
        pytest.param(pictures.mpo_photo(), id="mpo"),
        pytest.param(pictures.photo() + bytes(4096), id="zeros after its end"),
        pytest.param(pictures.photo() + b"\xff\xd8\xff\xe0 and more \xff", id="garbage after its end"),
        pytest.param(pictures.photo(comment=b"\xff\xd9 said the fox"), id="end marker in a comment"),
        pytest.param(pictures.photo(icc_profile=b"no profile"), id="broken icc"),
        pytest.param(pictures.with_segment(pictures.photo(), 0xE2, b"ICC_PROFILE\0\x07\x02"), id="icc part 7 of 2"),
        pytest.param(pictures.with_segment(pictures.photo(), 0xE2, b"MPF\0broken"), id="broken mpo"),
        pytest.param(
            pictures.with_segment(pictures.photo(), 0xED, b"Photoshop 3.0\0" + b"8BIM"), id="broken photoshop"
        ),
    ],
)
def test_every_kind_of_jpeg_that_cameras_and_phones_write_is_shown(jpeg: bytes) -> None:
    photo = examine(jpeg)
    assert (photo.width, photo.height) == (160, 120)
    assert thumbnail_of(photo).mode == "RGB"
    assert_corners_of_scene(thumbnail_of(photo))


def test_grey_photo_gets_a_grey_thumbnail_in_rgb() -> None:
    thumbnail = thumbnail_of(examine(pictures.grey_photo()))
    assert thumbnail.mode == "RGB"
    luma = round(RED[0] * 0.299 + RED[1] * 0.587 + RED[2] * 0.114)
    assert_near(thumbnail, (3, 3), (luma, luma, luma), tolerance=4)


def test_photo_with_a_hole_in_its_data_is_shown_as_far_as_it_goes() -> None:
    photo = examine(pictures.with_hole(pictures.photo()))
    assert_near(thumbnail_of(photo), (3, 3), RED)


@pytest.mark.parametrize("bad", pictures.bad_photos(), ids=lambda bad: bad.name)
def test_bad_photo_is_refused_with_its_reason(bad: Bad) -> None:
    assert photo_or_reason(bad.jpeg) == bad.reason


@pytest.mark.parametrize(
    "whole", [pictures.photo(64, 48), pictures.photo(64, 48, progressive=True)], ids=["baseline", "progressive"]
)
def test_photo_cut_short_at_any_byte_is_refused_as_truncated(whole: bytes) -> None:
    assert {photo_or_reason(whole[:length]) for length in range(3, len(whole))} == {"truncated"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_turned_upright(orientation: int) -> None:
    photo = examine(pictures.turned_photo(orientation, 1024, 512))
    assert (photo.width, photo.height) == (1024, 512)
    assert thumbnail_of(photo).size == (320, 160)
    assert_corners_of_scene(thumbnail_of(photo))
    assert not thumbnail_of(photo).getexif()


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientation_that_exif_does_not_know_is_left_alone(orientation: int) -> None:
    photo = examine(pictures.photo(exif=pictures.exif(orientation=orientation)))
    assert_corners_of_scene(thumbnail_of(photo))


@pytest.mark.parametrize(
    ("size", "thumbnail_size"),
    [
        ((1600, 1200), (320, 240)),
        ((1200, 1600), (240, 320)),
        ((1280, 720), (320, 180)),
        ((2560, 1920), (320, 240)),
        ((1000, 1000), (240, 240)),
        ((333, 250), (320, 240)),
        ((320, 240), (320, 240)),
        ((100, 75), (100, 75)),
        ((1, 1), (1, 1)),
        ((4000, 3), (320, 1)),
        ((2, 3000), (1, 320)),
    ],
)
def test_thumbnail_fits_the_box_keeps_the_aspect_and_never_grows(
    size: tuple[int, int], thumbnail_size: tuple[int, int]
) -> None:
    assert thumbnail_of(examine(pictures.photo(*size))).size == thumbnail_size


@pytest.mark.parametrize("big_endian", [False, True], ids=["little endian", "big endian"])
@pytest.mark.parametrize(
    ("captured_at", "offset", "expected"),
    [
        ("2026:03:29 01:30:00", None, datetime(2026, 3, 29, 1, 30)),  # noqa: DTZ001 - EXIF without offset is naive
        ("2026:03:29 01:30:00", "+02:00", datetime(2026, 3, 28, 23, 30, tzinfo=UTC)),
        ("2026:03:29 01:30:00", "-09:30", datetime(2026, 3, 29, 11, 0, tzinfo=UTC)),
        ("2026:03:29 01:30:00", "   :  ", datetime(2026, 3, 29, 1, 30)),  # noqa: DTZ001
        ("2026:03:29 01:30:00", "+99:99", datetime(2026, 3, 29, 1, 30)),  # noqa: DTZ001
        ("2026:03:29 01:30:00 ", None, datetime(2026, 3, 29, 1, 30)),  # noqa: DTZ001
        (None, "+02:00", None),
        ("", None, None),
        ("    :  :     :  :  ", None, None),
        ("0000:00:00 00:00:00", None, None),
        ("1970:01:01 00:00:03", None, None),
        ("1980:01:01 00:00:03", None, None),
        ("2026:02:30 01:30:00", None, None),
        ("2026:03:29 25:30:00", None, None),
        ("9999:12:31 23:59:59", "-12:00", None),
        ("2026-03-29T01:30:00Z", None, None),
        ("yesterday", None, None),
    ],
)
def test_exif_time_is_read_where_it_makes_sense(
    captured_at: str | None, offset: str | None, expected: datetime | None, big_endian: bool
) -> None:
    block = pictures.exif(captured_at=captured_at, offset=offset, big_endian=big_endian)
    told = examine(pictures.photo(exif=block)).exif_captured_at
    assert told == expected
    assert told is None or expected is None or told.tzinfo == expected.tzinfo


@given(cut=st.integers(0, 150), at=st.integers(0, 150), junk=st.binary(max_size=8))
def test_broken_exif_is_never_fatal(cut: int, at: int, junk: bytes) -> None:
    block = pictures.exif(orientation=6, captured_at="2026:03:29 01:30:00", offset="+02:00")
    broken = (block[: 6 + at] + junk + block[6 + at + len(junk) :])[: len(block) - cut]
    photo = examine(pictures.with_segment(pictures.photo(32, 24), 0xE1, b"Exif\0\0" + broken[6:]))
    assert {photo.width, photo.height} == {32, 24}


SPECIMENS = [
    pictures.photo(48, 40),
    pictures.photo(48, 40, progressive=True),
    pictures.photo(
        48, 40, restart_marker_blocks=1, exif=pictures.exif(orientation=5, captured_at="2026:03:29 01:30:00")
    ),
    pictures.encoded(pictures.scene(48, 40).convert("L"), quality=20),
    pictures.encoded(pictures.scene(48, 40).convert("CMYK")),
    pictures.mpo_photo(),
]


@st.composite
def damaged_photos(draw: st.DrawFn) -> bytes:
    """A specimen with bytes overwritten, removed or inserted, spliced to another, cut."""
    jpeg = draw(st.sampled_from(SPECIMENS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(jpeg)))
        removed = draw(st.sampled_from([0, 1, 1, 2, 30]))
        inserted = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\xff\xd9", b"\xff\xda", b"\xff\xd8\xff", b"\xff\xc4"]))
        )
        jpeg = jpeg[:at] + inserted + jpeg[at + removed :]
    if draw(st.booleans()):
        other = draw(st.sampled_from(SPECIMENS))
        jpeg = jpeg[: draw(st.integers(0, len(jpeg)))] + other[draw(st.integers(0, len(other))) :]
    return jpeg[: draw(st.one_of(st.none(), st.integers(0, len(jpeg))))]


@given(damaged_photos() | st.binary() | st.binary().map(b"\xff\xd8\xff".__add__))
def test_any_bytes_give_a_photo_or_a_reason(jpeg: bytes) -> None:
    outcome = photo_or_reason(jpeg)
    if isinstance(outcome, str):
        assert outcome in {"empty", "not_a_jpeg", "truncated", "undecodable", "too_many_pixels", "too_many_scans"}
        return
    thumbnail = thumbnail_of(outcome)
    assert thumbnail.mode == "RGB"
    assert max(thumbnail.size) <= 320
    assert min(thumbnail.size) <= 240


WITHIN_512_MIB = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
from chalicelib.imaging import examine
print(examine(sys.stdin.buffer.read()).width)
"""


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_largest_photo_that_is_accepted_fits_a_small_lambda(progressive: bool) -> None:
    side = int(MAX_PIXELS**0.5)
    largest = pictures.claiming(pictures.cmyk_photo(progressive=progressive), side, side)
    told = subprocess.run([sys.executable, "-c", WITHIN_512_MIB], input=largest, capture_output=True, check=False)
    assert (told.stdout.strip(), told.stderr) == (str(side).encode(), b"")
