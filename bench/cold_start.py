"""The API function's cold start against a naive app's: a fresh interpreter, the import, the first presign and the
first put.

Each is a process of its own that gets two API Gateway events: upload-url and ingest, as a simple device sends them,
without a sha256. The app (`app.py`) authenticates the device, counts it against its rate, looks the seq up, reads its
secrets from SSM, asks S3 for the object and puts the item. The peer (`bench/naive_app.py`) does none of that:
`boto3.client("s3")` and `boto3.resource("dynamodb")` at import as tutorials have it, one `generate_presigned_url`,
one `put_item`. The files are in the page cache, and both have byte code, for the standard library and all packages
too. The floor is the interpreter and `import chalice`.

Two figures, both the median over pairs that run one right after the other:
- Wall, from the start of the process to its last answer: what a device waits for. The fake cloud's own time is in it,
  for ten calls on our side and one on the peer's; at 2 to 4 ms a call that is about what AWS's own services take, so
  it is left in although it is against us.
- CPU seconds of the process (user and system). Lambda hands out CPU by memory size: at 512 MB a function has 0.29 of
  a core, and this is the part that then takes 3.5 times as long.

Not in either: TLS, where the app would open three connections (SSM, DynamoDB, S3) and the peer one; and PyNaCl, 7 ms,
which the app imports for the first receipt: a device that names a sha256 gets one.
"""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.devices import CountedStack, activate, counted_cloud, counted_stack, pair
from bench.measure import Row
from chalicelib import wiring
from infra.local.cloud import LocalCloud
from infra.local.proxy_event import HttpRequest, proxy_event

ROOT = Path(__file__).parents[1]
CHILD = ROOT / "bench" / "one_cold_start.py"
APP, NAIVE, FLOOR = "app", "bench.naive_app", "chalice"
PAIRS = 21
TARGET = 0.6
MODULES_SHOWN = 20
IMPORT_RUNS = 5
_IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| +(\S+)")


@dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float


class ColdStarts:
    """Cold starts in one local cloud, with a device that is activated and byte code in a folder of their own."""

    def __init__(self, cloud: LocalCloud, byte_code: str) -> None:
        paired = pair(cloud)
        self._device_id, self._token = paired.device_id, activate(cloud, paired)
        self._seqs = count(1)
        without = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment = without | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": byte_code}

    def run(self, module: str) -> Cost:
        """Raises CalledProcessError where an event is not answered with 200."""
        command = [sys.executable, "-P", str(CHILD), module]
        given = json.dumps(self._events() if module != FLOOR else []).encode()
        before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, input=given, env=self._environment, cwd=ROOT, check=True)
        wall_s, after = time.perf_counter() - started_s, resource.getrusage(resource.RUSAGE_CHILDREN)
        return Cost(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def import_times(self, module: str) -> dict[str, tuple[float, float]]:
        """Milliseconds by module, of its own and with what it imports first; the least of several runs."""
        least: dict[str, tuple[float, float]] = {}
        for _ in range(IMPORT_RUNS):
            command = [sys.executable, "-P", "-X", "importtime", str(CHILD), module]
            given = json.dumps(self._events())
            run = subprocess.run(
                command, input=given, env=self._environment, cwd=ROOT, check=True, capture_output=True, text=True
            )
            for own, cumulative, name in _IMPORT_LINE.findall(run.stderr):
                found = int(own) / 1000, int(cumulative) / 1000
                least[name] = min(found, least.get(name, found))
        return least

    def calls_of_the_app(self) -> int:
        """How often the two events make it ask AWS, in this process and a stack that has not been used."""
        wiring.install(CountedStack())
        for event in self._events():
            assert import_module(APP).app(event, None)["statusCode"] == 200
        return counted_stack().calls.total()

    def _events(self) -> list[dict[str, Any]]:
        seq = next(self._seqs)
        filename = f"2025-12-26T10-15-30Z_{seq:06d}.jpg"
        key = f"devices/{self._device_id}/2025/12/26/{seq:016d}-{filename}"
        asked = {"filename": filename, "content_type": "image/jpeg", "seq": seq}
        told = {"object_key": key, "captured_at": "2025-12-26T10:15:30Z", "seq": seq, "ntp_synced": True}
        return [self._event("/devices/upload-url", asked), self._event("/devices/ingest", told)]

    def _event(self, route: str, body: Mapping[str, object]) -> dict[str, Any]:
        headers = [("Host", "api.example"), ("Content-Type", "application/json"), ("X-Device-Token", self._token)]
        request = HttpRequest("POST", route, "", headers, json.dumps(body).encode(), "192.0.2.1", 443)
        return proxy_event(request, route=route, captured={}, binary_types=["image/jpeg"], request_id="bench")


def rows() -> list[Row]:
    with counted_cloud() as cloud, tempfile.TemporaryDirectory() as byte_code:
        starts = ColdStarts(cloud, byte_code)
        for module in (APP, NAIVE, FLOOR):
            starts.run(module)  # writes the byte code
        calls = starts.calls_of_the_app()
        pairs = [_pair(starts, number) for number in range(PAIRS)]
        floors = [starts.run(FLOOR) for _ in range(PAIRS)]
    counted_in = f"of the app, {calls} calls to AWS; naive app, 1 call"
    return [
        _row(
            "wall", [(ours.wall_s, peer.wall_s) for ours, peer in pairs], [floor.wall_s for floor in floors], counted_in
        ),
        _row("CPU", [(ours.cpu_s, peer.cpu_s) for ours, peer in pairs], [floor.cpu_s for floor in floors], counted_in),
    ]


def _pair(starts: ColdStarts, number: int) -> tuple[Cost, Cost]:
    if number % 2:
        return starts.run(APP), starts.run(NAIVE)
    peer = starts.run(NAIVE)
    return starts.run(APP), peer


def _row(what: str, pairs: list[tuple[float, float]], floors: list[float], note: str) -> Row:
    ratio = statistics.median(ours / peer for ours, peer in pairs)
    ours_ms, peer_ms = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    return Row(
        f"cold start, {what}",
        ratio,
        "x peer",
        f"<= {TARGET}",
        ratio <= TARGET,
        peer=f"{ours_ms:.0f} ms {note}: {peer_ms:.0f} ms",
        floor=f"interpreter + import chalice: {statistics.median(floors) * 1e3:.0f} ms",
    )


def main() -> None:
    """Print which modules take the time, of the app and of its peer."""
    tables = []
    with counted_cloud() as cloud, tempfile.TemporaryDirectory() as byte_code:
        starts = ColdStarts(cloud, byte_code)
        for module in (APP, NAIVE):
            starts.run(module)
            tables.append(_import_table(module, starts.import_times(module)))
    Console().print(*tables)


def _import_table(module: str, times: Mapping[str, tuple[float, float]]) -> Table:
    total_ms = sum(own_ms for own_ms, _ in times.values())
    title = f"{module}: {len(times)} modules, {total_ms:.0f} ms under -X importtime, which itself takes some of it"
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
