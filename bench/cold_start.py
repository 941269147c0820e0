"""The functions' cold starts from their zip, against a naive app's: what `infra.rehearse.cold_start` says, as rows.

`python -m bench.cold_start` shows which modules take the time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

from rich.console import Console
from rich.table import Table

from bench.deployed import Deployed, deployed
from bench.measure import Row
from infra.rehearse.cold_start import OURS, PEER, TARGETS, ColdStarts, Compared

MODULES_SHOWN = 20
IMPORT_RUNS = 5
_IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| +(\S+)")


def rows() -> list[Row]:
    with deployed() as there:
        starts = cold_starts(there)
        return [row for name, target in TARGETS.items() for row in _rows(name, target, starts.compare(name))]


def cold_starts(there: Deployed) -> ColdStarts:
    return ColdStarts(there.session, there.target, there.deploy.environment, there.folder)


def _rows(name: str, target: float, found: Compared) -> list[Row]:
    return [
        Row(
            f"cold start of {name}, {what}",
            ratio,
            "x peer",
            f"<= {target}",
            ratio <= target,
            peer=f"{ours_s * 1e3:.0f} ms; naive zip: {peer_s * 1e3:.0f} ms; with byte code in it: {compiled:.2f} x",
        )
        for what, ratio, compiled, ours_s, peer_s in (
            ("CPU", found.cpu, found.cpu_with_byte_code, found.ours.cpu_s, found.peer.cpu_s),
            ("wall", found.wall, found.wall_with_byte_code, found.ours.wall_s, found.peer.wall_s),
        )
    ]


def main() -> None:
    """Print which modules take the time, of each function and of its peer."""
    with deployed() as there:
        starts = cold_starts(there)
        tables = [
            _import_table(f"{name} from {task}", _import_times(there, starts, name, task))
            for name, task in product(TARGETS, (OURS, PEER))
        ]
    Console().print(*tables)


def _import_times(there: Deployed, starts: ColdStarts, name: str, task: str) -> dict[str, tuple[float, float]]:
    """Milliseconds by module, of its own and with what it imports first; the least of several runs."""
    least: dict[str, tuple[float, float]] = {}
    for _ in range(IMPORT_RUNS):
        starts.run(name, task, {"PYTHONPROFILEIMPORTTIME": "1"})
        log = (there.folder / f"{name}.log").read_text(encoding="utf-8")
        for own, cumulative, module in _IMPORT_LINE.findall(log):
            found = int(own) / 1000, int(cumulative) / 1000
            least[module] = min(found, least.get(module, found))
    return least


def _import_table(title: str, times: Mapping[str, tuple[float, float]]) -> Table:
    total_ms = sum(own_ms for own_ms, _ in times.values())
    title = f"{title}: {len(times)} modules, {total_ms:.0f} ms under -X importtime, which itself takes some of it"
    table = Table("module", "own ms", "with its imports ms", title=title, title_justify="left")
    for name, (own_ms, cumulative_ms) in sorted(times.items(), key=lambda each: -each[1][0])[:MODULES_SHOWN]:
        table.add_row(name, f"{own_ms:.1f}", f"{cumulative_ms:.1f}")
    packages: dict[str, float] = {}
    for name, (own_ms, _) in times.items():
        packages[name.split(".")[0]] = packages.get(name.split(".")[0], 0.0) + own_ms
    table.add_section()
    for package, own_ms in sorted(packages.items(), key=lambda each: -each[1])[: MODULES_SHOWN // 2]:
        table.add_row(f"{package}, all of it", f"{own_ms:.1f}", "")
    return table


if __name__ == "__main__":
    main()
