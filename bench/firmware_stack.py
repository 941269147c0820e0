"""What stack the core takes, by what GCC says of each function (-fstack-usage, -fcallgraph-info=su).

`python -m bench.firmware_stack` after `tools/build-firmware device`. A path follows direct calls; what lies behind an
interface, as ports do, comes on top of it. The numbers are of this machine, whose pointers are twice as wide as the
board's.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

BUILD = Path(__file__).parents[1] / ".local" / "firmware" / "device"
LARGEST_FRAME_BYTES = 1024
_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]+)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
_SIZE = re.compile(r"\\n(\d+) bytes")


@dataclass
class Function:
    name: str
    frame_bytes: int
    calls: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class StackPath:
    total_bytes: int
    names: tuple[str, ...]


class CallGraph:
    """Of the core's functions, by their mangled names."""

    def __init__(self, build: Path) -> None:
        self.functions: dict[str, Function] = {}
        calls: list[tuple[str, str]] = []
        for path in sorted((build / "CMakeFiles" / "ferry_core.dir").rglob("*.ci")):
            text = path.read_text()
            for title, label in _NODE.findall(text):
                if size := _SIZE.search(label):
                    self.functions[title] = Function(_short(label), int(size[1]))
            calls += _EDGE.findall(text)
        if not self.functions:
            raise FileNotFoundError(f"no call graph in {build}")
        for caller, callee in calls:
            if caller in self.functions and callee in self.functions:
                self.functions[caller].calls.add(callee)

    def frames(self) -> list[Function]:
        return sorted(self.functions.values(), key=lambda function: -function.frame_bytes)

    def deepest(self, name: str) -> StackPath:
        """From the function of this name down."""
        starts = [title for title, function in self.functions.items() if function.name == name]
        return max((self._below(title, ()) for title in starts), key=lambda path: path.total_bytes)

    def _below(self, title: str, above: tuple[str, ...]) -> StackPath:
        function = self.functions[title]
        below = [self._below(callee, (*above, title)) for callee in function.calls if callee not in (*above, title)]
        worst = max(below, key=lambda path: path.total_bytes, default=StackPath(0, ()))
        return StackPath(function.frame_bytes + worst.total_bytes, (function.name, *worst.names))


def _short(label: str) -> str:
    """`Device::start` of a function's whole declaration."""
    declaration = label.split("\\n")[0].split("(")[0]
    return declaration.split(" ")[-1].removeprefix("frameferry::")


ENTRIES = ("Device::start", "Device::capture_step", "Device::uplink_step")


def main() -> int:
    """1 where a frame is too large."""
    graph = CallGraph(BUILD)
    print("largest frames:")
    for function in graph.frames()[:10]:
        print(f"  {function.frame_bytes:5} {function.name}")
    for entry in ENTRIES:
        path = graph.deepest(entry)
        print(f"{entry}: {path.total_bytes} bytes: {' > '.join(path.names)}")
    return int(graph.frames()[0].frame_bytes > LARGEST_FRAME_BYTES)


if __name__ == "__main__":
    sys.exit(main())
