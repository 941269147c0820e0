"""What stack the core takes, by what GCC says of each function (-fstack-usage, -fcallgraph-info=su).

`python -m bench.firmware_stack` after `tools/build-firmware device`. A path follows direct calls, and
calls through an interface to every function of the core that has the name and stands in a table of virtual functions:
rather too deep than too shallow. What the ports and libsodium take comes on top of it. The numbers are of this machine,
whose pointers are twice as wide as the board's.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

BUILD = Path(__file__).parents[1] / ".local" / "firmware" / "device"
LARGEST_FRAME_BYTES = 1024
_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]+)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]+):(\d+):(\d+)")?')
_METHOD_CALL = re.compile(r"(\w+)(?:\(\))?(?:\.|->)(\w+)\(")
_PORTS = {"transport", "storage", "camera", "clock", "entropy", "mutex", "listener", "health", "actions", "watcher"}
"""What is called through these is not the core's."""
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
        self._paths: dict[str, StackPath] = {}
        calls: list[tuple[str, str]] = []
        for path in sorted((build / "CMakeFiles" / "ferry_core.dir").rglob("*.ci")):
            text = path.read_text()
            for title, label in _NODE.findall(text):
                if size := _SIZE.search(label):
                    self.functions[title] = Function(_short(label), int(size[1]))
            for caller, callee, source, line, column in _EDGE.findall(text):
                is_direct = callee != "__indirect_call"
                calls.append((caller, callee if is_direct else _method_at(source, int(line), int(column))))
        if not self.functions:
            raise FileNotFoundError(f"no call graph in {build}")
        by_method: dict[str, set[str]] = {}
        virtual = _virtual(build)
        for title, function in self.functions.items():
            # Those of one file alone begin with its path, and their tables name no functions.
            if title in virtual or title.startswith("/"):
                by_method.setdefault(function.name.split("::")[-1], set()).add(title)
        for caller, callee in calls:
            if caller in self.functions:
                called = {callee} & self.functions.keys() or by_method.get(callee.removeprefix("."), set())
                self.functions[caller].calls |= called if callee in self.functions or callee[:1] == "." else set()

    def frames(self) -> list[Function]:
        return sorted(self.functions.values(), key=lambda function: -function.frame_bytes)

    def deepest(self, name: str) -> StackPath:
        """From the function of this name down."""
        starts = [title for title, function in self.functions.items() if function.name == name]
        return max((self._below(title, ()) for title in starts), key=lambda path: path.total_bytes)

    def _below(self, title: str, above: tuple[str, ...]) -> StackPath:
        if title not in self._paths:
            function, path = self.functions[title], (*above, title)
            below = [self._below(callee, path) for callee in sorted(function.calls) if callee not in path]
            worst = max(below, key=lambda path: path.total_bytes, default=StackPath(0, ()))
            self._paths[title] = StackPath(function.frame_bytes + worst.total_bytes, (function.name, *worst.names))
        return self._paths[title]


def _virtual(build: Path) -> set[str]:
    objects = sorted((build / "CMakeFiles" / "ferry_core.dir").rglob("*.o"))
    told = subprocess.run(["readelf", "-rW", *objects], capture_output=True, text=True, check=True).stdout
    tables = re.findall(r"Relocation section '[^']*\._ZTV[^']*'.*?\n\n", told, re.DOTALL)
    return {name for table in tables for name in re.findall(r" (_Z\w+) \+ 0", table)}


def _method_at(source: str, line: int, column: int) -> str:
    """`.write` where the source calls an interface's method there; else nothing."""
    text = Path(source).read_text().splitlines()[line - 1] if Path(source).is_file() else ""
    found = min(_METHOD_CALL.finditer(text), key=lambda call: abs(call.end() - column), default=None)
    return f".{found[2]}" if found and found[1].strip("_") not in _PORTS else ""


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
