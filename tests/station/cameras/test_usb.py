"""USB cameras and the ffmpeg that reads them, with programs in its place that fail as it was seen to fail.

What no camera was there for (Video4Linux2 itself) is told in docs/station-cameras.md.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from frameferry_station.cameras.ffmpeg import Ffmpeg
from frameferry_station.cameras.gate import MAX_JPEG_BYTES, whole_jpeg
from frameferry_station.cameras.usb import COMPRESSED, RAW, WARM_UP_FRAMES, UsbCamera, command
from frameferry_station.device import CameraFailed
from PIL import Image

from tests.station.cameras.fake_photos import jpeg

DEVICE = "/dev/null"
"""A device file that is always there; the programs of these tests do not open it."""

HANGS = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
SAYS_NOTHING = ""
FLOODS = "import os\nwhile True: os.write(1, bytes(2**16))"
CHATTERS = "import os\nwhile True: os.write(2, b'[mjpeg @ 0x1] overread 8\\n' * 999)"


def program(folder: Path, text: str) -> Ffmpeg:
    """An ffmpeg that is this Python program. It notes its arguments in `calls`."""
    path = folder / "ffmpeg"
    note = f"import sys\nopen({str(folder / 'calls')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')"
    path.write_text(f"#!{sys.executable} -IS\n{note}\n{text}\n")
    path.chmod(0o700)
    return Ffmpeg(str(path))


def gives(jpeg: bytes) -> str:
    return f"import os\nos.write(1, {jpeg!r})"


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def failure(take: Callable[[], object]) -> str:
    with pytest.raises(CameraFailed) as caught:
        take()
    return f"{caught.value}"


def test_a_picture_is_what_ffmpeg_gives(tmp_path: Path) -> None:
    assert UsbCamera(DEVICE, program(tmp_path, gives(jpeg(1)))).take().content == jpeg(1)


def test_ffmpeg_that_hangs_and_ignores_sigterm_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    ffmpeg = program(tmp_path, HANGS)
    began_s = time.monotonic()

    assert "no picture within" in failure(lambda: ffmpeg.run((), within_s=0.5))
    assert time.monotonic() - began_s < 5.0
    assert _running(tmp_path) == []


def test_abort_ends_a_hanging_ffmpeg_at_once_and_no_other_begins(
    tmp_path: Path, aside: Callable[[Callable[[], object]], Callable[[], float]]
) -> None:
    ffmpeg = program(tmp_path, HANGS)
    ended_after_s = aside(lambda: failure(lambda: ffmpeg.run((), within_s=600.0)))
    while not ((tmp_path / "calls").exists() and calls(tmp_path)):
        time.sleep(0.005)

    ffmpeg.abort()

    assert ended_after_s() < 5.0
    assert _running(tmp_path) == []
    assert failure(lambda: ffmpeg.run((), within_s=600.0)) == "stopped"
    assert len(calls(tmp_path)) == 1


def test_a_child_that_ffmpeg_leaves_behind_with_its_output_does_not_hold_the_camera(tmp_path: Path) -> None:
    text = "import os, time\nif os.fork() == 0: time.sleep(600)"
    began_s = time.monotonic()

    assert "no picture within" in failure(lambda: program(tmp_path, text).run((), within_s=0.5))
    assert time.monotonic() - began_s < 5.0


def test_an_exit_code_of_0_without_a_picture_is_a_failure(tmp_path: Path) -> None:
    assert failure(UsbCamera(DEVICE, program(tmp_path, SAYS_NOTHING)).take) == "it gave no picture"


def test_output_without_end_is_cut_at_the_size_of_a_picture(tmp_path: Path) -> None:
    assert f"larger than {MAX_JPEG_BYTES // 2**20} MiB" in failure(UsbCamera(DEVICE, program(tmp_path, FLOODS)).take)
    assert _running(tmp_path) == []


def test_chatter_without_end_does_not_stay_in_memory_and_does_not_lose_the_picture(tmp_path: Path) -> None:
    assert "within" in failure(lambda: program(tmp_path, CHATTERS).run((), within_s=0.5))

    much = f"import os\nfor _ in range(200): os.write(2, b'x' * 65536)\nos.write(1, {jpeg(1)!r})"
    output = program(tmp_path, much).run((), within_s=30.0)
    assert output.stdout == jpeg(1)
    assert len(output.said) <= 4096


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("/dev/video0: Device or resource busy", "another program uses it"),
        ("/dev/video0: Permission denied", "group video"),
        ("ioctl(VIDIOC_STREAMON): No such device", "unplugged"),
        ("[video4linux2] Not a video capture device.", "try the next"),
    ],
)
def test_what_a_camera_suffers_from_is_said_in_words_and_no_other_format_is_tried(
    tmp_path: Path, said: str, why: str
) -> None:
    text = f"import sys\nprint({said!r}, file=sys.stderr)\nsys.exit(1)"

    assert why in failure(UsbCamera(DEVICE, program(tmp_path, text)).take)
    assert len(calls(tmp_path)) == 1


def test_a_camera_without_mjpeg_is_asked_for_raw_pictures_from_then_on(tmp_path: Path) -> None:
    text = (
        "import os\nif '-input_format' in sys.argv:\n"
        "    os.write(2, b'[video4linux2,v4l2 @ 0x5] Cannot find a proper format for codec mjpeg\\n'); sys.exit(1)\n"
        f"os.write(1, {jpeg(1)!r})"
    )
    camera = UsbCamera(DEVICE, program(tmp_path, text))

    assert [camera.take().content for _ in range(2)] == [jpeg(1)] * 2
    assert ["-input_format" in call for call in calls(tmp_path)] == [True, False, False]


def test_a_camera_that_is_not_plugged_in_is_not_asked(tmp_path: Path) -> None:
    ffmpeg = program(tmp_path, gives(jpeg(1)))

    assert "plugged in" in failure(UsbCamera(str(tmp_path / "video0"), ffmpeg).take)
    assert "no device" in failure(UsbCamera(str(tmp_path / "ffmpeg"), ffmpeg).take)
    assert not (tmp_path / "calls").exists()


def test_without_ffmpeg_the_words_say_how_to_install_it(tmp_path: Path) -> None:
    assert "apt install ffmpeg" in failure(UsbCamera(DEVICE, Ffmpeg(str(tmp_path / "none"))).take)


def test_ffmpeg_gets_no_variable_of_the_stations_environment(tmp_path: Path) -> None:
    text = "import os\nos.write(1, repr(sorted(os.environ)).encode())"
    output = program(tmp_path, text).run((), within_s=30.0)

    assert os.environ
    assert set(eval(output.stdout)) <= {"LC_ALL", "LC_CTYPE", "TZ"}


@pytest.mark.parametrize("form", [COMPRESSED, RAW])
def test_the_real_ffmpeg_gives_the_ninth_frame_as_one_jpeg(form: tuple[str, ...]) -> None:
    """With a generated source in the camera's place: all but Video4Linux2."""
    source = "color=red:size=320x240:rate=25,drawbox=color=blue:t=fill:enable=gte(n\\,8)"
    arguments = command(("-f", "lavfi"), source)
    assert command(form, source)[len(form) :] == arguments[2:]

    output = Ffmpeg().run(arguments, within_s=30.0)

    picture = Image.open(BytesIO(whole_jpeg(output.stdout)))
    assert picture.size == (320, 240)
    red, _, blue = picture.convert("RGB").getpixel((10, 10))  # type: ignore[misc]
    assert WARM_UP_FRAMES == 8
    assert blue > 200
    assert red < 60


def _running(folder: Path) -> list[str]:
    """Processes of this test's program."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes()
        except OSError:
            continue
        if str(folder / "ffmpeg").encode() in arguments:
            found.append(path.parent.name)
    return found
