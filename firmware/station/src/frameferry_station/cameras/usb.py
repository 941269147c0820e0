"""A picture from a USB camera by Video4Linux2."""

from __future__ import annotations

import os
import stat

from frameferry_station.cameras.camera import Frame
from frameferry_station.cameras.ffmpeg import PICTURE, Ffmpeg, Output
from frameferry_station.device import CameraFailed
from frameferry_station.logins import masked

WITHIN_S = 20.0
WARM_UP_FRAMES = 8
"""The first ones are dark: exposure and white balance begin when the camera is opened."""

COMPRESSED = ("-f", "v4l2", "-input_format", "mjpeg", "-video_size", "1920x1080")
"""The driver takes the nearest size that the camera has."""
RAW = ("-f", "v4l2")
_WARMED_UP = ("-vf", f"select=gte(n\\,{WARM_UP_FRAMES})")

_WORDS = (
    ("device or resource busy", "another program uses it"),
    ("permission denied", "the station may not open it: its user must be in the group video"),
    ("no such device", "it was unplugged"),
    ("no such file", "it is not plugged in"),
    ("not a video capture device", "this device file is no camera: a camera has several, try the next"),
    ("inappropriate ioctl", "this device file is no camera"),
)


class UsbCamera:
    """A Camera. MJPEG first, which needs less of the bus; a camera that has none is asked for raw pictures from then
    on."""

    def __init__(self, device: str, ffmpeg: Ffmpeg) -> None:
        self._device = device
        self._ffmpeg = ffmpeg
        self._formats = [COMPRESSED, RAW]

    def take(self) -> Frame:
        self._look()
        for form in tuple(self._formats):
            output = self._ffmpeg.run(command(form, self._device), within_s=WITHIN_S)
            if output.exit_code == 0 and output.stdout:
                self._formats = [form]
                return Frame(output.stdout)
            if words := _known(output):
                break
        # Another camera may be plugged in next.
        self._formats = [COMPRESSED, RAW]
        lines = output.said.strip().splitlines()
        raise CameraFailed(words or (masked(lines[-1], None) if lines else "it gave no picture"))

    def abort(self) -> None:
        self._ffmpeg.abort()

    def close(self) -> None: ...

    def _look(self) -> None:
        try:
            mode = os.stat(self._device).st_mode
        except FileNotFoundError:
            raise CameraFailed(f"{self._device} is not there: is the camera plugged in?") from None
        except OSError as error:
            raise CameraFailed(f"{self._device}: {error.strerror}") from None
        if not stat.S_ISCHR(mode):
            raise CameraFailed(f"{self._device} is no device")


def command(form: tuple[str, ...], source: str) -> tuple[str, ...]:
    return (*form, "-i", source, "-map", "0:v:0", *_WARMED_UP, *PICTURE)


def _known(output: Output) -> str | None:
    said = output.said.lower()
    return next((words for sign, words in _WORDS if sign in said), None)
