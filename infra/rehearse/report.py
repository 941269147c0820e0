"""What the rehearsal has deployed and run, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table

from infra.deploying.check_package import NEWEST_GLIBC, UNZIPPED_LIMIT_BYTES, ZIPPED_LIMIT_BYTES
from infra.deploying.target import API_FUNCTION, FUNCTIONS, PROCESSING_FUNCTION, RECONCILER_FUNCTION

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Package:
    zipped_bytes: int
    unzipped_bytes: int
    libraries: int
    glibc: tuple[int, int]
    """The newest that one of them asks for."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A function's process, from the unpacked zip on this machine."""

    up_s: float
    """From its start until it asked for its first event."""
    peak_memory_mb: float


def tables(
    deployed: Mapping[str, Any], package: Package, ran: Mapping[str, Ran], cold_starts: Mapping[str, float]
) -> RenderableType:
    """`deployed` is a snapshot of a stage; `cold_starts` are ratios of CPU to a naive function's, where known."""
    parts = _functions(deployed), _runs(deployed, ran, cold_starts), _around(deployed, package)
    return Group(*(line for part in parts for line in (part, "")), _routes(deployed["api"]["routes"]))


def _functions(deployed: Mapping[str, Any]) -> Table:
    table = _table("deployed", "runtime", "memory", "timeout")
    table.add_column("started by")
    started_by = {
        API_FUNCTION: f"{len(deployed['api']['routes'])} routes",
        PROCESSING_FUNCTION: "new objects",
        RECONCILER_FUNCTION: deployed["schedule"]["expression"],
    }
    for name in FUNCTIONS:
        configuration = deployed["functions"][name]["configuration"]
        table.add_row(
            configuration["FunctionName"],
            " ".join((configuration["Runtime"], *configuration["Architectures"])),
            f"{configuration['MemorySize']} MB",
            f"{configuration['Timeout']} s",
            started_by[name],
        )
    return table


def _runs(deployed: Mapping[str, Any], ran: Mapping[str, Ran], cold_starts: Mapping[str, float]) -> Table:
    table = _table("run from the zip, here", "up in", "memory")
    table.add_column("cold start")
    for name, run in ran.items():
        table.add_row(
            deployed["functions"][name]["configuration"]["FunctionName"],
            f"{run.up_s * 1000:.0f} ms",
            f"{run.peak_memory_mb:.0f} MB",
            f"{cold_starts[name]:.2f} x the CPU of a naive one" if name in cold_starts else "",
        )
    return table


def _table(name: str, *numbers: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(name, no_wrap=True)
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    return table


def _around(deployed: Mapping[str, Any], package: Package) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    glibc, newest = (".".join(map(str, version)) for version in (package.glibc, NEWEST_GLIBC))
    table.add_row("zip", f"{package.zipped_bytes / _MB:.1f} MB of {ZIPPED_LIMIT_BYTES / _MB:.1f} MB")
    table.add_row("unzipped", f"{package.unzipped_bytes / _MB:.1f} MB of {UNZIPPED_LIMIT_BYTES / _MB:.1f} MB")
    table.add_row("native libraries", f"{package.libraries}, for glibc {glibc}; Lambda has {newest}")
    table.add_row("stack", f"{len(deployed['stack']['resources'])} resources, {len(deployed['logs'])} log groups")
    table.add_row("errors of the gateway's own", f"{len(deployed['api']['error_answers'])} kinds, in the API's form")
    table.add_row("dead letters", f"after {_tries(deployed)} tries")
    return table


def _tries(deployed: Mapping[str, Any]) -> int:
    tries: int = 1 + deployed["functions"][PROCESSING_FUNCTION]["on_failure"]["MaximumRetryAttempts"]
    return tries


def _routes(routes: list[str]) -> RenderableType:
    by_path: dict[str, list[str]] = {}
    for route in routes:
        method, path = route.split()
        by_path.setdefault(path, []).append(method)
    return Columns(
        [f"{path} [dim]{' '.join(methods)}[/dim]" for path, methods in sorted(by_path.items())], padding=(0, 3)
    )
