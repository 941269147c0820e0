"""Two local clouds in one folder, which both would write to."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_run import PORTS, ROOT, Run

PATIENCE_S = 60.0


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path, "--cameras", "0")
    yield run
    run.process.kill()
    run.process.wait()


def start_another(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "infra.local", "--directory", str(folder / ".local"), "--cameras", "0", *PORTS]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_second_run_in_a_folder_ends_with_a_line_that_says_why_and_leaves_the_first_alone(
    first: Run, tmp_path: Path
) -> None:
    first.wait_until_up()
    before = first.state

    second = start_another(tmp_path)
    said, _ = second.communicate(timeout=PATIENCE_S)

    assert (second.returncode, said.count("\n")) == (1, 1)
    assert said.startswith(f"{tmp_path}/.local holds another run: end that one first")
    assert first.state == before


def test_the_folder_of_a_run_that_was_killed_is_free(first: Run, tmp_path: Path) -> None:
    first.wait_until_up()
    first.process.kill()
    first.process.wait()

    after = Run(tmp_path, "--cameras", "0")
    try:
        after.wait_until_up()
    finally:
        after.process.send_signal(signal.SIGTERM)
        code = after.process.wait(PATIENCE_S)

    assert code == 0
