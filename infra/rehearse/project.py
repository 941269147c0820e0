"""Copies of the project: whoever edits it meanwhile changes nothing that is deployed and compared."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.deploying.target import PROJECT

NO_PACKAGES = "# Left out.\n"
NEW_ROUTE = """

@app.route("/rehearsal")
def rehearsal() -> dict[str, str]:
    return {}
"""


def copy_of_project(folder: Path, *, project: Path = PROJECT, requirements: str | None = None) -> Path:
    """What is deployed of it; with other `requirements` where they are given."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("chalicelib", ".chalice"):
        shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("app.py", "requirements.txt"):
        shutil.copyfile(project / part, folder / part)
    if requirements is not None:
        (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    return folder


def changed_copy(folder: Path, project: Path) -> Path:
    """With a route more, `GET /rehearsal`."""
    copy_of_project(folder, project=project)
    with (folder / "app.py").open("a", encoding="utf-8") as app:
        app.write(NEW_ROUTE)
    return folder
