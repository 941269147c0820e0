"""Chalice takes a zip that is there for whole: after a run that did not end well there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.deploying.build import whole_packages


@pytest.fixture
def zips(tmp_path: Path) -> Path:
    folder = tmp_path / ".chalice" / "deployments"
    with whole_packages(tmp_path):
        folder.mkdir(parents=True)
        (folder / "first.zip").write_bytes(b"whole")
    return folder


def test_the_zip_of_a_run_that_went_well_is_there_for_the_next(tmp_path: Path, zips: Path) -> None:
    with whole_packages(tmp_path):
        assert (zips / "first.zip").read_bytes() == b"whole"


def _write_half(folder: Path, zips: Path, end: type[BaseException]) -> None:
    with whole_packages(folder):
        (zips / "second.zip").write_bytes(b"ha")
        raise end


@pytest.mark.parametrize("end", [RuntimeError, KeyboardInterrupt])
def test_a_zip_of_a_run_that_broke_off_is_gone_for_the_next(
    tmp_path: Path, zips: Path, end: type[BaseException]
) -> None:
    with pytest.raises(end):
        _write_half(tmp_path, zips, end)
    with whole_packages(tmp_path):
        assert not zips.exists()


def test_a_zip_of_a_run_that_was_killed_is_gone_for_the_next(tmp_path: Path, zips: Path) -> None:
    killed = whole_packages(tmp_path)
    killed.__enter__()
    (zips / "second.zip").write_bytes(b"ha")
    with whole_packages(tmp_path):
        assert not zips.exists()


def test_three_zips_are_kept(tmp_path: Path, zips: Path) -> None:
    with whole_packages(tmp_path):
        for age_s in range(1, 6):
            (zips / f"{age_s}.zip").write_bytes(b"whole")
            os.utime(zips / f"{age_s}.zip", (-age_s, -age_s))
    assert sorted(path.name for path in zips.iterdir()) == ["1.zip", "2.zip", "first.zip"]
