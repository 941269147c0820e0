"""What the beginning of an MP4 tells: bytes in; size, length and poster out. Nothing is decoded.

Boxes are those of ISO/IEC 14496-12; the poster is the cover art that iTunes's metadata keep beside the tracks, which
ffmpeg writes for an attached picture. Read here, since of the libraries that read it mutagen is under the GPL, and
ffprobe is a program of 80 MB; what is needed are six boxes, and no byte may be believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

MAX_START_BYTES: Final = 2 * 2**20
"""Of a clip that are looked at: the index of an hour, and a poster, have room in them."""

_MAX_BOXES: Final = 1_024
"""Beside one another; encoders write a dozen."""
_LONGEST_MS: Final = 86_400_000
"""A day of video has no room in a clip: who says so does not know."""
_JPEG: Final = 13
"""Of the well-known types of the QuickTime File Format, "Type Indicator"."""


class BadClip(Exception):
    """These bytes begin no clip that can be shown.

    `reason` is stable: "empty", "not_an_mp4", "no_moov_in_front" (the index comes after the video, or ends after
    MAX_START_BYTES), "truncated", "undecodable" or "no_video_track".
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Clip:
    """What the index of a clip told."""

    width: int
    """Upright, in pixels; so is height."""
    height: int
    duration_ms: int | None
    """None where it is not told, as in a file that was written in fragments."""
    poster: bytes | None = field(repr=False)
    """Said to be a JPEG, and not looked at."""


def examine(start: bytes, size_bytes: int) -> Clip:
    """The facts of a clip of `size_bytes` by its first MAX_START_BYTES, or all that there are.

    Raises BadClip, and nothing else, for any bytes. Memory stays within the input's, and time within seconds.
    """
    if not start:
        raise BadClip("empty")
    moov = _moov(memoryview(start)[:MAX_START_BYTES], size_bytes)
    width, height = next(_pictures(moov), (0, 0))
    if not (width and height):
        raise BadClip("no_video_track")
    return Clip(width, height, _duration_ms(moov), _poster(moov))


@dataclass(frozen=True)
class _Box:
    kind: bytes
    body: memoryview
    """As far as it is there."""
    end: int
    """Counted from where its container begins."""


def _moov(start: memoryview, size_bytes: int) -> memoryview:
    if bytes(start[4:8]) != b"ftyp":
        raise BadClip("not_an_mp4")
    moov: memoryview | None = None
    for box in _boxes(start, size_bytes):
        if box.end > size_bytes:
            raise BadClip("truncated")
        if moov is None and (box.kind == b"mdat" or box.end > len(start)):
            raise BadClip("no_moov_in_front")
        if moov is not None and box.kind in (b"mdat", b"moof"):
            return moov
        if box.kind == b"moov":
            moov = box.body
    if moov is None:
        raise BadClip("no_moov_in_front")
    return moov


def _pictures(moov: memoryview) -> Iterator[tuple[int, int]]:
    """Width and height of each track that is a video's."""
    for trak in _children(moov, b"trak"):
        handler = _child(_child(trak, b"mdia"), b"hdlr")
        header = _child(trak, b"tkhd")
        matrix = 52 if _version(header) == 1 else 40
        if bytes(handler[8:12]) == b"vide" and len(header) >= matrix + 44:
            width, height = _number(header, matrix + 36, 2), _number(header, matrix + 40, 2)
            is_sideways = not _number(header, matrix, 4) and not _number(header, matrix + 16, 4)
            yield (height, width) if is_sideways else (width, height)


def _duration_ms(moov: memoryview) -> int | None:
    header = _child(moov, b"mvhd")
    scale_at, length = (20, 8) if _version(header) == 1 else (12, 4)
    scale, duration = _number(header, scale_at, 4), _number(header, scale_at + 4, length)
    is_unknown = duration == 2 ** (8 * length) - 1  # ISO/IEC 14496-12 section 8.2.2.3
    ms = round(duration * 1000 / scale) if scale and not is_unknown else 0
    return ms if 0 < ms <= _LONGEST_MS else None


def _poster(moov: memoryview) -> bytes | None:
    """Where this part of the index is damaged, the clip can be shown all the same."""
    with suppress(BadClip):
        meta = _child(_child(moov, b"udta"), b"meta")
        for picture in _children(_child(_child(meta[4:], b"ilst"), b"covr"), b"data"):
            if _number(picture, 0, 4) == _JPEG and len(picture) > 8:
                return bytes(picture[8:])
    return None


def _child(container: memoryview, kind: bytes) -> memoryview:
    """The body of the first one; empty where there is none."""
    return next(_children(container, kind), memoryview(b""))


def _children(container: memoryview, kind: bytes) -> Iterator[memoryview]:
    for box in _boxes(container, len(container)):
        if box.end > len(container):
            raise BadClip("undecodable")
        if box.kind == kind:
            yield box.body


def _boxes(container: memoryview, size_bytes: int) -> Iterator[_Box]:
    """Those that begin in what is there of the `size_bytes` of their container (ISO/IEC 14496-12 section 4.2)."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(container):
            return
        size, kind, header = _number(container, at, 4), bytes(container[at + 4 : at + 8]), 8
        if size == 1:
            size, header = _number(container, at + 8, 8), 16
        if size == 0:
            size = size_bytes - at
        if size < header:
            raise BadClip("undecodable")
        yield _Box(kind, container[at + header : at + size], at + size)
        at += size
    raise BadClip("undecodable")


def _version(full_box: memoryview) -> int:
    return _number(full_box, 0, 1)


def _number(data: memoryview, at: int, length: int) -> int:
    """0 where there is nothing."""
    return int.from_bytes(data[at : at + length])
