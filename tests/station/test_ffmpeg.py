"""ffmpeg as a child process; programs that behave as ffmpeg does where it misbehaves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from frameferry_station import ffmpeg
from frameferry_station.logins import Login


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """It heeds no signal that can be ignored, and has a child that does not either."""
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\ntrap '' TERM INT\nsleep 60 & echo $!\nwait\nsleep 60\n")
    program.chmod(0o755)
    process = ffmpeg.started((), program=str(program))
    yield process
    ffmpeg.killed(process, 5.0)


def test_what_ignores_sigterm_is_killed_with_all_that_it_started(stubborn: subprocess.Popen[bytes]) -> None:
    assert stubborn.stdout is not None
    child = int(stubborn.stdout.readline())

    ffmpeg.signalled(stubborn, signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        stubborn.wait(0.3)

    assert ffmpeg.killed(stubborn, 5.0)
    assert _has_ended(child)


def test_a_process_that_has_ended_gets_no_signal() -> None:
    process = ffmpeg.started((), program="true")
    process.wait(5.0)

    ffmpeg.signalled(process, signal.SIGKILL)
    assert ffmpeg.killed(process, 1.0)
    assert process.returncode == 0


def test_it_gets_no_environment_of_ours(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexec cat /proc/self/environ\n")
    program.chmod(0o755)
    said, _ = ffmpeg.started((), program=str(program)).communicate()

    assert {entry.partition(b"=")[0] for entry in said.split(b"\0")} <= {b"", b"LC_ALL", b"TZ", b"PWD"}


def test_a_program_that_is_not_there_is_said_with_what_to_do() -> None:
    with pytest.raises(ffmpeg.NotStarted, match="apt install ffmpeg"):
        ffmpeg.started((), program="no-such-program")


def test_a_quote_in_a_password_ends_nothing_in_the_list() -> None:
    listed = ffmpeg.stream_list("rtsp://camera/it's", Login("a'b", "c\n'd"), 8.0).decode()

    assert listed.splitlines() == [
        "ffconcat version 1.0",
        r"file 'rtsp://a%27b:c%0A%27d@camera/it'\''s'",
        "option rtsp_transport tcp",
        "option timeout 8000000",
        "option allowed_media_types video",
        "option fpsprobesize 0",
    ]


def _has_ended(pid: int) -> bool:
    until_s = time.monotonic() + 5.0
    while time.monotonic() < until_s:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    return False
