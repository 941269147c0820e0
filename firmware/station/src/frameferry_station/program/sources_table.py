"""Sources as a table of plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = ("SOURCE", "LANE", "PAIRED AS", "WAITING", "LAST PHOTO", "")


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Of what `Operator.sources` gives. The last column says what is wrong, or that it is paused."""
    if not rows:
        return "No photo has come yet, and no camera is set up."
    cells = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    last_at = row["last_at"]
    return (
        row["source"],
        row["lane"] or "none",
        row["device_id"] or "-",
        str(row["waiting"]),
        f"{last_at[:10]} {last_at[11:19]} UTC" if last_at else "-",
        row["paused"] or row["error"] or "",
    )
