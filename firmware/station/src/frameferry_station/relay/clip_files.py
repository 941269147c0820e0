"""A segment as the cloud takes it: one MP4 with its index in front, and a JPEG of its first picture as cover art."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

from frameferry_station import ffmpeg
from frameferry_station.errors import StationError
from frameferry_station.relay.relay import Start
from frameferry_station.relay.watch import PROGRESS

MAX_CLIP_BYTES = 64 * 2**20
"""What the cloud takes."""
MAX_POSTER_BYTES = 512 * 1024
"""The cloud reads the first 2 MiB of a clip: index and poster."""
WITHIN_S = 120.0

_KILLED_S = 1.0
_MAX_PROGRESS_BYTES = 2**20
_OUT_TIME = re.compile(rb"^out_time_us=(\d{1,15})$", re.MULTILINE)
_POSTER = (
    *("-map", "0:v:0", "-frames:v", "1", "-vf", "scale=w=min(1280\\,iw):h=-2"),
    *("-c:v", "mjpeg", "-q:v", "5", "-f", "image2pipe", "pipe:1"),
)


class NoClip(StationError):
    """The segment cannot be one."""


def make_clip(start: Start, segment: Path, into: Path) -> float:
    """Copies the video. Gives how long it lasts but for its last picture, in seconds; no clock has a say in that.

    Raises NoClip, ffmpeg.NotStarted and OSError."""
    if segment.stat().st_size > MAX_CLIP_BYTES:
        raise NoClip(f"a segment of more than {MAX_CLIP_BYTES // 2**20} MiB: make segment_s smaller")
    poster = into.with_suffix(".jpg")
    try:
        poster.write_bytes(_poster(start, segment))
        # A video that cannot be decoded here may be played elsewhere: then without a poster.
        has_poster = poster.stat().st_size > 0
        cover = ("-i", f"file:{poster}", "-map", "1:v:0", "-disposition:v:1", "attached_pic") if has_poster else ()
        inputs, outputs = cover[:2], cover[2:]
        arguments = ("-i", f"file:{segment}", *inputs, "-map", "0:v:0", *outputs, "-c", "copy")
        arguments = (*PROGRESS, *arguments, "-movflags", "+faststart", "-f", "mp4", "-y", f"file:{into}")
        told = _OUT_TIME.findall(_run(start, arguments, _MAX_PROGRESS_BYTES))
    finally:
        poster.unlink(missing_ok=True)
    if into.stat().st_size > MAX_CLIP_BYTES:
        raise NoClip(f"a clip of more than {MAX_CLIP_BYTES // 2**20} MiB: make segment_s smaller")
    return int(told[-1]) / 1e6 if told else 0.0


def _poster(start: Start, segment: Path) -> bytes:
    """Empty where there is none."""
    try:
        return _run(start, ("-i", f"file:{segment}", *_POSTER), MAX_POSTER_BYTES)
    except NoClip:
        return b""


def _run(start: Start, arguments: tuple[str, ...], most_bytes: int) -> bytes:
    process = start(arguments, folder=None)
    deadline_s = time.monotonic() + WITHIN_S
    try:
        ffmpeg.give(process, b"")
        stdout, _ = ffmpeg.read_to_end(process, deadline_s, most_bytes)
        exit_code = process.wait(max(0.0, deadline_s - time.monotonic()))
    except (subprocess.TimeoutExpired, ffmpeg.SaidTooMuch):
        raise NoClip("ffmpeg does not make a clip of it") from None
    finally:
        ffmpeg.killed(process, _KILLED_S)
    if exit_code != 0:
        raise NoClip("ffmpeg makes no clip of it")
    return stdout
