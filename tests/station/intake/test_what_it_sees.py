"""The intake knows the seam, and HTTP servers are known only where requests come in, and by who starts them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "firmware" / "station" / "src" / "frameferry_station"
SEEN = {"clock", "documents", "errors", "files", "photos", "settings"}
SERVERS = {"flask", "waitress", "werkzeug"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "frameferry_station":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_intake_sees_the_seam_and_little_else() -> None:
    modules = {
        module.split(".", 2)[1]
        for file in (PACKAGE / "intake").glob("*.py")
        for module in imported(file)
        if module.startswith("frameferry_station.")
    }

    assert modules - {"intake"} == SEEN


def test_http_servers_are_known_where_requests_come_in_only() -> None:
    knowing = {
        file.relative_to(PACKAGE).parts[0]
        for file in PACKAGE.rglob("*.py")
        if any(module.split(".")[0] in SERVERS for module in imported(file))
    }

    assert "intake" in knowing
    assert knowing <= {"gateway", "intake", "page", "program"}
