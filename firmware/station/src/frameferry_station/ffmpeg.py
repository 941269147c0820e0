"""ffmpeg as a child process. It is not trusted to end: without a timeout of its own it waits for ever when a camera
hangs, and it does not heed SIGTERM then. It gets no environment of ours, and nothing secret among its arguments, which
everybody on the machine can read.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from frameferry_station.errors import StationError
from frameferry_station.logins import Login, with_login

TAIL_BYTES = 4096
"""Of what it says, the end is kept."""

STREAM = (
    *("-f", "concat", "-safe", "0", "-protocol_whitelist", "pipe,rtsp,rtsps,tcp,tls,crypto"),
    *("-i", "pipe:0", "-map", "0:v:0"),
)
"""The video of the RTSP stream that `stream_list` names, which goes to standard input."""

REFUSED_SIGNS = ("401 unauthorized", "403 forbidden")
RTSP_WORDS = (
    ("connection refused", "nobody answers at its address"),
    ("no route to host", "nobody answers at its address"),
    ("failed to resolve", "its name is not known"),
    ("connection timed out", "nobody answers at its address"),
    ("404 not found", "it has no stream at this address (404)"),
    ("454 session not found", "it ended the session"),
    ("453 not enough bandwidth", "it serves too many others already (453)"),
    ("matches no streams", "its stream has no video"),
    ("invalid data found", "it does not answer in time, or not in RTSP"),
)
"""What it says of an RTSP server, in lower case, and what that means."""

_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error")
_PIECE_BYTES = 64 * 1024
# Names of files that it makes by the time are in UTC.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC0"}


class NotStarted(StationError):
    """In words for who runs the station."""


class SaidTooMuch(StationError):
    """More on its standard output than it was to give."""


def started(
    arguments: Sequence[str], *, program: str = "ffmpeg", launcher: Sequence[str] = (), folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """With pipes for its standard streams. `launcher` is a command that becomes ffmpeg; names of files are relative to
    `folder`. Raises NotStarted.
    """
    path = shutil.which(program)
    if path is None:
        raise NotStarted("ffmpeg is not installed (apt install ffmpeg)")
    try:
        return subprocess.Popen(
            [*launcher, path, *_QUIET, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd=folder,
            # A group of its own: Ctrl-C on the terminal is for the station, a kill for all that it started.
            start_new_session=True,
        )
    except OSError as error:
        raise NotStarted(f"ffmpeg does not start: {error.strerror}") from None


def give(process: subprocess.Popen[bytes], stdin: bytes) -> None:
    """All that its standard input is to have: a few KiB, which a pipe takes at once."""
    assert process.stdin is not None  # noqa: S101 - `started` asked for it
    with suppress(OSError):
        process.stdin.write(stdin)
    with suppress(OSError):
        process.stdin.close()


def read_to_end(process: subprocess.Popen[bytes], deadline_s: float, most_bytes: int) -> tuple[bytes, str]:
    """Standard output, and the end of standard error, once both are closed. `deadline_s` is of `time.monotonic`.

    Raises subprocess.TimeoutExpired and SaidTooMuch.
    """
    stdout, tail = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, into in ((process.stdout, stdout), (process.stderr, tail)):
            assert pipe is not None  # noqa: S101
            selector.register(pipe, selectors.EVENT_READ, into)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline_s - time.monotonic()))
            if time.monotonic() >= deadline_s:
                raise subprocess.TimeoutExpired("ffmpeg", 0.0)
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE_BYTES)
                if not piece:
                    selector.unregister(key.fileobj)
                key.data.extend(piece)
            if len(stdout) > most_bytes:
                raise SaidTooMuch(f"it gave more than {most_bytes} bytes")
            del tail[:-TAIL_BYTES]
    return bytes(stdout), tail.decode("utf-8", "replace")


def signalled(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To it and all that it started, but only while it was not waited for: after that its number may be another's."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def killed(process: subprocess.Popen[bytes], within_s: float) -> bool:
    """It is gone, and its pipes are closed. False where not even SIGKILL ends it: it waits for a device in the kernel,
    and is left behind."""
    signalled(process, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(within_s)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    return process.poll() is not None


def stream_list(url: str, login: Login | None, silence_s: float) -> bytes:
    """An RTSP URL with its password as ffmpeg gets it by standard input, for arguments are there for `ps` to show: a
    list of one file for the concat demuxer ("option" since ffmpeg 5.0). It ends by itself after `silence_s` in which
    nothing comes.
    """
    quoted = with_login(url, login).replace("'", "'\\''")
    given = {
        "rtsp_transport": "tcp",
        "timeout": f"{silence_s * 1e6:.0f}",
        "allowed_media_types": "video",
        # Its frame rate does not matter, and measuring it takes seconds.
        "fpsprobesize": "0",
    }
    lines = ["ffconcat version 1.0", f"file '{quoted}'", *(f"option {name} {value}" for name, value in given.items())]
    return ("\n".join(lines) + "\n").encode()
