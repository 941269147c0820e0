"""A stream as MP4 files in a folder, named by the time at which each begins."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from frameferry_station.relay.outlets import Order

WRITING = ".writing"
"""The folder of the segment that is being written: what stands beside it is finished."""
KEEP_FREE_BYTES = 256 * 2**20
"""Of the disk: the oldest segments go before it is full."""

LEAST_SEGMENT_S = 5.0
"""At the begin of a stream some seconds of it come at once; two segments that begin in one second had one name."""

_NAME = "%Y-%m-%dT%H-%M-%SZ.mp4"
_IS_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(?:-(\d{1,4}))?\.mp4", re.ASCII)
# Fragments: a file that is cut off anywhere plays up to its last whole one. Each is handed to the system at once.
_FRAGMENTED = "movflags=+frag_keyframe+empty_moov+default_base_moof:flush_packets=1"
_MOST_DROPPED_FOR_SPACE = 2
_HEAD_BYTES = 4096


class SegmentFolder:
    """`announce` gets the name of each finished segment before it has it in `folder`. `free_bytes` are of its disk."""

    def __init__(
        self,
        folder: Path,
        segment_s: float,
        keep_segments: int,
        *,
        announce: Callable[[str], None] = lambda _: None,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._folder = folder
        self._segment_s = max(segment_s, LEAST_SEGMENT_S)
        self._keep_segments = keep_segments
        self._announce = announce
        self._free_bytes = free_bytes
        self._finished: list[str] = []
        """Of this program's run, in their order: a clock that is set back gives them names before those of others."""

    @contextmanager
    def run(self) -> Iterator[Order]:
        writing = self._folder / WRITING
        writing.mkdir(parents=True, exist_ok=True)
        self._take_all()
        self._sweep()
        try:
            yield Order(
                (
                    *("-c", "copy", "-f", "segment", "-segment_time", f"{self._segment_s:g}", "-reset_timestamps", "1"),
                    *("-segment_format", "mp4", "-segment_format_options", _FRAGMENTED),
                    *("-segment_list", "pipe:1", "-segment_list_type", "flat", "-strftime", "1", _NAME),
                ),
                writing,
            )
        finally:
            self._take_all()

    def said(self, line: str) -> None:
        if _IS_NAME.fullmatch(line):
            self._take(self._folder / WRITING / line)
            self._sweep()

    def close(self) -> None:
        """What was recorded stays."""

    def _take_all(self) -> None:
        for path in sorted((self._folder / WRITING).glob("*.mp4")):
            self._take(path)

    def _take(self, path: Path) -> None:
        if not _has_pictures(path):
            path.unlink(missing_ok=True)
            return
        name = self._free_name(path.name)
        self._announce(name)
        path.rename(self._folder / name)
        self._finished.append(name)

    def _free_name(self, name: str) -> str:
        """Segments of the same second: a clock was set back, or ffmpeg began twice in it."""
        stem = name.removesuffix(".mp4")
        names = (name if number == 1 else f"{stem}-{number}.mp4" for number in count(1))
        return next(name for name in names if not (self._folder / name).exists())

    def _sweep(self) -> None:
        found = {path.name: _order(path.name) for path in self._folder.iterdir() if _IS_NAME.fullmatch(path.name)}
        self._finished = [name for name in self._finished if name in found]
        others = found.keys() - set(self._finished)
        oldest_first = [*sorted(others, key=found.__getitem__), *self._finished]
        while len(oldest_first) > self._keep_segments:
            (self._folder / oldest_first.pop(0)).unlink(missing_ok=True)
        for name in oldest_first[:_MOST_DROPPED_FOR_SPACE]:
            if self._free_bytes(self._folder) >= KEEP_FREE_BYTES:
                return
            (self._folder / name).unlink(missing_ok=True)


def _order(name: str) -> tuple[str, int]:
    match = _IS_NAME.fullmatch(name)
    return (match[1], int(match[2] or 1)) if match else (name, 1)


def _has_pictures(path: Path) -> bool:
    """ffmpeg was not killed before it had written the first of them."""
    try:
        with path.open("rb") as file:
            return b"moov" in file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return False
