"""A picture from an RTSP stream: connect, decode the first key frame, disconnect."""

from __future__ import annotations

from urllib.parse import urlsplit

from frameferry_station.cameras.camera import REFUSED_S, Frame, TryLater
from frameferry_station.cameras.ffmpeg import PICTURE, Ffmpeg, Output
from frameferry_station.device import CameraFailed
from frameferry_station.ffmpeg import REFUSED_SIGNS, RTSP_WORDS, STREAM, stream_list
from frameferry_station.logins import Login, masked

WITHIN_S = 25.0
"""Key frames of a camera that saves bandwidth lie ten seconds apart, and more."""
SILENCE_S = 8.0

# From a key frame on: what lies before the first is grey, or has holes.
_INPUT = ("-skip_frame", "nokey", *STREAM)


class RtspCamera:
    """A Camera. Raises ValueError where the address is no RTSP URL."""

    def __init__(self, url: str, login: Login | None, ffmpeg: Ffmpeg, *, silence_s: float = SILENCE_S) -> None:
        if urlsplit(url).scheme.lower() not in ("rtsp", "rtsps"):
            raise ValueError("the address of an RTSP camera begins with rtsp:// or rtsps://")
        self._login = login
        self._list = stream_list(url, login, silence_s)
        self._ffmpeg = ffmpeg

    def take(self) -> Frame:
        output = self._ffmpeg.run((*_INPUT, *PICTURE), stdin=self._list, within_s=WITHIN_S)
        if output.exit_code != 0 or not output.stdout:
            raise self._failure(output)
        return Frame(output.stdout)

    def abort(self) -> None:
        self._ffmpeg.abort()

    def close(self) -> None: ...

    def _failure(self, output: Output) -> CameraFailed:
        said = output.said.lower()
        if any(sign in said for sign in REFUSED_SIGNS):
            return TryLater("it refuses the user name or the password", REFUSED_S)
        for sign, words in RTSP_WORDS:
            if sign in said:
                return CameraFailed(words)
        lines = output.said.strip().splitlines()
        # A camera that vanishes: no message, and an exit code of 0.
        return CameraFailed(masked(lines[-1], self._login) if lines else "the stream ended before a picture came")
