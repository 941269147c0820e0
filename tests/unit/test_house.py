"""House rules that a scan can hold. Every rule covers some file, and catches its own counterexample."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
HIDDEN_FOLDERS_OF_OURS = {".ci", ".chalice"}
MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 60


@dataclass(frozen=True)
class Rule:
    """`breaches(path, text)` yields what is wrong in one file, as "line: what"; `covers` are globs of paths from the
    root, in which a star crosses folders."""

    breaches: Callable[[PurePosixPath, str], Iterator[str]]
    covers: tuple[str, ...]
    counterexamples: tuple[tuple[str, str], ...]


APP_NODES = (
    *(ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.Assign, ast.AnnAssign, ast.Expr, ast.FunctionDef),
    *(ast.arguments, ast.arg, ast.Return, ast.Call, ast.keyword, ast.Name, ast.Attribute, ast.Constant, ast.List),
    *(ast.Tuple, ast.Dict, ast.Subscript, ast.Load, ast.Store),
)


def app_holds_no_logic(_: PurePosixPath, text: str) -> Iterator[str]:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if not isinstance(node, APP_NODES):
            yield f"{getattr(node, 'lineno', '?')}: {type(node).__name__} is logic"
        if isinstance(node, ast.FunctionDef):
            if node not in tree.body or not node.decorator_list:
                yield f"{node.lineno}: {node.name} is no entry point of the app"
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if len(body) > 1 or not all(isinstance(line, ast.Expr | ast.Return) for line in body):
                yield f"{node.lineno}: {node.name} does more than call one thing"


def app_imports_only_chalice_and_chalicelib(_: PurePosixPath, text: str) -> Iterator[str]:
    for line, module in imported(ast.parse(text)):
        if module.split(".")[0] not in {"__future__", "chalice", "chalicelib"}:
            yield f"{line}: imports {module}"


def environment_is_read_in_settings_only(path: PurePosixPath, text: str) -> Iterator[str]:
    if path == PurePosixPath("chalicelib/settings.py"):
        return
    for line, name in used(ast.parse(text)):
        if re.fullmatch(r"os\.(environb?|getenvb?|putenv|unsetenv)", name):
            yield f"{line}: {name}"


def doubles_are_fakes_not_patches(_: PurePosixPath, text: str) -> Iterator[str]:
    for line, name in used(ast.parse(text)):
        if re.match(r"(unittest\.)?mock\b|pytest_mock\b|mocker\b|.*\bmonkeypatch\.(set|del)attr$", name):
            yield f"{line}: {name}"


def every_test_runs_and_must_pass(_: PurePosixPath, text: str) -> Iterator[str]:
    for line, name in used(ast.parse(text)):
        if re.match(r"(pytest|mark|unittest|self)\b.*\.(skip(if|If|Unless|Test)?|xfail|importorskip)$", name):
            yield f"{line}: {name}"


def names_say_what_a_file_holds(path: PurePosixPath, _: str) -> Iterator[str]:
    for part in path.parts:
        if re.search(r"(^|_)(utils?|helpers?|managers?)(_|\.|$)", part.lower()):
            yield f"1: {part} says nothing"


def files_stay_one_thing(_: PurePosixPath, text: str) -> Iterator[str]:
    if (lines := len(text.splitlines())) > MAX_FILE_LINES:
        yield f"{lines}: the file is longer than {MAX_FILE_LINES} lines"


def functions_fit_a_screen(_: PurePosixPath, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{node.lineno}: {node.name} has {lines} lines"


def nothing_names_a_folder_of_one_machine(_: PurePosixPath, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"(?<![\w.}/-])/(work|root|farm|(home|Users)/\w+)/", line):
            yield f"{number}: {line.strip()}"


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and module of every import; a relative one begins with its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, named or reached through attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.Attribute | ast.Name):
            yield node.lineno, ast.unparse(node)


PYTHON = ("app.py", "chalicelib/*.py", "infra/*.py", "bench/*.py", "tests/*.py", "firmware/*.py")
TESTS = ("tests/*.py", "firmware/*/tests/*.py")
IN_A_TEST = "tests/unit/test_x.py"

RULES = (
    Rule(
        app_holds_no_logic,
        ("app.py",),
        (
            ("app.py", "if debug:\n    app = Chalice()"),
            ("app.py", "def route():\n    return 1"),
            ("app.py", "@app.route('/')\ndef route():\n    x = f()\n    return g(x)"),
            ("app.py", "names = [name for name in all_names]"),
            ("app.py", "app = Chalice() or None"),
        ),
    ),
    Rule(app_imports_only_chalice_and_chalicelib, ("app.py",), (("app.py", "import boto3"),)),
    Rule(
        environment_is_read_in_settings_only,
        ("app.py", "chalicelib/*.py"),
        (
            ("chalicelib/wiring.py", "import os\nname = os.environ['NAME']"),
            ("chalicelib/api/devices.py", "from os import getenv"),
        ),
    ),
    Rule(
        doubles_are_fakes_not_patches,
        TESTS,
        (
            (IN_A_TEST, "from unittest import mock"),
            (IN_A_TEST, "import unittest.mock as double"),
            (IN_A_TEST, "def test_x(monkeypatch):\n    monkeypatch.setattr(module, 'f', g)"),
        ),
    ),
    Rule(
        every_test_runs_and_must_pass,
        TESTS,
        (
            (IN_A_TEST, "import pytest\n@pytest.mark.skipif(True, reason='slow')\ndef test_x(): ..."),
            (IN_A_TEST, "import pytest\ndef test_x():\n    pytest.xfail('later')"),
            (IN_A_TEST, "from pytest import importorskip"),
        ),
    ),
    Rule(names_say_what_a_file_holds, ("*",), (("chalicelib/s3_utils.py", ""), ("infra/helpers/link.py", ""))),
    Rule(files_stay_one_thing, PYTHON, (("chalicelib/x.py", "x = 1\n" * (MAX_FILE_LINES + 1)),)),
    Rule(
        functions_fit_a_screen,
        PYTHON,
        (("chalicelib/x.py", "def f():\n" + "    g()\n" * MAX_FUNCTION_LINES),),
    ),
    Rule(
        nothing_names_a_folder_of_one_machine,
        ("*",),
        (("README.md", "cd " + "/".join(("", "root", "frameferry"))), ("Makefile", "PY := " + "/home" + "/me/python")),
    ),
)


@cache
def texts() -> dict[PurePosixPath, str]:
    """Every text file of the tree by its path from the root, without what tools make."""
    found = {}
    for folder, folders, files in ROOT.walk():
        folders[:] = [name for name in folders if is_ours(name)]
        for name in files:
            try:
                found[PurePosixPath((folder / name).relative_to(ROOT))] = (folder / name).read_text("utf-8")
            except UnicodeDecodeError:
                continue  # a picture or an archive
    return found


def is_ours(folder: str) -> bool:
    if folder.startswith("."):
        return folder in HIDDEN_FOLDERS_OF_OURS
    return folder not in {"__pycache__", "node_modules", "build"} and not folder.endswith(".egg-info")


def each(rule: Rule) -> str:
    return rule.breaches.__name__


@pytest.mark.parametrize("rule", RULES, ids=each)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    covered = {path: text for path, text in texts().items() if any(fnmatch(str(path), glob) for glob in rule.covers)}

    assert covered, f"no file matches {rule.covers}: the rule would check nothing"
    assert [f"{path}:{breach}" for path, text in covered.items() for breach in rule.breaches(path, text)] == []


@pytest.mark.parametrize("rule", RULES, ids=each)
def test_the_rule_catches_each_counterexample(rule: Rule) -> None:
    missed = [text for path, text in rule.counterexamples if not list(rule.breaches(PurePosixPath(path), text))]

    assert missed == []
