"""`python -m infra.rehearse`: rehearses the deploy and prints a table. Ends with 1 and one line if something is wrong.

`--every-cut` breaks a deploy off after each of its changes, which takes about ten minutes.
"""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from infra.deploying.failure import DeployFailed
from infra.rehearse.expectations import RehearsalFailed
from infra.rehearse.fake_aws import fake_aws
from infra.rehearse.rehearsal import FOLDER, Rehearsal
from infra.rehearse.runtime_api import FunctionFailed


def main() -> int:
    out = Console(highlight=False, soft_wrap=True)
    table = Table("rehearsed", "result", "s", box=None, padding=(0, 2, 0, 0))
    table.columns[2].justify = "right"
    began_at_s = time.monotonic()
    with _alone(), fake_aws() as aws, out.status("") as status:
        rehearsal = Rehearsal(aws, detail=lambda line: None, every_cut="--every-cut" in sys.argv)
        for name, step in rehearsal.steps:
            status.update(name)
            step_began_at_s = time.monotonic()
            try:
                result = step()
            except (RehearsalFailed, DeployFailed, FunctionFailed) as error:
                out.print(table)
                print(f"{name}: {error}", file=sys.stderr)
                return 1
            table.add_row(name, result, f"{time.monotonic() - step_began_at_s:.1f}")
    out.print(table)
    out.print(f"All of it in {time.monotonic() - began_at_s:.0f} s")
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """Two rehearsals would build in one folder: the second waits."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
