"""The folder that Chalice deploys."""

from __future__ import annotations

import marshal
from pathlib import Path

import pytest

from infra.deploying.build import write_build_folder
from infra.deploying.failure import DeployFailed
from infra.local.app_environment import app_environment
from infra.rehearse.project import NO_PACKAGES, copy_of_project

NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_RETRIES": "0"}


def test_without_a_package_index_it_says_what_could_not_be_fetched_and_what_is_needed(tmp_path: Path) -> None:
    with app_environment(NO_INDEX), pytest.raises(DeployFailed) as failed:
        write_build_folder(tmp_path, "prod", {}, {}, architecture="arm64")
    said = str(failed.value)
    assert "packages for Lambda on arm64 could not be fetched (ERROR: Could not find a version that satisfies" in said
    assert "pip has to reach a package index" in said
    assert "\n" not in said
    assert not (tmp_path / "vendor.made-from").exists()


def test_byte_code_is_that_of_the_source_at_its_place_in_lambda_however_often_it_is_built(tmp_path: Path) -> None:
    project = copy_of_project(tmp_path / "project", requirements=NO_PACKAGES)
    folder, source = tmp_path / "build", project / "chalicelib" / "clips.py"

    def built() -> bytes:
        write_build_folder(folder, "prod", {}, {}, project=project)
        (compiled,) = (folder / "chalicelib" / "__pycache__").glob("clips.*.pyc")
        return compiled.read_bytes()

    first = built()
    assert marshal.loads(first[16:]).co_filename == "/var/task/chalicelib/clips.py"
    assert built() == first
    as_it_was = source.read_text()
    source.write_text(as_it_was + "\nCHANGED = 1\n")
    assert "CHANGED" in marshal.loads(built()[16:]).co_names
    source.write_text(as_it_was)
    assert built() == first
