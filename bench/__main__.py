"""`make bench`: run every benchmark, print one table, write .local/bench.json."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measure import REPORT, Row

MODULES = [
    "bench.presign",
    "bench.thumbnail",
    "bench.cold_start",
    "bench.memory",
    "bench.pack_processing",
    "bench.requests_per_photo",
    "bench.console",
    "bench.cost",
    "bench.drain",
    "bench.drain_packs",
    "bench.firmware",
    "bench.station",
]
"""Each has `rows() -> list[Row]`."""

FIELDS = ("name", "value", "unit", "target", "ok")
"""Of a row, those that are written down; peer and floor are for the eye."""

RESULT = Path(__file__).parents[1] / ".local" / "bench.json"


def main() -> None:
    rows = [row for module in MODULES for row in importlib.import_module(module).rows()]
    Console().print(table(rows))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures(rows), indent=1) + "\n")


def figures(rows: list[Row]) -> list[dict[str, Any]]:
    return [{field: dataclasses.asdict(row)[field] for field in FIELDS} for row in rows]


def table(rows: list[Row]) -> Table:
    printed = Table("figure", "", "unit", "target", "", "peer", "floor")
    for row in rows:
        met = ("" if row.target == REPORT else "[green]ok[/]") if row.ok else "[red]missed[/]"
        printed.add_row(row.name, f"{row.value:.4g}", row.unit, row.target, met, row.peer, row.floor)
    return printed


if __name__ == "__main__":
    main()
