"""What ffmpeg was seen to do, by a program in its place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from frameferry_station.files import DiskFiles
from frameferry_station.photos import SourcePaused
from frameferry_station.relay.left_behind import LeftBehind, began_at
from frameferry_station.relay.watch import Patience

from tests.station.relay.rig import Rig, is_alive, status, until
from tests.station.samples import START

URL = "rtsp://admin:seen-by-nobody@camera/live"
HANGS = "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\nREADY\n"
MOVES = "\nfor second in range(10**6):\n    print(f'out_time_us={second}', flush=True); time.sleep(0.05)\n"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, patience=Patience(start_s=0.5, stalled_s=0.5, asked_s=0.2, asked_again_s=0.2))


def test_it_ends_with_0_and_no_word_when_the_camera_vanishes_and_is_started_again(rig: Rig) -> None:
    rig.program("READY\nsys.exit(0)")
    with rig.relays("segments", URL) as relays:
        assert until(lambda: rig.starts() >= 3)
        assert status(relays).error == "the stream ended"


def test_the_wait_grows_with_each_failure_up_to_a_minute(rig: Rig) -> None:
    """Full jitter: at random up to 2 s, 4 s, 8 s, ... 60 s."""
    rig.program("READY\nsys.exit(1)")
    bounds: list[float] = []

    def uniform(low: float, high: float) -> float:
        assert low == 0.0
        bounds.append(high)
        return 0.0

    rig.uniform = uniform
    with rig.relays("segments", URL):
        assert until(lambda: len(bounds) >= 7)
    assert bounds[:7] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


class FastClock:
    """Each look at it is 20 s later."""

    def __init__(self) -> None:
        self._looks = count()

    def monotonic_s(self) -> float:
        return next(self._looks) * 20.0

    def utc(self) -> datetime:
        return START + timedelta(seconds=next(self._looks) * 20.0)


class FastClockSetBack(FastClock):
    """Each look at it is 20 s later, and somebody sets the time of day back meanwhile."""

    def utc(self) -> datetime:
        return START - timedelta(seconds=next(self._looks) * 20.0)


@pytest.mark.parametrize("clock", [FastClock, FastClockSetBack])
def test_the_owner_is_told_after_three_failures_and_when_they_are_over(rig: Rig, clock: type[FastClock]) -> None:
    rig.clock = clock()
    rig.program(f"READY\nif len(open({str(rig.folder / 'starts')!r}).readlines()) < 5: sys.exit(1)\n" + MOVES)
    with rig.relays("segments", URL):
        assert until(lambda: len(rig.photos.told) == 2)
        assert rig.starts() == 5

    assert rig.photos.told == [
        ("garden", "error", "no stream from garden: the stream ended"),
        ("garden", "over", "the stream of garden comes again"),
    ]


@pytest.mark.parametrize("first", ["", "print('out_time_us=1', flush=True)\n", "print('out_time_us=N/A')\n"])
def test_one_that_hangs_and_ignores_every_signal_is_killed_with_its_children(rig: Rig, first: str) -> None:
    child = rig.folder / "child"
    rig.program(
        f"if os.fork() == 0:\n    open({str(child)!r}, 'w').write(str(os.getpid())); time.sleep(600)\n{HANGS}{first}"
        "time.sleep(600)"
    )
    with rig.relays("segments", URL) as relays:
        assert until(rig.starts)
        pid = rig.running_pid()
        assert until(lambda: "nothing came for" in (status(relays).error or ""))
        assert until(lambda: not is_alive(pid))
        assert until(lambda: child.exists() and child.read_text())
    assert until(lambda: not is_alive(int(child.read_text())))


def test_progress_that_stands_still_is_none(rig: Rig) -> None:
    rig.program("READY\nwhile True:\n    print('frame=7\\nout_time_us=5', flush=True); time.sleep(0.05)")
    with rig.relays("segments", URL) as relays:
        assert until(lambda: rig.starts() >= 2)
        assert "nothing came for" in (status(relays).error or "")


def test_a_stop_kills_what_does_not_end_by_itself_in_less_than_two_seconds(rig: Rig) -> None:
    rig.program(HANGS + MOVES)
    rig.patience = Patience()
    with rig.relays("segments", URL) as relays:
        assert until(lambda: status(relays).state == "running")
        pid, began_s = rig.running_pid(), time.monotonic()
        relays.stop(10.0)
        assert time.monotonic() - began_s < 3.0
        assert not is_alive(pid)


def test_a_pause_empties_the_folder_of_a_stream_that_waits_for_its_next_try(rig: Rig) -> None:
    rig.program("READY\nopen('stream.m3u8', 'w').close(); sys.exit('401 Unauthorized')")
    with rig.relays("hls", URL) as relays:
        assert until(lambda: status(relays).state == "resting")
        rig.photos.paused = SourcePaused(None)
        assert until(lambda: status(relays).state == "paused", 10.0)

    assert list(rig.target.iterdir()) == []
    assert rig.starts() == 1


def test_a_paused_source_has_no_ffmpeg(rig: Rig) -> None:
    rig.program("READY" + MOVES)
    with rig.relays("segments", URL) as relays:
        assert until(lambda: status(relays).state == "running")
        pid = rig.running_pid()
        rig.photos.paused = SourcePaused(None)
        assert until(lambda: status(relays).state == "paused")
        assert not is_alive(pid)
        rig.photos.paused = None
        assert until(lambda: status(relays).state == "running")
    assert rig.starts() == 2


def test_chatter_without_end_holds_up_nothing(rig: Rig) -> None:
    rig.program("READY\nfor _ in range(500): os.write(2, b'x' * 65536); os.write(1, b'y' * 65536)\n" + MOVES)
    with rig.relays("segments", URL) as relays:
        assert until(lambda: status(relays).state == "running")


def test_its_last_word_is_shown_without_address_and_password(rig: Rig) -> None:
    rig.program("READY\nsys.stderr.write('first\\n[x] rtsp://a:b@c/ seen-by-nobody, seen-too\\n'); sys.exit(1)")
    with rig.relays("rtsp", URL, "rtsp://b:seen-too@server/live") as relays:
        assert until(lambda: status(relays).error)
        assert status(relays).error == "[x] <address> <password>, <password>"


def test_without_ffmpeg_it_is_said_how_to_install_it(rig: Rig) -> None:
    rig.ffmpeg = str(rig.folder / "none")
    with rig.relays("segments", URL) as relays:
        assert until(lambda: "apt install ffmpeg" in (status(relays).error or ""))


def test_a_target_that_cannot_be_written_to_is_said(rig: Rig) -> None:
    rig.target.write_text("a file is in the way")
    rig.program("READY" + MOVES)
    with rig.relays("segments", URL) as relays:
        assert until(lambda: status(relays).error)
        assert status(relays).error == "its target: Not a directory"
    assert rig.starts() == 0


def test_what_a_killed_station_left_running_is_ended_before_the_next_begins(rig: Rig) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    rig.left_behind().note(left.pid)
    rig.program("READY" + MOVES)
    with rig.relays("segments", URL) as relays:
        assert until(lambda: status(relays).state == "running")
        assert left.wait(10.0) == -signal.SIGKILL


def test_a_process_that_has_the_number_of_an_old_one_is_left_alone(tmp_path: Path) -> None:
    left_behind = LeftBehind(tmp_path / "garden.json", DiskFiles())
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        left_behind.note(other.pid)
        path = tmp_path / "garden.json"
        path.write_text(path.read_text().replace(f"{began_at(other.pid)}", "another boot 77"))
        assert not left_behind.end()
        assert not left_behind.end()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "began": "y"}', '{"pid": 0, "began": null}']
)
def test_a_note_that_is_damaged_ends_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "garden.json").write_text(content)

    assert not LeftBehind(tmp_path / "garden.json", DiskFiles()).end()


def test_ffmpeg_ends_with_a_station_that_is_killed(rig: Rig) -> None:
    # It says nothing more: one that does would notice that nobody listens.
    rig.program(f"{HANGS}print('out_time_us=1', flush=True)\ntime.sleep(600)")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\nfrom tests.station.relay.rig import Rig, runs\n"
        f"rig = Rig(Path(sys.argv[2])); rig.ffmpeg = {rig.ffmpeg!r}\n"
        f"with rig.relays('segments', {URL!r}) as relays:\n    runs(relays); print('runs', flush=True); input()"
    )
    root = str(Path(__file__).parents[3])
    station = subprocess.Popen(
        [sys.executable, "-c", code, root, str(rig.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert station.stdout is not None
    assert station.stdout.readline() == b"runs\n"
    pid = rig.running_pid()
    assert is_alive(pid)
    os.kill(station.pid, signal.SIGKILL)
    station.communicate()

    assert until(lambda: not is_alive(pid))
