"""One run at a time for a stage on this machine: two would build in one folder.

Chalice's process holds the lock as well, so a deploy that was killed keeps it for as long as its Chalice lives.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from infra.deploying.failure import DeployFailed
from infra.deploying.target import Target


@contextmanager
def one_run(target: Target) -> Iterator[None]:
    """Raises DeployFailed where there is another."""
    target.folder.mkdir(parents=True, exist_ok=True)
    with target.build_folder.with_name(f"{target.stage}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeployFailed(
                f"Another run is at work on {target.stack_name} on this machine, or ends just now",
                "Wait for it, then run this again",
            ) from error
        os.set_inheritable(lock.fileno(), True)
        yield
