"""A camera that streams: GStreamer's RTSP server as a child process, which can vanish, come back and hang."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's python3-gi is for this one only."""
_CHILD = Path(__file__).with_name("rtsp_server_child.py")
_START_S = 30.0


class RtspServer:
    """Serves H.264 with a key frame a second at `url` from `start` to `stop`, or in a `with` block.

    `pattern` is one of videotestsrc's: `ball` moves, `smpte75` does not. With a user it answers 401 to others, and
    `is_digest` chooses Digest instead of Basic. `url` holds no credentials. What is published to `record_url` goes to
    the file `record`.
    """

    def __init__(
        self,
        *,
        user: str | None = None,
        password: str = "",
        is_digest: bool = False,
        pattern: str = "ball",
        width: int = 320,
        height: int = 240,
        fps: int = 10,
        record: Path | None = None,
    ) -> None:
        self._options = ["--pattern", pattern, "--width", f"{width}", "--height", f"{height}", "--fps", f"{fps}"]
        self._options += ["--record", str(record)] if record else []
        if user is not None:
            self._options += ["--user", user, f"--password={password}", *(["--digest"] if is_digest else [])]
        self._child: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/camera"

    @property
    def record_url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/record"

    def start(self) -> None:
        """Ready once this returns, at the port that it had before, if it had one."""
        self._child = _started([SYSTEM_PYTHON, str(_CHILD), "--port", f"{self.port}", *self._options])
        assert self._child.stdout is not None
        readable, _, _ = select.select([self._child.stdout], [], [], _START_S)
        line = self._child.stdout.readline() if readable else b""
        if not line.strip().isdigit():
            self.stop()
            raise RuntimeError("the RTSP server does not start")
        self.port = int(line)

    def cut(self) -> None:
        """It vanishes: connections are reset, new ones refused."""
        self.stop()

    def restore(self) -> None:
        """After `cut`, or `freeze`."""
        if self._child is None:
            self.start()
        else:
            os.kill(self._child.pid, signal.SIGCONT)

    def freeze(self) -> None:
        """It hangs: connections stay, new ones are taken, and nothing comes any more."""
        assert self._child is not None
        os.kill(self._child.pid, signal.SIGSTOP)

    def stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            assert child.stdout is not None
            child.stdout.close()

    def __enter__(self) -> RtspServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
