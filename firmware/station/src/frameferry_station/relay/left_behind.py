"""An ffmpeg that outlived a station which was killed: the next one ends it."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

from frameferry_station.files import TEMPORARY, Files

_MAX_BYTES = 1024


class LeftBehind:
    """Notes the process that runs. A process is known by its number and when it began, in ticks since the boot, for
    numbers are given again. Raises OSError."""

    def __init__(self, path: Path, files: Files) -> None:
        self._path = path
        self._files = files
        files.make_folder(path.parent)

    def note(self, pid: int) -> None:
        """Not durable: after a power cut nothing runs."""
        temporary = self._path.with_name(self._path.name + TEMPORARY)
        self._files.write(temporary, (json.dumps({"pid": pid, "began": began_at(pid)}).encode(),))
        self._files.replace(temporary, self._path)

    def clear(self) -> None:
        self._files.remove(self._path)

    def end(self) -> bool:
        """Kills it, with all that it started. False where there was none."""
        try:
            noted = json.loads(self._files.read(self._path, 0, _MAX_BYTES))
            pid, began = int(noted["pid"]), noted["began"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return False
        is_there = began is not None and began_at(pid) == began
        if is_there:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self.clear()
        return is_there


def began_at(pid: int) -> str | None:
    """With the boot that it is of. None where there is no such process (proc(5): the 22nd field, and names may hold
    blanks and brackets)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return f"{boot_id} {int(fields[19])}" if len(fields) > 19 else None
