"""Chalice, as a program of its own: it keeps state in the process, and reads the app with the stage's environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from infra.deploying.failure import AGAIN, DeployFailed

Say = Callable[[str], None]
_RAISED = re.compile(r"^([\w.]+\.)?\w+(Error|Exception): ")
_ERROR = re.compile(r"received the following error:\s*(.+)", re.DOTALL)


def chalice(command: str, build_folder: Path, stage: str, region: str, say: Say) -> None:
    """`chalice deploy` or `chalice delete`. `say` hears what it does; all of its words are in `chalice.log`.

    Raises DeployFailed with its own reason.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())", command, "--stage", stage],
        cwd=build_folder,
        env=_environment(region),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=False,  # the lock of `one_run` goes along; Python marks all else as not to be handed on
        text=True,
    )
    lines: list[str] = []
    is_trace = False
    with process, (build_folder / "chalice.log").open("w", encoding="utf-8") as log:
        for line in process.stdout or ():
            log.write(line)
            lines.append(line.rstrip())
            is_trace = is_trace or line.startswith("Traceback")
            if not is_trace:
                say(line.rstrip())
    if process.returncode:
        raise DeployFailed(f"chalice {command} failed: {_reason(lines)}", f"Mend that, then {AGAIN}")


def _environment(region: str) -> dict[str, str]:
    """Ours, but for what would come before the build folder's own app."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    return kept | {"AWS_DEFAULT_REGION": region}


def _reason(lines: list[str]) -> str:
    text = "\n".join(lines)
    found = _ERROR.search(text)
    reason = found.group(1) if found else next((line for line in reversed(lines) if line.strip()), "it said nothing")
    return " ".join(re.sub(r"<[^>]+>", " ", _RAISED.sub("", reason)).split())[:300]
