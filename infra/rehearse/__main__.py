"""`python -m infra.rehearse`: rehearses the deploy and shows what was deployed and run.

Ends with 1 and one line on stderr if something is not as it should be.
"""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from infra.deploying.failure import Failure, one_line
from infra.rehearse.expectations import RehearsalFailed
from infra.rehearse.fake_aws import fake_aws
from infra.rehearse.rehearsal import FOLDER, Rehearsal
from infra.rehearse.runtime_api import FunctionFailed

_SAY_EVERY_S = 30.0
"""Where there is no terminal to show more on."""


def main() -> int:
    out = Console(highlight=False, soft_wrap=True)
    began_at_s = time.monotonic()
    with _alone(), fake_aws() as aws, out.status("") as status:
        rehearsal = Rehearsal(aws)
        for name, step in rehearsal.steps:
            rehearsal.say = _progress(out, name, status.update)
            rehearsal.say("")
            step_began_at_s = time.monotonic()
            try:
                result = step()
            except (RehearsalFailed, FunctionFailed, *Failure) as error:
                reason = one_line(error) if isinstance(error, Failure) else str(error)
                print(f"{name}: {reason}", file=sys.stderr)
                return 1
            out.print(f"{time.monotonic() - step_began_at_s:6.1f} s  [bold]{name}[/bold]: {result}")
    out.print("", rehearsal.tables(), "", sep="\n")
    out.print(f"All of it in {time.monotonic() - began_at_s:.0f} s")
    return 0


def _progress(out: Console, name: str, update: Callable[[str], None]) -> Callable[[str], None]:
    said_at_s = time.monotonic()

    def say(line: str) -> None:
        nonlocal said_at_s
        text = f"{name}: {line}" if line else name
        update(text)
        if not out.is_terminal and time.monotonic() - said_at_s > _SAY_EVERY_S:
            said_at_s = time.monotonic()
            out.print(f"          {text}")

    return say


@contextmanager
def _alone() -> Iterator[None]:
    """Two rehearsals would build in one folder: the second waits."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
