"""What is let in: whole JPEGs that are new."""

from __future__ import annotations

import hashlib

from frameferry_station.cameras.camera import Frame
from frameferry_station.device import CameraFailed

MAX_JPEG_BYTES = 16 * 2**20
"""A camera of 36 megapixels stays below it."""
MAX_PIXELS = 36_000_000
"""The cloud rejects what has more."""
MIN_EDGE_PIXELS = 16
MIN_STALE_S = 10.0
"""HTTP's dates have whole seconds, and cameras write their files no faster than they like."""

_MAX_SEGMENTS = 1024
_PADDING = b"\x00\r\n"
_START = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame header: SOF0 to SOF15 (ITU T.81 table B.1)."""


class NotAPicture(CameraFailed):
    """No JPEG, or none that a camera makes."""


class NothingNew(CameraFailed):
    """A picture that was there before, or an old one."""


class Gate:
    """Of one camera. It keeps the digests of the latest pictures that it saw and let in, and nothing else.

    A picture in which only a clock runs on is a new one here. A camera whose pictures change under the same stamp has
    no use of stamps, and is believed without.
    """

    def __init__(self) -> None:
        self._let_in: bytes | None = None
        self._seen: tuple[bytes, str | None] = (b"", None)
        self._is_stamp_true = True

    def pass_on(self, frame: Frame, interval_s: float) -> bytes:
        """The JPEG, without padding behind its end. Raises NotAPicture, NothingNew."""
        jpeg = whole_jpeg(frame.content)
        digest = hashlib.sha256(jpeg).digest()
        if frame.stamp is not None and self._seen[1] == frame.stamp and self._seen[0] != digest:
            self._is_stamp_true = False
        self._seen = digest, frame.stamp
        if digest == self._let_in:
            raise NothingNew("it gives the same picture again")
        if self._is_stamp_true and frame.age_s is not None and frame.age_s > max(interval_s, MIN_STALE_S):
            raise NothingNew(f"its picture is {_in_words(frame.age_s)} old")
        self._let_in = digest
        return jpeg


def whole_jpeg(content: bytes) -> bytes:
    """Raises NotAPicture where it is none, is cut off, or has an absurd size. It does not look between the markers."""
    if not content:
        raise NotAPicture("its answer is empty")
    if not content.startswith(_START):
        raise NotAPicture(f"its answer is no JPEG but {_kind(content)}")
    if len(content) > MAX_JPEG_BYTES:
        raise NotAPicture(f"its picture is larger than {MAX_JPEG_BYTES // 2**20} MiB")
    jpeg = content.rstrip(_PADDING)
    if not jpeg.endswith(_END):
        raise NotAPicture("its picture is cut off")
    width, height = _size(jpeg)
    if min(width, height) < MIN_EDGE_PIXELS or width * height > MAX_PIXELS:
        raise NotAPicture(f"its picture has {width} x {height} pixels")
    return jpeg


def _size(jpeg: bytes) -> tuple[int, int]:
    """Width and height of the frame header, which stands before the first scan (ITU T.81 section B.2.2)."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        while jpeg[at : at + 2] == b"\xff\xff":
            at += 1
        head = jpeg[at : at + 9]
        if len(head) < 9 or head[0] != 0xFF or head[1] == 0xDA:
            break
        if head[1] in _SIZES:
            return int.from_bytes(head[7:9]), int.from_bytes(head[5:7])
        at += 2 + max(2, int.from_bytes(head[2:4]))
    raise NotAPicture("its picture has no size")


def _kind(content: bytes) -> str:
    head = content[:64].lstrip().lower()
    for start, kind in ((b"{", "JSON"), (b"[", "JSON"), (b"<", "a web page"), (b"\x89png", "a PNG")):
        if head.startswith(start):
            return kind
    return "something else"


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 180 else f"{seconds / 60:.0f} min"
