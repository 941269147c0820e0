"""Where a stream is passed on to, and what ffmpeg is told for it. It copies the stream: nothing is encoded anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from frameferry_station.logins import Login
from frameferry_station.relay.rtsp_login import logged_in

PLAYLIST = "stream.m3u8"
HLS_SEGMENT_S = 4.0
HLS_SEGMENTS = 15
"""At most: a browser loads a whole segment before it shows its first picture, and nobody watches yesterday by HLS."""

_COPIED = ("-c", "copy")
_HLS_PART = re.compile(r"stream-\d+\.ts(?:\.tmp)?|stream\.m3u8(?:\.tmp)?", re.ASCII)


@dataclass(frozen=True)
class Order:
    """What ffmpeg is told about its output; names of files are relative to `folder`."""

    arguments: tuple[str, ...] = field(repr=False)
    folder: Path | None = None


class Outlet(Protocol):
    """Used by one thread."""

    def run(self) -> AbstractContextManager[Order]:
        """One run of ffmpeg. Raises OSError, at its begin or its end."""

    def said(self, line: str) -> None:
        """A line on ffmpeg's standard output that tells no progress. Raises OSError."""

    def close(self) -> None:
        """The stream is not to be seen any more, until the next run. Raises OSError."""


class Republished:
    """Another RTSP server, which takes RECORD. `url` holds no credentials."""

    def __init__(self, url: str, login: Login | None) -> None:
        self._url = url
        self._login = login

    @contextmanager
    def run(self) -> Iterator[Order]:
        with logged_in(self._url, self._login) if self._login else nullcontext(self._url) as url:
            yield Order((*_COPIED, "-f", "rtsp", "-rtsp_transport", "tcp", url))

    def said(self, line: str) -> None: ...

    def close(self) -> None: ...


class HlsFolder:
    """A playlist and its segments, of which only the last minute is kept (RFC 8216). It goes on after a failure, with a
    discontinuity."""

    def __init__(self, folder: Path, segment_s: float, keep_segments: int) -> None:
        self._folder = folder
        self._segment_s = min(segment_s, HLS_SEGMENT_S)
        self._keep_segments = min(keep_segments, HLS_SEGMENTS)

    @contextmanager
    def run(self) -> Iterator[Order]:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._drop_unlisted()
        yield Order(
            (
                *(*_COPIED, "-f", "hls", "-hls_time", f"{self._segment_s:g}"),
                *("-hls_list_size", f"{self._keep_segments}", "-hls_start_number_source", "epoch"),
                "-hls_flags",
                "delete_segments+append_list+discont_start+omit_endlist+program_date_time+temp_file",
                *("-hls_segment_filename", "stream-%d.ts", PLAYLIST),
            ),
            self._folder,
        )

    def said(self, line: str) -> None: ...

    def close(self) -> None:
        for path in self._parts():
            path.unlink(missing_ok=True)

    def _drop_unlisted(self) -> None:
        """ffmpeg deletes only what it wrote in the same run."""
        listed = ""
        with suppress(OSError):
            listed = (self._folder / PLAYLIST).read_text("utf-8", "replace")
        names = set(listed.split())
        for path in self._parts():
            if path.name != PLAYLIST and path.name not in names:
                path.unlink(missing_ok=True)

    def _parts(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [path for path in self._folder.iterdir() if _HLS_PART.fullmatch(path.name)]
