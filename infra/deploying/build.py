"""The folder that `chalice deploy` runs in: the app, its packages with byte code, and the stage's configuration.

Chalice packs whatever lies in `vendor/` and `chalicelib/` as it is. Packages go to `vendor/` here, where their
byte code can be added and the whole be checked before anything is sent.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chalice

from infra.deploying.failure import DeployFailed
from infra.deploying.target import PROJECT, project_config

_TASK_ROOT = "/var/task"
_LAMBDA_GLIBC_MINOR = 34
"""Of Amazon Linux 2023, which Python 3.12 and newer run on (Lambda Developer Guide, "Lambda runtimes")."""
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_MANYLINUX_OLDEST_MINOR = 17
_NOT_IN_THE_ZIP = ("__pycache__", "*.pyc", "bin")
_KEPT_ZIPS = 3
_byte_code: dict[tuple[str, bytes], bytes] = {}
"""Of what was compiled in this process, by its place and source: a rehearsal deploys the same app a hundred times."""


def write_build_folder(
    folder: Path,
    stage: str,
    environment: Mapping[str, str],
    policies: Mapping[str, dict[str, Any]],
    *,
    architecture: str | None = None,
    packages: bool = True,
    project: Path = PROJECT,
) -> None:
    """Make the folder, or bring it up to date. `policies` are by Chalice's function names; `architecture` is
    config.json's where it is None. Chalice's zips of earlier deploys stay, so that an unchanged app gives the same zip.
    Without `packages` it is enough for `chalice delete`.

    Raises DeployFailed where a package is not to be had.
    """
    config = _config(project_config(project), stage, environment, architecture)
    folder.mkdir(parents=True, exist_ok=True)
    if packages:
        _vendor(folder / "vendor", project, config["lambda_architecture"])
    _copy_app(folder, project)
    if packages:
        _compile_app(folder)
    _write_configuration(folder / ".chalice", config, policies)


@contextmanager
def whole_packages(folder: Path) -> Iterator[None]:
    """Within it Chalice runs, and finds no zip but those of runs that went well.

    Chalice writes a zip at its final place and takes one that is there for whole: what a killed run leaves would be
    deployed half written, now and ever after. Old zips go.
    """
    zips, mark = folder / ".chalice" / "deployments", folder / ".chalice" / "deployments.whole"
    if not mark.exists():
        shutil.rmtree(zips, ignore_errors=True)
    mark.unlink(missing_ok=True)
    yield
    for surplus in sorted(zips.glob("*.zip"), key=lambda path: path.stat().st_mtime)[:-_KEPT_ZIPS]:
        surplus.unlink()
    mark.touch()


def _config(
    config: dict[str, Any], stage: str, environment: Mapping[str, str], architecture: str | None
) -> dict[str, Any]:
    # Log groups are made before the functions. Chalice's own are made late, and for the API under a wrong name.
    rendered = {key: value for key, value in config.items() if key != "log_retention_in_days"}
    rendered["stages"] = {stage: config["stages"][stage] | {"environment_variables": dict(environment)}}
    if architecture:
        rendered["lambda_architecture"] = architecture
    return rendered


def _copy_app(folder: Path, project: Path) -> None:
    shutil.rmtree(folder / "chalicelib", ignore_errors=True)
    shutil.copytree(project / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns(*_NOT_IN_THE_ZIP[:2]))
    shutil.copyfile(project / "app.py", folder / "app.py")
    (folder / "requirements.txt").write_text("# Packages are in vendor/.\n", encoding="utf-8")


def _compile_app(folder: Path) -> None:
    for source in (folder / "chalicelib").rglob("*.py"):
        _compile_one(source, source.parent / "__pycache__", source.relative_to(folder).as_posix())
    # What Chalice puts at the zip's top level by itself: its byte code has to come by way of vendor/.
    _compile_one(folder / "app.py", folder / "vendor" / "__pycache__", "app.py")
    runtime = Path(chalice.__file__).parent
    for module in ("__init__", "app"):
        _compile_one(runtime / f"{module}.py", folder / "vendor" / "chalice" / "__pycache__", f"chalice/{module}.py")


def _vendor(vendor: Path, project: Path, architecture: str) -> None:
    """The packages of requirements.txt as wheels for Lambda, and nothing built on this machine."""
    requirements = project / "requirements.txt"
    made_from = hashlib.sha256(
        "\n".join([requirements.read_text(encoding="utf-8"), architecture, sys.version]).encode()
    ).hexdigest()
    mark = vendor.with_name("vendor.made-from")
    if mark.exists() and mark.read_text(encoding="utf-8") == made_from and vendor.is_dir():
        return
    mark.unlink(missing_ok=True)
    shutil.rmtree(vendor, ignore_errors=True)
    _pip_install(requirements, vendor, architecture)
    shutil.rmtree(vendor / "bin", ignore_errors=True)
    _compile(vendor)
    mark.write_text(made_from, encoding="utf-8")


def _pip_install(requirements: Path, vendor: Path, architecture: str) -> None:
    # pip takes a platform by its letter only: every glibc up to Lambda's has to be named.
    minors = range(_LAMBDA_GLIBC_MINOR, _MANYLINUX_OLDEST_MINOR - 1, -1)
    machine = _MACHINES[architecture]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in minors] + [f"manylinux2014_{machine}"]
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--no-compile", "--only-binary=:all:", "--implementation", "cp",
            "--python-version", f"{sys.version_info.major}.{sys.version_info.minor}",
            *(option for platform in platforms for option in ("--platform", platform)),
            "--target", str(vendor), "--requirement", str(requirements),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        why = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), done.stderr[-200:])
        raise DeployFailed(
            f"The packages for Lambda on {architecture} could not be fetched ({why})",
            "pip has to reach a package index: check the network and pip's settings, then run this again",
        )


def _compile(folder: Path) -> None:
    """Unchecked: Lambda unzips with times of its own, and nothing there changes a source file."""
    compileall.compile_dir(
        folder,
        quiet=2,
        stripdir=str(folder),
        prependdir=_TASK_ROOT,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        workers=1,
    )


def _compile_one(source: Path, cache: Path, place: str) -> None:
    compiled = cache / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    made_from = place, source.read_bytes()
    if made_from in _byte_code:
        cache.mkdir(parents=True, exist_ok=True)
        compiled.write_bytes(_byte_code[made_from])
        return
    py_compile.compile(
        str(source),
        cfile=str(compiled),
        dfile=f"{_TASK_ROOT}/{place}",
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    _byte_code[made_from] = compiled.read_bytes()


def _write_configuration(folder: Path, config: dict[str, Any], policies: Mapping[str, dict[str, Any]]) -> None:
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    for function, document in policies.items():
        file = folder / config["lambda_functions"][function]["iam_policy_file"]
        file.write_text(json.dumps(document, indent=2), encoding="utf-8")
