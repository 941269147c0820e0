"""`make bench`: run every benchmark, print one table, write .local/bench.json."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.measure import Row

MODULES = ["bench.presign", "bench.thumbnail"]
"""Each has `rows() -> list[Row]`."""

RESULT = Path(__file__).parents[1] / ".local" / "bench.json"


def main() -> None:
    rows = [row for module in MODULES for row in importlib.import_module(module).rows()]
    Console().print(_table(rows))
    RESULT.parent.mkdir(exist_ok=True)
    fields = ("name", "value", "unit", "target", "ok")
    figures = [{field: dataclasses.asdict(row)[field] for field in fields} for row in rows]
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")


def _table(rows: list[Row]) -> Table:
    table = Table("figure", "", "unit", "target", "", "peer", "floor")
    for row in rows:
        met = "[green]ok[/]" if row.ok else "[red]missed[/]"
        table.add_row(row.name, f"{row.value:.4g}", row.unit, row.target, met, row.peer, row.floor)
    return table


if __name__ == "__main__":
    main()
