"""A package that Lambda could not load is told from its files."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from infra.deploying.check_package import UNZIPPED_LIMIT_BYTES, check_folder, libraries, problems
from infra.deploying.failure import DeployFailed
from infra.rehearse.from_zip import MACHINE

OTHER = {"x86_64": "arm64", "arm64": "x86_64"}[MACHINE]


def package_folder(name: str) -> Path:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def test_a_library_for_this_machine_is_no_problem_on_it(tmp_path: Path) -> None:
    shutil.copytree(package_folder("nacl"), tmp_path / "nacl")
    assert problems(tmp_path, MACHINE) == []
    check_folder(tmp_path, MACHINE)


def test_a_library_for_another_machine_is_named(tmp_path: Path) -> None:
    shutil.copytree(package_folder("nacl"), tmp_path / "nacl")
    with pytest.raises(DeployFailed, match=r"nacl/_sodium\.abi3\.so is for EM_"):
        check_folder(tmp_path, OTHER)


def test_a_library_whose_own_libraries_are_missing_is_named(tmp_path: Path) -> None:
    shutil.copytree(package_folder("PIL"), tmp_path / "PIL")
    assert any("PIL/_imaging" in text and "libjpeg" in text for text in problems(tmp_path, MACHINE))


def test_each_library_tells_the_glibc_that_it_wants(tmp_path: Path) -> None:
    shutil.copytree(package_folder("nacl"), tmp_path / "nacl")
    (library,) = libraries(tmp_path)
    assert (2, 17) <= library.glibc <= (2, 34)


def test_a_package_over_lambdas_limit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(UNZIPPED_LIMIT_BYTES + 1)
    assert "Lambda takes 262144000" in problems(tmp_path, MACHINE)[0]
