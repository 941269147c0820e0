"""Pictures made for tests and benchmarks, good and bad. The same call always gives the same bytes."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFilter

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 170, 40), (40, 50, 200), (220, 210, 40)
"""Of the corners of `scene`: top left, top right, bottom left, bottom right."""

Colour = tuple[int, int, int]


def scene(
    width: int = 160, height: int = 120, corners: tuple[Colour, Colour, Colour, Colour] | None = None
) -> Image.Image:
    """Four coloured quarters and some detail in the middle."""
    top_left, top_right, bottom_left, bottom_right = corners or (RED, GREEN, BLUE, YELLOW)
    image = Image.new("RGB", (width, height), top_left)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height), fill=top_right)
    draw.rectangle((0, height // 2, width // 2, height), fill=bottom_left)
    draw.rectangle((width // 2, height // 2, width, height), fill=bottom_right)
    for ring in range(0, min(width, height) // 4, 3):
        draw.ellipse(
            (width // 2 - ring, height // 2 - ring, width // 2 + ring, height // 2 + ring),
            outline=(ring * 4 % 256,) * 3,
        )
    return image


def encoded(image: Image.Image, **options: object) -> bytes:
    """As JPEG; the options are those of Pillow's JPEG writer."""
    out = BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def photo(width: int = 160, height: int = 120, **options: object) -> bytes:
    return encoded(scene(width, height), **options)


def grey_photo() -> bytes:
    return encoded(scene().convert("L"))


def cmyk_photo(**options: object) -> bytes:
    return encoded(scene().convert("CMYK"), **options)


def rgb_photo() -> bytes:
    """Stored without conversion to YCbCr, which only its Adobe segment tells."""
    jpeg = photo(keep_rgb=True)
    header, scan = frame_header_at(jpeg) + 10, jpeg.rindex(b"\xff\xda") + 5
    renamed = bytearray(jpeg)
    renamed[header : header + 9 : 3] = renamed[scan : scan + 6 : 2] = b"\1\2\3"
    return bytes(renamed)


def progressive_photo() -> bytes:
    return photo(progressive=True)


def mpo_photo() -> bytes:
    """Two pictures in one file, as stereo cameras and some phones write them."""
    out = BytesIO()
    scene().save(out, "MPO", save_all=True, append_images=[scene(80, 60)])
    return out.getvalue()


def exif(
    *,
    orientation: int | None = None,
    captured_at: str | None = None,
    offset: str | None = None,
    big_endian: bool = False,
) -> bytes:
    """The EXIF block for `photo(exif=...)`; the texts go in as they are, right or wrong."""
    block = Image.Exif()
    block.endian = ">" if big_endian else "<"
    if orientation is not None:
        block[0x0112] = orientation
    details = {0x9003: captured_at, 0x9011: offset}
    block.get_ifd(0x8769).update({tag: text for tag, text in details.items() if text is not None})
    return block.tobytes()


_OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
_SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}
"""EXIF 2.32, tag Orientation: the visual side of the stored first row and of the stored first column."""
_COLOUR = {
    frozenset({"top", "left"}): RED,
    frozenset({"top", "right"}): GREEN,
    frozenset({"bottom", "left"}): BLUE,
    frozenset({"bottom", "right"}): YELLOW,
}


def turned_photo(orientation: int, width: int = 160, height: int = 120) -> bytes:
    """Looks like `scene` of that width and height once EXIF's orientation is applied."""
    row, column = _SIDES[orientation]
    corners = (
        _COLOUR[frozenset({row, column})],
        _COLOUR[frozenset({row, _OPPOSITE[column]})],
        _COLOUR[frozenset({_OPPOSITE[row], column})],
        _COLOUR[frozenset({_OPPOSITE[row], _OPPOSITE[column]})],
    )
    stored = (width, height) if orientation < 5 else (height, width)
    return encoded(scene(*stored, corners), exif=exif(orientation=orientation))


def with_segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """With one more segment, right after the start marker."""
    return jpeg[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


def frame_header_at(jpeg: bytes) -> int:
    """Where the start-of-frame marker is."""
    return next(at for at in range(len(jpeg)) if jpeg[at] == 0xFF and jpeg[at + 1] in (0xC0, 0xC1, 0xC2))


def claiming(jpeg: bytes, width: int, height: int) -> bytes:
    """The same bytes, with another size in the header."""
    at = frame_header_at(jpeg) + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def with_precision(jpeg: bytes, bits: int) -> bytes:
    at = frame_header_at(jpeg) + 4
    return jpeg[:at] + bytes((bits,)) + jpeg[at + 1 :]


def with_process(jpeg: bytes, marker: int) -> bytes:
    """Under another start-of-frame marker, as of lossless (0xC3) or hierarchical (0xC5) coding."""
    at = frame_header_at(jpeg) + 1
    return jpeg[:at] + bytes((marker,)) + jpeg[at + 1 :]


def with_scans(jpeg: bytes, count: int) -> bytes:
    """A progressive picture with its last scan said that many times more."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * count + jpeg[-2:]


def with_hole(jpeg: bytes) -> bytes:
    """Some of the scan data is missing in the middle."""
    middle = (jpeg.rindex(b"\xff\xda") + len(jpeg)) // 2
    return jpeg[: middle - 20] + jpeg[middle + 20 :]


def png() -> bytes:
    out = BytesIO()
    scene().save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True)
class Bad:
    name: str
    jpeg: bytes
    reason: str
    """What chalicelib.imaging.BadPhoto gives as its reason."""


def bad_photos() -> list[Bad]:
    good, progressive = photo(), progressive_photo()
    scan = good.rindex(b"\xff\xda")
    cut = good[: (scan + len(good)) // 2]
    return [
        Bad("zero bytes", b"", "empty"),
        Bad("text", b"<html>Sign in to Wi-Fi</html>", "not_a_jpeg"),
        Bad("png", png(), "not_a_jpeg"),
        Bad("zeros", bytes(1000), "not_a_jpeg"),
        Bad("noise", random.Random(1).randbytes(5000), "not_a_jpeg"),
        Bad("first byte only", good[:1], "not_a_jpeg"),
        Bad("start marker only", good[:3], "truncated"),
        Bad("cut in the header", good[: scan // 2], "truncated"),
        Bad("cut in the scan", cut, "truncated"),
        Bad("cut before the end marker", good[:-2], "truncated"),
        Bad("cut within the end marker", good[:-1], "truncated"),
        Bad("cut and filled with zeros", cut + bytes(4096), "truncated"),
        Bad("cut and followed by another photo", cut + good + bytes(70_000) + b"\xff\xd9", "truncated"),
        Bad("progressive and cut after a scan", progressive[: progressive.rindex(b"\xff\xda")], "truncated"),
        Bad("cut, with a whole one in its EXIF", with_segment(good, 0xE1, b"Exif\0\0" + good)[:-2], "truncated"),
        Bad("no frame, no scan", good[:2] + b"\xff\xd9", "undecodable"),
        Bad("no scan", good[:scan] + b"\xff\xd9", "undecodable"),
        Bad("a segment shorter than its length", good[:2] + b"\xff\xe2\x00\x01" + good[2:], "undecodable"),
        Bad("12 bits", with_precision(good, 12), "undecodable"),
        Bad("lossless", with_process(good, 0xC3), "undecodable"),
        Bad("hierarchical", with_process(good, 0xC5), "undecodable"),
        Bad("no width", claiming(good, 0, 120), "undecodable"),
        Bad("no height", claiming(good, 160, 0), "undecodable"),
        Bad("two thousand segments", _with_comments(good, 2000), "undecodable"),
        Bad("arithmetic", with_process(good, 0xC9), "undecodable"),
        Bad("progressive and arithmetic", with_process(progressive, 0xCA), "undecodable"),
        Bad("36 megapixels, a hundred scans", with_scans(claiming(progressive, 6000, 6000), 90), "too_many_scans"),
        Bad("a line, a thousand scans", with_scans(claiming(progressive, 65_500, 1), 990), "too_many_scans"),
        Bad("claims 16383x16383", claiming(good, 16383, 16383), "too_many_pixels"),
        Bad("claims 65535x65535", claiming(good, 65535, 65535), "too_many_pixels"),
        Bad("progressive, claims 16383x16383", claiming(progressive, 16383, 16383), "too_many_pixels"),
    ]


def _with_comments(jpeg: bytes, count: int) -> bytes:
    return jpeg[:2] + b"\xff\xfe\x00\x02" * count + jpeg[2:]


def camera_scene(width: int = 1600, height: int = 1200, *, seed: int = 1, noise: float = 5.0) -> Image.Image:
    """What a small camera sees: structure at all scales, things with edges, sensor noise, a soft lens.

    Each octave of detail has 0.7 times the contrast of the one before, which is near the spectrum of
    natural scenes. `noise` is the standard deviation of each channel, before the lens softens it.
    """
    chance = random.Random(seed)
    grey = Image.new("L", (width, height), 128)
    cells, contrast = 4, 30.0
    while cells <= width:
        grey = _add(grey, _noise("L", cells, (width, height), contrast, chance))
        cells, contrast = cells * 2, contrast * 0.7
    image = Image.merge("RGB", (grey, grey, grey))
    for cells, contrast in ((4, 15.0), (8, 11.0), (16, 7.0), (32, 5.0)):
        image = _add(image, _noise("RGB", cells, (width, height), contrast, chance))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        left, top = chance.randrange(width), chance.randrange(height // 3, height)
        shade = chance.randrange(30, 220)
        right, bottom = (
            left + chance.randrange(width // 160, width // 8),
            top + chance.randrange(height // 120, height // 5),
        )
        draw.rectangle(
            (left, top, right, bottom), fill=(shade, shade + chance.randrange(20), shade - chance.randrange(20))
        )
    image = _add(image, _noise("RGB", width, (width, height), noise, chance))
    return image.filter(ImageFilter.GaussianBlur(0.8))


def _noise(mode: str, cells: int, size: tuple[int, int], deviation: float, chance: random.Random) -> Image.Image:
    """Smooth noise around 128, that many cells across."""
    bands = len(mode)
    rows = max(2, cells * size[1] // size[0])
    drawn = Image.frombytes(mode, (cells, rows), chance.randbytes(cells * rows * bands))
    gain = deviation / (256 / 12**0.5)
    return drawn.resize(size, Image.Resampling.BICUBIC).point(
        [round((v - 127.5) * gain + 128) for v in range(256)] * bands
    )


def _add(image: Image.Image, noise: Image.Image) -> Image.Image:
    return ImageChops.add(image, noise, scale=1, offset=-128)
