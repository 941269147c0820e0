"""Whether bytes are a whole JPEG: its ends and its header, without decoding it."""

from __future__ import annotations

import io
import struct

from frameferry_station.packs import MAX_JPEG_BYTES
from frameferry_station.photos import NotAPhoto, PhotoTooLarge

MAX_PIXELS = 200_000_000
_START, _END = b"\xff\xd8\xff", b"\xff\xd9"


def check(jpeg: bytes) -> None:
    """Zeros behind the end are taken: cameras fill their last buffer up with them. Raises NotAPhoto, PhotoTooLarge."""
    if len(jpeg) > MAX_JPEG_BYTES:
        raise PhotoTooLarge(f"a photo has at most {MAX_JPEG_BYTES} bytes")
    if not jpeg.startswith(_START):
        raise NotAPhoto("it does not begin as a JPEG does")
    end = jpeg.rfind(_END)
    if end < 0 or jpeg.count(0, end + len(_END)) != len(jpeg) - end - len(_END):
        raise NotAPhoto("it does not end as a JPEG does: it was cut off")
    width, height = _size(jpeg)
    if not 0 < width * height <= MAX_PIXELS:
        raise NotAPhoto(f"no camera makes {width} x {height} pixels")


def _size(jpeg: bytes) -> tuple[int, int]:
    # Not Image.open, which loads the readers of all formats.
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        with JpegImageFile(io.BytesIO(jpeg)) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError, struct.error):
        raise NotAPhoto("its header is broken") from None
