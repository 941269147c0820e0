"""What `make bench` prints and writes. Nothing is measured here."""

from __future__ import annotations

import io
from importlib import import_module
from typing import get_type_hints

import pytest
from rich.console import Console

from bench.__main__ import MODULES, figures, table
from bench.measure import REPORT, Row

MET = Row("quick", 25.0, "x", ">= 20", True, peer="a slow one")
MISSED = Row("slow", 0.7, "x peer", "<= 0.6", False)
TOLD = Row("many", 3.06, "requests", REPORT, True)


def printed(*rows: Row) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(table(list(rows)))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize("module", MODULES)
def test_every_benchmark_gives_rows(module: str) -> None:
    assert get_type_hints(import_module(module).rows) == {"return": list[Row]}


def test_a_figure_is_written_with_the_agreed_fields() -> None:
    assert figures([MISSED]) == [{"name": "slow", "value": 0.7, "unit": "x peer", "target": "<= 0.6", "ok": False}]


def test_a_missed_target_is_called_missed() -> None:
    assert "missed" in printed(MET, MISSED)
    assert "missed" not in printed(MET, TOLD)


def test_a_figure_without_a_target_is_not_called_ok() -> None:
    assert "ok" in printed(MET)
    assert "ok" not in printed(TOLD)
