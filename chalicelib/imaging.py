"""What a JPEG tells: bytes in; size, EXIF time and an upright thumbnail out.

The picture's segments are walked here, and Pillow gets only those that a decoder needs. So a file cut
short is known by its missing end, whatever a lenient decoder makes of it; and broken EXIF, ICC or MPO
data can do no harm: Pillow reports such data by `warnings`, which are state of the whole process.

A hole within the scan data passes, as it does in every decoder: integrity is the sha256's business.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Final

from PIL.Image import Image, Resampling, Transpose
from PIL.JpegImagePlugin import JpegImageFile

MAX_PIXELS: Final = 36_000_000
"""A progressive picture is held whole as coefficients, 2 bytes a sample: 290 MB for this many pixels in CMYK."""
THUMBNAIL_BOX: Final = (320, 240)
"""Longest long side and longest short side of a thumbnail, in pixels."""
THUMBNAIL_QUALITY: Final = 80

MAX_PIXEL_SCANS: Final = 1_000_000_000
"""A scan costs a pass over the whole picture, however few bytes it has. Encoders write 10, for CMYK 18."""

_MAX_SEGMENTS: Final = 1_024
_LEAST_SCANS: Final = 10
"""To hold a picture whole as coefficients and to turn it back takes as long as so many scans."""
_LARGEST_UNIT: Final = 16
"""Pixels that a decoder takes at once, in width and in height, of the pictures that cameras write."""


class BadPhoto(Exception):
    """These bytes are no photo that can be shown.

    `reason` is stable: "empty", "not_a_jpeg", "truncated", "undecodable", "too_many_pixels" or "too_many_scans".
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Photo:
    """What a good JPEG told."""

    width: int
    """Upright, in pixels; so is height."""
    height: int
    exif_captured_at: datetime | None
    """EXIF DateTimeOriginal: in UTC where the camera gave its offset, else naive; None if absent or absurd."""
    thumbnail: bytes
    """Upright RGB JPEG that fits THUMBNAIL_BOX (a portrait fits it turned), never larger than the photo; no EXIF."""


@dataclass(frozen=True)
class Opened:
    """A JPEG of which nothing is decoded yet."""

    pixel_scans: int
    """The work that it takes: pixels times scans, at most MAX_PIXEL_SCANS."""
    _picture: JpegImageFile
    _exif: _Exif

    def photo(self) -> Photo:
        """To be called once. Raises BadPhoto, and nothing else."""
        width, height = self._picture.size
        try:
            thumbnail = shrink(self._picture, self._exif.orientation)
        except _PILLOW_CANNOT as error:
            raise BadPhoto("undecodable") from error
        if self._exif.orientation in _SIDEWAYS:
            width, height = height, width
        return Photo(width, height, self._exif.captured_at, _encode(thumbnail))


_PILLOW_CANNOT: Final = (OSError, SyntaxError, ValueError)


def examine(jpeg: bytes) -> Photo:
    """The facts of a JPEG (of an MPO: of its first picture), whatever follows its end-of-image marker.

    Raises BadPhoto, and nothing else, for any bytes. Memory stays under 300 MB, besides three times the
    input, and time within seconds.
    """
    return opened(jpeg).photo()


def opened(jpeg: bytes) -> Opened:
    """The same in two steps, for who must know what the second one takes. Raises BadPhoto."""
    anatomy = _dissect(jpeg)
    try:
        picture = JpegImageFile(BytesIO(anatomy.decodable))  # reads the header, decodes nothing
    except _PILLOW_CANNOT as error:
        raise BadPhoto("undecodable") from error
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise BadPhoto("too_many_pixels")
    pixel_scans = _whole_units(width) * _whole_units(height) * anatomy.scan_count
    if pixel_scans > MAX_PIXEL_SCANS:
        raise BadPhoto("too_many_scans")
    return Opened(pixel_scans, picture, _read_exif(anatomy.exif))


def _whole_units(pixels: int) -> int:
    return -(-pixels // _LARGEST_UNIT) * _LARGEST_UNIT


def shrink(picture: JpegImageFile, orientation: int) -> Image:
    """A freshly opened JPEG within THUMBNAIL_BOX, turned upright, as RGB.

    Raises OSError, SyntaxError or ValueError where Pillow cannot decode it.
    """
    long, short = max(picture.size), min(picture.size)
    scale = min(1.0, THUMBNAIL_BOX[0] / long, THUMBNAIL_BOX[1] / short)
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    # A draft of this very shape: the decoder itself scales by 1/2, 1/4 or 1/8 and leaves the filters little to do.
    draft = picture.draft(None, (width, height))
    drafted_width, drafted_height = draft[1][2:] if draft else picture.size
    # The dearer filter one way only: the least work that keeps an SSIM of 0.99 to LANCZOS (bench/thumbnail.py).
    narrow = picture.resize((width, picture.height), Resampling.HAMMING, box=(0, 0, drafted_width, picture.height))
    small = narrow.resize((width, height), Resampling.BICUBIC, box=(0, 0, width, drafted_height)).convert("RGB")
    return small.transpose(_TO_UPRIGHT[orientation]) if orientation in _TO_UPRIGHT else small


def _encode(thumbnail: Image) -> bytes:
    jpeg = BytesIO()
    thumbnail.save(jpeg, "JPEG", quality=THUMBNAIL_QUALITY)
    return jpeg.getvalue()


_TO_UPRIGHT: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""EXIF orientation -> the turn that undoes it."""
_SIDEWAYS: Final = {5, 6, 7, 8}
"""EXIF orientations that swap width and height."""


# --- The segments of a JPEG (ITU-T T.81, annex B) ---

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Lossless, hierarchical, arithmetic: no camera writes them, and the last would be decoded, at any length."""
_APP0_JFIF, _APP1_EXIF, _APP14_ADOBE = 0xE0, 0xE1, 0xEE
_FIRST_WITH_LENGTH = 0xC0
_NO_USE_TO_A_DECODER = frozenset({*range(0xE0, 0xF0), _COM}) - {_APP0_JFIF, _APP14_ADOBE}
"""JFIF and Adobe segments stay: they tell the colour space."""

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Any but the stuffed zero and the restart markers: these two are part of the scan data."""


@dataclass(frozen=True)
class _Anatomy:
    decodable: bytes
    """The picture from start to end marker, without what follows it and without the segments below."""
    exif: bytes
    """The TIFF block of the first EXIF segment, or nothing."""
    scan_count: int
    """At least _LEAST_SCANS where the picture is held whole to be decoded."""


def _dissect(jpeg: bytes) -> _Anatomy:
    if not jpeg:
        raise BadPhoto("empty")
    if not jpeg.startswith(b"\xff\xd8\xff"):
        raise BadPhoto("not_a_jpeg")
    kept, exif, frame = [jpeg[:2]], b"", b""
    scans: list[bytes] = []
    for marker, segment in _segments(jpeg):
        if marker in _OTHER_FRAMES:
            raise BadPhoto("undecodable")
        if marker == _APP1_EXIF and not exif and segment.startswith(b"Exif\0", 4):
            exif = segment[10:]
        if marker not in _NO_USE_TO_A_DECODER:
            kept.append(segment)
        if marker in (_BASELINE, _EXTENDED, _PROGRESSIVE):
            frame = segment
        if marker == _SOS:
            scans.append(segment)
    return _Anatomy(b"".join(kept), exif, _scan_count(frame, scans))


def _scan_count(frame: bytes, scans: list[bytes]) -> int:
    """Only one scan with all components of a sequential frame is decoded as it is read."""
    is_one = len(scans) == 1 and frame[1:2] != bytes((_PROGRESSIVE,)) and scans[0][4:5] == frame[9:10]
    return 1 if is_one else max(len(scans), _LEAST_SCANS)


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with its segment, a scan's with its data, up to the end-of-image marker; junk between is left out."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(jpeg, at)
        if not found or jpeg[found.start() + 1] == _SOI:  # another picture starts: this one never ended
            raise BadPhoto("truncated")
        start, at = found.span()
        marker = jpeg[start + 1]
        if marker != _EOI and marker >= _FIRST_WITH_LENGTH:
            at = _end_of_segment(jpeg, at)
        if marker == _SOS:
            after_scan = _MARKER.search(jpeg, at)
            at = after_scan.start() if after_scan else len(jpeg)
        yield marker, jpeg[start:at]
        if marker == _EOI:
            return
    raise BadPhoto("undecodable")


def _end_of_segment(jpeg: bytes, at: int) -> int:
    length = int.from_bytes(jpeg[at : at + 2])
    if at + length > len(jpeg) or at + 2 > len(jpeg):
        raise BadPhoto("truncated")
    if length < 2:
        raise BadPhoto("undecodable")
    return at + length


# --- EXIF (CIPA DC-008): three tags, read leniently ---

_ORIENTATION, _EXIF_IFD, _CAPTURED_AT, _CAPTURED_AT_OFFSET = 0x0112, 0x8769, 0x9003, 0x9011
_SIZE_OF_TYPE: Final = {2: 1, 3: 2, 4: 4}
"""Bytes of an ASCII, a SHORT and a LONG; the tags above use no other type."""

_EXIF_TIME = re.compile(rb"(20\d\d):(\d\d):(\d\d) (\d\d:\d\d:\d\d)[\0 ]*")
"""Of this century: a camera whose clock was never set says 0000, 1970 or 1980."""
_EXIF_OFFSET = re.compile(rb"([+-](?:0\d|1[0-4]):[0-5]\d)[\0 ]*")


@dataclass(frozen=True)
class _Exif:
    orientation: int = 1
    captured_at: datetime | None = None


def _read_exif(tiff: bytes) -> _Exif:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return _Exif()
    first = _ifd(tiff, order, _number(tiff[4:8], order))
    orientation = _number(first.get(_ORIENTATION, b""), order)
    details = _ifd(tiff, order, _number(first.get(_EXIF_IFD, b""), order))
    captured_at = _captured_at(details.get(_CAPTURED_AT, b""), details.get(_CAPTURED_AT_OFFSET, b""))
    return _Exif(orientation if 1 <= orientation <= 8 else 1, captured_at)


def _ifd(tiff: bytes, order: str, at: int) -> dict[int, bytes]:
    """The raw values of the wanted tags in the directory at that offset, as far as it can be read."""
    values: dict[int, bytes] = {}
    for entry in range(at + 2, at + 2 + 12 * _number(tiff[at : at + 2], order), 12):
        if entry + 12 > len(tiff):
            break
        tag, kind, count = struct.unpack_from(order + "HHI", tiff, entry)
        if tag in {_ORIENTATION, _EXIF_IFD, _CAPTURED_AT, _CAPTURED_AT_OFFSET}:
            size = _SIZE_OF_TYPE.get(kind, 0) * count
            start = entry + 8 if size <= 4 else _number(tiff[entry + 8 : entry + 12], order)
            values[tag] = tiff[start : start + size]
    return values


def _number(raw: bytes, order: str) -> int:
    return int.from_bytes(raw, "little" if order == "<" else "big")


def _captured_at(time: bytes, offset: bytes) -> datetime | None:
    told, ahead = _EXIF_TIME.fullmatch(time), _EXIF_OFFSET.fullmatch(offset)
    if not told:
        return None
    year, month, day, clock = (part.decode() for part in told.groups())
    try:
        local = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{ahead[1].decode() if ahead else ''}")
    except ValueError:
        return None
    return local.astimezone(UTC) if ahead else local
