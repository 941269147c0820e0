"""The folder that Chalice deploys."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.deploying.build import write_build_folder
from infra.deploying.failure import DeployFailed
from infra.local.app_environment import app_environment

NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_RETRIES": "0"}


def test_without_a_package_index_it_says_what_could_not_be_fetched_and_what_is_needed(tmp_path: Path) -> None:
    with app_environment(NO_INDEX), pytest.raises(DeployFailed) as failed:
        write_build_folder(tmp_path, "prod", {}, {}, architecture="arm64")
    said = str(failed.value)
    assert "packages for Lambda on arm64 could not be fetched (ERROR: Could not find a version that satisfies" in said
    assert "pip has to reach a package index" in said
    assert "\n" not in said
    assert not (tmp_path / "vendor.made-from").exists()
